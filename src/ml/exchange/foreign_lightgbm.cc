// LightGBM's model text, as much as importing it needs beside the trees: names and categories of features, classes.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/strings.h"
#include "ml/exchange/foreign_model.h"

namespace sinan::ml {
namespace {

constexpr size_t kMostFeatures = 1 << 20;
constexpr int64_t kMostClasses = 1 << 14;
constexpr int64_t kMostCategories = 1 << 20;

Failure damaged(std::string_view what) { return fail(Code::kData, fmt::format("the model file is damaged: {}", what)); }

// The value of the first line "key=value", or "key:value", from `from` on.
std::string_view line_of(std::string_view text, std::string_view key) {
  size_t at = text.starts_with(key) ? 0 : std::string_view::npos;
  if (at != 0) {
    at = text.find("\n" + std::string(key));
    if (at == std::string_view::npos) return {};
    ++at;
  }
  text.remove_prefix(at + key.size());
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  for (const std::string_view word : split_on(line, ' '))
    if (!word.empty()) out.emplace_back(word);
  return out;
}

Result<int64_t> integer(std::string_view text, std::string_view what) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return damaged(fmt::format("\"{}\" is no number", what));
  return value;
}

// "-1:0:2:1": the codes that a category had in training. Numbers have "[least:most]", unused features "none".
Result<std::optional<int64_t>> largest_code(std::string_view info) {
  if (info == "none" || info.starts_with('[')) return std::nullopt;
  int64_t most = 0;
  for (const std::string_view code : split_on(info, ':')) most = std::max(most, TRY(integer(code, "feature_infos")));
  if (most >= kMostCategories) return damaged("a category is out of range");
  return most;
}

// [["blue", "green"], [1, 2]]: pandas' categories by categorical feature.
std::vector<std::vector<std::string>> pandas_categories(std::string_view text) {
  std::vector<std::vector<std::string>> out;
  const auto json = Json::parse(text);
  if (!json) return out;
  for (const Json& column : json->items()) {
    std::vector<std::string>& names = out.emplace_back();
    for (const Json& item : column.items())
      names.push_back(item.is_string() ? std::string(item.string_view()) : item.dump());
  }
  return out;
}

Task task_of(std::string_view objective) {
  if (objective == "binary") return Task::kBinary;
  if (objective.starts_with("multiclass")) return Task::kMulticlass;
  return objective == "lambdarank" || objective == "rank_xendcg" ? Task::kRanking : Task::kRegression;
}

}  // namespace

Result<ForeignModel> inspect_lightgbm(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::string_view header = text.substr(0, text.find("\nTree="));
  ForeignModel out;
  out.library = "lightgbm";
  out.library_version = line_of(header, "version=");
  out.native_name = "lightgbm.txt";
  out.objective = line_of(header, "objective=");
  out.objective = out.objective.substr(0, out.objective.find(' '));
  const std::string_view boosting = line_of(text, "[boosting: ");
  out.estimator = fmt::format("lightgbm.{}", boosting.empty() ? "gbdt" : boosting.substr(0, boosting.find(']')));
  const int64_t last = TRY(integer(line_of(header, "max_feature_idx="), "max_feature_idx"));
  const int64_t classes = TRY(integer(line_of(header, "num_class="), "num_class"));
  if (last < 0 || static_cast<size_t>(last) >= kMostFeatures) return damaged("\"max_feature_idx\" is out of range");
  if (classes < 1 || classes > kMostClasses) return damaged("\"num_class\" is out of range");
  out.task = task_of(out.objective);
  out.class_count = out.task == Task::kBinary ? 2 : out.task == Task::kMulticlass ? static_cast<size_t>(classes) : 0;

  const auto count = static_cast<size_t>(last) + 1;
  const std::vector<std::string> names = words(line_of(header, "feature_names="));
  const std::vector<std::string> infos = words(line_of(header, "feature_infos="));
  if (names.size() != count || infos.size() != count) return damaged("names and values of features differ in number");
  const auto pandas = pandas_categories(line_of(text, "pandas_categorical:"));
  std::vector<size_t> categorical;
  out.features.resize(count);
  for (size_t i = 0; i < count; ++i) {
    ForeignFeature& feature = out.features[i];
    feature.name = names[i];
    const auto largest = TRY(largest_code(infos[i]));
    if (!largest) continue;
    feature.is_category = true;
    categorical.push_back(i);
    for (int64_t code = 0; code <= *largest; ++code) feature.vocabulary.push_back(fmt::format("{}", code));
    feature.has_unseen_slot = true;
  }
  if (pandas.empty()) return out;
  if (pandas.size() != categorical.size()) {
    return fail(Code::kUnsupported, "pandas' categories in the file do not fit its categorical features",
                "train it on codes instead of category columns");
  }
  for (size_t i = 0; i < categorical.size(); ++i) {
    out.features[categorical[i]].vocabulary = pandas[i];
    out.features[categorical[i]].has_unseen_slot = false;
  }
  return out;
}

}  // namespace sinan::ml
