#include "ml/exchange/onnx_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "ml/exchange/onnx_schema.h"
#include "ml/exchange/protobuf.h"

namespace sinan::ml {
namespace {

using namespace onnx;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// A node under construction.
class Node {
 public:
  Node(std::string_view op, std::initializer_list<std::string_view> inputs, std::string_view output,
       std::string_view domain = "") {
    for (const std::string_view input : inputs) node_.text(node_field::kInput, input);
    node_.text(node_field::kOutput, output);
    node_.text(node_field::kOpType, op);
    if (!domain.empty()) node_.text(node_field::kDomain, domain);
  }
  Node& input(std::string_view name) {
    node_.text(node_field::kInput, name);
    return *this;
  }
  Node& attribute(std::string_view name, int64_t value) {
    ProtoWriter attribute = begin(name, AttributeType::kInt);
    attribute.integer(attribute_field::kInt, value);
    return add(attribute);
  }
  Node& attribute(std::string_view name, float value) {
    ProtoWriter attribute = begin(name, AttributeType::kFloat);
    attribute.number(attribute_field::kFloat, value);
    return add(attribute);
  }
  Node& attribute(std::string_view name, std::string_view value) {
    ProtoWriter attribute = begin(name, AttributeType::kString);
    attribute.text(attribute_field::kString, value);
    return add(attribute);
  }
  Node& attribute(std::string_view name, std::span<const int64_t> values) {
    ProtoWriter attribute = begin(name, AttributeType::kInts);
    attribute.integers(attribute_field::kInts, values);
    return add(attribute);
  }
  Node& attribute(std::string_view name, std::span<const float> values) {
    ProtoWriter attribute = begin(name, AttributeType::kFloats);
    attribute.numbers(attribute_field::kFloats, values);
    return add(attribute);
  }
  Node& attribute(std::string_view name, std::span<const std::string> values) {
    ProtoWriter attribute = begin(name, AttributeType::kStrings);
    for (const std::string& value : values) attribute.text(attribute_field::kStrings, value);
    return add(attribute);
  }
  const ProtoWriter& message() const { return node_; }

 private:
  static ProtoWriter begin(std::string_view name, AttributeType type) {
    ProtoWriter attribute;
    attribute.text(attribute_field::kName, name);
    attribute.integer(attribute_field::kType, static_cast<int64_t>(type));
    return attribute;
  }
  Node& add(const ProtoWriter& attribute) {
    node_.message(node_field::kAttribute, attribute);
    return *this;
  }
  ProtoWriter node_;
};

// The arrays of a TreeEnsembleRegressor.
class TreeArrays {
 public:
  explicit TreeArrays(const ExportModel& model) : trees_(*model.trees), features_(model.features) {
    for (size_t i = 0; i < trees_.trees.size(); ++i) add_tree(trees_.trees[i], static_cast<int64_t>(i));
    if (trees_.trees.empty()) add_tree_of_nothing();
  }

  void write_to(Node& node) const {
    node.attribute("nodes_treeids", std::span<const int64_t>(tree_ids_))
        .attribute("nodes_nodeids", std::span<const int64_t>(node_ids_))
        .attribute("nodes_featureids", std::span<const int64_t>(feature_ids_))
        .attribute("nodes_modes", std::span<const std::string>(modes_))
        .attribute("nodes_values", std::span<const float>(values_))
        .attribute("nodes_truenodeids", std::span<const int64_t>(true_ids_))
        .attribute("nodes_falsenodeids", std::span<const int64_t>(false_ids_))
        .attribute("nodes_missing_value_tracks_true", std::span<const int64_t>(missing_true_))
        .attribute("nodes_hitrates", std::span<const float>(hit_rates_))
        .attribute("target_treeids", std::span<const int64_t>(target_trees_))
        .attribute("target_nodeids", std::span<const int64_t>(target_nodes_))
        .attribute("target_ids", std::span<const int64_t>(target_ids_))
        .attribute("target_weights", std::span<const float>(target_weights_))
        .attribute("n_targets", static_cast<int64_t>(trees_.outputs()))
        .attribute("base_values", std::span<const float>(trees_.base_margin));
  }

 private:
  struct Children {
    int64_t when_true = 0;
    int64_t when_false = 0;
    bool missing_true = false;
  };

  // Appends a node whose children are set later; answers its position in the arrays.
  size_t add_node(int64_t tree, int64_t id, std::string_view mode, uint32_t feature, float value, float cover) {
    tree_ids_.push_back(tree);
    node_ids_.push_back(id);
    feature_ids_.push_back(feature);
    modes_.emplace_back(mode);
    values_.push_back(value);
    true_ids_.push_back(0);
    false_ids_.push_back(0);
    missing_true_.push_back(0);
    hit_rates_.push_back(cover);
    return tree_ids_.size() - 1;
  }
  void set_children(size_t at, const Children& children) {
    true_ids_[at] = children.when_true;
    false_ids_[at] = children.when_false;
    missing_true_[at] = children.missing_true ? 1 : 0;
  }

  void add_leaf(int64_t tree, int64_t id, uint32_t output, float value, float cover) {
    add_node(tree, id, "LEAF", 0, 0, cover);
    target_trees_.push_back(tree);
    target_nodes_.push_back(id);
    target_ids_.push_back(output);
    target_weights_.push_back(value);
  }

  void add_tree_of_nothing() { add_leaf(0, 0, 0, 0, 0); }

  // The tree's nodes keep their numbers, counted from its root; those of chains come behind them.
  void add_tree(const Tree& tree, int64_t number) {
    std::vector<uint32_t> open = {tree.root};
    uint32_t last = tree.root;
    for (size_t next = 0; next < open.size(); ++next) {
      const TreeNode& node = trees_.nodes[open[next]];
      last = std::max(last, open[next]);
      if (!node.is_leaf()) open.insert(open.end(), {node.left, node.left + 1});
    }
    int64_t next_id = last - tree.root + 1;
    for (const uint32_t index : open) {
      const TreeNode& node = trees_.nodes[index];
      const int64_t id = index - tree.root;
      if (node.is_leaf()) {
        add_leaf(number, id, tree.output, node.value, node.cover);
        continue;
      }
      const int64_t left = node.left - tree.root;
      if (node.categorical()) {
        add_chain(number, id, node, left, next_id);
      } else {
        const size_t at = add_node(number, id, "BRANCH_LT", node.feature(), node.value, node.cover);
        set_children(at, {left, left + 1, node.default_left()});
      }
    }
  }

  // Codes that go right, one node each; the fewer of the two sides is listed.
  void add_chain(int64_t tree, int64_t id, const TreeNode& node, int64_t left, int64_t& next_id) {
    const ExportFeature& feature = features_[node.feature()];
    const auto codes = static_cast<uint32_t>(feature.vocabulary.size() + (feature.has_unseen_slot ? 1 : 0));
    std::vector<uint32_t> sides[2];
    for (uint32_t code = 0; code < codes; ++code) sides[trees_.in_set(node.set(), code) ? 1 : 0].push_back(code);
    const bool lists_right = sides[1].size() <= sides[0].size();
    const std::vector<uint32_t>& listed = sides[lists_right ? 1 : 0];
    const int64_t inside = lists_right ? left + 1 : left;
    const int64_t outside = lists_right ? left : left + 1;
    const bool missing_inside = node.default_left() != lists_right;
    if (listed.empty()) {
      // Every code goes the other way; missing values perhaps not.
      const size_t at = add_node(tree, id, "BRANCH_LT", node.feature(), 0, node.cover);
      set_children(at, {inside, outside, missing_inside});
      return;
    }
    for (size_t i = 0; i < listed.size(); ++i) {
      const size_t at = add_node(tree, id, "BRANCH_EQ", node.feature(), static_cast<float>(listed[i]), node.cover);
      const bool is_last = i + 1 == listed.size();
      const int64_t other = is_last ? outside : next_id++;
      set_children(at, {inside, other, missing_inside});
      id = other;
    }
  }

  const TreeEnsemble& trees_;
  const std::vector<ExportFeature>& features_;
  std::vector<int64_t> tree_ids_, node_ids_, feature_ids_, true_ids_, false_ids_, missing_true_;
  std::vector<int64_t> target_trees_, target_nodes_, target_ids_;
  std::vector<std::string> modes_;
  std::vector<float> values_, hit_rates_, target_weights_;
};

class Graph {
 public:
  explicit Graph(const ExportModel& model) : model_(model) {}

  Result<std::string> build() {
    TRY(add_features());
    Node trees("TreeEnsembleRegressor", {"/features"}, "margin", kTrees);
    TreeArrays(model_).write_to(trees);
    trees.attribute("aggregate_function", std::string_view("SUM"))
        .attribute("post_transform", std::string_view("NONE"));
    add(trees);
    add_output("margin", Element::kFloat, static_cast<int64_t>(model_.outputs()));
    if (model_.has_classes()) {
      add_classes();
    } else {
      add_link("prediction");
      add_output("prediction", Element::kFloat, 1);
    }
    graph_.text(graph_field::kName, "sinan");
    return finish();
  }

  Json inputs() const { return inputs_; }
  Json outputs() const { return outputs_; }

 private:
  void add(const Node& node) { graph_.message(graph_field::kNode, node.message()); }

  static ProtoWriter value_info(std::string_view name, Element element, int64_t columns) {
    ProtoWriter rows;
    rows.text(dim_field::kParameter, "N");
    ProtoWriter width;
    width.integer(dim_field::kValue, columns);
    ProtoWriter shape;
    shape.message(shape_field::kDim, rows);
    shape.message(shape_field::kDim, width);
    ProtoWriter tensor;
    tensor.integer(tensor_type_field::kElement, static_cast<int64_t>(element));
    tensor.message(tensor_type_field::kShape, shape);
    ProtoWriter type;
    type.message(type_field::kTensor, tensor);
    ProtoWriter value;
    value.text(value_field::kName, name);
    value.message(value_field::kType, type);
    return value;
  }

  // The column's name, unless an output has it.
  static std::string input_name(const std::string& name) {
    return name == "margin" || name == "probability" || name == "prediction" ? "input_" + name : name;
  }
  static std::string_view element_name(Element element) {
    return element == Element::kFloat ? "float" : element == Element::kInt64 ? "int64" : "string";
  }
  void add_input(const ExportFeature& feature, std::string_view name, Element element) {
    graph_.message(graph_field::kInput, value_info(name, element, 1));
    Json input = Json::object({{"name", name}, {"type", element_name(element)}, {"column", feature.column}});
    if (feature.kind == ExportFeature::Kind::kPart) input.set("part", feature.feature);
    inputs_.push_back(std::move(input));
  }
  void add_output(std::string_view name, Element element, int64_t columns) {
    graph_.message(graph_field::kOutput, value_info(name, element, columns));
    outputs_.push_back(Json::object({{"name", name}, {"type", element_name(element)}, {"columns", columns}}));
  }
  void add_constant(std::string_view name, float value) {
    ProtoWriter tensor;
    tensor.integer(tensor_field::kDataType, static_cast<int64_t>(Element::kFloat));
    tensor.numbers(tensor_field::kFloatData, std::span(&value, 1));
    tensor.text(tensor_field::kName, name);
    graph_.message(graph_field::kInitializer, tensor);
  }

  // Every feature as a column of floats, side by side in `features`.
  Status add_features() {
    Node concat("Concat", {}, "/features");
    for (const ExportFeature& feature : model_.features) {
      if (feature.kind == ExportFeature::Kind::kCategory) {
        TRY(add_category(feature));
        concat.input(feature.feature + "/code");
        continue;
      }
      const std::string name =
          input_name(feature.kind == ExportFeature::Kind::kPart ? feature.feature : feature.column);
      add_input(feature, name, Element::kFloat);
      if (feature.zero_is_missing) add_zero_missing(name, feature.feature + "/value");
      concat.input(feature.zero_is_missing ? feature.feature + "/value" : name);
    }
    concat.attribute("axis", int64_t{1});
    add(concat);
    return {};
  }

  Status add_category(const ExportFeature& feature) {
    const std::string name = input_name(feature.column);
    add_input(feature, name, Element::kString);
    std::vector<std::string> keys = feature.vocabulary;
    std::vector<float> codes(keys.size());
    for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<float>(i);
    float other = kNaN;
    if (feature.has_unseen_slot) {
      // "" is missing then, and every other text is the slot.
      if (std::ranges::find(keys, "") != keys.end()) {
        return fail(Code::kUnsupported,
                    fmt::format("ONNX has no missing texts, and this column holds empty ones: \"{}\"", feature.column),
                    "write NULL for them in the query that trains: NULLIF(column, '')");
      }
      other = static_cast<float>(codes.size());
      keys.emplace_back();
      codes.push_back(kNaN);
    }
    Node encoder("LabelEncoder", {name}, feature.feature + "/code", kTrees);
    encoder.attribute("keys_strings", std::span<const std::string>(keys))
        .attribute("values_floats", std::span<const float>(codes))
        .attribute("default_float", other);
    add(encoder);
    return {};
  }

  void add_zero_missing(const std::string& input, const std::string& output) {
    if (!has_zero_) {
      add_constant("/zero", 1e-35f);
      add_constant("/missing", kNaN);
      has_zero_ = true;
    }
    add(Node("Abs", {input}, output + "/size"));
    add(Node("LessOrEqual", {output + "/size", "/zero"}, output + "/is_zero"));
    add(Node("Where", {output + "/is_zero", "/missing", input}, output));
  }

  // Margins to values under the objective's link.
  void add_link(std::string_view output) {
    std::string_view margin = "margin";
    if (model_.trees->link_scale != 1) {
      add_constant("/link_scale", model_.trees->link_scale);
      add(Node("Mul", {margin, "/link_scale"}, "/scaled"));
      margin = "/scaled";
    }
    switch (model_.trees->link) {
      case Link::kIdentity:
      case Link::kAscending:  // of one output
        add(Node("Identity", {margin}, output));
        return;
      case Link::kLogistic:
        add(Node("Sigmoid", {margin}, output));
        return;
      case Link::kExp:
        add(Node("Exp", {margin}, output));
        return;
      case Link::kSoftmax: {
        Node softmax("Softmax", {margin}, output);
        softmax.attribute("axis", int64_t{1});
        add(softmax);
        return;
      }
      case Link::kStep: {
        add_constant("/nothing", 0);
        add(Node("Greater", {margin, "/nothing"}, "/is_positive"));
        add(cast("/is_positive", output, Element::kFloat));
        return;
      }
      case Link::kSquare:
        add(Node("Abs", {margin}, "/size"));
        add(Node("Mul", {margin, "/size"}, output));
        return;
      case Link::kSoftplus:
        add(Node("Softplus", {margin}, output));
        return;
    }
  }

  static Node cast(std::string_view input, std::string_view output, Element element) {
    Node node("Cast", {input}, output);
    node.attribute("to", static_cast<int64_t>(element));
    return node;
  }

  void add_classes() {
    const auto outputs = static_cast<int64_t>(model_.outputs());
    add_link("probability");
    add_output("probability", Element::kFloat, outputs);
    if (outputs == 1) {
      add_constant("/half", 0.5f);
      add(Node("Greater", {"probability", "/half"}, "/is_second"));
      add(cast("/is_second", "/class", Element::kInt64));
    } else {
      Node choice("ArgMax", {"margin"}, "/class");
      choice.attribute("axis", int64_t{1}).attribute("keepdims", int64_t{1});
      add(choice);
    }
    const std::vector<std::string>& classes = model_.package->label.classes;
    std::vector<int64_t> positions(classes.size());
    for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
    Node names("LabelEncoder", {"/class"}, "prediction", kTrees);
    names.attribute("keys_int64s", std::span<const int64_t>(positions));
    if (model_.has_integer_classes()) {
      std::vector<int64_t> values(classes.size());
      for (size_t i = 0; i < values.size(); ++i)
        std::from_chars(classes[i].data(), classes[i].data() + classes[i].size(), values[i]);
      names.attribute("values_int64s", std::span<const int64_t>(values));
    } else {
      names.attribute("values_strings", std::span<const std::string>(classes));
    }
    add(names);
    add_output("prediction", model_.has_integer_classes() ? Element::kInt64 : Element::kString, 1);
  }

  std::string finish() const {
    ProtoWriter model;
    model.integer(model_field::kIrVersion, 8);
    model.text(model_field::kProducerName, "sinan");
    model.text(model_field::kDocString,
               fmt::format("{}: {} ({})", model_.name, model_.package->estimator, model_.package->objective));
    model.message(model_field::kGraph, graph_);
    for (const auto& [domain, version] : {std::pair<std::string_view, int64_t>{"", 15}, {kTrees, 3}}) {
      ProtoWriter opset;
      opset.text(opset_field::kDomain, domain);
      opset.integer(opset_field::kVersion, version);
      model.message(model_field::kOpsetImport, opset);
    }
    return model.bytes();
  }

  const ExportModel& model_;
  ProtoWriter graph_;
  Json inputs_ = Json::array();
  Json outputs_ = Json::array();
  bool has_zero_ = false;
};

}  // namespace

Result<std::vector<ExportedFile>> export_onnx(const ExportModel& model) {
  Graph graph(model);
  std::string bytes = TRY(graph.build());
  return std::vector<ExportedFile>{{"model.onnx", std::move(bytes)},
                                   describe_export(model, "onnx", graph.inputs(), graph.outputs())};
}

}  // namespace sinan::ml
