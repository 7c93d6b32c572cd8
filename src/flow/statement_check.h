// The CheckContext that the checker gives to a statement kind.
#pragma once

#include "flow/checker.h"

namespace sinan::flow {

class StatementCheck final : public CheckContext {
 public:
  StatementCheck(Checker& checker, const Statement& statement) : checker_(checker), statement_(statement) {}

  Result<std::optional<arrow::Schema>> describe(std::string_view query, Span place) override;
  Access analyze(std::string_view query, Span place) override;
  sql::Analysis analysis(std::string_view query, Span place) override;
  Result<ObjectRef> will_write_table(std::string_view name, const std::optional<arrow::Schema>& schema,
                                     Span place) override;
  Result<ObjectRef> will_write_query(std::string_view name, const arrow::Schema& schema, std::string_view query,
                                     Span place) override;
  void will_create(const ObjectRef& ref, std::shared_ptr<const PlannedObject> object) override;
  void will_drop(const ObjectRef& ref) override;
  std::shared_ptr<const PlannedObject> planned(const ObjectRef& ref) const override { return checker_.planned(ref); }
  bool dropped(const ObjectRef& ref) const override { return checker_.dropped(ref); }
  std::vector<std::string> known_names(std::string_view kind) const override { return checker_.known_names(kind); }
  std::string column_hint(std::string_view column, const arrow::Schema& query) const override;
  const catalog::Catalog& catalog() const override { return checker_.project_.catalog(); }
  const engine::Engine& engine() const override { return checker_.project_.engine(); }
  const std::filesystem::path& project_folder() const override { return checker_.project_.folder(); }
  const Statement& statement() const override { return statement_; }
  void warn(std::string message, Span place) override;

  // The error that check() returned is the consequence of one reported already.
  bool follows() const { return follows_; }

 private:
  // `query` may be empty.
  Result<ObjectRef> will_write(std::string_view name, const arrow::Schema* schema, std::string_view query, Span place);
  // Whether the text stands in the program at `place`.
  bool stands_at(std::string_view query, Span place) const;

  Checker& checker_;
  const Statement& statement_;
  bool follows_ = false;
};

// Puts an error about `sql` into the program: `place` is where that text stands, or what it came from.
Error placed(Error error, bool stands, Span place);

}  // namespace sinan::flow
