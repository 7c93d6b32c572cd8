// Features derived from real query results, against the same thing computed by SQL.
#include "ml/data_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "ml/feature_plan.h"
#include "ml/xgboost/test/training_data.h"

namespace sinan::ml::xgboost {
namespace {

constexpr const char* kMixed =
    "SELECT i % 7 AS small, (i * 37 % 1000)::DOUBLE / 8 AS d, i % 2 = 0 AS flag, (i % 13)::DECIMAL(9,2) / 4 AS dec, "
    "CASE WHEN i % 5 > 0 THEN i % 11 END::SMALLINT AS gaps, DATE '2013-01-01' + (i % 800)::INT AS day, "
    "TIMESTAMP '2015-02-03 04:05:06' + i * INTERVAL 7777 SECOND AS moment, TIME '00:00:01' + (i % 1000) * INTERVAL 80 "
    "SECOND AS clock, "
    "CASE i % 6 WHEN 5 THEN NULL WHEN 4 THEN '' ELSE 'v' || (i % 6) END AS word, "
    "(CASE WHEN i % 3 = 0 THEN 'b' ELSE 'a' END)::ENUM('a', 'b', 'never') AS kind, "
    "1 AS constant, (i % 3)::INT AS y FROM range(5000) t(i)";

DataSpec spec_of(std::string label) {
  DataSpec spec;
  spec.label = std::move(label);
  spec.threads = 2;
  spec.seed = 5;
  return spec;
}

void expect_equal(const std::vector<float>& found, const std::vector<double>& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto wanted = static_cast<float>(expected[i]);
    if (std::isnan(wanted)) {
      ASSERT_TRUE(std::isnan(found[i])) << what << " row " << i;
    } else {
      ASSERT_EQ(found[i], wanted) << what << " row " << i;
    }
  }
}

TEST(DataSet, DerivesWhatSqlComputes) {
  Database database;
  auto data = database.read(kMixed, spec_of("y"));
  ASSERT_TRUE(data) << data.error().to_string();
  const Pass pass = read_all(data->train());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"small", "small"},
      {"d", "d"},
      {"flag", "flag::INT"},
      {"dec", "dec::DOUBLE"},
      {"gaps", "gaps"},
      {"day_year", "year(day)"},
      {"day_month", "month(day)"},
      {"day_day", "day(day)"},
      {"day_weekday", "isodow(day)"},
      {"day_epoch", "day - DATE '1970-01-01'"},
      {"moment_year", "year(moment)"},
      {"moment_month", "month(moment)"},
      {"moment_day", "day(moment)"},
      {"moment_weekday", "isodow(moment)"},
      {"moment_hour", "hour(moment)"},
      {"moment_minute", "minute(moment)"},
      {"moment_epoch", "epoch(moment) / 86400"},
      {"clock_hour", "hour(clock)"},
      {"clock_minute", "minute(clock)"},
      {"clock_epoch", "epoch(clock)"},
      // Counts descending, then bytes; -1 is missing.
      {"word",
       "CASE word WHEN 'v0' THEN 0 WHEN 'v1' THEN 1 WHEN '' THEN 2 WHEN 'v2' THEN 3 WHEN 'v3' THEN 4 ELSE -1 END"},
      {"kind", "CASE kind WHEN 'a' THEN 0 ELSE 1 END"},
  };
  const FeatureSchema& schema = data->plan().schema();
  ASSERT_EQ(schema.size(), expected.size());
  for (size_t f = 0; f < expected.size(); ++f) {
    EXPECT_EQ(schema.features[f].name, expected[f].first);
    if (expected[f].first == "word") continue;  // its order is checked below
    expect_equal(pass.features[f], database.numbers("SELECT " + expected[f].second + " FROM (" + kMixed + ")"),
                 expected[f].first);
  }
  const std::vector<std::string> words = data->plan().transforms()[20].vocabulary;
  const arrow::Batch counted = database.batch("SELECT word FROM (" + std::string(kMixed) +
                                              ") WHERE word IS NOT NULL GROUP BY word ORDER BY count(*) DESC, word");
  ASSERT_EQ(words.size(), counted.rows());
  for (size_t i = 0; i < words.size(); ++i) EXPECT_EQ(words[i], counted.column(0).string(i));
  EXPECT_EQ(data->label().classes, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(data->task(), Task::kMulticlass);
  expect_equal(pass.label, database.numbers("SELECT y FROM (" + std::string(kMixed) + ")"), "y");
}

// Two implementations of one transform are a defect: what was trained on is what the encoder makes.
TEST(DataSet, AgreesWithTheEncoder) {
  Database database;
  auto data = database.read(kMixed, spec_of("y"));
  ASSERT_TRUE(data);
  const FeaturePlan plan = FeaturePlan::from_json(data->plan().to_json()).value();
  EXPECT_EQ(plan.schema(), data->plan().schema());
  const arrow::Batch batch = database.batch(std::string("SELECT * EXCLUDE (y, constant) FROM (") + kMixed + ")");
  FeatureEncoder encoder(plan, plan.bind(batch.schema()).value());
  const MatrixBlock block = encoder.encode(batch).value();
  const Pass pass = read_all(data->train());
  for (size_t f = 0; f < plan.schema().size(); ++f) {
    std::vector<double> encoded(block.features[f].values.begin(), block.features[f].values.end());
    encoded.insert(encoded.end(), block.features[f].codes.begin(), block.features[f].codes.end());
    expect_equal(pass.features[f], encoded, plan.schema().features[f].name);
  }
}

TEST(DataSet, UnseenValuesAndTypesWhenScoring) {
  Database database;
  auto data = database.read(
      "SELECT s, n, y FROM (VALUES ('a', 1, 0), ('b', 2, 1), ('a', 3, 0), ('b', 4, 1)) t(s, n, y)", spec_of("y"));
  ASSERT_TRUE(data) << data.error().to_string();
  const FeaturePlan& plan = data->plan();
  // Other order, other number type, an extra column, a value never seen.
  const arrow::Batch batch =
      database.batch("SELECT 'x' AS extra, 7.5::DECIMAL(4,1) AS N, unnest(['b', 'zzz', NULL]) AS S");
  FeatureEncoder encoder(plan, plan.bind(batch.schema()).value());
  const MatrixBlock block = encoder.encode(batch).value();
  EXPECT_EQ(std::vector<int32_t>(block.features[0].codes.begin(), block.features[0].codes.end()),
            (std::vector<int32_t>{1, -1, -1}));
  EXPECT_EQ(block.features[1].values[0], 7.5F);

  const auto missing = plan.bind(database.session().describe("SELECT 1 AS n, 'x' AS t").value());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "the model needs a column that the query does not have: \"s\"");
  const auto other = plan.bind(database.session().describe("SELECT 'x' AS n, 'x' AS s").value());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "column has another type than in training: \"n\" is string, was int32");
}

TEST(DataSet, LeavesOutWhatSaysNothing) {
  Database database;
  auto data = database.read(
      "SELECT 'u' || i AS id, 3 AS c, NULL AS n, 'x' AS k, i % 10 AS good, DATE '2020-05-01' + (i % 20)::INT AS d, i % "
      "2 AS y "
      "FROM range(200) t(i)",
      spec_of("y"));
  ASSERT_TRUE(data) << data.error().to_string();
  std::vector<std::string> kept;
  for (const Feature& feature : data->plan().schema().features) kept.push_back(feature.name);
  EXPECT_EQ(kept, (std::vector<std::string>{"good", "d_day", "d_weekday", "d_epoch"}));
  std::map<std::string, std::string> notes;
  for (const FeatureReport& row : data->report()) {
    if (row.feature == "-") notes[row.column] = row.note;
  }
  EXPECT_EQ(notes["id"], "left out: no value comes twice: an identifier tells nothing about new rows");
  EXPECT_EQ(notes["c"], "left out: every row has the same value");
  EXPECT_EQ(notes["n"], "left out: every value is NULL");
  EXPECT_EQ(notes["k"], "left out: every row has the same value");
  EXPECT_EQ(notes["d"], "year, month left out: the same in every row");
}

TEST(DataSet, SplitsByShareAndByColumn) {
  Database database;
  DataSpec spec = spec_of("y");
  spec.validation_fraction = 0.25;
  const std::string query = "SELECT i AS x, i % 2 AS y FROM range(10000) t(i)";
  auto first = database.read(query, spec);
  auto again = database.read(query, spec);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_NEAR(static_cast<double>(first->validation()->rows()), 2500, 200);
  EXPECT_EQ(first->train().rows() + first->validation()->rows(), 10000);
  EXPECT_EQ(read_all(*first->validation()).features, read_all(*again->validation()).features);

  spec = spec_of("y");
  spec.validation_column = "v";
  auto marked = database.read("SELECT i AS x, i % 2 AS y, i >= 9000 AS v FROM range(10000) t(i)", spec);
  ASSERT_TRUE(marked) << marked.error().to_string();
  EXPECT_EQ(marked->plan().schema().size(), 1);
  const Pass validation = read_all(*marked->validation());
  ASSERT_EQ(validation.features[0].size(), 1000);
  EXPECT_EQ(validation.features[0].front(), 9000);

  auto queried =
      database.read(query, spec_of("y"), "SELECT (i % 2)::BIGINT AS y, i::DOUBLE AS X FROM range(50, 60) t(i)");
  ASSERT_TRUE(queried) << queried.error().to_string();
  EXPECT_EQ(read_all(*queried->validation()).features[0].front(), 50);
}

// Every binned value is the largest edge not above the value itself (or the lowest edge).
TEST(DataSet, BinsManyRows) {
  Database database;
  DataSpec spec = spec_of("y");
  spec.binning = Trainer::Binning{1000, 2000, 31};
  const std::string query =
      "SELECT CASE WHEN i % 50 > 0 THEN sin(i)::FLOAT END AS s, i % 9 AS few, 'w' || (i % 4) AS w, "
      "TIMESTAMP '2020-01-01' + i * INTERVAL 1 HOUR AS t, (i % 17)::DOUBLE AS y FROM range(300000) t(i)";
  auto exact = database.read(query, spec_of("y"));
  auto binned = database.read(query, spec);
  ASSERT_TRUE(binned) << binned.error().to_string();
  EXPECT_FALSE(exact->is_binned());
  ASSERT_TRUE(binned->is_binned());
  EXPECT_LT(binned->bytes(), exact->bytes());
  const Pass all = read_all(exact->train());
  const Pass coarse = read_all(binned->train());
  EXPECT_EQ(all.label, coarse.label);
  const auto edges = binned->train().edges();
  ASSERT_EQ(edges.size(), binned->plan().schema().size());
  for (size_t f = 0; f < edges.size(); ++f) {
    if (binned->plan().schema().features[f].kind == FeatureKind::kCategorical) {
      EXPECT_TRUE(edges[f].empty());
      EXPECT_EQ(all.features[f], coarse.features[f]);
      continue;
    }
    ASSERT_LE(edges[f].size(), 31U);
    for (size_t i = 0; i < all.features[f].size(); i += 7) {
      const float value = all.features[f][i];
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(coarse.features[f][i]));
        continue;
      }
      float expected = edges[f].front();
      for (const float edge : edges[f]) expected = edge <= value ? edge : expected;
      ASSERT_EQ(coarse.features[f][i], expected) << f << " row " << i;
    }
  }
}

struct LabelCase {
  std::string query;
  Trainer::Intent intent;
  std::string message;  // of the error; empty = none
  Task task = Task::kRegression;
  std::vector<std::string> classes;
};

class Labels : public testing::TestWithParam<LabelCase> {};

TEST_P(Labels, AreWhatTheyLookLike) {
  const LabelCase& c = GetParam();
  Database database;
  DataSpec spec = spec_of("y");
  spec.intent = c.intent;
  const auto data = database.read("SELECT i AS x, " + c.query + " AS y FROM range(60) t(i)", spec);
  if (!c.message.empty()) {
    ASSERT_FALSE(data) << c.query;
    EXPECT_EQ(data.error().message, c.message);
    return;
  }
  ASSERT_TRUE(data) << data.error().to_string();
  EXPECT_EQ(data->task(), c.task);
  EXPECT_EQ(data->label().classes, c.classes);
}

constexpr Trainer::Intent kBinary{Task::kBinary, std::nullopt, true};
constexpr Trainer::Intent kMulti{Task::kMulticlass, std::nullopt, true};
constexpr Trainer::Intent kThree{Task::kMulticlass, 3, true};
constexpr Trainer::Intent kRegress{Task::kRegression, std::nullopt, false};

INSTANTIATE_TEST_SUITE_P(
    All, Labels,
    testing::Values(
        LabelCase{"i % 2", {}, "", Task::kBinary, {"0", "1"}},
        LabelCase{"i % 2 = 0", {}, "", Task::kBinary, {"false", "true"}},
        LabelCase{"1 + i % 3", {}, "", Task::kMulticlass, {"1", "2", "3"}},
        LabelCase{"i % 3 * 5", {}, "", Task::kRegression, {}}, LabelCase{"i", {}, "", Task::kRegression, {}},
        LabelCase{"(i % 2)::DOUBLE", {}, "", Task::kRegression, {}},
        LabelCase{"(10 - i % 2 * 8)", kBinary, "", Task::kBinary, {"2", "10"}},
        LabelCase{"CASE WHEN i % 2 = 0 THEN 'b' ELSE 'B' END", {}, "", Task::kBinary, {"B", "b"}},
        LabelCase{"DATE '2020-01-01' + (i % 2)::INT", {}, "", Task::kBinary, {"2020-01-01", "2020-01-02"}},
        LabelCase{"i % 2", kMulti, "", Task::kMulticlass, {"0", "1"}},
        LabelCase{"i % 2 = 0", kRegress, "", Task::kRegression, {}},
        LabelCase{"CASE WHEN i > 3 THEN i % 2 END", {}, "label is NULL in 4 training rows: \"y\""},
        LabelCase{"CASE WHEN i > 0 THEN 'a' END", {}, "label is NULL in 1 training row: \"y\""},
        LabelCase{"CASE WHEN i > 0 THEN i::DOUBLE END", kRegress, "label is NULL or NaN in 1 training row: \"y\""},
        LabelCase{"'only'", {}, "label has one class only: \"y\" is only in every row"},
        LabelCase{"1", kBinary, "label has one class only: \"y\" is 1 in every row"},
        LabelCase{"2.5", {}, "label has one value only: \"y\" is 2.5 in every row"},
        LabelCase{"i % 4", kThree,
                  "number of classes disagrees with the data: 3 asked for, 4 found in \"y\" (0, 1, 2, 3)"},
        LabelCase{"i % 2", kThree, "number of classes disagrees with the data: 3 asked for, 2 found in \"y\" (0, 1)"},
        LabelCase{"i % 3", kBinary,
                  "number of classes disagrees with the data: 2 asked for, 3 found in \"y\" (0, 1, 2)"},
        LabelCase{"'a' || i", kRegress, "regression needs a label that is a number: \"y\" is string"},
        LabelCase{"[i]", {}, "label has a type that cannot be learnt: \"y\" is list<int64>"}));

TEST(DataSet, SaysWhatIsWrongWithColumns) {
  Database database;
  const auto error = [&](const std::string& query, const std::string& label = "y") {
    auto data = database.read(query, spec_of(label));
    EXPECT_FALSE(data) << query;
    return data ? std::string() : data.error().message;
  };
  EXPECT_EQ(error("SELECT 1 AS x, 2 AS price", "prise"), "label is not a column of the query: \"prise\"");
  EXPECT_EQ(error("SELECT {'a': 1} AS x, 2 AS y"), "column has a type that is no feature: \"x\" is struct<a: int32>");
  EXPECT_EQ(error("SELECT 2 AS y"), "the query has no column besides the label to learn from");
  EXPECT_EQ(error("SELECT 1 AS x, 2 AS y WHERE false"), "no rows to train on");
  EXPECT_EQ(error("SELECT 1 AS x, i % 2 AS y FROM range(9) t(i)"),
            "no column is left to learn from: all are constant, NULL or identifiers");
  EXPECT_EQ(error("SELECT CASE WHEN i = 5 THEN 'inf'::DOUBLE ELSE i END AS x, i % 2 AS y FROM range(9) t(i)"),
            "column has infinite values: \"x\"");
  EXPECT_EQ(error("SELECT 1 AS x, 2 AS x, 2 AS y"), "the query has two columns of one name: \"x\"");
}

}  // namespace
}  // namespace sinan::ml::xgboost
