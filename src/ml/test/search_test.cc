// Spaces, strategies, folds, held rows and the journal of trials.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "arrow/builder.h"
#include "base/hash.h"
#include "base/random.h"
#include "io/file_system.h"
#include "ml/data_set.h"
#include "ml/folds.h"
#include "ml/held_matrix.h"
#include "ml/resampling.h"
#include "ml/search_space.h"
#include "ml/trial_journal.h"
#include "ml/trial_strategy.h"
#include "sql/clause.h"

namespace sinan::ml {
namespace {

constexpr AttributeSpec kSpecs[] = {
    {.name = "eta", .type = AttributeType::kFloat, .default_text = "0.3", .doc = "step", .min = 0, .max = 1},
    {.name = "depth", .type = AttributeType::kInteger, .default_text = "6", .doc = "depth", .min = 0, .max = 1000000},
    {.name = "method", .type = AttributeType::kString, .doc = "method", .choices = "hist|exact|approx"},
};

// "eta=range(0, 1), .." as a space.
SearchSpace space_of(std::string_view attributes) {
  const std::string text = "TO TRAIN m WITH " + std::string(attributes) + " LABEL y INTO z";
  const auto clause = sql::parse_clause(text, Span{0, static_cast<uint32_t>(text.size())});
  EXPECT_TRUE(clause) << clause.error().to_string();
  SearchSpace space;
  for (const sql::Attribute& attribute : std::get<sql::Train>(clause->body).attributes) {
    EXPECT_TRUE(SearchSpace::is_search(attribute.value));
    EXPECT_TRUE(space.add(attribute, *flow::find_attribute(kSpecs, attribute.name)));
  }
  return space;
}

TEST(SearchSpace, DrawsEveryValueOfItsRangesAndNoOther) {
  const SearchSpace space = space_of("eta=log_range(0.001, 1), depth=range(2, 5), method=choice(\"hist\", \"exact\")");
  Random random(1);
  std::map<int64_t, int> depths;
  std::map<std::string, int> methods;
  int below = 0;
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) {
    const Point point = space.draw(random);
    const double eta = point[0].as_double().value();
    ASSERT_GE(eta, 0.001);
    ASSERT_LE(eta, 1);
    below += eta < std::sqrt(0.001) ? 1 : 0;  // the middle of the logarithm
    ++depths[point[1].as_int().value()];
    ++methods[std::string(point[2].string_view())];
  }
  EXPECT_NEAR(below, kDraws / 2, 4 * std::sqrt(kDraws) / 2);
  ASSERT_EQ(depths.size(), 4u);
  EXPECT_EQ(depths.begin()->first, 2);
  EXPECT_EQ(depths.rbegin()->first, 5);
  for (const auto& [_, count] : depths) EXPECT_NEAR(count, kDraws / 4, 4 * std::sqrt(kDraws * 0.1875));
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_NEAR(methods["hist"], kDraws / 2, 4 * std::sqrt(kDraws) / 2);
}

TEST(SearchSpace, FindsItsWayBackFromAValue) {
  for (const char* text : {"depth=range(2, 500)", "depth=log_range(1, 5000)", "eta=range(0.2, 0.9)",
                           "eta=log_range(0.001, 0.9)", "method=choice(\"hist\", \"exact\", \"approx\")"}) {
    const SearchSpace space = space_of(text);
    const Dimension& dimension = space.dimensions()[0];
    for (double unit = 0; unit < 1; unit += 0.01) {
      const Json value = dimension.value_at(unit);
      EXPECT_EQ(dimension.value_at(dimension.unit_of(value)).dump().substr(0, 12), value.dump().substr(0, 12)) << text;
    }
  }
}

TEST(SearchSpace, WritesValuesAsPeopleDo) {
  const SearchSpace space = space_of("eta=range(0, 1), depth=range(1, 9), method=choice(\"hist\", \"exact\")");
  EXPECT_EQ(space.to_text({Json(0.123456789), Json(3), Json("hist")}), "eta=0.123457, depth=3, method=hist");
}

// Runs a strategy to its end on a function to minimise.
std::vector<FinishedTrial> minimise(TrialStrategy& strategy, const std::function<double(const Proposal&)>& loss) {
  std::vector<FinishedTrial> finished;
  while (true) {
    const std::vector<Proposal> batch = strategy.next(finished);
    if (batch.empty()) return finished;
    for (const Proposal& proposal : batch) finished.push_back({proposal, loss(proposal)});
  }
}

double best_of(const std::vector<FinishedTrial>& trials) {
  double best = std::numeric_limits<double>::infinity();
  for (const FinishedTrial& trial : trials) best = std::min(best, trial.loss.value_or(best));
  return best;
}

double bowl(const Proposal& proposal) {
  const double eta = proposal.point[0].as_double().value();
  const auto depth = static_cast<double>(proposal.point[1].as_int().value());
  return std::pow(std::log10(eta) + 1.5, 2) + std::pow((depth - 300) / 500, 2) +
         (proposal.point[2].string_view() == "exact" ? 0.0 : 0.5);
}

TEST(TrialStrategy, TpeFindsBetterValuesThanChance) {
  const SearchSpace space =
      space_of("eta=log_range(0.0001, 1), depth=range(1, 1000), method=choice(\"hist\", \"exact\", \"approx\")");
  const SearchSpace* const spaces[] = {&space};
  int wins = 0;
  constexpr int kSeeds = 20;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto tpe = make_strategy(StrategyKind::kTpe, spaces, 60, seed, 1000);
    const auto random = make_strategy(StrategyKind::kRandom, spaces, 60, seed, 1000);
    const auto tried = minimise(*tpe, bowl);
    ASSERT_EQ(tried.size(), 60u);
    wins += best_of(tried) < best_of(minimise(*random, bowl)) ? 1 : 0;
  }
  // By chance alone 14 of 20 or more come with a probability of 6 %.
  EXPECT_GE(wins, 15);
}

TEST(TrialStrategy, ProposesTheSameForOneSeed) {
  const SearchSpace space = space_of("eta=range(0, 1), depth=range(1, 1000), method=choice(\"hist\", \"exact\")");
  const SearchSpace* const spaces[] = {&space};
  for (const StrategyKind kind : {StrategyKind::kRandom, StrategyKind::kTpe, StrategyKind::kHalving}) {
    const auto texts = [&](uint64_t seed) {
      std::string out;
      const auto strategy = make_strategy(kind, spaces, 30, seed, 100000);
      for (const FinishedTrial& trial : minimise(*strategy, bowl)) out += space.to_text(trial.proposal.point) + "\n";
      return out;
    };
    EXPECT_EQ(texts(1), texts(1));
    EXPECT_NE(texts(1), texts(2));
  }
}

TEST(TrialStrategy, HalvingKeepsTheBestThirdOnThreeTimesTheRows) {
  const SearchSpace space = space_of("eta=range(0, 1), depth=range(1, 1000), method=choice(\"hist\", \"exact\")");
  const SearchSpace* const spaces[] = {&space};
  const auto strategy = make_strategy(StrategyKind::kHalving, spaces, 27, 1, 100000);
  const auto trials = minimise(*strategy, bowl);
  std::map<double, std::vector<double>> rungs;
  for (const FinishedTrial& trial : trials) rungs[trial.proposal.row_share].push_back(*trial.loss);
  ASSERT_EQ(rungs.size(), 4u);
  std::vector<size_t> sizes;
  for (const auto& [_, losses] : rungs) sizes.push_back(losses.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{27, 9, 3, 1}));
  EXPECT_EQ(rungs.rbegin()->first, 1.0);
  EXPECT_EQ(rungs.rbegin()->second[0], best_of(trials));
  EXPECT_TRUE(trials.back().proposal.is_final_share);
  EXPECT_FALSE(trials.front().proposal.is_final_share);
  // Few rows: there is nothing to begin with.
  const auto small = make_strategy(StrategyKind::kHalving, spaces, 27, 1, 300);
  EXPECT_EQ(minimise(*small, bowl).size(), 27u);
}

TEST(TrialStrategy, AsksEveryEstimatorForItsDefaultsFirst) {
  const SearchSpace one = space_of("eta=range(0, 1)");
  const SearchSpace two = space_of("depth=range(1, 9)");
  const SearchSpace* const spaces[] = {&one, &two};
  const auto strategy = make_strategy(StrategyKind::kTpe, spaces, 40, 1, 1000);
  // The second estimator is the better one: it gets more trials.
  const auto trials = minimise(*strategy, [](const Proposal& p) { return p.space == 0 ? 1.0 : 0.5; });
  ASSERT_EQ(trials.size(), 40u);
  EXPECT_TRUE(trials[0].proposal.point.empty() && trials[0].proposal.space == 0);
  EXPECT_TRUE(trials[1].proposal.point.empty() && trials[1].proposal.space == 1);
  EXPECT_GT(std::ranges::count_if(trials, [](const FinishedTrial& t) { return t.proposal.space == 1; }), 24);
}

TEST(TrialStrategy, GoesOnWhenTrialsFail) {
  const SearchSpace space = space_of("eta=range(0, 1), depth=range(1, 1000)");
  const SearchSpace* const spaces[] = {&space};
  for (const StrategyKind kind : {StrategyKind::kTpe, StrategyKind::kHalving}) {
    const auto strategy = make_strategy(kind, spaces, 20, 1, 100000);
    std::vector<FinishedTrial> finished;
    while (true) {
      const auto batch = strategy->next(finished);
      if (batch.empty()) break;
      for (const Proposal& proposal : batch) finished.push_back({proposal, std::nullopt});
    }
    EXPECT_EQ(finished.size(), 20u);
  }
}

TEST(Folds, AreStratifiedAndOfEqualSize) {
  std::vector<float> label;
  for (int i = 0; i < 103; ++i) label.push_back(i % 10 == 0 ? 1.0f : 0.0f);
  const auto fold = stratified_folds(label, true, 5, 3);
  for (uint32_t f = 0; f < 5; ++f) {
    const auto rows = rows_in(fold, f);
    EXPECT_NEAR(static_cast<double>(rows.size()), 20.6, 0.7);
    const auto ones = std::ranges::count_if(rows, [&](uint32_t row) { return label[row] == 1; });
    EXPECT_TRUE(ones == 2 || ones == 3);
    EXPECT_EQ(rows.size() + rows_outside(fold, f).size(), label.size());
  }
  EXPECT_EQ(fold, stratified_folds(label, true, 5, 3));
  EXPECT_NE(fold, stratified_folds(label, true, 5, 4));
}

TEST(Folds, StayWhenRowsComeAndGo) {
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 1000; ++i) keys.push_back(i * i % 337);
  const auto fold = keyed_folds(keys, 4, 9);
  std::map<uint64_t, uint32_t> of_key;
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(of_key.try_emplace(keys[i], fold[i]).first->second, fold[i]);
  const auto fewer = keyed_folds(std::span(keys).subspan(300), 4, 9);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), fold.begin() + 300));
  EXPECT_EQ(std::set<uint32_t>(fold.begin(), fold.end()).size(), 4u);
}

// Blocks of a matrix with every kind of column.
class TestSource final : public MatrixSource {
 public:
  TestSource() {
    schema_.features = {{"x", "x", FeatureKind::kNumeric, 0, false},
                        {"c", "c", FeatureKind::kCategorical, 3, false},
                        {"s_0", "s", FeatureKind::kNumeric, 0, true},
                        {"s_1", "s", FeatureKind::kNumeric, 0, true}};
  }
  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return kRows; }
  Status rewind() override {
    at_ = 0;
    return {};
  }
  Result<std::optional<MatrixBlock>> next() override {
    if (at_ >= kRows) return std::nullopt;
    const size_t size = std::min(kBlock, kRows - at_);
    x_.clear(), c_.clear(), label_.clear(), begins_ = {0}, positions_.clear(), values_.clear();
    for (size_t i = at_; i < at_ + size; ++i) {
      x_.push_back(static_cast<float>(i));
      c_.push_back(static_cast<int32_t>(i % 3) - 1);
      label_.push_back(static_cast<float>(i % 2));
      for (uint32_t p = 0; p < i % 3; ++p) positions_.push_back(p), values_.push_back(static_cast<float>(10 * i + p));
      begins_.push_back(positions_.size());
    }
    at_ += size;
    columns_ = {{x_, {}}, {{}, c_}, {}, {}};
    sparse_ = {2, 2, begins_, positions_, values_};
    MatrixBlock block;
    block.rows = size;
    block.features = columns_;
    block.sparse = std::span(&sparse_, 1);
    block.label = label_;
    return block;
  }

 private:
  static constexpr size_t kRows = 50;
  static constexpr size_t kBlock = 16;
  FeatureSchema schema_;
  size_t at_ = 0;
  std::vector<float> x_, label_, values_;
  std::vector<int32_t> c_;
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> positions_;
  std::vector<FeatureColumn> columns_;
  SparseFeatures sparse_;
};

TEST(HeldMatrix, HandsOutTheRowsAskedFor) {
  TestSource from;
  const HeldMatrix held = HeldMatrix::read(from).value();
  ASSERT_EQ(held.rows(), 50u);
  const std::vector<uint32_t> rows = {49, 0, 17, 2};
  const auto source = held.source(rows);
  for (int pass = 0; pass < 2; ++pass) {
    const auto block = source->next().value();
    ASSERT_TRUE(block);
    ASSERT_EQ(block->rows, rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(block->features[0].values[i], static_cast<float>(rows[i]));
      EXPECT_EQ(block->features[1].codes[i], static_cast<int32_t>(rows[i] % 3) - 1);
      EXPECT_EQ(block->label[i], static_cast<float>(rows[i] % 2));
      const SparseFeatures& sparse = block->sparse[0];
      ASSERT_EQ(sparse.begins[i + 1] - sparse.begins[i], rows[i] % 3);
      for (uint64_t k = sparse.begins[i]; k < sparse.begins[i + 1]; ++k)
        EXPECT_EQ(sparse.values[k], static_cast<float>(10 * rows[i] + sparse.positions[k]));
    }
    EXPECT_FALSE(source->next().value());
    ASSERT_TRUE(source->rewind());
  }
  const auto all = held.source();
  EXPECT_EQ(all->next().value()->rows, 50u);
  EXPECT_EQ(held.fingerprint(), HeldMatrix::read(from)->fingerprint());
  EXPECT_NE(held.fingerprint(), HeldMatrix::read(*source)->fingerprint());
}

TEST(TrialJournal, KeepsWhatWasNotedAndSkipsWhatWasTorn) {
  const auto folder = std::filesystem::temp_directory_path() / ("sinan_trials_" + std::to_string(::getpid()));
  io::FileSystem& files = io::real_file_system();
  const Fingerprint search = fingerprint("a search");
  {
    const auto journal = TrialJournal::open(folder, search, files).value();
    ASSERT_TRUE(journal->add("eta 0.1", Json::object({{"values", Json::array({0.25})}})));
    ASSERT_TRUE(journal->add("eta 0.2", Json::object({{"values", Json::array({0.5})}})));
  }
  const auto file = folder / ".sinan" / "trials" / (search.to_hex() + ".jsonl");
  std::string text = files.read_file(file).value();
  ASSERT_TRUE(files.write_file_durable(file, text.substr(0, text.size() - 9)));
  {
    const auto journal = TrialJournal::open(folder, search, files).value();
    EXPECT_EQ(journal->find("eta 0.1")->at("values").items()[0].as_double().value(), 0.25);
    EXPECT_FALSE(journal->find("eta 0.2"));
    ASSERT_TRUE(journal->add("eta 0.3", Json::object({{"values", Json::array({0.75})}})));
  }
  const auto journal = TrialJournal::open(folder, search, files).value();
  EXPECT_TRUE(journal->find("eta 0.1"));
  EXPECT_TRUE(journal->find("eta 0.3"));
  ASSERT_TRUE(journal->forget());
  EXPECT_FALSE(files.exists(file));
  std::filesystem::remove_all(folder);
}

TEST(Resampling, SharesThreadsAmongTrainings) {
  EXPECT_EQ(share_threads(2, 20).at_once, 2u);
  EXPECT_EQ(share_threads(2, 20).each, 1u);
  EXPECT_EQ(share_threads(16, 4).at_once, 4u);
  EXPECT_EQ(share_threads(16, 4).each, 4u);
  EXPECT_EQ(share_threads(1, 0).at_once, 1u);
  EXPECT_EQ(sd_of(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9}), std::sqrt(32.0 / 7));
}

// Rows of 60 categories with the keys of their folds.
struct KeyedRows {
  arrow::Batch batch;
  std::vector<uint64_t> keys;
};
constexpr uint64_t kFoldSeed = 5;
constexpr size_t kFoldCount = 3;

// Labels are drawn; those of rows in fold `flipped` are the other ones.
KeyedRows keyed_rows(std::optional<uint32_t> flipped) {
  KeyedRows out{arrow::BatchBuilder({{"category", arrow::string_type()}, {"late", arrow::bool_type()}}).finish(), {}};
  Random random(11);
  for (uint64_t row = 0; row < 400; ++row) out.keys.push_back(hash64(std::to_string(row)));
  const std::vector<uint32_t> fold = keyed_folds(out.keys, kFoldCount, kFoldSeed);
  arrow::BatchBuilder rows({{"category", arrow::string_type()}, {"late", arrow::bool_type()}});
  for (size_t row = 0; row < out.keys.size(); ++row) {
    // The last categories have one row each, in whatever fold.
    const uint64_t category = row < 350 ? random.below(50) : row;
    const bool late = random.below(2) == 0;
    rows.column(0).append(std::string_view("c" + std::to_string(category)));
    rows.column(1).append(late != (flipped == fold[row]));
  }
  out.batch = rows.finish();
  return out;
}

Result<HeldRows> held(const KeyedRows& rows, bool refits) {
  const std::string text = "TO TRAIN m WITH a=1 COLUMN category, TARGET_ENCODE(category) LABEL late INTO m";
  const auto clause = TRY(sql::parse_clause(text, Span{0, static_cast<uint32_t>(text.size())}));
  DataSpec spec{.label = "late", .columns = std::get<sql::Train>(clause.body).columns};
  RawRows raw{spec, rows.batch.schema(), {rows.batch}};
  EXPECT_TRUE(fits_features(spec, raw.schema));
  DataSetBuilder builder = TRY(DataSetBuilder::make(spec, raw.schema));
  TRY(builder.append(rows.batch));
  DataSet data = TRY(builder.finish());
  return hold_rows(data, {.folds = kFoldCount, .keys = rows.keys, .raw = refits ? &raw : nullptr}, kFoldSeed);
}

// The features that a model of all rows but a fold's learns from know nothing of that fold's labels, nor of texts that it alone has.
TEST(Folds, FeaturesDoNotKnowTheLabelsOfTheFoldHeldOut) {
  for (uint32_t fold = 0; fold < kFoldCount; ++fold) {
    const auto before = held(keyed_rows(std::nullopt), true);
    const auto after = held(keyed_rows(fold), true);
    ASSERT_TRUE(before && after);
    ASSERT_EQ(before->refitted.size(), kFoldCount);
    EXPECT_EQ(before->refitted[fold].train.fingerprint(), after->refitted[fold].train.fingerprint());
    EXPECT_EQ(before->refitted[fold].plan.to_json(), after->refitted[fold].plan.to_json());
    EXPECT_NE(before->refitted[fold].held_out.fingerprint(), after->refitted[fold].held_out.fingerprint());
    const uint32_t other = (fold + 1) % kFoldCount;
    EXPECT_NE(before->refitted[other].train.fingerprint(), after->refitted[other].train.fingerprint());
    EXPECT_LT(before->refitted[fold].plan.transforms()[0].vocabulary.size(),
              before->plan.transforms()[0].vocabulary.size());
  }
  // Features of all rows do: what refitting is for.
  const auto before = held(keyed_rows(std::nullopt), false);
  const auto after = held(keyed_rows(0), false);
  ASSERT_TRUE(before && after);
  const auto seen = [](const HeldRows& rows) {
    const auto source = rows.train.source(rows_outside(rows.fold, 0));
    return HeldMatrix::read(*source)->fingerprint();
  };
  EXPECT_NE(seen(*before), seen(*after));
}

TEST(Folds, OfGroupsAreDealtEvenly) {
  std::vector<uint64_t> keys;
  for (uint64_t row = 0; row < 300; ++row) keys.push_back(row / 10);
  const auto fold = grouped_folds(keys, 4, 9);
  std::map<uint32_t, std::set<uint64_t>> groups;
  for (size_t row = 0; row < keys.size(); ++row) {
    EXPECT_EQ(fold[row], fold[row / 10 * 10]);
    groups[fold[row]].insert(keys[row]);
  }
  ASSERT_EQ(groups.size(), 4);
  for (const auto& [_, some] : groups) EXPECT_TRUE(some.size() == 7 || some.size() == 8);
}

}  // namespace
}  // namespace sinan::ml
