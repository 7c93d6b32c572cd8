// FunctionSession: a session that understands the functions which capabilities add to SQL. Each statement's calls are expanded
// before the engine sees it (flow/sql_function.h), and the engine's errors are placed in the text as it was passed in.
//
// Steps and the check of a program have one each. As thread-safe as the session it passes everything on to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "flow/object_scope.h"
#include "flow/registry.h"
#include "flow/sql_function.h"

namespace sinan::flow {

// A text whose calls have been expanded.
class ExpandedSql {
 public:
  const std::string& sql() const { return sql_; }
  // Puts an error about sql() into the text as it was written.
  Error placed(Error error) const;

 private:
  friend class Expansion;
  std::string sql_;
  std::vector<CallExpansion::Part> parts_;  // in order
  std::optional<Span> only_call_;
};

// nullopt: there is no call, the text stays. Errors carry places in the text.
Result<std::optional<ExpandedSql>> expand_functions(std::string_view text, const Registry& registry,
                                                    const ObjectScope& objects, const engine::Dialect& dialect);

class FunctionSession final : public engine::Session {
 public:
  // All must outlive it.
  FunctionSession(engine::Session& inner, const Registry& registry, const ObjectScope& objects,
                  const engine::Dialect& dialect)
      : inner_(inner), registry_(registry), objects_(objects), dialect_(dialect) {}
  FunctionSession(std::unique_ptr<engine::Session> inner, const Registry& registry, const ObjectScope& objects,
                  const engine::Dialect& dialect)
      : owned_(std::move(inner)), inner_(*owned_), registry_(registry), objects_(objects), dialect_(dialect) {}

  Result<arrow::Schema> describe(std::string_view sql) override;
  Result<std::unique_ptr<arrow::BatchStream>> query(std::string_view sql, const engine::QueryOptions& options) override;
  Result<int64_t> execute(std::string_view sql) override;
  Result<int64_t> ingest(const engine::TableName& table, arrow::BatchStream& rows, engine::IngestMode mode) override {
    return inner_.ingest(table, rows, mode);
  }
  Status begin() override { return inner_.begin(); }
  Status commit() override { return inner_.commit(); }
  Status rollback() override { return inner_.rollback(); }
  bool in_transaction() const override { return inner_.in_transaction(); }
  std::string current_schema() override { return inner_.current_schema(); }
  void interrupt() noexcept override { inner_.interrupt(); }
  double progress() const noexcept override { return inner_.progress(); }

 private:
  std::unique_ptr<engine::Session> owned_;
  engine::Session& inner_;
  const Registry& registry_;
  const ObjectScope& objects_;
  const engine::Dialect& dialect_;
};

}  // namespace sinan::flow
