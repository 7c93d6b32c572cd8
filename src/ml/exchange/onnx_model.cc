#include "ml/exchange/onnx_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ml/exchange/onnx_graph.h"
#include "ml/exchange/onnx_schema.h"
#include "ml/exchange/onnx_trees.h"

namespace sinan::ml {
namespace {

using onnx::Element;
using onnx::Graph;
using onnx::Operator;

constexpr int64_t kMostFeatures = 1 << 20;

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }
Failure not_understood(std::string_view what, std::string_view hint = {}) {
  return fail(Code::kUnsupported, fmt::format("this ONNX model cannot be read: {}", what), std::string(hint));
}

bool is_trees(const Operator& op) {
  return op.domain == onnx::kTrees && (op.type == "TreeEnsembleRegressor" || op.type == "TreeEnsembleClassifier");
}

const Operator* producer_of(const Graph& graph, std::string_view value) {
  for (const Operator& op : graph.operators)
    if (std::ranges::find(op.outputs, value) != op.outputs.end()) return &op;
  return nullptr;
}

const onnx::Input* input_named(const Graph& graph, std::string_view name) {
  const auto found = std::ranges::find(graph.inputs, name, &onnx::Input::name);
  return found == graph.inputs.end() ? nullptr : &*found;
}

Result<const Operator*> find_trees(const Graph& graph) {
  const Operator* found = nullptr;
  for (const Operator& op : graph.operators) {
    if (op.domain == onnx::kTrees && op.type == "TreeEnsemble") {
      return not_understood("it uses TreeEnsemble of operator set 5", "convert it with operator set 3 of ai.onnx.ml");
    }
    if (!is_trees(op)) continue;
    if (found != nullptr) return not_understood("it has several tree ensembles");
    found = &op;
  }
  if (found == nullptr) return not_understood("it has no tree ensemble", "trees only can be imported from ONNX");
  if (found->inputs.empty() || found->outputs.empty()) return damaged("its trees have no input or no output");
  return found;
}

// What the file computes, apart from the trees themselves.
struct Meaning {
  const Operator* trees = nullptr;
  OnnxSignature signature;
  std::vector<uint32_t> zero_missing;
  Link link = Link::kIdentity;
};

class Interpreter {
 public:
  explicit Interpreter(const Graph& graph) : graph_(graph) {}

  Result<Meaning> run() {
    meaning_.trees = TRY(find_trees(graph_));
    meaning_.signature.producer = graph_.producer;
    TRY(read_inputs());
    TRY(read_answer());
    return std::move(meaning_);
  }

 private:
  using Signature = OnnxSignature;

  // --- before the trees ---

  Status read_inputs() {
    const std::string& value = meaning_.trees->inputs.front();
    if (const onnx::Input* input = input_named(graph_, value); input != nullptr) {
      if (input->element != static_cast<int64_t>(Element::kFloat) &&
          input->element != static_cast<int64_t>(Element::kDouble) &&
          input->element != static_cast<int64_t>(Element::kInt64)) {
        return not_understood("its input is no tensor of numbers");
      }
      const int64_t columns = input->columns > 0 ? input->columns : features_used();
      if (columns < 1 || columns > kMostFeatures) return damaged("its number of features is out of range");
      meaning_.signature.inputs.resize(static_cast<size_t>(columns));
      return {};
    }
    const Operator* concat = producer_of(graph_, value);
    if (concat == nullptr) return damaged("its trees have no input");
    if (concat->type != "Concat") return read_column(value);
    if (concat->at("axis").integer != 1 && concat->at("axis").integer != -1)
      return not_understood("it joins its inputs by rows");
    for (const std::string& column : concat->inputs) TRY(read_column(column));
    return {};
  }

  int64_t features_used() const {
    const auto& ids = meaning_.trees->at("nodes_featureids").integers;
    return ids.empty() ? 1 : *std::ranges::max_element(ids) + 1;
  }

  // One column of features, followed back to an input of the graph.
  Status read_column(std::string value) {
    Signature::Input out;
    bool zero_missing = false;
    for (int steps = 0; steps < 8; ++steps) {
      if (const onnx::Input* input = input_named(graph_, value); input != nullptr) {
        if (input->columns > 1) return not_understood(fmt::format("its input \"{}\" is one tensor of several", value));
        const bool is_string = input->element == static_cast<int64_t>(Element::kString);
        if (is_string != out.is_text)
          return not_understood(fmt::format("its input \"{}\" is a text without codes", value));
        out.name = std::move(value);
        if (zero_missing) meaning_.zero_missing.push_back(static_cast<uint32_t>(meaning_.signature.inputs.size()));
        meaning_.signature.inputs.push_back(std::move(out));
        return {};
      }
      const Operator* op = producer_of(graph_, value);
      if (op == nullptr || op->inputs.empty()) return damaged(fmt::format("there is no value \"{}\"", value));
      if (op->type == "Cast" || op->type == "Identity") {
        value = op->inputs.front();
      } else if (op->type == "LabelEncoder" && !out.is_text) {
        TRY(read_vocabulary(*op, out));
        value = op->inputs.front();
      } else if (op->type == "Where" && is_zero_missing(*op)) {
        zero_missing = true;
        value = op->inputs[2];
      } else {
        return not_understood(fmt::format("there is a {} before its trees", op->type));
      }
    }
    return not_understood("its inputs pass too many operators");
  }

  // Where(LessOrEqual(Abs(x), tiny), NaN, x)
  bool is_zero_missing(const Operator& where) const {
    if (where.inputs.size() != 3) return false;
    const auto missing = graph_.constants.find(where.inputs[1]);
    const Operator* test = producer_of(graph_, where.inputs[0]);
    if (missing == graph_.constants.end() || !std::isnan(missing->second) || test == nullptr ||
        test->type != "LessOrEqual" || test->inputs.size() != 2) {
      return false;
    }
    const auto bound = graph_.constants.find(test->inputs[1]);
    const Operator* size = producer_of(graph_, test->inputs[0]);
    return bound != graph_.constants.end() && bound->second == 1e-35f && size != nullptr && size->type == "Abs" &&
           !size->inputs.empty() && size->inputs.front() == where.inputs[2];
  }

  Status read_vocabulary(const Operator& op, Signature::Input& out) {
    const auto& keys = op.at("keys_strings").texts;
    std::vector<float> codes = op.at("values_floats").numbers;
    if (codes.empty()) codes.assign(op.at("values_int64s").integers.begin(), op.at("values_int64s").integers.end());
    if (keys.empty() || codes.size() != keys.size())
      return not_understood("a LabelEncoder does not turn texts into numbers");
    out.is_text = true;
    for (size_t i = 0; i < keys.size(); ++i) {
      // "" for missing values stands behind a vocabulary that was cut.
      if (std::isnan(codes[i]) && i + 1 == keys.size()) continue;
      if (codes[i] != static_cast<float>(i)) return not_understood("a LabelEncoder's codes do not count up from 0");
      out.vocabulary.push_back(keys[i]);
    }
    const float other = op.has("default_float")   ? op.at("default_float").number
                        : op.has("default_int64") ? static_cast<float>(op.at("default_int64").integer)
                                                  : std::numeric_limits<float>::quiet_NaN();
    if (std::isnan(other) || other < 0) return {};
    if (other != static_cast<float>(out.vocabulary.size()))
      return not_understood("a LabelEncoder takes unknown texts for a known one");
    out.has_unseen_slot = true;
    return {};
  }

  // --- behind the trees ---

  Status read_answer() {
    Signature& out = meaning_.signature;
    const Operator& trees = *meaning_.trees;
    const std::string_view post =
        trees.has("post_transform") ? std::string_view(trees.at("post_transform").text) : "NONE";
    if (post == "LOGISTIC") {
      meaning_.link = Link::kLogistic;
    } else if (post == "SOFTMAX") {
      meaning_.link = Link::kSoftmax;
    } else if (post != "NONE") {
      return not_understood(fmt::format("its post_transform is {}", post));
    }
    TRY(read_classes());
    for (const Operator& op : graph_.operators) TRY(read_follower(op));
    if (!out.classes.empty()) out.task = out.classes.size() == 2 ? Task::kBinary : Task::kMulticlass;
    if (out.classes.size() == 1) return not_understood("it has one class only");
    out.objective = fmt::format("onnx:{}", link_name());
    return {};
  }

  std::string_view link_name() const {
    switch (meaning_.link) {
      case Link::kLogistic:
        return "logistic";
      case Link::kSoftmax:
        return "softmax";
      case Link::kExp:
        return "exp";
      case Link::kSoftplus:
        return "softplus";
      default:
        return "identity";
    }
  }

  Status read_classes() {
    const Operator& trees = *meaning_.trees;
    if (trees.type == "TreeEnsembleClassifier") {
      set_classes(trees.at("classlabels_int64s").integers, trees.at("classlabels_strings").texts);
      if (meaning_.signature.classes.empty()) return damaged("a classifier has no classes");
      return {};
    }
    // A regressor whose margins are turned into classes, as Sinan writes it.
    for (const Operator& op : graph_.operators) {
      if (op.type == "LabelEncoder" && op.has("keys_int64s"))
        set_classes(op.at("values_int64s").integers, op.at("values_strings").texts);
    }
    return {};
  }

  void set_classes(const std::vector<int64_t>& integers, const std::vector<std::string>& texts) {
    Signature& out = meaning_.signature;
    out.integer_classes = texts.empty();
    out.classes = texts;
    if (!texts.empty()) return;
    for (const int64_t value : integers) out.classes.push_back(fmt::format("{}", value));
  }

  // An operator that is not on the way to the trees: a link, or one that changes no number.
  Status read_follower(const Operator& op) {
    if (&op == meaning_.trees || leads_to_trees(op)) return {};
    const bool is_regressor = meaning_.trees->type == "TreeEnsembleRegressor";
    constexpr std::pair<std::string_view, Link> kLinks[] = {
        {"Sigmoid", Link::kLogistic}, {"Softmax", Link::kSoftmax}, {"Exp", Link::kExp}, {"Softplus", Link::kSoftplus}};
    const auto* const link = std::ranges::find(kLinks, op.type, [](const auto& entry) { return entry.first; });
    if (link != std::end(kLinks)) {
      if (!is_regressor || meaning_.link != Link::kIdentity || op.inputs.size() != 1 ||
          op.inputs.front() != meaning_.trees->outputs.front()) {
        return not_understood(fmt::format("its {} is not right behind its trees", op.type));
      }
      meaning_.link = link->second;
      return {};
    }
    constexpr std::string_view kNeutral[] = {"Identity",     "Cast",    "ZipMap",  "ArgMax",
                                             "LabelEncoder", "Reshape", "Squeeze", "Flatten"};
    if (std::ranges::find(kNeutral, op.type) != std::end(kNeutral)) return {};
    // Of two classes the likelier one.
    if (op.type == "Greater" && op.inputs.size() == 2) {
      const auto half = graph_.constants.find(op.inputs[1]);
      if (half != graph_.constants.end() && half->second == 0.5f) return {};
    }
    return not_understood(fmt::format("there is a {} behind its trees", op.type));
  }

  bool leads_to_trees(const Operator& op) {
    if (before_.empty()) mark_before(meaning_.trees->inputs.front(), 0);
    return std::ranges::find(before_, &op) != before_.end();
  }
  void mark_before(std::string_view value, int depth) {
    const Operator* op = producer_of(graph_, value);
    if (op == nullptr || depth > 16 || std::ranges::find(before_, op) != before_.end()) return;
    before_.push_back(op);
    for (const std::string& input : op->inputs) mark_before(input, depth + 1);
  }

  const Graph& graph_;
  Meaning meaning_;
  std::vector<const Operator*> before_;
};

std::string_view as_text(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

}  // namespace

Result<OnnxSignature> inspect_onnx(std::span<const std::byte> file) {
  const Graph graph = TRY(onnx::read_graph(as_text(file)));
  return TRY(Interpreter(graph).run()).signature;
}

Result<std::shared_ptr<const TreeEnsemble>> read_onnx(std::span<const std::byte> file, const FeatureSchema& features) {
  const Graph graph = TRY(onnx::read_graph(as_text(file)));
  const Meaning meaning = TRY(Interpreter(graph).run());
  if (meaning.signature.inputs.size() != features.size()) {
    return fail(Code::kData,
                fmt::format("the model file does not fit its feature plan: it has {} features, the plan {}",
                            meaning.signature.inputs.size(), features.size()));
  }
  for (size_t i = 0; i < features.size(); ++i) {
    if (meaning.signature.inputs[i].is_text != (features.features[i].kind == FeatureKind::kCategorical)) {
      return damaged(fmt::format("its inputs do not fit feature \"{}\"", features.features[i].name));
    }
  }
  auto trees = std::make_shared<TreeEnsemble>();
  trees->features = features;
  trees->feature_use.resize(features.size());
  trees->objective = meaning.signature.objective;
  trees->link = meaning.link;
  trees->zero_missing = meaning.zero_missing;
  TRY(onnx::add_trees(*meaning.trees, meaning.signature.classes.size(), *trees));
  return trees;
}

bool has_covers(const TreeEnsemble& trees) {
  return std::ranges::all_of(trees.trees, [&](const Tree& tree) {
    return trees.nodes[tree.root].is_leaf() || trees.nodes[tree.root].cover > 0;
  });
}

}  // namespace sinan::ml
