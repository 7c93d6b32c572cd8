#include "solve/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/check.h"
#include "base/hash.h"

namespace sinan::solve {
namespace {

// Appends a column's numbers; the row of the first that is none.
std::optional<size_t> append(const arrow::ColumnView& column, std::vector<double>& out) {
  const size_t begin = out.size();
  if (const auto doubles = column.values<double>(); doubles && !column.has_nulls()) {
    out.insert(out.end(), doubles->begin(), doubles->end());
  } else {
    const bool boolean = column.type().id == arrow::TypeId::kBool;
    for (size_t i = 0; i < column.size(); ++i) {
      if (column.is_null(i)) return i;
      out.push_back(boolean ? (column.as_bool(i) ? 1.0 : 0.0) : column.as_double(i));
    }
  }
  for (size_t i = begin; i < out.size(); ++i)
    if (!std::isfinite(out[i])) return i - begin;
  return std::nullopt;
}

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash64(text); }
};

// Numbers the distinct values of a column, row by row, in the order of their first appearance.
class Numbering {
 public:
  void add(const arrow::ColumnView& column, std::vector<uint32_t>& out) {
    const arrow::Type& type = column.type();
    const bool integer = type.is_integer() || (type.is_temporal() && !type.has_zone);
    for (size_t i = 0; i < column.size(); ++i) {
      if (column.is_null(i)) {
        if (!null_) null_ = next_++;
        out.push_back(*null_);
      } else if (integer) {
        out.push_back(of(integers_, column.as_int(i)));
      } else if (type.is_text()) {
        const std::string_view text = column.string(i);
        const auto found = texts_.find(text);
        out.push_back(found != texts_.end() ? found->second : texts_.emplace(text, next_++).first->second);
      } else {
        out.push_back(of(texts_, column.to_text(i)));
      }
    }
  }

 private:
  template <class Map, class Key>
  uint32_t of(Map& map, Key&& key) {
    const auto [found, added] = map.try_emplace(std::forward<Key>(key), next_);
    if (added) ++next_;
    return found->second;
  }

  std::unordered_map<int64_t, uint32_t> integers_;
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> texts_;
  std::optional<uint32_t> null_;
  uint32_t next_ = 0;
};

// Two numberings as one, numbered anew.
void combine(std::vector<uint32_t>& left, const std::vector<uint32_t>& right) {
  std::unordered_map<uint64_t, uint32_t> pairs;
  pairs.reserve(left.size());
  for (size_t i = 0; i < left.size(); ++i) {
    const uint64_t key = (static_cast<uint64_t>(left[i]) << 32) | right[i];
    left[i] = pairs.try_emplace(key, static_cast<uint32_t>(pairs.size())).first->second;
  }
}

}  // namespace

Result<Table> Table::read(arrow::BatchStream& rows, const Problem& problem, Span query, const CancelToken& cancel) {
  Table table;
  table.schema_ = rows.schema();
  table.numeric_ = problem.numeric;
  table.values_.resize(problem.numeric.size());
  for (;;) {
    TRY(cancel.check());
    auto batch = TRY(rows.next());
    if (!batch) break;
    for (size_t i = 0; i < problem.numeric.size(); ++i) {
      const auto bad = append(batch->column(problem.numeric[i]), table.values_[i]);
      if (!bad) continue;
      return fail(Code::kData,
                  fmt::format("column \"{}\" is {} in row {}", (*table.schema_)[problem.numeric[i]].name,
                              batch->column(problem.numeric[i]).is_null(*bad) ? "NULL" : "not finite",
                              table.rows_ + *bad + 1),
                  "leave such rows out in the query, or replace the value: COALESCE(column, 0)")
          .at(problem.numeric_places[i]);
    }
    table.first_.push_back(table.rows_);
    table.rows_ += batch->rows();
    table.batches_.push_back(*std::move(batch));
    if (table.rows_ > INT32_MAX) return fail(Code::kExhausted, "more rows than a solver takes: 2147483647").at(query);
  }
  if (table.rows_ == 0) {
    return fail(Code::kData, "the query gives no rows: there is nothing to decide", "check its WHERE").at(query);
  }
  return table;
}

std::span<const double> Table::numbers(size_t column) const {
  const auto found = std::ranges::find(numeric_, column);
  CHECK(found != numeric_.end());
  return values_[static_cast<size_t>(found - numeric_.begin())];
}

Grouping Table::group(const std::vector<size_t>& columns) const {
  Grouping out;
  std::vector<uint32_t> more;
  for (size_t k = 0; k < columns.size(); ++k) {
    std::vector<uint32_t>& ids = k == 0 ? out.of_row : more;
    ids.clear();
    ids.reserve(rows_);
    Numbering numbering;
    for (const arrow::Batch& batch : batches_) numbering.add(batch.column(columns[k]), ids);
    if (k > 0) combine(out.of_row, more);
  }
  for (uint32_t row = 0; row < rows_; ++row)
    if (out.of_row[row] == out.first_row.size()) out.first_row.push_back(row);
  return out;
}

std::string Table::label(size_t row, const std::vector<size_t>& columns) const {
  const auto after = std::ranges::upper_bound(first_, row);
  const auto batch = static_cast<size_t>(after - first_.begin()) - 1;
  std::string out;
  for (const size_t column : columns) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{}={}", (*schema_)[column].name, batches_[batch].column(column).to_text(row - first_[batch]));
  }
  return out;
}

}  // namespace sinan::solve
