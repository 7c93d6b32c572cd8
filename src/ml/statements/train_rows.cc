#include "ml/statements/train_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "arrow/builder.h"
#include "base/hash.h"
#include "base/strings.h"
#include "ml/folds.h"
#include "ml/statements/train_check.h"

namespace sinan::ml {
namespace {

// An error of the engine has its place in the text it was given.
Failure in_program(Error error, Span text, bool is_verbatim) {
  if (error.span && is_verbatim) error.span = Span{error.span->begin + text.begin, error.span->end + text.begin};
  if (!is_verbatim) error.span.reset();
  return fail(std::move(error).at(text));
}

// By the text of the values, so that 7 and '7' are in one fold; NULL is a value too.
void hash_rows(const arrow::ColumnView& column, std::vector<uint64_t>& out) {
  const bool is_text = column.type().is_text() && column.type().id != arrow::TypeId::kDictionary;
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_null(i)) {
      out.push_back(0);
    } else if (is_text) {
      out.push_back(hash64(column.string(i)));
    } else {
      out.push_back(hash64(column.to_text(i)));
    }
  }
}

// What a feature is to a model; nothing for a column that was left out.
std::string kind_of(const FeaturePlan& plan, const FeatureReport& row) {
  const auto transform = std::ranges::find(plan.transforms(), row.feature, &Transform::feature);
  return transform == plan.transforms().end() ? std::string() : feature_kind(*transform);
}

// Marks the rows as they stream in.
class RowMarker {
 public:
  RowMarker(const TrainRequest& request, uint64_t seed) : request_(request), seed_(seed) {}

  // Groups hold rows out by themselves: a share of the rows, of whatever group, is drawn as without them.
  void prepare(DataSpec& spec) const {
    if (request_.clause.group_by.empty()) return;
    if (!spec.validation_column.empty()) spec.excluded.push_back(spec.validation_column);
    spec.validation_column.clear();
    spec.validation_fraction = 0;
  }

  void bind(const arrow::Schema& schema) {
    if (!request_.folds.key.empty()) key_ = schema.index_of(request_.folds.key);
    if (request_.folds.count > 0 && !key_ && !request_.data.roles.group.empty())
      ranked_ = schema.index_of(request_.data.roles.group);
    for (const sql::Name& name : request_.clause.group_by) {
      group_columns_.push_back(schema.index_of(name.text).value());
      marks_.group_fields.push_back(schema[group_columns_.back()]);
    }
    if (!group_columns_.empty() && !request_.data.validation_column.empty())
      held_column_ = schema.index_of(request_.data.validation_column);
  }

  void mark(const arrow::Batch& batch) {
    if (key_) hash_rows(batch.column(*key_), marks_.fold_keys);
    if (ranked_) {
      const arrow::ColumnView groups = batch.column(*ranked_);
      for (size_t i = 0; i < batch.rows(); ++i)
        marks_.fold_keys.push_back(groups.is_null(i) ? 0 : group_key(groups, i));
    }
    if (group_columns_.empty()) return;
    marks_.groups.append(batch, group_columns_, marks_.row_groups);
    const double share = request_.data.validation_fraction;
    if (!held_column_ && share <= 0) return;
    for (size_t i = 0; i < batch.rows(); ++i) {
      bool is_held = false;
      if (held_column_) {
        const arrow::ColumnView column = batch.column(*held_column_);
        is_held = !column.is_null(i) && column.as_double(i) != 0;
      } else {
        is_held = draw(seed_, marks_.is_held.size()) < share;
      }
      marks_.is_held.push_back(is_held ? 1 : 0);
    }
  }

  Status bind_validation(const arrow::Schema& schema) {
    for (const sql::Name& name : request_.clause.group_by) {
      const auto at = schema.index_of(name.text);
      if (!at) {
        return fail(Code::kProgram, fmt::format("GROUP BY is not a column of validation.select: \"{}\"", name.text),
                    did_you_mean(name.text, schema.names()))
            .at(request_.validation_place);
      }
      validation_columns_.push_back(*at);
    }
    return {};
  }

  void mark_validation(const arrow::Batch& batch) {
    if (!validation_columns_.empty()) marks_.groups.find(batch, validation_columns_, marks_.validation_groups);
  }

  bool has_held_rows() const { return std::ranges::find(marks_.is_held, 1) != marks_.is_held.end(); }
  RowMarks take() { return std::move(marks_); }

 private:
  const TrainRequest& request_;
  const uint64_t seed_;
  std::optional<size_t> key_;
  std::optional<size_t> ranked_;
  std::vector<size_t> group_columns_;
  std::vector<size_t> validation_columns_;
  std::optional<size_t> held_column_;
  RowMarks marks_;
};

// Apart from the streams of folds, shares and trials.
constexpr uint64_t kSampleStream = 5;

// What the model's inputs may be, and the label.
Result<std::vector<std::string>> sampled_columns(const TrainRequest& request, const DataSpec& spec,
                                                 const arrow::Schema& schema) {
  std::vector<std::string> names;
  for (const size_t column : TRY(feature_columns(schema, spec))) names.push_back(schema[column].name);
  for (const sql::Name& name : request.clause.group_by) names.push_back(schema[*schema.index_of(name.text)].name);
  if (const auto label = schema.index_of(spec.label)) names.push_back(schema[*label].name);
  return names;
}

}  // namespace

Status read_rows(flow::RunContext& context, const std::string& query, Span place, bool is_verbatim,
                 const std::function<Status(const arrow::Schema&)>& begin,
                 const std::function<Status(const arrow::Batch&)>& each) {
  auto stream = context.session().query(query, {.batch_rows = kLoadBatchRows});
  if (!stream) return in_program(std::move(stream).error(), place, is_verbatim);
  TRY(begin(*(*stream)->schema()));
  int64_t rows = 0;
  while (true) {
    TRY(context.cancel().check());
    auto batch = (*stream)->next();
    if (!batch) return in_program(std::move(batch).error(), place, is_verbatim);
    if (!*batch) return {};
    TRY(each(**batch));
    rows += static_cast<int64_t>((*batch)->rows());
    context.progress().rows(rows);
  }
}

FoldPlan TrainingData::fold_plan(const TrainRequest& request) const {
  return {.folds = request.folds.count,
          .keys = marks.fold_keys,
          .deals_keys = request.folds.key.empty(),
          .row_groups = marks.row_groups,
          .raw = raw ? &*raw : nullptr};
}

Result<TrainingData> read_training_rows(const TrainRequest& request, uint64_t seed, flow::RunContext& context) {
  DataSpec spec = request.data;
  spec.seed = seed;
  spec.threads = context.threads();
  context.progress().stage("reading");
  std::optional<DataSetBuilder> builder;
  std::optional<profile::Sampler> sampler;
  std::optional<RawRows> raw;
  RowMarker marker(request, seed);
  marker.prepare(spec);
  arrow::Schema columns;
  TRY(read_rows(
      context, request.query, request.query_place, true,
      [&](const arrow::Schema& schema) -> Status {
        columns = schema;
        TRY(check_columns(request, schema));
        marker.bind(schema);
        builder.emplace(TRY(DataSetBuilder::make(spec, schema)));
        if (request.folds.count > 0 && fits_features(spec, schema)) raw = RawRows{spec, schema, {}};
        sampler.emplace(baseline_sampler(schema, TRY(sampled_columns(request, spec, schema)), seed + kSampleStream));
        return {};
      },
      [&](const arrow::Batch& batch) {
        marker.mark(batch);
        sampler->append(batch);
        if (raw) raw->batches.push_back(batch);
        return builder->append(batch);
      }));
  if (!request.validation_query.empty()) {
    context.progress().stage("reading validation");
    TRY(read_rows(
        context, request.validation_query, request.validation_place, false,
        [&](const arrow::Schema& schema) -> Status {
          TRY(check_validation(request, columns, schema));
          TRY(marker.bind_validation(schema));
          return builder->bind_validation(schema);
        },
        [&](const arrow::Batch& batch) {
          marker.mark_validation(batch);
          return builder->append_validation(batch);
        }));
  }
  context.progress().stage("fitting");
  auto data = builder->finish();
  if (!data) {
    const bool about_label = data.error().message.find("label") != std::string::npos ||
                             data.error().message.find("classes") != std::string::npos;
    return fail(std::move(data).error())
        .at(about_label && request.clause.label ? request.clause.label->span : request.query_place);
  }
  const bool wants_validation = request.data.validation_fraction > 0 || !request.data.validation_column.empty() ||
                                !request.validation_query.empty();
  if (wants_validation && data->validation() == nullptr && !marker.has_held_rows()) {
    return fail(Code::kData, "no rows to validate on", "the validation query, share or column selects none")
        .at(request.validation_place);
  }
  return TrainingData{*std::move(data), marker.take(), sampler->take(), std::move(raw)};
}

Result<ContinuedData> read_continued_rows(const TrainRequest& request, uint64_t seed, flow::RunContext& context) {
  DataSpec spec = request.data;
  spec.seed = seed;
  context.progress().stage("reading");
  std::optional<ContinuedRows> rows;
  std::optional<profile::Sampler> sampler;
  const ModelPackage& from = request.continued->package();
  std::vector<std::string> names = {from.label.column};
  for (const arrow::Field& input : from.plan.inputs()) names.push_back(input.name);
  TRY(read_rows(
      context, request.query, request.query_place, true,
      [&](const arrow::Schema& schema) -> Status {
        auto made = ContinuedRows::make(*request.continued, spec, schema);
        if (!made) return fail(std::move(made).error()).at(request.clause.warm_start->span);
        rows.emplace(*std::move(made));
        sampler.emplace(baseline_sampler(schema, names, seed + kSampleStream));
        return {};
      },
      [&](const arrow::Batch& batch) {
        sampler->append(batch);
        return rows->append(batch);
      }));
  if (!request.validation_query.empty()) {
    context.progress().stage("reading validation");
    TRY(read_rows(
        context, request.validation_query, request.validation_place, false,
        [&](const arrow::Schema& schema) { return rows->bind_validation(schema); },
        [&](const arrow::Batch& batch) { return rows->append_validation(batch); }));
  }
  if (auto finished = rows->finish(); !finished) return fail(std::move(finished).error()).at(request.query_place);
  return ContinuedData{*std::move(rows), sampler->take()};
}

flow::ResultTable feature_table(DataSet& data) {
  arrow::BatchBuilder rows({{"feature", arrow::string_type()},
                            {"column", arrow::string_type()},
                            {"type", arrow::string_type()},
                            {"kind", arrow::string_type()},
                            {"values", arrow::string_type()},
                            {"missing", arrow::double_type()},
                            {"note", arrow::string_type()}});
  const auto count = static_cast<double>(data.train().rows());
  for (const FeatureReport& row : data.report()) {
    const std::string kind = kind_of(data.plan(), row);
    rows.column(0).append(std::string_view(row.feature));
    rows.column(1).append(std::string_view(row.column));
    rows.column(2).append(std::string_view(row.type));
    if (kind.empty()) {
      rows.column(3).append_null();
    } else {
      rows.column(3).append(std::string_view(kind));
    }
    rows.column(4).append(std::string_view(row.values));
    rows.column(5).append(static_cast<double>(row.missing) / count);
    rows.column(6).append(std::string_view(row.note));
  }
  return {"Features", rows.finish()};
}

}  // namespace sinan::ml
