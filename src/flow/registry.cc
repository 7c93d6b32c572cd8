#include "flow/registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "flow/phrase.h"
#include "sql/lexer.h"

namespace sinan::flow {

void Registry::add(std::unique_ptr<StatementKind> kind) {
  for (const auto& other : kinds_) CHECK(!equals_ignore_case(other->phrase(), kind->phrase()));
  kinds_.push_back(std::move(kind));
}

void Registry::function(std::unique_ptr<SqlFunction> function) {
  for (const std::string_view name : function->names()) {
    CHECK(find_function(name) == nullptr);
    function_names_.push_back(name);
  }
  functions_.push_back(std::move(function));
}

const SqlFunction* Registry::find_function(std::string_view name) const {
  for (const auto& function : functions_) {
    if (std::ranges::find(function->names(), name) != function->names().end()) return function.get();
  }
  return nullptr;
}

void Registry::doctor(std::function<std::vector<DoctorFinding>()> check) { doctors_.push_back(std::move(check)); }

void Registry::completion(std::function<std::vector<std::string>(const CompletionRequest&)> complete) {
  completions_.push_back(std::move(complete));
}

void Registry::on_open(std::function<Status(const std::filesystem::path&, const catalog::Catalog&)> action) {
  on_open_.push_back(std::move(action));
}

const StatementKind* Registry::find(const Statement& statement) const {
  const Span part = statement.text.has_clause() ? statement.text.clause : statement.text.whole;
  const std::string words = leading_words(statement.program, part);
  const StatementKind* best = nullptr;
  for (const auto& kind : kinds_) {
    const std::string_view phrase = kind->phrase();
    if (begins_with_phrase(words, phrase) && (best == nullptr || phrase.size() > best->phrase().size()))
      best = kind.get();
  }
  return best;
}

std::vector<DoctorFinding> Registry::run_doctor() const {
  std::vector<DoctorFinding> findings;
  for (const auto& check : doctors_) {
    auto found = check();
    std::ranges::move(found, std::back_inserter(findings));
  }
  return findings;
}

std::vector<std::string> Registry::complete(const CompletionRequest& request) const {
  std::vector<std::string> words;
  for (const auto& complete : completions_) {
    auto found = complete(request);
    std::ranges::move(found, std::back_inserter(words));
  }
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Status Registry::opened(const std::filesystem::path& project_folder, const catalog::Catalog& catalog) const {
  for (const auto& action : on_open_) TRY(action(project_folder, catalog));
  return {};
}

}  // namespace sinan::flow
