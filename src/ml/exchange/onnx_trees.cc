#include "ml/exchange/onnx_trees.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace sinan::ml::onnx {
namespace {

constexpr size_t kMostOutputs = 1 << 14;
constexpr uint32_t kMostDepth = 4096;
constexpr size_t kMostNodes = size_t{1} << 26;
constexpr size_t kMostSetWords = size_t{1} << 26;
constexpr int64_t kMostCategories = 1 << 24;

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }
Failure not_understood(std::string_view what, std::string_view hint = {}) {
  return fail(Code::kUnsupported, fmt::format("this ONNX model cannot be read: {}", what), std::string(hint));
}

enum class Mode : uint8_t { kLeaf, kLessEqual, kLess, kGreater, kGreaterEqual, kEqual, kNotEqual };
constexpr std::pair<std::string_view, Mode> kModes[] = {
    {"LEAF", Mode::kLeaf},           {"BRANCH_LEQ", Mode::kLessEqual},    {"BRANCH_LT", Mode::kLess},
    {"BRANCH_GT", Mode::kGreater},   {"BRANCH_GTE", Mode::kGreaterEqual}, {"BRANCH_EQ", Mode::kEqual},
    {"BRANCH_NEQ", Mode::kNotEqual},
};

struct FileNode {
  int64_t tree = 0;
  int64_t id = 0;
  uint32_t feature = 0;
  Mode mode = Mode::kLeaf;
  float value = 0;
  int64_t when_true = 0;  // ids, then positions
  int64_t when_false = 0;
  bool missing_true = false;
  float cover = 0;
};

// What a leaf adds to an output.
struct Weight {
  int64_t tree = 0;
  int64_t node = 0;  // id, then position
  uint32_t output = 0;
  float value = 0;
};

struct File {
  std::vector<FileNode> nodes;  // by tree, then id
  std::vector<std::pair<size_t, size_t>> trees;
  std::vector<Weight> weights;  // by node
  std::vector<float> base;
  size_t outputs = 1;
  bool has_covers = false;
};

class FileReader {
 public:
  FileReader(const Operator& op, size_t classes, const FeatureSchema& features)
      : op_(op), classes_(classes), features_(features), is_classifier_(op.type == "TreeEnsembleClassifier") {}

  Result<File> read() {
    for (const std::string_view name : {"nodes_values_as_tensor", "nodes_hitrates_as_tensor", "base_values_as_tensor",
                                        "target_weights_as_tensor", "class_weights_as_tensor"}) {
      if (op_.has(name)) return not_understood("its trees are in double precision", "convert it to float");
    }
    TRY(read_nodes());
    TRY(link_nodes());
    TRY(read_weights());
    TRY(read_base());
    file_.has_covers = covers_add_up();
    return std::move(file_);
  }

 private:
  Status read_nodes() {
    const auto& trees = op_.at("nodes_treeids").integers;
    const size_t count = trees.size();
    const auto& ids = op_.at("nodes_nodeids").integers;
    const auto& features = op_.at("nodes_featureids").integers;
    const auto& modes = op_.at("nodes_modes").texts;
    const auto& values = op_.at("nodes_values").numbers;
    const auto& when_true = op_.at("nodes_truenodeids").integers;
    const auto& when_false = op_.at("nodes_falsenodeids").integers;
    const auto& missing = op_.at("nodes_missing_value_tracks_true").integers;
    const auto& covers = op_.at("nodes_hitrates").numbers;
    for (const size_t size :
         {ids.size(), features.size(), modes.size(), values.size(), when_true.size(), when_false.size(),
          missing.empty() ? count : missing.size(), covers.empty() ? count : covers.size()}) {
      if (size != count) return damaged("the arrays of its nodes differ in length");
    }
    if (count == 0 || count > kMostNodes) return damaged("its number of nodes is out of range");
    file_.nodes.resize(count);
    for (size_t i = 0; i < count; ++i) {
      FileNode& node = file_.nodes[i];
      node.tree = trees[i];
      node.id = ids[i];
      const auto* const mode = std::ranges::find(kModes, modes[i], [](const auto& entry) { return entry.first; });
      if (mode == std::end(kModes)) return not_understood(fmt::format("its trees have {} nodes", modes[i]));
      node.mode = mode->second;
      node.when_true = when_true[i];
      node.when_false = when_false[i];
      node.missing_true = !missing.empty() && missing[i] != 0;
      node.cover = covers.empty() ? 0 : covers[i];
      if (!(node.cover >= 0) || !std::isfinite(node.cover)) node.cover = 0;
      if (node.mode == Mode::kLeaf) continue;
      node.value = values[i];
      if (std::isnan(node.value)) return damaged("a threshold is no number");
      if (features[i] < 0 || static_cast<size_t>(features[i]) >= features_.size())
        return damaged("a feature is not there");
      node.feature = static_cast<uint32_t>(features[i]);
    }
    return {};
  }

  // Sorts the nodes and turns ids into positions.
  Status link_nodes() {
    auto& nodes = file_.nodes;
    const auto key = [](const FileNode& node) { return std::pair(node.tree, node.id); };
    std::ranges::sort(nodes, {}, key);
    for (size_t i = 1; i < nodes.size(); ++i)
      if (key(nodes[i - 1]) == key(nodes[i])) return damaged("a node is there twice");
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i == 0 || nodes[i].tree != nodes[i - 1].tree) file_.trees.emplace_back(i, i);
      file_.trees.back().second = i + 1;
    }
    for (FileNode& node : nodes) {
      if (node.mode == Mode::kLeaf) continue;
      for (int64_t* child : {&node.when_true, &node.when_false}) {
        const auto found = std::ranges::lower_bound(nodes, std::pair(node.tree, *child), {}, key);
        if (found == nodes.end() || key(*found) != std::pair(node.tree, *child)) return damaged("a child is not there");
        *child = found - nodes.begin();
      }
    }
    return {};
  }

  Status read_weights() {
    const std::string prefix = is_classifier_ ? "class" : "target";
    const auto& trees = op_.at(prefix + "_treeids").integers;
    const auto& nodes = op_.at(prefix + "_nodeids").integers;
    const auto& outputs = op_.at(prefix + "_ids").integers;
    const auto& values = op_.at(prefix + "_weights").numbers;
    if (nodes.size() != trees.size() || outputs.size() != trees.size() || values.size() != trees.size())
      return damaged("the arrays of its leaves differ in length");
    const int64_t count =
        is_classifier_ ? static_cast<int64_t>(classes_) : (op_.has("n_targets") ? op_.at("n_targets").integer : 1);
    if (count < 1 || count > static_cast<int64_t>(kMostOutputs))
      return damaged("its number of outputs is out of range");
    file_.outputs = static_cast<size_t>(count);
    for (size_t i = 0; i < trees.size(); ++i) {
      const auto key = [](const FileNode& node) { return std::pair(node.tree, node.id); };
      const auto found = std::ranges::lower_bound(file_.nodes, std::pair(trees[i], nodes[i]), {}, key);
      if (found == file_.nodes.end() || key(*found) != std::pair(trees[i], nodes[i]) || found->mode != Mode::kLeaf)
        return damaged("a leaf is not there");
      if (outputs[i] < 0 || outputs[i] >= count) return damaged("a leaf has no output");
      if (!std::isfinite(values[i])) return damaged("a leaf's value is no number");
      file_.weights.push_back({trees[i], found - file_.nodes.begin(), static_cast<uint32_t>(outputs[i]), values[i]});
    }
    std::ranges::sort(file_.weights, {}, [](const Weight& w) { return std::pair(w.node, w.output); });
    return {};
  }

  Status read_base() {
    file_.base = op_.at("base_values").numbers;
    for (const float value : file_.base)
      if (!std::isfinite(value)) return damaged("a base value is no number");
    return {};
  }

  bool covers_add_up() const {
    for (const FileNode& node : file_.nodes) {
      if (node.mode == Mode::kLeaf || node.mode == Mode::kEqual || node.mode == Mode::kNotEqual) {
        if (!(node.cover > 0)) return false;
        continue;
      }
      const float children = file_.nodes[static_cast<size_t>(node.when_true)].cover +
                             file_.nodes[static_cast<size_t>(node.when_false)].cover;
      if (!(node.cover > 0) || std::abs(children - node.cover) > 1e-3f * node.cover) return false;
    }
    return true;
  }

  const Operator& op_;
  const size_t classes_;
  const FeatureSchema& features_;
  const bool is_classifier_;
  File file_;
};

class Builder {
 public:
  Builder(const File& file, TreeEnsemble& out) : file_(file), out_(out), most_(256 * file.nodes.size()) {}

  // The tree at `index`, with the weights of one output times `scale`.
  Status add(size_t index, uint32_t from_output, uint32_t to_output, float scale) {
    const auto [begin, end] = file_.trees[index];
    const auto root = static_cast<uint32_t>(out_.nodes.size());
    std::vector<bool> met(end - begin);
    std::vector<Open> open = {{TRY(find_root(begin, end)), root, 0}};
    uint32_t depth = 0;
    out_.nodes.emplace_back();
    for (size_t next = 0; next < open.size(); ++next) {
      const Open at = open[next];
      if (met[at.from - begin]) return damaged("a node has two parents");
      met[at.from - begin] = true;
      depth = std::max(depth, at.depth);
      if (depth > kMostDepth) return damaged("a tree is too deep");
      if (out_.nodes.size() + 2 > std::min(most_, size_t{TreeNode::kCategorical} - 1))
        return not_understood("it has too many nodes");
      TRY(add_node(at, from_output, scale, open));
    }
    out_.trees.push_back({root, to_output, depth});
    return {};
  }

 private:
  struct Open {
    size_t from;
    uint32_t to;
    uint32_t depth;
  };

  // The node that no other one of its tree points to.
  Result<size_t> find_root(size_t begin, size_t end) const {
    std::vector<bool> is_child(end - begin);
    for (size_t i = begin; i < end; ++i) {
      const FileNode& node = file_.nodes[i];
      if (node.mode == Mode::kLeaf) continue;
      is_child[static_cast<size_t>(node.when_true) - begin] = true;
      is_child[static_cast<size_t>(node.when_false) - begin] = true;
    }
    const auto root = std::ranges::find(is_child, false);
    if (root == is_child.end()) return damaged("a tree's nodes form a circle");
    return begin + static_cast<size_t>(root - is_child.begin());
  }

  Status add_node(const Open& at, uint32_t output, float scale, std::vector<Open>& open) {
    const FileNode& from = file_.nodes[at.from];
    TreeNode node;
    node.cover = file_.has_covers ? from.cover : 0;
    if (from.mode == Mode::kLeaf) {
      node.value = weight_of(at.from, output) * scale;
      node.split = static_cast<uint32_t>(at.from);
      out_.nodes[at.to] = node;
      return {};
    }
    Split split;
    const bool by_category = out_.features.features[from.feature].kind == FeatureKind::kCategorical;
    if (from.mode == Mode::kEqual || from.mode == Mode::kNotEqual) {
      if (!by_category) {
        return not_understood("its trees compare numbers for equality",
                              "import the file of the library that trained it (XGBoost JSON, LightGBM text)");
      }
      split = TRY(read_set(at.from, node));
    } else {
      split = compare(from, node);
      // A threshold between codes: those above it go right.
      if (by_category) TRY(codes_above(from, node));
    }
    node.split =
        from.feature | (split.default_left ? TreeNode::kDefaultLeft : 0) | (by_category ? TreeNode::kCategorical : 0);
    ++out_.feature_use[from.feature].splits;
    node.left = static_cast<uint32_t>(out_.nodes.size());
    open.push_back({split.left, node.left, at.depth + 1});
    open.push_back({split.right, node.left + 1, at.depth + 1});
    out_.nodes[at.to] = node;
    out_.nodes.resize(out_.nodes.size() + 2);
    return {};
  }

  struct Split {
    size_t left = 0;
    size_t right = 0;
    bool default_left = false;
  };

  static Split compare(const FileNode& from, TreeNode& node) {
    const float next = std::nextafter(from.value, std::numeric_limits<float>::infinity());
    const bool goes_up = from.mode == Mode::kGreater || from.mode == Mode::kGreaterEqual;
    node.value = from.mode == Mode::kLess || from.mode == Mode::kGreaterEqual ? from.value : next;
    Split split{static_cast<size_t>(from.when_true), static_cast<size_t>(from.when_false), from.missing_true};
    if (goes_up) {
      std::swap(split.left, split.right);
      split.default_left = !from.missing_true;
    }
    return split;
  }

  Result<uint32_t> code_of(float value) const {
    if (!(value >= 0 && value < static_cast<float>(kMostCategories)) || value != std::floor(value))
      return damaged("a category is out of range");
    return static_cast<uint32_t>(value);
  }

  Status codes_above(const FileNode& from, TreeNode& node) {
    std::vector<uint32_t> codes;
    for (uint32_t code = 0; code < out_.features.features[from.feature].categories; ++code)
      if (static_cast<float>(code) >= node.value) codes.push_back(code);
    node.value = std::bit_cast<float>(TRY(add_set(codes)));
    return {};
  }

  // A chain of comparisons of one feature with one shared child: the codes that lead there go right.
  Result<Split> read_set(size_t from, TreeNode& node) {
    const FileNode* at = &file_.nodes[from];
    const uint32_t feature = at->feature;
    const int64_t shared = at->mode == Mode::kEqual ? at->when_true : at->when_false;
    const bool missing_right = at->mode == Mode::kEqual && at->missing_true;
    std::vector<uint32_t> codes;
    int64_t other = 0;
    while (true) {
      codes.push_back(TRY(code_of(at->value)));
      other = at->mode == Mode::kEqual ? at->when_false : at->when_true;
      const FileNode& next = file_.nodes[static_cast<size_t>(other)];
      const bool goes_on = next.feature == feature && ((next.mode == Mode::kEqual && next.when_true == shared) ||
                                                       (next.mode == Mode::kNotEqual && next.when_false == shared));
      if (!goes_on) break;
      if (codes.size() > file_.nodes.size()) return damaged("a tree's nodes form a circle");
      at = &next;
    }
    node.value = std::bit_cast<float>(TRY(add_set(codes)));
    return Split{static_cast<size_t>(other), static_cast<size_t>(shared), !missing_right};
  }

  Result<uint32_t> add_set(const std::vector<uint32_t>& codes) {
    const uint32_t words = codes.empty() ? 0 : *std::ranges::max_element(codes) / 64 + 1;
    if (out_.set_words.size() + words > std::min(kMostSetWords, 64 * most_))
      return damaged("its category sets are too large");
    CategorySet set{static_cast<uint32_t>(out_.set_words.size()), words};
    out_.set_words.resize(out_.set_words.size() + words);
    for (const uint32_t code : codes) out_.set_words[set.first_word + code / 64] |= uint64_t{1} << (code % 64);
    out_.sets.push_back(set);
    return static_cast<uint32_t>(out_.sets.size() - 1);
  }

  float weight_of(size_t node, uint32_t output) const {
    const auto found = std::ranges::lower_bound(file_.weights, std::pair(static_cast<int64_t>(node), output), {},
                                                [](const Weight& w) { return std::pair(w.node, w.output); });
    return found != file_.weights.end() && found->node == static_cast<int64_t>(node) && found->output == output
               ? found->value
               : 0.0f;
  }

  const File& file_;
  TreeEnsemble& out_;
  const size_t most_;  // nodes: in proportion to the file's
};

// Which outputs of the file become which of ours: a tree is added once for each.
struct Route {
  uint32_t from = 0;
  uint32_t to = 0;
  float scale = 1;
};

// Two classes have one output: what the file says of the second. `out`'s link changes with it.
Result<std::vector<Route>> two_classes(const File& file, const std::set<uint32_t>& used, TreeEnsemble& out) {
  const auto base = [&](size_t i) { return i < file.base.size() ? file.base[i] : 0.0f; };
  if (used.size() < 2) {
    const bool is_share = std::ranges::all_of(file.weights, [](const Weight& w) { return w.value >= 0; });
    if (out.link == Link::kSoftmax || (out.link == Link::kIdentity && !is_share))
      return not_understood("its two classes have scores that are no probabilities");
    out.base_margin = {file.base.size() == 2 ? base(1) : base(0)};
    return std::vector<Route>{{used.empty() ? 0 : *used.begin(), 0, 1}};
  }
  if (out.link == Link::kSoftmax) {
    out.link = Link::kLogistic;
    out.base_margin = {base(1) - base(0)};
    return std::vector<Route>{{1, 0, 1}, {0, 0, -1}};
  }
  out.base_margin = {base(1)};
  return std::vector<Route>{{1, 0, 1}};
}

}  // namespace

Status add_trees(const Operator& op, size_t classes, TreeEnsemble& out) {
  const File file = TRY(FileReader(op, classes, out.features).read());
  std::set<uint32_t> used;
  for (const Weight& weight : file.weights) used.insert(weight.output);
  std::vector<Route> routes;
  if (op.type == "TreeEnsembleClassifier" && classes == 2) {
    routes = TRY(two_classes(file, used, out));
  } else {
    if (!file.base.empty() && file.base.size() != file.outputs)
      return damaged("base values and outputs differ in number");
    const bool single = classes == 0 || (op.type == "TreeEnsembleRegressor" && classes == 2);
    if (single && file.outputs != 1) return not_understood("it has several outputs that are no classes");
    if (!single && file.outputs != classes) return damaged("outputs and classes differ in number");
    out.base_margin = file.base.empty() ? std::vector<float>(file.outputs) : file.base;
    for (uint32_t k = 0; k < file.outputs; ++k) routes.push_back({k, k, 1});
  }
  float share = 1;
  if (op.has("aggregate_function") && op.at("aggregate_function").text != "SUM") {
    if (op.at("aggregate_function").text != "AVERAGE")
      return not_understood(fmt::format("its trees are combined by {}", op.at("aggregate_function").text));
    share = 1.0f / static_cast<float>(file.trees.size());
  }
  // By tree, the outputs it speaks of: one alone mostly.
  std::vector<std::set<uint32_t>> spoken(file.trees.size());
  for (const Weight& weight : file.weights) {
    const auto tree = std::ranges::upper_bound(file.trees, static_cast<size_t>(weight.node), {},
                                               [](const auto& range) { return range.first; });
    spoken[static_cast<size_t>(tree - file.trees.begin()) - 1].insert(weight.output);
  }
  Builder builder(file, out);
  for (size_t i = 0; i < file.trees.size(); ++i) {
    for (const Route& route : routes)
      if (spoken[i].contains(route.from)) TRY(builder.add(i, route.from, route.to, route.scale * share));
  }
  return {};
}

}  // namespace sinan::ml::onnx
