#include "ml/exchange/pmml_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"

namespace sinan::ml {
namespace {

// Text inside an attribute's quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Status check_characters(std::string_view text) {
  const bool has_control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r'; });
  if (!has_control) return {};
  return fail(Code::kUnsupported, "XML cannot hold a control character that a name or category has",
              "FORMAT onnx, sql or native can");
}

// The words of an Array of strings.
std::string array_of(const std::vector<std::string>& texts) {
  std::string out = fmt::format("<Array type=\"string\" n=\"{}\">", texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    out += i == 0 ? "\"" : " \"";
    for (const char c : texts[i]) {
      if (c == '"' || c == '\\') out += '\\';
      out += c == '"' ? "&quot;" : escaped(std::string_view(&c, 1));
    }
    out += '"';
  }
  return out + "</Array>";
}

std::string number(float value) { return std::isinf(value) ? (value < 0 ? "-Infinity" : "Infinity") : shortest(value); }

class Writer {
 public:
  explicit Writer(const ExportModel& model) : model_(model), label_(model.package->label) {}

  Result<std::string> write() {
    TRY(check_link());
    TRY(check_texts());
    TRY(check_zeros());
    for (const ExportFeature& feature : model_.features) fields_.push_back(field_name(feature));
    target_ = label_.column.empty() ? "prediction" : label_.column;
    out_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">\n";
    out_ += fmt::format(
        "<Header description=\"{}\"><Application name=\"sinan\"/></Header>\n",
        escaped(fmt::format("{}: {} ({})", model_.name, model_.package->estimator, model_.package->objective)));
    write_dictionary();
    write_chain();
    out_ += "</PMML>\n";
    return std::move(out_);
  }

  Json inputs() const {
    Json out = Json::array();
    for (size_t i = 0; i < model_.features.size(); ++i) {
      const ExportFeature& feature = model_.features[i];
      const bool is_text = feature.kind == ExportFeature::Kind::kCategory;
      Json input = Json::object(
          {{"name", field_name(feature)}, {"type", is_text ? "string" : "float"}, {"column", feature.column}});
      if (feature.kind == ExportFeature::Kind::kPart) input.set("part", feature.feature);
      out.push_back(std::move(input));
    }
    return out;
  }
  Json outputs() const {
    Json out = Json::array();
    for (size_t k = 0; k < model_.outputs(); ++k) out.push_back(margin_name(k));
    if (model_.has_classes())
      for (const std::string& name : label_.classes) out.push_back("probability_" + name);
    out.push_back(target_);
    return out;
  }

 private:
  static const std::string& field_name(const ExportFeature& feature) {
    return feature.kind == ExportFeature::Kind::kPart ? feature.feature : feature.column;
  }
  std::string margin_name(size_t output) const {
    return model_.outputs() == 1 ? "margin" : "margin_" + label_.classes[output];
  }

  Status check_link() const {
    const Link link = model_.trees->link;
    const bool expressed = model_.has_classes()
                               ? (model_.outputs() == 1 ? link == Link::kLogistic : link == Link::kSoftmax)
                               : link == Link::kIdentity || link == Link::kLogistic || link == Link::kExp;
    if (expressed) return {};
    return fail(Code::kUnsupported,
                fmt::format("PMML has no form for this objective: \"{}\"", model_.package->objective),
                "FORMAT onnx, sql or native can");
  }

  Status check_zeros() const {
    for (const ExportFeature& feature : model_.features) {
      if (!feature.zero_is_missing) continue;
      return fail(Code::kUnsupported,
                  fmt::format("PMML has no form for zeros that stand for missing values: \"{}\"", feature.column),
                  "FORMAT onnx, sql or native can");
    }
    return {};
  }

  Status check_texts() const {
    for (const ExportFeature& feature : model_.features) {
      TRY(check_characters(feature.column));
      for (const std::string& text : feature.vocabulary) TRY(check_characters(text));
    }
    for (const std::string& text : label_.classes) TRY(check_characters(text));
    return {};
  }

  void write_dictionary() {
    out_ += "<DataDictionary>\n";
    for (const ExportFeature& feature : model_.features) {
      if (feature.kind != ExportFeature::Kind::kCategory) {
        out_ += fmt::format("<DataField name=\"{}\" optype=\"continuous\" dataType=\"float\"/>\n",
                            escaped(field_name(feature)));
        continue;
      }
      out_ +=
          fmt::format("<DataField name=\"{}\" optype=\"categorical\" dataType=\"string\">", escaped(feature.column));
      for (const std::string& text : feature.vocabulary) out_ += fmt::format("<Value value=\"{}\"/>", escaped(text));
      out_ += "</DataField>\n";
    }
    if (model_.has_classes()) {
      // Numbers too are texts here: evaluators do not find the probability of a class that is an integer.
      out_ += fmt::format("<DataField name=\"{}\" optype=\"categorical\" dataType=\"string\">", escaped(target_));
      for (const std::string& text : label_.classes) out_ += fmt::format("<Value value=\"{}\"/>", escaped(text));
      out_ += "</DataField>\n";
    } else {
      out_ += fmt::format("<DataField name=\"{}\" optype=\"continuous\" dataType=\"double\"/>\n", escaped(target_));
    }
    out_ += "</DataDictionary>\n";
  }

  void write_schema(bool has_target) {
    out_ += "<MiningSchema>";
    if (has_target) out_ += fmt::format("<MiningField name=\"{}\" usageType=\"target\"/>", escaped(target_));
    for (const ExportFeature& feature : model_.features) {
      const bool is_text = feature.kind == ExportFeature::Kind::kCategory;
      out_ += fmt::format("<MiningField name=\"{}\" invalidValueTreatment=\"{}\"/>", escaped(field_name(feature)),
                          is_text && !feature.has_unseen_slot ? "asMissing" : "asIs");
    }
    out_ += "</MiningSchema>\n";
  }

  // Margins one after another, and what the objective makes of them.
  void write_chain() {
    const std::string_view function = model_.has_classes() ? "classification" : "regression";
    out_ += fmt::format("<MiningModel functionName=\"{}\">\n", function);
    write_schema(true);
    if (model_.has_classes()) {
      out_ += "<Output>";
      for (const std::string& name : label_.classes) {
        out_ += fmt::format(
            "<OutputField name=\"{0}\" optype=\"continuous\" dataType=\"double\" feature=\"probability\" "
            "value=\"{1}\"/>",
            escaped("probability_" + name), escaped(name));
      }
      out_ += "</Output>\n";
    }
    out_ += "<Segmentation multipleModelMethod=\"modelChain\">\n";
    for (size_t k = 0; k < model_.outputs(); ++k) {
      out_ += fmt::format("<Segment id=\"{}\"><True/>\n", k + 1);
      write_margin(k);
      out_ += "</Segment>\n";
    }
    out_ += fmt::format("<Segment id=\"{}\"><True/>\n", model_.outputs() + 1);
    write_link();
    out_ += "</Segment>\n</Segmentation>\n</MiningModel>\n";
  }

  void write_margin(size_t output) {
    out_ += "<MiningModel functionName=\"regression\">\n";
    write_schema(false);
    out_ += fmt::format(
        "<Output><OutputField name=\"{}\" optype=\"continuous\" dataType=\"double\" feature=\"predictedValue\" "
        "isFinalResult=\"true\"/></Output>\n",
        escaped(margin_name(output)));
    out_ +=
        fmt::format("<Targets><Target rescaleConstant=\"{}\"/></Targets>\n", number(model_.trees->base_margin[output]));
    out_ += "<Segmentation multipleModelMethod=\"sum\">\n";
    size_t id = 0;
    for (const Tree& tree : model_.trees->trees) {
      if (tree.output != output) continue;
      out_ += fmt::format("<Segment id=\"{}\"><True/>\n", ++id);
      write_tree(tree);
      out_ += "</Segment>\n";
    }
    if (id == 0) write_no_tree();
    out_ += "</Segmentation>\n</MiningModel>\n";
  }

  void write_no_tree() {
    out_ += "<Segment id=\"1\"><True/>\n<TreeModel functionName=\"regression\">\n";
    write_schema(false);
    out_ += "<Node score=\"0\"><True/></Node></TreeModel></Segment>\n";
  }

  void write_tree(const Tree& tree) {
    out_ +=
        "<TreeModel functionName=\"regression\" missingValueStrategy=\"defaultChild\" "
        "noTrueChildStrategy=\"returnNullPrediction\" splitCharacteristic=\"binarySplit\">\n";
    write_schema(false);
    write_node(tree.root, "<True/>");
    out_ += "</TreeModel>\n";
  }

  void write_node(uint32_t index, std::string_view predicate) {
    const TreeNode& node = model_.trees->nodes[index];
    if (node.is_leaf()) {
      out_ += fmt::format("<Node id=\"{}\" score=\"{}\">{}</Node>\n", index, number(node.value), predicate);
      return;
    }
    out_ += fmt::format("<Node id=\"{}\" defaultChild=\"{}\">{}\n", index, node.left + (node.default_left() ? 0 : 1),
                        predicate);
    const std::string field = escaped(fields_[node.feature()]);
    if (node.categorical()) {
      write_node(node.left, set_predicate(node, field, false));
      write_node(node.left + 1, set_predicate(node, field, true));
    } else {
      constexpr std::string_view kForm = "<SimplePredicate field=\"{}\" operator=\"{}\" value=\"{}\"/>";
      write_node(node.left, fmt::format(kForm, field, "lessThan", number(node.value)));
      write_node(node.left + 1, fmt::format(kForm, field, "greaterOrEqual", number(node.value)));
    }
    out_ += "</Node>\n";
  }

  // The texts of one side; the side that unseen ones belong to is told by what is not on the other.
  std::string set_predicate(const TreeNode& node, const std::string& field, bool right) const {
    const ExportFeature& feature = model_.features[node.feature()];
    const auto size = static_cast<uint32_t>(feature.vocabulary.size());
    const bool has_unseen = feature.has_unseen_slot && model_.trees->in_set(node.set(), size) == right;
    std::vector<std::string> texts;
    for (uint32_t code = 0; code < size; ++code) {
      if ((model_.trees->in_set(node.set(), code) == right) != has_unseen) texts.push_back(feature.vocabulary[code]);
    }
    return fmt::format("<SimpleSetPredicate field=\"{}\" booleanOperator=\"{}\">{}</SimpleSetPredicate>", field,
                       has_unseen ? "isNotIn" : "isIn", array_of(texts));
  }

  void write_link() {
    const Link link = model_.trees->link;
    const std::string_view normalization = link == Link::kLogistic  ? "logit"
                                           : link == Link::kSoftmax ? "softmax"
                                           : link == Link::kExp     ? "exp"
                                                                    : "none";
    out_ += fmt::format("<RegressionModel functionName=\"{}\" normalizationMethod=\"{}\">\n<MiningSchema>",
                        model_.has_classes() ? "classification" : "regression", normalization);
    out_ += fmt::format("<MiningField name=\"{}\" usageType=\"target\"/>", escaped(target_));
    for (size_t k = 0; k < model_.outputs(); ++k)
      out_ += fmt::format("<MiningField name=\"{}\"/>", escaped(margin_name(k)));
    out_ += "</MiningSchema>\n";
    const auto table = [&](std::string_view category, std::string_view predictor) {
      out_ += fmt::format("<RegressionTable intercept=\"0\"{}>{}</RegressionTable>\n", category, predictor);
    };
    const auto predictor = [&](size_t k) {
      return fmt::format("<NumericPredictor name=\"{}\" coefficient=\"{}\"/>", escaped(margin_name(k)),
                         number(model_.trees->link_scale));
    };
    const auto category = [&](size_t k) { return fmt::format(" targetCategory=\"{}\"", escaped(label_.classes[k])); };
    if (!model_.has_classes()) {
      table("", predictor(0));
    } else if (model_.outputs() == 1) {
      table(category(1), predictor(0));
      table(category(0), "");
    } else {
      for (size_t k = 0; k < model_.outputs(); ++k) table(category(k), predictor(k));
    }
    out_ += "</RegressionModel>\n";
  }

  const ExportModel& model_;
  const LabelMap& label_;
  std::vector<std::string> fields_;  // by feature: the field its splits look at
  std::string target_;
  std::string out_;
};

}  // namespace

Result<std::vector<ExportedFile>> export_pmml(const ExportModel& model) {
  Writer writer(model);
  std::string text = TRY(writer.write());
  return std::vector<ExportedFile>{{"model.pmml", std::move(text)},
                                   describe_export(model, "pmml", writer.inputs(), writer.outputs())};
}

}  // namespace sinan::ml
