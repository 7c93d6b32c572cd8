#include "flow/foreign_spelling.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::flow {
namespace {

// Each changes one operator or call; a statement with more text used as numbers than this is not one that people write.
constexpr int kMostMends = 200;

void mend(sql::Translation& translation, engine::Session& session) {
  for (int i = 0; i < kMostMends; ++i) {
    const auto schema = session.describe(translation.text);
    if (schema || !schema.error().span) return;
    if (!sql::mend_text_as_number(translation, schema.error().message, *schema.error().span)) return;
  }
}

}  // namespace

Result<std::shared_ptr<const ForeignStatement>> read_as_mysql(const Statement& statement, engine::Session& session) {
  const sql::StatementText& text = statement.text;
  const Span standard = text.has_clause() ? text.standard : text.whole;
  auto translated = TRY(sql::translate_mysql(statement.program, standard));
  sql::Translation translation = translated ? *std::move(translated) : sql::as_written(statement.program, standard);
  mend(translation, session);
  if (translation.notes.empty()) return nullptr;

  if (text.has_clause()) {
    // The blanks before the clause, and the clause.
    const Span rest{text.standard.end, text.clause.end};
    const auto begin = static_cast<uint32_t>(translation.text.size());
    translation.text += statement.program.substr(rest.begin, rest.end - rest.begin);
    translation.pieces.push_back({begin, static_cast<uint32_t>(translation.text.size()), rest, true});
  }
  const auto parts = sql::split(translation.text);
  if (!parts || parts->size() != 1) return nullptr;

  auto foreign = std::make_shared<ForeignStatement>();
  foreign->statement.text = parts->front();
  foreign->program = translation.text;
  foreign->translation = std::move(translation);
  foreign->statement.program = foreign->program;
  foreign->statement.index = statement.index;
  foreign->statement.translation = &foreign->translation;
  return foreign;
}

std::string describe(const sql::Translation& translation) {
  constexpr size_t kMost = 5;
  std::vector<std::string> notes(
      translation.notes.begin(),
      translation.notes.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, translation.notes.size())));
  std::string text = "read as MySQL: " + join(notes, "; ");
  if (translation.notes.size() > kMost) text += fmt::format("; and {} more", translation.notes.size() - kMost);
  return text;
}

}  // namespace sinan::flow
