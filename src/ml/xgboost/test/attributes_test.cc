// The table of XGBoost's attributes against the library itself and the page of the docs.
#include "ml/xgboost/attributes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/strings.h"
#include "ml/attribute_help.h"
#include "ml/xgboost/test/rows.h"
#include "ml/xgboost/test/training_data.h"

namespace sinan::ml::xgboost {
namespace {

// Every attribute of any estimator, once.
std::vector<AttributeSpec> all_specs() {
  std::vector<AttributeSpec> out;
  std::set<std::string_view> seen;
  for (const char* name : {"xgboost.dart", "xgboost.gblinear"}) {
    for (const AttributeSpec& spec : attributes_of(*find_estimator(name))) {
      if (seen.insert(spec.name).second) out.push_back(spec);
    }
  }
  return out;
}

TEST(XgboostAttributes, HaveNamesOfTheirOwn) {
  for (const Estimator& estimator : estimators()) {
    std::set<std::string_view> seen;
    for (const AttributeSpec& spec : attributes_of(estimator)) {
      EXPECT_TRUE(seen.insert(spec.name).second) << spec.name;
      for (const std::string_view alias : split_on(spec.aliases, '|')) {
        EXPECT_TRUE(alias.empty() || seen.insert(alias).second) << alias;
      }
      EXPECT_FALSE(spec.doc.empty()) << spec.name;
    }
  }
}

TEST(XgboostAttributes, OfferEveryObjective) {
  const auto specs = attributes_of(*find_estimator("xgboost.gbtree"));
  const std::vector<std::string_view> offered = split_on(specs.front().choices, '|');
  ASSERT_EQ(specs.front().name, "objective");
  EXPECT_EQ(offered.size(), objectives().size());
  for (const Objective& objective : objectives())
    EXPECT_NE(std::ranges::find(offered, objective.name), offered.end()) << objective.name;
}

TEST(XgboostAttributes, EveryMetricIsOneOfTheLibrary) {
  const auto trainer = test_trainer();
  const auto trains = [&](std::string_view metric, const std::string& more, Task task, size_t classes) {
    Rows rows = make_rows(300, 0, classes, 1);
    for (size_t i = 0; task == Task::kRanking && i < rows.rows(); ++i)
      rows.group.push_back(static_cast<int32_t>(i / 20));
    if (more.find("aft") != std::string::npos) rows.label_upper = rows.label;
    const AttributeValues values =
        attributes(*trainer, "xgboost.gbtree", "n_estimators=1, eval_metric=\"" + std::string(metric) + "\"" + more);
    TrainSpec spec;
    spec.estimator = "xgboost.gbtree";
    spec.attributes = &values;
    spec.task = task;
    spec.classes = classes;
    Quiet observer;
    const auto trained = trainer->train(spec, rows, nullptr, observer);
    EXPECT_TRUE(trained) << metric << ": " << trained.error().to_string();
    return trained && !trained->metrics.at("train").members().empty();
  };
  for (const std::string_view metric : metrics()) {
    std::string name(metric);
    std::string more;
    Task task = Task::kRegression;
    size_t classes = 0;
    const auto is = [&](std::initializer_list<std::string_view> names) {
      return std::ranges::find(names, metric) != names.end();
    };
    if (is({"logloss", "error", "auc", "aucpr"})) {
      task = Task::kBinary;
      classes = 2;
    } else if (is({"merror", "mlogloss"})) {
      task = Task::kMulticlass;
      classes = 3;
    } else if (is({"ndcg", "map", "pre", "ndcg-", "map-"})) {
      task = Task::kRanking;
      classes = 2;
    } else if (is({"cox-nloglik"})) {
      more = ", objective=\"survival:cox\"";
    } else if (is({"aft-nloglik", "interval-regression-accuracy"})) {
      more = ", objective=\"survival:aft\"";
    } else if (is({"quantile"})) {
      more = ", objective=\"reg:quantileerror\"";
    } else if (is({"expectile"})) {
      more = ", objective=\"reg:expectileerror\"";
    } else if (is({"poisson-nloglik", "gamma-nloglik", "gamma-deviance"})) {
      more = ", objective=\"reg:gamma\"";
    }
    if (metric == "tweedie-nloglik") name += "@1.5";
    EXPECT_TRUE(trains(name, more, task, classes)) << metric;
  }
}

TEST(XgboostAttributes, AreThoseOfThePage) {
  std::ifstream file("docs/statements/xgboost.md");
  ASSERT_TRUE(file) << "run from the repository";
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto trees = attributes_of(*find_estimator("xgboost.gbtree"));
  const auto linear = attributes_of(*find_estimator("xgboost.gblinear"));
  const auto has = [](std::span<const AttributeSpec> specs, std::string_view name) {
    return std::ranges::find(specs, name, &AttributeSpec::name) != specs.end();
  };
  const std::string table = attribute_markdown(all_specs(), [&](const AttributeSpec& spec) -> std::string {
    if (has(trees, spec.name)) return "";
    return has(linear, spec.name) ? "of gblinear: " : "of dart: ";
  });
  constexpr std::string_view kBegin = "<!-- attributes: made from src/ml/xgboost/spec.cc -->\n";
  const size_t begin = page.find(kBegin);
  const size_t end = page.find("<!-- end of attributes -->");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos);
  EXPECT_EQ(page.substr(begin + kBegin.size(), end - begin - kBegin.size()), table) << table;
}

}  // namespace
}  // namespace sinan::ml::xgboost
