#include "ml/trees/lightgbm_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr int64_t kMaxOutputs = 1 << 14;
constexpr int64_t kMaxLeaves = 1 << 24;
constexpr uint32_t kMaxDepth = 4096;
constexpr size_t kMaxSetWords = size_t{1} << 28;

// Bits of a node's decision_type; the two above say what is missing.
constexpr int64_t kCategoricalBit = 1;
constexpr int64_t kDefaultLeftBit = 2;
enum class Missing : uint8_t { kNone, kZero, kNaN };

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }

struct Objective {
  std::string_view name;
  Link link;
};

constexpr Objective kObjectives[] = {
    {"regression", Link::kIdentity},
    {"regression_l1", Link::kIdentity},
    {"huber", Link::kIdentity},
    {"fair", Link::kIdentity},
    {"quantile", Link::kIdentity},
    {"mape", Link::kIdentity},
    {"poisson", Link::kExp},
    {"gamma", Link::kExp},
    {"tweedie", Link::kExp},
    {"binary", Link::kLogistic},
    {"multiclass", Link::kSoftmax},
    {"multiclassova", Link::kLogistic},
    {"cross_entropy", Link::kLogistic},
    {"cross_entropy_lambda", Link::kSoftplus},
    {"lambdarank", Link::kIdentity},
    {"rank_xendcg", Link::kIdentity},
};

template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Lines "key=value" up to an empty one; views into the file.
class Section {
 public:
  void add(std::string_view line) {
    const size_t equals = line.find('=');
    lines_.emplace_back(line.substr(0, equals),
                        equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1));
  }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  std::string_view text(std::string_view key) const {
    const auto* line = find(key);
    return line == nullptr ? std::string_view() : line->second;
  }
  Result<int64_t> integer(std::string_view key) const {
    const auto value = parse<int64_t>(text(key));
    if (!value) return damaged(fmt::format("\"{}\" is no number", key));
    return *value;
  }
  // `count` numbers between blanks.
  template <class T>
  Result<std::vector<T>> list(std::string_view key, size_t count) const {
    std::vector<T> out;
    std::string_view rest = text(key);
    while (true) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      if (rest.empty()) break;
      const size_t end = std::min(rest.find(' '), rest.size());
      const auto value = parse<T>(rest.substr(0, end));
      if (!value || out.size() == count) return damaged(fmt::format("\"{}\" is no list of {} numbers", key, count));
      out.push_back(*value);
      rest.remove_prefix(end);
    }
    if (out.size() != count) return damaged(fmt::format("\"{}\" is no list of {} numbers", key, count));
    return out;
  }
  // The same, or zeros when the file does not have it.
  template <class T>
  Result<std::vector<T>> list_or_zeros(std::string_view key, size_t count) const {
    if (!has(key)) return std::vector<T>(count);
    return list<T>(key, count);
  }

 private:
  using Line = std::pair<std::string_view, std::string_view>;
  const Line* find(std::string_view key) const {
    const auto found = std::ranges::find(lines_, key, &Line::first);
    return found == lines_.end() ? nullptr : &*found;
  }
  std::vector<Line> lines_;
};

struct Document {
  Section header;
  std::vector<Section> trees;
};

Result<Document> split(std::string_view text) {
  Document out;
  Section* section = &out.header;
  bool is_first = true;
  bool is_complete = false;
  while (!text.empty() && !is_complete) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (std::exchange(is_first, false)) {
      if (line != "tree") return damaged("it does not begin as LightGBM's text does");
    } else if (line.starts_with("Tree=")) {
      section = &out.trees.emplace_back();
    } else if (line == "end of trees") {
      is_complete = true;
    } else if (!line.empty()) {
      section->add(line);
    }
  }
  if (!is_complete) return damaged("it ends before its trees do");
  return out;
}

// Where x <= threshold is x < value, for floats.
float strictly_above(double threshold) {
  constexpr double kMost = std::numeric_limits<float>::max();
  if (threshold >= kMost) return std::numeric_limits<float>::infinity();
  if (threshold < -kMost) return -std::numeric_limits<float>::max();
  const auto nearest = static_cast<float>(threshold);
  if (static_cast<double>(nearest) > threshold) return nearest;
  return std::nextafter(nearest, std::numeric_limits<float>::infinity());
}

// A split that tells missing values from all others, infinite ones too: `x <= inf` is `not (x < -inf)`, so that its children
// change places.
bool is_endless(double threshold) { return threshold == std::numeric_limits<double>::infinity(); }

// One tree of the file: inner nodes and leaves apart; a child below zero is the leaf ~child.
struct FileTree {
  size_t leaves = 0;
  std::vector<int64_t> feature, decision, left, right;
  std::vector<double> threshold, gain, leaf_value;
  std::vector<double> leaf_count, inner_count;
  std::vector<int64_t> set_begin;  // one more than there are sets
  std::vector<uint32_t> set_words;
};

Result<FileTree> read_tree(const Section& section) {
  FileTree tree;
  const int64_t leaves = TRY(section.integer("num_leaves"));
  // A leaf takes two characters at least: keeps what is allocated in proportion to the file.
  if (leaves < 1 || leaves > kMaxLeaves || static_cast<size_t>(leaves) > section.text("leaf_value").size() + 1)
    return damaged("\"num_leaves\" is out of range");
  if (section.has("is_linear") && TRY(section.integer("is_linear")) != 0) {
    return fail(Code::kUnsupported, "models with linear trees cannot be scored", "train without linear_tree");
  }
  tree.leaves = static_cast<size_t>(leaves);
  const size_t inner = tree.leaves - 1;
  tree.leaf_value = TRY(section.list<double>("leaf_value", tree.leaves));
  tree.leaf_count = TRY(section.list_or_zeros<double>("leaf_count", tree.leaves));
  if (inner == 0) return tree;
  tree.feature = TRY(section.list<int64_t>("split_feature", inner));
  tree.decision = TRY(section.list<int64_t>("decision_type", inner));
  tree.left = TRY(section.list<int64_t>("left_child", inner));
  tree.right = TRY(section.list<int64_t>("right_child", inner));
  tree.threshold = TRY(section.list<double>("threshold", inner));
  tree.gain = TRY(section.list_or_zeros<double>("split_gain", inner));
  tree.inner_count = TRY(section.list_or_zeros<double>("internal_count", inner));
  const int64_t sets = section.has("num_cat") ? TRY(section.integer("num_cat")) : 0;
  if (sets < 0 || sets > leaves) return damaged("\"num_cat\" is out of range");
  if (sets == 0) return tree;
  tree.set_begin = TRY(section.list<int64_t>("cat_boundaries", static_cast<size_t>(sets) + 1));
  if (tree.set_begin.front() != 0 || !std::ranges::is_sorted(tree.set_begin) ||
      tree.set_begin.back() > static_cast<int64_t>(section.text("cat_threshold").size())) {
    return damaged("\"cat_boundaries\" do not rise");
  }
  tree.set_words = TRY(section.list<uint32_t>("cat_threshold", static_cast<size_t>(tree.set_begin.back())));
  return tree;
}

class Builder {
 public:
  explicit Builder(TreeEnsemble& out) : out_(out), missing_(out.features.size()) {}

  // Renumbers the nodes breadth first, siblings side by side. Every node and leaf is met once, or the file holds no tree.
  Status add(const FileTree& tree, uint32_t output, double weight) {
    const size_t inner = tree.leaves - 1;
    const auto root = static_cast<uint32_t>(out_.nodes.size());
    if (out_.nodes.size() + tree.leaves + inner >= TreeNode::kCategorical) return damaged("it has too many nodes");
    const uint32_t first_set = TRY(add_sets(tree));
    std::vector<Open> open = {{inner == 0 ? -1 : 0, root, 0}};
    std::vector<bool> seen(inner + tree.leaves);
    uint32_t depth = 0;
    out_.nodes.emplace_back();
    for (size_t next = 0; next < open.size(); ++next) {
      const Open at = open[next];
      const size_t leaf = at.from < 0 ? static_cast<size_t>(~at.from) : 0;
      if (at.from < 0 ? leaf >= tree.leaves : at.from >= static_cast<int64_t>(inner))
        return damaged("a child is not there");
      const size_t mark = at.from < 0 ? inner + leaf : static_cast<size_t>(at.from);
      if (seen[mark]) return damaged("a node has two parents");
      seen[mark] = true;
      depth = std::max(depth, at.depth);
      if (depth > kMaxDepth) return fail(Code::kUnsupported, "models with trees this deep cannot be scored");
      if (at.from < 0) {
        TRY(set_leaf(tree, leaf, weight, out_.nodes[at.to]));
      } else {
        TRY(split(tree, static_cast<size_t>(at.from), first_set, at, open));
      }
    }
    if (open.size() != inner + tree.leaves) return damaged("a node has no parent");
    out_.trees.push_back({root, output, depth});
    return {};
  }

  // Which features' zeros are missing; in all trees or in none.
  Status finish() {
    for (size_t f = 0; f < missing_.size(); ++f) {
      const bool zero = (missing_[f] & bit(Missing::kZero)) != 0;
      if (zero && missing_[f] != bit(Missing::kZero)) {
        return fail(Code::kUnsupported,
                    fmt::format("zeros of feature \"{}\" are missing values in some trees only: this cannot be scored",
                                out_.features.features[f].name));
      }
      if (zero) out_.zero_missing.push_back(static_cast<uint32_t>(f));
    }
    return {};
  }

 private:
  struct Open {
    int64_t from;
    uint32_t to;
    uint32_t depth;
  };
  static constexpr uint8_t bit(Missing missing) { return static_cast<uint8_t>(1u << static_cast<uint8_t>(missing)); }

  static Status set_leaf(const FileTree& tree, size_t leaf, double weight, TreeNode& node) {
    const double value = tree.leaf_value[leaf] * weight;
    if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
      return damaged("a leaf's value is no number");
    node.value = static_cast<float>(value);
    node.split = static_cast<uint32_t>(leaf);
    return set_cover(tree.leaf_count[leaf], node);
  }

  static Status set_cover(double count, TreeNode& node) {
    if (!(count >= 0 && count < 1e18)) return damaged("a count is out of range");
    node.cover = static_cast<float>(count);
    return {};
  }

  Status split(const FileTree& tree, size_t from, uint32_t first_set, const Open& at, std::vector<Open>& open) {
    TreeNode node;
    TRY(set_cover(tree.inner_count[from], node));
    TRY(set_split(tree, from, first_set, node));
    FeatureUse& use = out_.feature_use[node.feature()];
    ++use.splits;
    use.gain += tree.gain[from];
    use.cover += tree.inner_count[from];
    node.left = static_cast<uint32_t>(out_.nodes.size());
    int64_t first = tree.left[from];
    int64_t second = tree.right[from];
    if (node.categorical() || is_endless(tree.threshold[from])) std::swap(first, second);
    open.push_back({first, node.left, at.depth + 1});
    open.push_back({second, node.left + 1, at.depth + 1});
    // More than a tree of so many leaves can have: a loop.
    if (open.size() > 2 * tree.leaves) return damaged("a node has two parents");
    out_.nodes[at.to] = node;
    out_.nodes.resize(out_.nodes.size() + 2);
    return {};
  }

  Status set_split(const FileTree& tree, size_t from, uint32_t first_set, TreeNode& node) {
    const int64_t feature = tree.feature[from];
    if (feature < 0 || static_cast<size_t>(feature) >= out_.features.size()) return damaged("a feature is not there");
    const auto index = static_cast<size_t>(feature);
    const int64_t decision = tree.decision[from];
    if (decision < 0 || (decision >> 2) > static_cast<int64_t>(Missing::kNaN))
      return damaged("\"decision_type\" is out of range");
    const bool categorical = (decision & kCategoricalBit) != 0;
    if (categorical != (out_.features.features[index].kind == FeatureKind::kCategorical)) {
      return damaged(fmt::format("a split's kind does not fit feature \"{}\"", out_.features.features[index].name));
    }
    const double threshold = tree.threshold[from];
    if (std::isnan(threshold)) return damaged("a threshold is no number");
    bool default_left = (decision & kDefaultLeftBit) != 0;
    if (categorical) {
      const auto sets = static_cast<double>(tree.set_begin.empty() ? 0 : tree.set_begin.size() - 1);
      if (!(threshold >= 0 && threshold < sets)) return damaged("a categorical split has no categories");
      node.value = std::bit_cast<float>(first_set + static_cast<uint32_t>(threshold));
      default_left = true;  // missing is in no set
    } else {
      const auto missing = static_cast<Missing>(decision >> 2);
      missing_[index] |= bit(missing);
      if (missing == Missing::kNone) default_left = threshold >= 0;
      node.value = strictly_above(threshold);
      if (is_endless(threshold)) {
        node.value = -std::numeric_limits<float>::infinity();
        default_left = !default_left;
      }
    }
    node.split = static_cast<uint32_t>(feature) | (default_left ? TreeNode::kDefaultLeft : 0) |
                 (categorical ? TreeNode::kCategorical : 0);
    return {};
  }

  // The tree's sets behind those there are, each to a whole number of 64-bit words. Answers where its first one is.
  Result<uint32_t> add_sets(const FileTree& tree) {
    const auto first = static_cast<uint32_t>(out_.sets.size());
    for (size_t i = 0; i + 1 < tree.set_begin.size(); ++i) {
      const auto begin = static_cast<size_t>(tree.set_begin[i]);
      const auto words = static_cast<size_t>(tree.set_begin[i + 1]) - begin;
      CategorySet set{.first_word = static_cast<uint32_t>(out_.set_words.size()),
                      .words = static_cast<uint32_t>((words + 1) / 2)};
      if (out_.set_words.size() + set.words > kMaxSetWords) return damaged("its category sets are too large");
      out_.set_words.resize(out_.set_words.size() + set.words);
      for (size_t w = 0; w < words; ++w)
        out_.set_words[set.first_word + w / 2] |= uint64_t{tree.set_words[begin + w]} << (w % 2 * 32);
      out_.sets.push_back(set);
    }
    return first;
  }

  TreeEnsemble& out_;
  std::vector<uint8_t> missing_;  // by feature: kinds of missing values seen
};

// "binary sigmoid:1", "regression sqrt", "multiclass num_class:3"
Status read_objective(const Section& header, TreeEnsemble& out) {
  if (!header.has("objective")) {
    out.objective = "custom";
    return {};
  }
  const std::vector<std::string_view> words = split_on(header.text("objective"), ' ');
  out.objective = words.front();
  const auto* objective = std::ranges::find(kObjectives, words.front(), &Objective::name);
  if (objective == std::end(kObjectives)) {
    return fail(Code::kUnsupported, fmt::format("models of this objective cannot be scored: \"{}\"", out.objective));
  }
  out.link = objective->link;
  for (const std::string_view word : std::span(words).subspan(1)) {
    if (word == "sqrt" && out.link == Link::kIdentity) out.link = Link::kSquare;
    constexpr std::string_view kSigmoid = "sigmoid:";
    if (!word.starts_with(kSigmoid)) continue;
    const auto scale = parse<float>(word.substr(kSigmoid.size()));
    if (!scale || !std::isfinite(*scale) || *scale <= 0) return damaged("\"sigmoid\" is out of range");
    if (out.link == Link::kLogistic) out.link_scale = *scale;
  }
  return {};
}

Status read_header(const Section& header, const FeatureSchema& features, TreeEnsemble& out) {
  const std::string_view version = header.text("version");
  if (version != "v3" && version != "v4") {
    return fail(Code::kUnsupported, fmt::format("models of this format cannot be read: \"{}\"", version),
                "save it with LightGBM 4");
  }
  const int64_t last = TRY(header.integer("max_feature_idx"));
  if (last + 1 != std::ssize(features.features)) {
    return fail(Code::kData,
                fmt::format("the model file does not fit its feature plan: it has {} features, the plan {}", last + 1,
                            features.size()));
  }
  const int64_t outputs = TRY(header.integer("num_tree_per_iteration"));
  if (outputs < 1 || outputs > kMaxOutputs) return damaged("\"num_tree_per_iteration\" is out of range");
  out.base_margin.assign(static_cast<size_t>(outputs), 0.0f);
  return read_objective(header, out);
}

}  // namespace

Result<std::shared_ptr<const TreeEnsemble>> read_lightgbm(std::span<const std::byte> file,
                                                          const FeatureSchema& features, uint32_t rounds) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const Document document = TRY(split(text));
  auto out = std::make_shared<TreeEnsemble>();
  out->features = features;
  out->feature_use.resize(features.size());
  TRY(read_header(document.header, features, *out));
  const size_t outputs = out->outputs();
  if (document.trees.size() % outputs != 0) return damaged("its last round is not complete");
  size_t used = document.trees.size() / outputs;
  // Also keeps what is allocated later in proportion to the file.
  if (used == 0 && outputs > 1) return damaged("there are classes without trees");
  if (rounds != 0) used = std::min<size_t>(used, rounds);
  const double weight =
      document.header.has("average_output") ? 1.0 / static_cast<double>(std::max<size_t>(used, 1)) : 1;
  Builder builder(*out);
  for (size_t i = 0; i < used * outputs; ++i)
    TRY(builder.add(TRY(read_tree(document.trees[i])), static_cast<uint32_t>(i % outputs), weight));
  TRY(builder.finish());
  return out;
}

}  // namespace sinan::ml
