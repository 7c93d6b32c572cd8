#include "ml/data_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "ml/data_input.h"
#include "ml/data_label.h"
#include "ml/data_vector.h"
#include "ml/data_workers.h"
#include "ml/folds.h"

namespace sinan::ml {
namespace {

// What a pass hands out at a time when the data is too big to be handed out as one.
constexpr size_t kBlockRows = size_t{1} << 18;
// Up to here a pass is one block: a library that computes quantiles of its own then sees all values at once.
constexpr size_t kOneBlockRows = 1'000'000;

Result<size_t> find_column(const arrow::Schema& query, std::string_view name, std::string_view what) {
  if (auto at = query.index_of(name)) return *at;
  const std::string near = did_you_mean(name, query.names());
  return fail(Code::kProgram, fmt::format("{} is not a column of the query: \"{}\"", what, name),
              near.empty() ? fmt::format("the query has {}", join(query.names(), ", ")) : near);
}

}  // namespace

Result<std::vector<size_t>> feature_columns(const arrow::Schema& query, const DataSpec& spec) {
  std::set<std::string> names;
  for (const arrow::Field& field : query.fields) {
    if (names.insert(to_lower(field.name)).second) continue;
    return fail(Code::kProgram, fmt::format("the query has two columns of one name: \"{}\"", field.name),
                "select each column once, or rename one with AS");
  }
  std::vector<size_t> others;
  if (!spec.label.empty()) others.push_back(TRY(find_column(query, spec.label, "label")));
  for (const std::string& name : spec.excluded) others.push_back(TRY(find_column(query, name, "excluded column")));
  if (!spec.validation_column.empty()) {
    const size_t validation = TRY(find_column(query, spec.validation_column, "validation.column"));
    if (!spec.label.empty() && validation == others[0]) return fail(Code::kProgram, "validation.column is the label");
    const arrow::Type& type = query[validation].type;
    if (type.id != arrow::TypeId::kBool && !type.is_integer()) {
      return fail(Code::kProgram, fmt::format("validation.column must be true or false: \"{}\" is {}",
                                              spec.validation_column, type.to_string()));
    }
    others.push_back(validation);
  }
  std::vector<size_t> columns;
  for (size_t i = 0; i < query.size(); ++i) {
    if (std::ranges::find(others, i) != others.end()) continue;
    if (!input_kind(query[i].type)) {
      return fail(
          Code::kProgram,
          fmt::format("column has a type that is no feature: \"{}\" is {}", query[i].name, query[i].type.to_string()),
          "leave it out of the query, or turn it into numbers or text");
    }
    columns.push_back(i);
  }
  if (columns.empty())
    return fail(Code::kProgram,
                fmt::format("the query has no column{} to learn from", spec.label.empty() ? "" : " besides the label"));
  return columns;
}

// --- builder ---

struct DataSetBuilder::State {
  DataSpec spec;
  std::optional<size_t> label_column;  // none: learnt without
  std::optional<size_t> validation_column;
  std::vector<size_t> columns;             // of the query, by collector
  std::vector<size_t> validation_columns;  // of validation.select, by collector
  std::optional<size_t> validation_label;
  std::vector<InputCollector> inputs;
  std::optional<LabelCollector> label;
  std::unique_ptr<Workers> workers;
  uint64_t rows_seen = 0;
  size_t rows[kParts] = {};

  Status add(const arrow::Batch& batch, std::span<const size_t> from, std::optional<size_t> label_at,
             std::span<const PartRows> parts);
};

DataSetBuilder::DataSetBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataSetBuilder::DataSetBuilder(DataSetBuilder&&) noexcept = default;
DataSetBuilder::~DataSetBuilder() = default;

Result<DataSetBuilder> DataSetBuilder::make(const DataSpec& spec, const arrow::Schema& query) {
  auto state = std::make_unique<State>();
  state->spec = spec;
  state->columns = TRY(feature_columns(query, spec));
  if (!spec.label.empty()) state->label_column = query.index_of(spec.label);
  if (!spec.validation_column.empty()) state->validation_column = query.index_of(spec.validation_column);
  for (const size_t column : state->columns) {
    const arrow::Field& field = query[column];
    state->inputs.emplace_back(field.name, field.type, input_kind(field.type).value());
  }
  if (state->label_column) {
    const arrow::Field& label = query[*state->label_column];
    state->label = TRY(LabelCollector::make(label.name, label.type, spec.intent));
  }
  state->workers = std::make_unique<Workers>(spec.threads);
  return DataSetBuilder(std::move(state));
}

Status DataSetBuilder::State::add(const arrow::Batch& batch, std::span<const size_t> from,
                                  std::optional<size_t> label_at, std::span<const PartRows> parts) {
  for (const PartRows& part : parts) {
    if (label) TRY(label->append(batch.column(*label_at), part.part, part.rows));
    rows[part.part] += part.rows ? part.rows->size() : batch.rows();
  }
  workers->run(inputs.size(), [&](size_t i) { inputs[i].append(batch.column(from[i]), parts); });
  return {};
}

Status DataSetBuilder::append(const arrow::Batch& batch) {
  State& state = *state_;
  const bool splits = state.validation_column || state.spec.validation_fraction > 0;
  if (!splits) {
    const PartRows all{kTrainPart, std::nullopt};
    return state.add(batch, state.columns, state.label_column, std::span(&all, 1));
  }
  std::vector<uint32_t> chosen[kParts];
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    bool validates = false;
    if (state.validation_column) {
      const arrow::ColumnView marks = batch.column(*state.validation_column);
      validates = !marks.is_null(i) && marks.as_double(i) != 0;
    } else {
      validates = draw(state.spec.seed, state.rows_seen + i) < state.spec.validation_fraction;
    }
    chosen[validates ? kValidationPart : kTrainPart].push_back(i);
  }
  state.rows_seen += batch.rows();
  const PartRows parts[] = {{kTrainPart, chosen[kTrainPart]}, {kValidationPart, chosen[kValidationPart]}};
  return state.add(batch, state.columns, state.label_column, parts);
}

Status DataSetBuilder::bind_validation(const arrow::Schema& query) {
  State& state = *state_;
  if (state.label) state.validation_label = TRY(find_column(query, state.spec.label, "label"));
  state.validation_columns.clear();
  for (const InputCollector& input : state.inputs) {
    const size_t at = TRY(find_column(query, input.name(), "feature"));
    const arrow::Type& type = query[at].type;
    if (type.id != arrow::TypeId::kNull && input_kind(type) != input.kind()) {
      return fail(Code::kProgram,
                  fmt::format("column has another type than in the training query: \"{}\" is {}, there {}",
                              input.name(), type.to_string(), input.type().to_string()));
    }
    state.validation_columns.push_back(at);
  }
  return {};
}

Status DataSetBuilder::append_validation(const arrow::Batch& batch) {
  const PartRows all{kValidationPart, std::nullopt};
  return state_->add(batch, state_->validation_columns, state_->validation_label, std::span(&all, 1));
}

// --- data set ---

namespace {

struct FeaturePlace {
  size_t input = 0;
  size_t transform = 0;
};

// Hands out one part of the data; the collectors and workers are the data set's.
class PartSource final : public MatrixSource {
 public:
  PartSource(const FeatureSchema& schema, const std::vector<InputCollector>& inputs, const LabelCollector* label,
             const std::vector<FeaturePlace>& places, const std::vector<std::vector<float>>& edges, Workers& workers,
             size_t part, size_t rows, size_t block_rows)
      : schema_(schema),
        inputs_(inputs),
        label_(label),
        places_(places),
        edges_(edges),
        workers_(workers),
        part_(part),
        rows_(rows),
        block_rows_(block_rows),
        values_(places.size()),
        codes_(places.size()),
        columns_(places.size()) {}

  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return rows_; }
  std::span<const std::vector<float>> edges() const override { return edges_; }

  Status rewind() override {
    begin_ = 0;
    return {};
  }

  Result<std::optional<MatrixBlock>> next() override {
    if (begin_ >= rows_) {
      // A pass is over: the buffers of a block are not kept while a library works.
      for (auto& values : values_) values = {};
      for (auto& codes : codes_) codes = {};
      return std::nullopt;
    }
    const size_t size = std::min(block_rows_, rows_ - begin_);
    workers_.run(places_.size(), [&](size_t f) {
      const InputCollector& input = inputs_[places_[f].input];
      if (schema_.features[f].kind == FeatureKind::kCategorical) {
        codes_[f].resize(size);
        input.read(places_[f].transform, part_, begin_, std::span<int32_t>(codes_[f]));
        columns_[f].codes = codes_[f];
      } else {
        values_[f].resize(size);
        input.read(places_[f].transform, part_, begin_, std::span<float>(values_[f]));
        columns_[f].values = values_[f];
      }
    });
    if (label_ != nullptr) {
      label_values_.resize(size);
      label_->read(part_, begin_, label_values_);
    }
    begin_ += size;
    MatrixBlock block;
    block.rows = size;
    block.features = columns_;
    block.label = label_values_;
    return block;
  }

 private:
  const FeatureSchema& schema_;
  const std::vector<InputCollector>& inputs_;
  const LabelCollector* label_;  // null = none
  const std::vector<FeaturePlace>& places_;
  const std::vector<std::vector<float>>& edges_;
  Workers& workers_;
  const size_t part_;
  const size_t rows_;
  const size_t block_rows_;
  size_t begin_ = 0;
  std::vector<RawVector<float>> values_;
  std::vector<RawVector<int32_t>> codes_;
  std::vector<float> label_values_;
  std::vector<FeatureColumn> columns_;
};

}  // namespace

struct DataSet::State {
  FeaturePlan plan;
  LabelCollector::Decision decision;
  std::vector<InputCollector> inputs;
  std::vector<FeaturePlace> places;  // by feature
  std::vector<std::vector<float>> edges;
  std::vector<FeatureReport> report;
  std::optional<LabelCollector> label;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<PartSource> train;
  std::unique_ptr<PartSource> validation;

  void make_plan();
};

DataSet::DataSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataSet::DataSet(DataSet&&) noexcept = default;
DataSet& DataSet::operator=(DataSet&&) noexcept = default;
DataSet::~DataSet() = default;
const FeaturePlan& DataSet::plan() const { return state_->plan; }
const LabelMap& DataSet::label() const { return state_->decision.map; }
Task DataSet::task() const { return state_->decision.task; }
size_t DataSet::classes() const { return state_->decision.classes; }
MatrixSource& DataSet::train() { return *state_->train; }
MatrixSource* DataSet::validation() { return state_->validation.get(); }
const std::vector<FeatureReport>& DataSet::report() const { return state_->report; }
bool DataSet::is_binned() const { return !state_->edges.empty(); }

uint64_t DataSet::bytes() const {
  uint64_t bytes = 0;
  for (const InputCollector& input : state_->inputs) bytes += input.bytes();
  return bytes;
}

// Features in the order of the query's columns; a part of a moment whose name is a column's own gets a longer one.
void DataSet::State::make_plan() {
  std::set<std::string> names;
  for (const InputCollector& input : inputs) names.insert(input.name());
  std::vector<Transform> transforms;
  std::vector<arrow::Field> fields;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const InputCollector& input = inputs[i];
    std::vector<FeatureReport> rows = input.report();
    for (size_t t = 0; t < input.transforms().size(); ++t) {
      Transform transform = input.transforms()[t];
      if (transform.feature != input.name()) {
        std::string name = transform.feature;
        while (!names.insert(name).second) name += "_part";
        for (FeatureReport& row : rows) {
          if (row.feature == transform.feature) row.feature = name;
        }
        transform.feature = std::move(name);
      }
      transforms.push_back(std::move(transform));
      places.push_back({i, t});
    }
    report.insert(report.end(), rows.begin(), rows.end());
    if (!input.transforms().empty()) fields.push_back({input.name(), input.type(), true});
  }
  plan = FeaturePlan(std::move(transforms), std::move(fields));
}

Result<DataSet> DataSetBuilder::finish() {
  State& from = *state_;
  if (from.rows[kTrainPart] == 0) {
    const bool all_validate = from.rows[kValidationPart] > 0;
    return fail(Code::kData, all_validate ? "no rows to train on: every row is for validation" : "no rows to train on",
                all_validate ? "" : "the query returned nothing: check its WHERE clause");
  }
  auto state = std::make_unique<DataSet::State>();
  if (from.label) {
    state->decision = TRY(from.label->finish());
    state->label = std::move(from.label);
  } else {
    CHECK(from.spec.intent.task.has_value());
    state->decision.task = *from.spec.intent.task;
  }
  state->inputs = std::move(from.inputs);
  state->workers = std::move(from.workers);
  std::vector<Status> fitted(state->inputs.size());
  state->workers->run(state->inputs.size(), [&](size_t i) { fitted[i] = state->inputs[i].fit(); });
  for (Status& status : fitted) TRY(std::move(status));
  state->make_plan();
  if (state->places.empty()) {
    return fail(Code::kData, "no column is left to learn from: all are constant, NULL or identifiers");
  }

  const size_t rows = from.rows[kTrainPart];
  const auto& binning = from.spec.binning;
  if (binning && rows > binning->above_rows) {
    std::vector<uint64_t> sample;
    const double share = static_cast<double>(binning->sample_rows) / static_cast<double>(rows);
    for (uint64_t row = 0; row < rows; ++row) {
      if (share >= 1 || draw(from.spec.seed + 1, row) < share) sample.push_back(row);
    }
    state->workers->run(state->inputs.size(), [&](size_t i) { state->inputs[i].bin(sample, binning->bins); });
    for (const FeaturePlace& place : state->places) {
      const auto edges = state->inputs[place.input].edges(place.transform);
      state->edges.emplace_back(edges.begin(), edges.end());
    }
  }
  const auto source = [&](size_t part) {
    const size_t count = from.rows[part];
    const size_t block = state->edges.empty() && count <= kOneBlockRows ? std::max<size_t>(count, 1) : kBlockRows;
    return std::make_unique<PartSource>(state->plan.schema(), state->inputs, state->label ? &*state->label : nullptr,
                                        state->places, state->edges, *state->workers, part, count, block);
  };
  state->train = source(kTrainPart);
  if (from.rows[kValidationPart] > 0) state->validation = source(kValidationPart);
  return DataSet(std::move(state));
}

}  // namespace sinan::ml
