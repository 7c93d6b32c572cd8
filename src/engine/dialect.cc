#include "engine/dialect.h"

#include "base/strings.h"

namespace sinan::engine {

Result<TableName> TableName::from_parts(const std::vector<std::string>& parts) {
  if (parts.empty() || parts.size() > 3) {
    return fail(Code::kProgram, "a table name has one to three parts: " + join(parts, "."),
                "write table, schema.table or catalog.schema.table");
  }
  for (const std::string& part : parts) {
    if (part.empty()) return fail(Code::kProgram, "a part of the table name is empty: " + join(parts, "."));
  }
  const size_t n = parts.size();
  return TableName{n > 2 ? parts[n - 3] : "", n > 1 ? parts[n - 2] : "", parts[n - 1]};
}

std::string TableName::canonical(std::string_view default_schema) const {
  std::string text;
  if (!catalog.empty()) text = to_lower(catalog) + ".";
  text += schema.empty() ? to_lower(default_schema) : to_lower(schema);
  return text + "." + to_lower(table);
}

std::string TableName::to_string() const {
  std::string text;
  if (!catalog.empty()) text = catalog + ".";
  if (!schema.empty()) text += schema + ".";
  return text + table;
}

}  // namespace sinan::engine
