// DuckDB's spelling of SQL. Stateless.
#pragma once

#include "engine/dialect.h"

namespace sinan::engine {

class DuckDbDialect final : public Dialect {
 public:
  std::string_view name() const override { return "duckdb"; }
  std::string_view default_schema() const override { return "main"; }

  std::string identifier(std::string_view name) const override;
  std::string literal(std::string_view text) const override;
  std::string table(const TableName& name) const override;
  std::string type_name(const arrow::Type& type) const override;

  std::string create_table(const TableName& name, const arrow::Schema& schema, bool replace) const override;
  std::string create_table_as(const TableName& name, std::string_view query, bool replace,
                              bool with_data) const override;
  std::string create_temporary_table_as(const TableName& name, std::string_view query) const override;
  std::string create_schema_if_missing(std::string_view schema) const override;
  std::string drop_table_if_exists(const TableName& name) const override;
  std::string limit(std::string_view query, uint64_t rows) const override;
  std::string hashed_share(std::string_view text_expression) const override;
};

}  // namespace sinan::engine
