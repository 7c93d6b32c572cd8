#include "profile/sample.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace sinan::profile {
namespace {

template <class T>
void put(std::vector<T>& column, size_t slot, T value) {
  if (slot >= column.size()) column.resize(slot + 1);
  column[slot] = std::move(value);
}

double value_at(const arrow::ColumnView& column, ValueKind kind, size_t row) {
  if (column.is_null(row)) return std::numeric_limits<double>::quiet_NaN();
  return kind == ValueKind::kBoolean ? (column.as_bool(row) ? 1.0 : 0.0) : column.as_double(row);
}

void keep(const arrow::ColumnView& column, size_t row, size_t slot, SampledColumn& out) {
  bool missing = column.is_null(row);
  if (out.kind == ValueKind::kText) {
    put(out.texts, slot, std::string(column.string(row)));
  } else if (out.kind != ValueKind::kOther) {
    const double value = value_at(column, out.kind, row);
    put(out.values, slot, value);
    missing = std::isnan(value);
  }
  put(out.missing, slot, static_cast<uint8_t>(missing));
}

}  // namespace

Sampler::Sampler(const arrow::Schema& schema, std::vector<size_t> columns, const ProfileOptions& options)
    : columns_(std::move(columns)), reservoir_(options.sample_rows, options.seed) {
  for (const size_t column : columns_) {
    const arrow::Field& field = schema[column];
    sample_.push_back({.name = field.name, .type = field.type, .kind = kind_of(field.type)});
  }
}

void Sampler::append(const arrow::Batch& batch) {
  std::vector<arrow::ColumnView> views;
  if (reservoir_.wants(batch.rows()))
    for (const size_t column : columns_) views.push_back(batch.column(column));
  reservoir_.offer(batch.rows(), [&](size_t row, size_t slot) {
    for (size_t i = 0; i < views.size(); ++i) keep(views[i], row, slot, sample_[i]);
  });
}

Result<Profile> read_profile(arrow::BatchStream& rows, const ProfileOptions& options, const CancelToken& cancel,
                             flow::Progress* progress) {
  Profile profile;
  const arrow::Schema& schema = *rows.schema();
  for (const arrow::Field& field : schema.fields) {
    profile.names.push_back(field.name);
    profile.columns.emplace_back(field.type);
  }
  std::vector<size_t> all(schema.size());
  std::iota(all.begin(), all.end(), size_t{0});
  Sampler sampler(schema, std::move(all), options);
  while (true) {
    TRY(cancel.check());
    const std::optional<arrow::Batch> batch = TRY(rows.next());
    if (!batch) break;
    profile.rows += batch->rows();
    for (size_t i = 0; i < batch->columns(); ++i) profile.columns[i].append(batch->column(i));
    sampler.append(*batch);
    if (progress != nullptr) progress->rows(static_cast<int64_t>(profile.rows));
  }
  profile.sample = sampler.take();
  return profile;
}

}  // namespace sinan::profile
