#include "profile/sample.h"

#include <cmath>
#include <limits>

#include "base/reservoir.h"

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

Result<Profile> read_profile(arrow::BatchStream& rows, const ProfileOptions& options, const CancelToken& cancel,
                             flow::Progress* progress) {
  Profile profile;
  for (const arrow::Field& field : rows.schema()->fields) {
    profile.names.push_back(field.name);
    profile.columns.emplace_back(field.type);
    profile.sample.push_back({.name = field.name, .type = field.type, .kind = kind_of(field.type)});
  }
  Reservoir reservoir(options.sample_rows, options.seed);
  while (true) {
    TRY(cancel.check());
    const std::optional<arrow::Batch> batch = TRY(rows.next());
    if (!batch) return profile;
    profile.rows += batch->rows();
    std::vector<arrow::ColumnView> columns;
    for (size_t i = 0; i < batch->columns(); ++i) {
      columns.push_back(batch->column(i));
      profile.columns[i].append(columns[i]);
    }
    reservoir.offer(batch->rows(), [&](size_t row, size_t slot) {
      for (size_t i = 0; i < columns.size(); ++i) keep(columns[i], row, slot, profile.sample[i]);
    });
    if (progress != nullptr) progress->rows(static_cast<int64_t>(profile.rows));
  }
}

}  // namespace sinan::profile
