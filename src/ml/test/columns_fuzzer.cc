// Any text behind COLUMN: an error with a place, or features.
#include <cstddef>
#include <cstdint>
#include <string>

#include "arrow/builder.h"
#include "ml/column_functions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan;
  const std::string program =
      "TO TRAIN m WITH a=1 COLUMN " + std::string(reinterpret_cast<const char*>(data), size) + " LABEL y INTO z";
  const auto clause = sql::parse_clause(program, {0, static_cast<uint32_t>(program.size())});
  if (!clause) return 0;
  const arrow::Schema query{{{"a", arrow::int64_type()},
                             {"b", arrow::double_type()},
                             {"c", arrow::string_type()},
                             {"d", arrow::timestamp_type()},
                             {"y", arrow::int64_type()}}};
  const std::vector<std::string> not_features = {"y"};
  const auto features = ml::read_columns(std::get<sql::Train>(clause->body).columns, query, not_features);
  if (!features && !features.error().span) __builtin_trap();
  return 0;
}
