// Any bytes: statements lie in order, clauses lie behind the SQL they follow, and a prompt's question has an answer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sql/splitter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::sql;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)is_complete(text);
  auto statements = split(text);
  if (!statements) return 0;
  uint32_t last = 0;
  for (const StatementText& statement : *statements) {
    if (statement.whole.begin < last || statement.whole.end <= statement.whole.begin) std::abort();
    if (statement.standard.begin != statement.whole.begin || statement.standard.end > statement.whole.end) std::abort();
    if (statement.has_clause() &&
        (statement.clause.begin < statement.standard.end || statement.clause.end != statement.whole.end)) {
      std::abort();
    }
    if (statement.misplaced_clause) (void)misplaced_clause_error(text, statement);
    last = statement.whole.end;
  }
  if (last > size) std::abort();
  return 0;
}
