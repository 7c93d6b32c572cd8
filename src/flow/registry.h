// Registry: everything capabilities add. A capability exposes one function, `void register_<room>(flow::Registry&)`; the
// program calls all of them once (app/capabilities.cc), then the registry is read-only and thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow/sql_function.h"
#include "flow/statement_kind.h"

namespace sinan::flow {

// A line of `sinan doctor`: something this build can do here, or why not and how to get it.
struct DoctorFinding {
  std::string name;  // "XGBoost 3.4.1"
  bool works = false;
  std::string detail;        // version, path
  std::string remedy;        // when it does not work
  bool is_optional = false;  // its absence is no problem
};

// Words the prompt can complete inside a statement: estimators after TO TRAIN, attribute names after WITH, ...
struct CompletionRequest {
  std::string_view statement;  // text up to the cursor
  std::string_view word;       // the unfinished word
};

class Registry {
 public:
  template <class... Kinds>
  void statements() {
    (add(std::make_unique<Kinds>()), ...);
  }
  void add(std::unique_ptr<StatementKind> kind);         // CHECK: phrases are unique
  void function(std::unique_ptr<SqlFunction> function);  // CHECK: names are unique
  void doctor(std::function<std::vector<DoctorFinding>()> check);
  void completion(std::function<std::vector<std::string>(const CompletionRequest&)> complete);
  // What must be repaired or removed when a project is opened.
  void on_open(std::function<Status(const std::filesystem::path& project_folder, const catalog::Catalog&)> action);

  // The kind with the longest phrase that matches the clause's or the statement's first words; null = plain SQL.
  const StatementKind* find(const Statement& statement) const;
  const std::vector<std::unique_ptr<StatementKind>>& kinds() const { return kinds_; }
  // The function of plain SQL with that name, in lower case; null = none of ours.
  const SqlFunction* find_function(std::string_view name) const;
  const std::vector<std::unique_ptr<SqlFunction>>& functions() const { return functions_; }
  const std::vector<std::string_view>& function_names() const { return function_names_; }
  std::vector<DoctorFinding> run_doctor() const;
  std::vector<std::string> complete(const CompletionRequest& request) const;
  Status opened(const std::filesystem::path& project_folder, const catalog::Catalog& catalog) const;

 private:
  std::vector<std::unique_ptr<StatementKind>> kinds_;
  std::vector<std::unique_ptr<SqlFunction>> functions_;
  std::vector<std::string_view> function_names_;
  std::vector<std::function<std::vector<DoctorFinding>()>> doctors_;
  std::vector<std::function<std::vector<std::string>(const CompletionRequest&)>> completions_;
  std::vector<std::function<Status(const std::filesystem::path&, const catalog::Catalog&)>> on_open_;
};

}  // namespace sinan::flow
