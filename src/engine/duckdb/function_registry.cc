#include "engine/duckdb/function_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "engine/duckdb/function_call.h"
#include "engine/duckdb/handles.h"

namespace sinan::engine {
namespace {

constexpr std::string_view kErrorMark = "sinan function error ";
// Several threads of a statement may fail, and one error is fetched: the others wait for their function's end, if there
// are not more than these.
constexpr size_t kMostErrors = 1000;

// Where the text stands in the SQL as a literal, if it does so once.
std::optional<Span> only_literal(std::string_view sql, std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
  literal += '\'';
  const size_t at = sql.find(literal);
  if (at == std::string_view::npos || sql.find(literal, at + 1) != std::string_view::npos) return std::nullopt;
  return Span{static_cast<uint32_t>(at), static_cast<uint32_t>(at + literal.size())};
}

}  // namespace

arrow::Type value_type(const arrow::Schema& result) {
  if (result.size() == 1) return result[0].type;
  arrow::Type type(arrow::TypeId::kStruct);
  type.children = result.fields;
  return type;
}

Result<FunctionHandle> FunctionRegistry::add(std::shared_ptr<const ScalarFunction> function) {
  CHECK(function->result()->size() > 0);
  const std::lock_guard lock(mutex_);
  std::string name = TRY(name_for(value_type(*function->result())));
  const uint64_t number = next_++;
  functions_.emplace(number, std::move(function));
  return FunctionHandle(std::move(name), number, [this, number] { remove(number); });
}

// Under mutex_: two threads must not make one name.
Result<std::string> FunctionRegistry::name_for(const arrow::Type& result) {
  const auto known = std::ranges::find(names_, result, [](const auto& entry) { return entry.first; });
  if (known != names_.end()) return known->second;
  std::string name = fmt::format("sinan_function_{}", names_.size() + 1);
  TRY(register_function(database_, name, result, *this, nullptr));
  names_.emplace_back(result, name);
  return name;
}

Status FunctionRegistry::publish(const std::string& name, const arrow::Type& result, FunctionFinder find) {
  CHECK(find != nullptr);
  return register_function(database_, name, result, *this, std::move(find));
}

std::string FunctionRegistry::field(std::string_view expression, size_t i) const {
  return fmt::format("struct_extract_at({}, {})", expression, i + 1);
}

std::shared_ptr<const ScalarFunction> FunctionRegistry::find(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = functions_.find(number);
  return found == functions_.end() ? nullptr : found->second;
}

void FunctionRegistry::remove(uint64_t number) {
  std::shared_ptr<const ScalarFunction> last;  // destroyed without the lock: it may be large
  const std::lock_guard lock(mutex_);
  std::erase_if(errors_, [&](const auto& entry) { return entry.second.function == number; });
  if (const auto found = functions_.find(number); found != functions_.end()) {
    last = std::move(found->second);
    functions_.erase(found);
  }
}

std::string FunctionRegistry::keep_error(uint64_t number, std::string_view name, Error error) {
  const std::lock_guard lock(mutex_);
  // A published function has no end at which those that nobody fetched are forgotten.
  if (number == 0 && errors_.size() >= kMostErrors) errors_.erase(errors_.begin());
  if (number != 0 && (errors_.size() >= kMostErrors || !functions_.contains(number))) return error.message;
  errors_.emplace(next_error_, KeptError{number, std::string(name), std::move(error)});
  return fmt::format("{}{}", kErrorMark, next_error_++);
}

std::optional<Error> FunctionRegistry::take_error(std::string_view text, std::string_view sql) {
  const size_t mark = text.find(kErrorMark);
  if (mark == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* begin = text.data() + mark + kErrorMark.size();
  if (std::from_chars(begin, text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  auto entry = errors_.extract(number);
  if (entry.empty()) return std::nullopt;
  KeptError& kept = entry.mapped();
  if (!kept.error.span && !kept.name.empty()) kept.error.span = only_literal(sql, kept.name);
  return std::move(kept.error);
}

}  // namespace sinan::engine
