#include "app/completion_names.h"

#include <string>

namespace sinan::app {

CompletionNames completion_names(flow::Project& project, std::string_view before_cursor) {
  CompletionNames names;
  if (const auto tables = project.engine().tables()) {
    for (const engine::TableInfo& table : *tables) {
      if (table.name.schema.starts_with("__")) continue;  // Sinan's own
      CompletionNames::Table entry;
      for (const std::string& part : {table.name.schema, table.name.table}) {
        if (!part.empty()) entry.name += (entry.name.empty() ? "" : ".") + part;
      }
      for (const arrow::Field& field : table.columns) entry.columns.push_back(field.name);
      names.tables.push_back(std::move(entry));
    }
  }
  if (const auto models = project.catalog().objects(object_kind::kModel)) {
    for (const catalog::ObjectVersion& model : *models) names.models.push_back(model.ref.name);
  }
  for (const auto& kind : project.registry().kinds()) names.phrases.emplace_back(kind->phrase());
  names.others = project.registry().complete({.statement = before_cursor, .word = word_before_cursor(before_cursor)});
  for (const std::string_view function : project.registry().function_names()) names.others.emplace_back(function);
  return names;
}

}  // namespace sinan::app
