#include "ml/data_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/data_function.h"
#include "ml/data_input.h"
#include "ml/data_label.h"
#include "ml/data_vector.h"
#include "ml/data_workers.h"
#include "ml/folds.h"
#include "ml/query_columns.h"

namespace sinan::ml {
namespace {

// What a pass hands out at a time when the data is too big to be handed out as one.
constexpr size_t kBlockRows = size_t{1} << 18;
// Up to here a pass is one block: a library that computes quantiles of its own then sees all values at once.
constexpr size_t kOneBlockRows = 1'000'000;

std::vector<std::string> not_features(const DataSpec& spec) {
  std::vector<std::string> names = spec.excluded;
  if (!spec.label.empty()) names.push_back(spec.label);
  if (!spec.validation_column.empty()) names.push_back(spec.validation_column);
  return names;
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
  TRY(RoleCollector::make(spec.roles, query));
  for (const auto& [role, name] : spec.roles.given()) {
    const size_t column = query.index_of(name).value();
    if (!spec.label.empty() && column == others[0])
      return fail(Code::kProgram, fmt::format("{} is the label: \"{}\"", role, name));
    others.push_back(column);
  }
  std::vector<size_t> columns;
  for (size_t i = 0; i < query.size(); ++i) {
    if (std::ranges::find(others, i) != others.end()) continue;
    if (!value_type(query[i].type)) {
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
  TRY(read_columns(spec.columns, query, not_features(spec)));
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
  std::vector<ColumnFeature> functions;  // of COLUMN, in the order of the features
  std::optional<LabelCollector> label;
  std::optional<RoleCollector> roles;
  std::unique_ptr<Workers> workers;
  uint64_t rows_seen = 0;
  DataFingerprint fingerprint;
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
  std::set<std::string> bare;
  std::set<std::string> read;
  for (ColumnFeature& feature : TRY(read_columns(spec.columns, query, not_features(spec)))) {
    if (feature.is_bare()) {
      bare.insert(feature.column);
    } else {
      for (std::string& name : feature.function.columns()) read.insert(std::move(name));
      state->functions.push_back(std::move(feature));
    }
  }
  for (const size_t column : state->columns) {
    const arrow::Field& field = query[column];
    const bool feeds = read.contains(field.name);
    state->inputs.emplace_back(field.name, field.type, InputCollector::Use{!feeds || bare.contains(field.name), feeds});
  }
  if (state->label_column) {
    const arrow::Field& label = query[*state->label_column];
    state->label = TRY(LabelCollector::make(label.name, label.type, spec.intent));
    if (!spec.folds.empty()) state->label->know_all_classes();
  }
  state->roles = TRY(RoleCollector::make(spec.roles, query));
  state->workers = std::make_unique<Workers>(spec.threads);
  return DataSetBuilder(std::move(state));
}

Status DataSetBuilder::State::add(const arrow::Batch& batch, std::span<const size_t> from,
                                  std::optional<size_t> label_at, std::span<const PartRows> parts) {
  for (const PartRows& part : parts) {
    if (label) TRY(label->append(batch.column(*label_at), part.part, part.rows));
    TRY(roles->append(batch, part.part, part.rows));
    rows[part.part] += part.rows ? part.rows->size() : batch.rows();
  }
  workers->run(inputs.size(), [&](size_t i) { inputs[i].append(batch.column(from[i]), parts); });
  return {};
}

std::array<std::vector<uint32_t>, kParts> deal_rows(const arrow::Batch& batch, const DataSpec& spec,
                                                    std::optional<size_t> validation_column, const RoleCollector& roles,
                                                    uint64_t rows_before) {
  std::array<std::vector<uint32_t>, kParts> chosen;
  for (uint32_t i = 0; i < batch.rows(); ++i) {
    bool validates = false;
    if (validation_column) {
      const arrow::ColumnView marks = batch.column(*validation_column);
      validates = !marks.is_null(i) && marks.as_double(i) != 0;
    } else if (!spec.folds.empty()) {
      validates = spec.folds[rows_before + i] == spec.held_out_fold;
    } else {
      const uint64_t key = roles.group_key(batch, i).value_or(rows_before + i);
      validates = draw(spec.seed, key) < spec.validation_fraction;
    }
    chosen[validates ? kValidationPart : kTrainPart].push_back(i);
  }
  return chosen;
}

Status DataSetBuilder::append(const arrow::Batch& batch) {
  State& state = *state_;
  state.fingerprint.add(batch, *state.workers);
  const bool splits = state.validation_column || state.spec.validation_fraction > 0 || !state.spec.folds.empty();
  if (!splits) {
    const PartRows all{kTrainPart, std::nullopt};
    return state.add(batch, state.columns, state.label_column, std::span(&all, 1));
  }
  const auto chosen = deal_rows(batch, state.spec, state.validation_column, *state.roles, state.rows_seen);
  state.rows_seen += batch.rows();
  const PartRows parts[] = {{kTrainPart, chosen[kTrainPart]}, {kValidationPart, chosen[kValidationPart]}};
  return state.add(batch, state.columns, state.label_column, parts);
}

Status DataSetBuilder::bind_validation(const arrow::Schema& query) {
  State& state = *state_;
  if (state.label) state.validation_label = TRY(find_column(query, state.spec.label, "label"));
  TRY(state.roles->bind_validation(query));
  state.validation_columns.clear();
  for (const InputCollector& input : state.inputs) {
    const size_t at = TRY(find_column(query, input.name(), "feature"));
    const arrow::Type& type = query[at].type;
    const auto found = value_type(type);
    if (type.id != arrow::TypeId::kNull && !(found && is_alike(*found, input.values_type()))) {
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

// Who has a feature's values: a column itself, or a function.
struct FeaturePlace {
  size_t feature = 0;  // in the schema
  const InputCollector* input = nullptr;
  const FunctionCollector* function = nullptr;
  size_t at = 0;  // the collector's transform, or which of its features

  template <class T>
  void read(size_t part, size_t begin, std::span<T> out) const {
    if (input != nullptr) {
      input->read(at, part, begin, out);
    } else if constexpr (std::is_same_v<T, float>) {
      function->read(at, part, begin, out);
    } else {
      function->read(part, begin, out);
    }
  }
  std::span<const float> edges() const { return input != nullptr ? input->edges(at) : function->edges(at); }
};

// All of it in the order of the schema.
struct FeaturePlaces {
  std::vector<FeaturePlace> plain;
  std::vector<FeaturePlace> sparse;  // runs
};

// Hands out one part of the data; the collectors and workers are the data set's.
class PartSource final : public MatrixSource {
 public:
  PartSource(const FeatureSchema& schema, const LabelCollector* label, const RoleCollector& roles,
             const FeaturePlaces& places, const std::vector<std::vector<float>>& edges, Workers& workers, size_t part,
             size_t rows, size_t block_rows)
      : schema_(schema),
        label_(label),
        roles_(roles),
        places_(places),
        edges_(edges),
        workers_(workers),
        part_(part),
        rows_(rows),
        block_rows_(block_rows),
        values_(places.plain.size()),
        codes_(places.plain.size()),
        columns_(schema.size()) {}

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
    const size_t size = block_size();
    workers_.run(places_.plain.size(), [&](size_t f) {
      const FeaturePlace& place = places_.plain[f];
      if (schema_.features[place.feature].kind == FeatureKind::kCategorical) {
        codes_[f].resize(size);
        place.read(part_, begin_, std::span<int32_t>(codes_[f]));
        reorder(codes_[f]);
        columns_[place.feature].codes = codes_[f];
      } else {
        values_[f].resize(size);
        place.read(part_, begin_, std::span<float>(values_[f]));
        reorder(values_[f]);
        columns_[place.feature].values = values_[f];
      }
    });
    sparse_.clear();
    for (const FeaturePlace& place : places_.sparse) {
      const SparseRows& rows = place.function->sparse(part_);
      sparse_.push_back({place.feature, place.at, rows.begins(begin_, size), rows.positions(), rows.values()});
    }
    if (label_ != nullptr) {
      label_values_.resize(size);
      label_->read(part_, begin_, label_values_);
      reorder(label_values_);
    }
    const auto rows_of = [&](auto all) { return all.empty() ? all : all.subspan(begin_, size); };
    MatrixBlock block;
    block.rows = size;
    block.features = columns_;
    block.sparse = sparse_;
    block.label = label_values_;
    block.weight = rows_of(roles_.weight(part_));
    block.group = rows_of(roles_.group(part_));
    block.label_upper = rows_of(roles_.label_upper(part_));
    begin_ += size;
    return block;
  }

 private:
  // Rows of the next block: whole groups, and all of them when they have to be put together.
  size_t block_size() const {
    if (!roles_.order(part_).empty()) return rows_;
    size_t end = std::min(begin_ + block_rows_, rows_);
    const std::span<const int32_t> group = roles_.group(part_);
    while (!group.empty() && end < rows_ && group[end] == group[end - 1]) ++end;
    return end - begin_;
  }

  // Of all rows, which then are one block.
  template <class Vector>
  void reorder(Vector& values) const {
    const std::span<const uint32_t> order = roles_.order(part_);
    if (order.empty()) return;
    Vector out(order.size());
    for (size_t i = 0; i < order.size(); ++i) out[i] = values[order[i]];
    values = std::move(out);
  }

  const FeatureSchema& schema_;
  const LabelCollector* label_;  // null = none
  const RoleCollector& roles_;
  const FeaturePlaces& places_;
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
  std::vector<SparseFeatures> sparse_;
};

}  // namespace

struct DataSet::State {
  FeaturePlan plan;
  LabelCollector::Decision decision;
  std::vector<InputCollector> inputs;
  std::vector<FunctionCollector> functions;
  FeaturePlaces places;
  std::vector<std::vector<float>> edges;
  std::vector<FeatureReport> report;
  std::optional<LabelCollector> label;
  std::optional<RoleCollector> roles;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<PartSource> train;
  std::unique_ptr<PartSource> validation;
  DataFingerprint fingerprint;

  Status add_functions(std::vector<ColumnFeature> asked);
  Status fit(uint64_t seed);
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
const DataFingerprint& DataSet::fingerprint() const { return state_->fingerprint; }
bool DataSet::is_binned() const { return !state_->edges.empty(); }

uint64_t DataSet::bytes() const {
  uint64_t bytes = 0;
  for (const InputCollector& input : state_->inputs) bytes += input.bytes();
  for (const FunctionCollector& function : state_->functions) bytes += function.bytes();
  return bytes;
}

namespace {

// What a column of numbers in texts, of lists or of a map is when COLUMN does not say; nothing for others.
Result<std::optional<ColumnFeature>> derived_feature(const InputCollector& input) {
  const ValueType& type = input.values_type();
  ColumnFeature feature;
  feature.name = input.name();
  Term& term = feature.function.terms.emplace_back();
  term.source.column = input.name();
  const bool is_text = type.kind == ValueKind::kTexts;
  const TextProfile& profile = input.profile();
  if (!type.is_list) {
    const bool is_vector = profile.form == TextForm::kCsv && profile.least_items == profile.most_items;
    if (!is_text || (profile.form != TextForm::kWhole && profile.form != TextForm::kNumber && !is_vector))
      return std::nullopt;
    term.source.reading = is_vector ? Reading::kVector : Reading::kNumber;
    if (is_vector) term.source.separator = ",";
    if (is_vector) term.source.width = profile.least_items;
    feature.function.text = is_vector ? "every row has numbers between commas" : "every row has a number";
    return feature;
  }
  if (is_text || type.is_map) {
    feature.function.output = FeatureFunction::Output::kMultiHot;
    term.source.reading = is_text ? Reading::kTexts : Reading::kIds;
    feature.takes_weights = type.is_map;
    feature.function.text = type.is_map ? "a map's keys with their values" : "which texts a list has";
    return feature;
  }
  if (!input.has_one_length()) {
    return fail(Code::kData, fmt::format("lists are not of one length: \"{}\"", input.name()),
                fmt::format("COLUMN SPARSE({}) takes them for ids", input.name()));
  }
  term.source.reading = Reading::kVector;
  term.source.separator = ",";
  term.source.width = 0;
  feature.function.text = "every row has a list of one length";
  return feature;
}

}  // namespace

// The functions that COLUMN asks for and those that the content of columns does, in the order of the query's columns.
Status DataSet::State::add_functions(std::vector<ColumnFeature> asked) {
  const auto input_of = [&](std::string_view name) { return std::ranges::find(inputs, name, &InputCollector::name); };
  const auto add = [&](ColumnFeature feature, bool is_derived) {
    std::vector<const InputCollector*> from;
    for (const Term& term : feature.function.terms) from.push_back(&*input_of(term.source.column));
    functions.emplace_back(std::move(feature), std::move(from), is_derived);
  };
  std::vector<ColumnFeature> crosses;
  for (InputCollector& input : inputs) {
    if (input.is_feature()) {
      if (auto derived = TRY(derived_feature(input))) {
        input.become_function();
        add(*std::move(derived), true);
      }
    }
    for (ColumnFeature& feature : asked) {
      if (feature.function.terms.empty()) continue;  // added already
      const bool is_cross = feature.function.cross > 0;
      if (!is_cross && feature.function.terms[0].source.column == input.name()) add(std::exchange(feature, {}), false);
    }
  }
  for (ColumnFeature& feature : asked) {
    if (!feature.function.terms.empty()) add(std::move(feature), false);
  }
  return {};
}

Status DataSet::State::fit(uint64_t seed) {
  std::set<std::string> read;
  for (const FunctionCollector& function : functions) {
    for (std::string& name : function.feature().function.columns()) read.insert(std::move(name));
  }
  for (InputCollector& input : inputs) {
    if (read.contains(input.name())) input.prepare_values();
  }
  const FunctionCollector::Label learnt{label ? &*label : nullptr, decision.classes};
  std::vector<Status> fitted(functions.size());
  workers->run(functions.size(), [&](size_t i) { fitted[i] = functions[i].fit(learnt, seed); });
  for (Status& status : fitted) TRY(std::move(status));
  fitted.assign(inputs.size(), {});
  workers->run(inputs.size(), [&](size_t i) {
    if (inputs[i].is_feature()) {
      fitted[i] = inputs[i].fit();
    } else {
      inputs[i].release();
    }
  });
  for (Status& status : fitted) TRY(std::move(status));
  return {};
}

// Features in the order of the query's columns, crosses last; one whose name is another's gets a longer one.
void DataSet::State::make_plan() {
  std::set<std::string> names;
  for (const InputCollector& input : inputs) {
    if (input.is_feature()) names.insert(input.name());
  }
  std::vector<Transform> transforms;
  std::set<std::string> read;
  size_t features = 0;
  // Answers the name it got.
  const auto add = [&](Transform transform, bool keeps_name) {
    const auto is_taken = [&](const Feature& feature) { return names.contains(feature.name); };
    while (!keeps_name && std::ranges::any_of(transform.features(), is_taken)) transform.feature += "_part";
    const bool is_sparse = transform.function && transform.function->is_sparse();
    for (const Feature& feature : transform.features()) {
      names.insert(feature.name);
      if (!is_sparse) places.plain.push_back({features, nullptr, nullptr, 0});
      ++features;
    }
    transforms.push_back(std::move(transform));
    return transforms.back().feature;
  };
  const auto add_function = [&](const FunctionCollector& function) {
    FeatureReport row = function.report();
    if (function.is_kept()) {
      const size_t first_place = places.plain.size();
      const size_t first_feature = features;
      row.feature = add(function.transform(), false);
      for (size_t k = first_place; k < places.plain.size(); ++k) {
        places.plain[k].function = &function;
        places.plain[k].at = k - first_place;
      }
      if (places.plain.size() == first_place)
        places.sparse.push_back({first_feature, nullptr, &function, features - first_feature});
      for (std::string& name : transforms.back().function->columns()) read.insert(std::move(name));
    }
    report.push_back(std::move(row));
  };
  const auto is_cross = [](const FunctionCollector& function) { return function.feature().function.cross > 0; };
  for (const InputCollector& input : inputs) {
    if (input.is_feature()) {
      std::vector<FeatureReport> rows = input.report();
      for (size_t t = 0; t < input.transforms().size(); ++t) {
        const Transform& transform = input.transforms()[t];
        const std::string name = add(transform, transform.feature == input.name());
        places.plain.back().input = &input;
        places.plain.back().at = t;
        for (FeatureReport& row : rows) {
          if (row.feature == transform.feature) row.feature = name;
        }
      }
      report.insert(report.end(), rows.begin(), rows.end());
      if (!input.transforms().empty()) read.insert(input.name());
    }
    for (const FunctionCollector& function : functions) {
      if (!is_cross(function) && function.feature().function.terms[0].source.column == input.name())
        add_function(function);
    }
  }
  for (const FunctionCollector& function : functions) {
    if (is_cross(function)) add_function(function);
  }
  std::vector<arrow::Field> fields;
  for (const InputCollector& input : inputs) {
    if (read.contains(input.name())) fields.push_back({input.name(), input.type(), true});
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
  state->roles = std::move(from.roles);
  const auto read_labels = [&](size_t part, std::span<float> out) { state->label->read(part, 0, out); };
  TRY(state->roles->finish(state->decision.map, from.spec.class_weights, read_labels, from.rows));
  state->inputs = std::move(from.inputs);
  state->workers = std::move(from.workers);
  state->fingerprint = from.fingerprint;
  state->workers->run(state->inputs.size(), [&](size_t i) { state->inputs[i].finish(); });
  TRY(state->add_functions(std::move(from.functions)));
  TRY(state->fit(from.spec.seed));
  state->make_plan();
  for (const size_t part : {kTrainPart, kValidationPart}) {
    if (state->places.sparse.empty() || state->roles->order(part).empty()) continue;
    return fail(Code::kUnsupported, "rows with sparse vectors are not put together by group_column",
                "ORDER BY the group column, so that the rows of a group stand together");
  }
  if (state->plan.schema().size() == 0) {
    return fail(Code::kData, "no column is left to learn from: all are constant, NULL or identifiers");
  }

  const size_t rows = from.rows[kTrainPart];
  const auto& binning = from.spec.binning;
  // Bins of sparse features would not be sparse.
  if (binning && rows > binning->above_rows && state->places.sparse.empty()) {
    std::vector<uint64_t> sample;
    const double share = static_cast<double>(binning->sample_rows) / static_cast<double>(rows);
    for (uint64_t row = 0; row < rows; ++row) {
      if (share >= 1 || draw(from.spec.seed + 1, row) < share) sample.push_back(row);
    }
    const size_t inputs = state->inputs.size();
    state->workers->run(inputs + state->functions.size(), [&](size_t i) {
      if (i >= inputs) {
        if (state->functions[i - inputs].is_kept()) state->functions[i - inputs].bin(sample, binning->bins);
      } else if (state->inputs[i].is_feature()) {
        state->inputs[i].bin(sample, binning->bins);
      }
    });
    for (const FeaturePlace& place : state->places.plain) {
      const auto edges = place.edges();
      state->edges.emplace_back(edges.begin(), edges.end());
    }
  }
  const auto source = [&](size_t part) {
    const size_t count = from.rows[part];
    const bool in_one = state->edges.empty() && state->places.sparse.empty() && count <= kOneBlockRows;
    const size_t block = in_one ? std::max<size_t>(count, 1) : kBlockRows;
    return std::make_unique<PartSource>(state->plan.schema(), state->label ? &*state->label : nullptr, *state->roles,
                                        state->places, state->edges, *state->workers, part, count, block);
  };
  state->train = source(kTrainPart);
  if (from.rows[kValidationPart] > 0) state->validation = source(kValidationPart);
  return DataSet(std::move(state));
}

}  // namespace sinan::ml
