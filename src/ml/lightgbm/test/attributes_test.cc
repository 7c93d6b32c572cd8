// The attribute table against the library itself: its aliases, its defaults, its metrics; and the page made from it.
#include "ml/lightgbm/attributes.h"
#include "ml/attribute_help.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "base/json.h"
#include "base/strings.h"
#include "ml/lightgbm/library.h"
#include "ml/lightgbm/test/training_data.h"

namespace sinan::ml::lightgbm {
namespace {

const Library& library() {
  static const std::unique_ptr<const Library> loaded = Library::load(SINAN_LIGHTGBM_LIBRARY).value();
  return *loaded;
}

// Every attribute of any estimator, once.
std::vector<AttributeSpec> all_specs() {
  std::vector<AttributeSpec> out(attributes_of(*find_estimator("lightgbm.dart")).begin(),
                                 attributes_of(*find_estimator("lightgbm.dart")).end());
  return out;
}

std::set<std::string> names_of(const AttributeSpec& spec) {
  std::set<std::string> out = {std::string(spec.name)};
  for (const std::string_view alias : split_on(spec.aliases, '|')) {
    if (!alias.empty()) out.emplace(alias);
  }
  return out;
}

TEST(LightgbmAttributes, HaveTheAliasesOfTheLibrary) {
  std::string json(1 << 16, '\0');
  int64_t size = 0;
  ASSERT_EQ(library().dump_aliases(std::ssize(json), &size, json.data()), 0);
  ASSERT_LE(size, std::ssize(json));
  const Json aliases = Json::parse(std::string_view(json).substr(0, static_cast<size_t>(size) - 1)).value();
  size_t compared = 0;
  for (const AttributeSpec& spec : all_specs()) {
    const std::string parameter(parameter_of(spec.name));
    if (parameter.empty()) continue;
    ++compared;
    const std::set<std::string> ours = names_of(spec);
    EXPECT_TRUE(ours.contains(parameter)) << spec.name;
    for (const Json& alias : aliases.at(parameter).items())
      EXPECT_TRUE(ours.contains(std::string(alias.string_view()))) << parameter << " is also " << alias.string_view();
  }
  EXPECT_GT(compared, 75U);
}

// No name stands for two attributes.
TEST(LightgbmAttributes, HaveNamesOfTheirOwn) {
  for (const Estimator& estimator : estimators()) {
    std::set<std::string> seen;
    for (const AttributeSpec& spec : attributes_of(estimator)) {
      for (const std::string& name : names_of(spec)) EXPECT_TRUE(seen.insert(name).second) << name;
    }
  }
}

// The library writes all its parameters into a model: what we call a default is its default.
TEST(LightgbmAttributes, HaveTheDefaultsOfTheLibrary) {
  Rows rows = make_rows(200, 5, 0, 1);
  const auto trainer = test_trainer();
  const AttributeValues values = attributes(*trainer, "lightgbm.dart", "n_estimators=1");
  Quiet observer;
  const auto trained =
      trainer->train({"lightgbm.dart", &values, Task::kRegression, 0, 1, 1, 0}, rows, nullptr, observer);
  ASSERT_TRUE(trained) << trained.error().to_string();
  const std::string text(reinterpret_cast<const char*>(trained->native.data()), trained->native.size());
  std::map<std::string, std::string> found;
  for (const std::string_view line : split_on(std::string_view(text).substr(text.find("parameters:")), '\n')) {
    const size_t colon = line.find(": ");
    if (!line.starts_with('[') || colon == std::string_view::npos) continue;
    found.emplace(line.substr(1, colon - 1), line.substr(colon + 2, line.size() - colon - 3));
  }
  // What a run sets, and what is ours to choose.
  const std::set<std::string> chosen = {"deterministic", "force_row_wise", "num_threads", "verbosity"};
  size_t compared = 0;
  for (const AttributeSpec& spec : all_specs()) {
    const std::string parameter(parameter_of(spec.name));
    if (parameter.empty() || spec.default_text.empty() || chosen.contains(parameter)) continue;
    ASSERT_TRUE(found.contains(parameter)) << parameter;
    std::string expected(spec.default_text);
    if (spec.type == AttributeType::kBoolean) expected = expected == "true" ? "1" : "0";
    if (spec.type == AttributeType::kFloat || spec.type == AttributeType::kInteger) {
      EXPECT_DOUBLE_EQ(std::stod(found[parameter]), std::stod(expected)) << parameter;
    } else {
      EXPECT_EQ(found[parameter], expected) << parameter;
    }
    ++compared;
  }
  EXPECT_GT(compared, 50U);
}

TEST(LightgbmAttributes, EveryMetricIsOneOfTheLibrary) {
  const auto trainer = test_trainer();
  const auto trains = [&](const std::string& metric, Task task, size_t classes) {
    Rows rows = make_rows(300, 5, classes, 1);
    for (size_t i = 0; task == Task::kRanking && i < rows.rows(); ++i)
      rows.group.push_back(static_cast<int32_t>(i / 20));
    const AttributeValues values =
        attributes(*trainer, "lightgbm.gbdt", fmt::format("n_estimators=1, verbosity=-1, metric=\"{}\"", metric));
    Quiet observer;
    const auto trained = trainer->train({"lightgbm.gbdt", &values, task, task == Task::kRanking ? 0 : classes, 1, 1, 0},
                                        rows, nullptr, observer);
    EXPECT_TRUE(trained) << metric << ": " << trained.error().to_string();
    return trained && !trained->metrics.at("train").members().empty();
  };
  for (const char* metric : {"l1", "mae", "l2", "mse", "rmse", "quantile", "mape", "huber", "fair", "poisson", "gamma",
                             "gamma_deviance", "tweedie", "r2"})
    EXPECT_TRUE(trains(metric, Task::kRegression, 0)) << metric;
  for (const char* metric : {"auc", "average_precision", "binary_logloss", "binary_error", "cross_entropy",
                             "cross_entropy_lambda", "kullback_leibler"})
    EXPECT_TRUE(trains(metric, Task::kBinary, 2)) << metric;
  for (const char* metric : {"multi_logloss", "softmax", "multi_error", "auc_mu"})
    EXPECT_TRUE(trains(metric, Task::kMulticlass, 3)) << metric;
  for (const char* metric : {"ndcg", "map"}) EXPECT_TRUE(trains(metric, Task::kRanking, 3)) << metric;
}

// The table of docs/statements/lightgbm.md, between its marks.
std::string table() {
  const auto gbdt = attributes_of(*find_estimator("lightgbm.gbdt"));
  return attribute_markdown(all_specs(), [&](const AttributeSpec& spec) {
    return std::ranges::find(gbdt, spec.name, &AttributeSpec::name) == gbdt.end() ? "of dart: " : "";
  });
}

TEST(LightgbmAttributes, AreThoseOfThePage) {
  std::ifstream file("docs/statements/lightgbm.md");
  ASSERT_TRUE(file) << "run from the repository";
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  constexpr std::string_view kBegin = "<!-- attributes: made from src/ml/lightgbm/attributes.cc -->\n";
  const size_t begin = page.find(kBegin);
  const size_t end = page.find("<!-- end of attributes -->");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos);
  EXPECT_EQ(page.substr(begin + kBegin.size(), end - begin - kBegin.size()), table()) << table();
}

}  // namespace
}  // namespace sinan::ml::lightgbm
