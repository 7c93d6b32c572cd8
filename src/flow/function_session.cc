#include "flow/function_session.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace sinan::flow {
namespace {

// The text as one line: a column's name.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return line;
}

bool is_about_a_column(const Error& error) {
  return error.code == Code::kProgram && (error.message.starts_with("unknown column") ||
                                          error.message.find("Could not find key") != std::string::npos ||
                                          error.message.find("could not find key") != std::string::npos);
}

// x of: unknown column "x"
std::string_view last_quoted(std::string_view message) {
  const size_t end = message.rfind('"');
  const size_t begin = end == std::string_view::npos || end == 0 ? end : message.rfind('"', end - 1);
  return begin == std::string_view::npos ? std::string_view() : message.substr(begin + 1, end - begin - 1);
}

// Passes rows on; their errors are about the text as it was written.
class PlacedRows final : public arrow::BatchStream {
 public:
  PlacedRows(std::unique_ptr<arrow::BatchStream> rows, ExpandedSql text)
      : text_(std::move(text)), rows_(std::move(rows)) {}
  const std::shared_ptr<const arrow::Schema>& schema() const override { return rows_->schema(); }
  Result<std::optional<arrow::Batch>> next() override {
    auto batch = rows_->next();
    if (!batch.has_value()) return fail(text_.placed(std::move(batch).error()));
    return batch;
  }

 private:
  ExpandedSql text_;
  std::unique_ptr<arrow::BatchStream> rows_;
};

}  // namespace

// The expansion of one text.
class Expansion final : public CallContext {
 public:
  Expansion(std::string_view text, const Registry& registry, const ObjectScope& objects, const engine::Dialect& dialect)
      : text_(text), registry_(registry), objects_(objects), dialect_(dialect) {}

  std::string_view text() const override { return text_; }
  const ObjectScope& objects() const override { return objects_; }
  const engine::Dialect& dialect() const override { return dialect_; }
  Result<std::string> expression(Span place) const override {
    const std::string_view inner = sql::text_of(text_, place);
    auto expanded = expand_functions(inner, registry_, objects_, dialect_);
    if (!expanded) {
      Error error = std::move(expanded).error();
      if (error.span) error.span = Span{error.span->begin + place.begin, error.span->end + place.begin};
      return fail(std::move(error));
    }
    return *expanded ? (*expanded)->sql() : std::string(inner);
  }

  Result<ExpandedSql> run(const std::vector<sql::FunctionCall>& calls) {
    std::vector<Span> unnamed = sql::unnamed_items(text_);
    std::erase_if(unnamed, [&](Span item) {
      return std::ranges::none_of(calls, [&](const sql::FunctionCall& call) {
        return item.begin <= call.whole.begin && call.whole.end <= item.end;
      });
    });
    std::ranges::sort(unnamed, {}, &Span::end);
    if (calls.size() == 1) out_.only_call_ = calls.front().whole;
    size_t item = 0;
    for (const sql::FunctionCall& call : calls) {
      while (item < unnamed.size() && unnamed[item].end <= call.whole.begin) name(unnamed[item++]);
      TRY(put(call));
    }
    while (item < unnamed.size()) name(unnamed[item++]);
    copy_to(static_cast<uint32_t>(text_.size()));
    return std::move(out_);
  }

 private:
  uint32_t size() const { return static_cast<uint32_t>(out_.sql_.size()); }

  void copy_to(uint32_t end) {
    if (end == at_) return;
    out_.sql_ += text_.substr(at_, end - at_);
    at_ = end;
  }

  Status put(const sql::FunctionCall& call) {
    const SqlFunction* function = registry_.find_function(call.function);
    CallExpansion made = TRY(function->expand(call, *this));
    copy_to(call.whole.begin);
    const uint32_t begin = size();
    out_.sql_ += made.sql;
    at_ = call.whole.end;
    // What is between the parts is the call.
    uint32_t last = begin;
    const auto rest = [&](uint32_t end) { out_.parts_.push_back({{last, end}, call.whole, std::nullopt}); };
    for (CallExpansion::Part& part : made.parts) {
      part.in_sql = {part.in_sql.begin + begin, part.in_sql.end + begin};
      rest(part.in_sql.begin);
      last = part.in_sql.end;
      out_.parts_.push_back(std::move(part));
    }
    rest(size());
    return {};
  }

  // The column keeps the name it has as written.
  void name(Span item) {
    copy_to(item.end);
    const uint32_t begin = size();
    out_.sql_ += " AS " + dialect_.identifier(one_line(sql::text_of(text_, item)));
    out_.parts_.push_back({{begin, size()}, {item.end, item.end}, std::nullopt});
  }

  std::string_view text_;
  const Registry& registry_;
  const ObjectScope& objects_;
  const engine::Dialect& dialect_;
  ExpandedSql out_;
  uint32_t at_ = 0;  // of the text: what is before has been put
};

Error ExpandedSql::placed(Error error) const {
  if (!error.span) {
    // A struct's missing field is told without a place, by its name.
    const auto part = std::ranges::find_if(parts_, [&](const CallExpansion::Part& candidate) {
      return candidate.if_unknown && is_about_a_column(error) &&
             last_quoted(candidate.if_unknown->message) == last_quoted(error.message);
    });
    if (part != parts_.end()) return *part->if_unknown;
    error.span = only_call_;
    return error;
  }
  const Span span = *error.span;
  // The last part that begins at or before the place.
  const auto after =
      std::ranges::upper_bound(parts_, span.begin, {}, [](const auto& part) { return part.in_sql.begin; });
  if (after == parts_.begin()) return error;
  const CallExpansion::Part& part = *std::prev(after);
  if (span.begin < part.in_sql.end) {
    if (part.if_unknown && is_about_a_column(error)) {
      Error instead = *part.if_unknown;
      if (error.hint.starts_with("did you mean")) instead.hint = std::move(error.hint);
      return instead;
    }
    error.span = part.in_text;
    return error;
  }
  // Behind a call: as far behind it as in the text.
  const auto back = [&](uint32_t at) { return at - part.in_sql.end + part.in_text.end; };
  error.span = Span{back(span.begin), back(span.end)};
  return error;
}

Result<std::optional<ExpandedSql>> expand_functions(std::string_view text, const Registry& registry,
                                                    const ObjectScope& objects, const engine::Dialect& dialect) {
  const auto& names = registry.function_names();
  const bool may_call = std::ranges::any_of(names, [&](std::string_view name) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
    return std::ranges::search(text, name, same).begin() != text.end();
  });
  if (!may_call) return std::nullopt;
  const auto calls = sql::find_function_calls(text, names);
  if (calls.empty()) return std::nullopt;
  return TRY(Expansion(text, registry, objects, dialect).run(calls));
}

Result<arrow::Schema> FunctionSession::describe(std::string_view sql) {
  const auto expanded = TRY(expand_functions(sql, registry_, objects_, dialect_));
  if (!expanded) return inner_.describe(sql);
  auto schema = inner_.describe(expanded->sql());
  if (!schema) return fail(expanded->placed(std::move(schema).error()));
  return schema;
}

Result<std::unique_ptr<arrow::BatchStream>> FunctionSession::query(std::string_view sql,
                                                                   const engine::QueryOptions& options) {
  auto expanded = TRY(expand_functions(sql, registry_, objects_, dialect_));
  if (!expanded) return inner_.query(sql, options);
  auto rows = inner_.query(expanded->sql(), options);
  if (!rows) return fail(expanded->placed(std::move(rows).error()));
  return std::make_unique<PlacedRows>(*std::move(rows), *std::move(expanded));
}

Result<int64_t> FunctionSession::execute(std::string_view sql) {
  const auto expanded = TRY(expand_functions(sql, registry_, objects_, dialect_));
  if (!expanded) return inner_.execute(sql);
  auto rows = inner_.execute(expanded->sql());
  if (!rows) return fail(expanded->placed(std::move(rows).error()));
  return rows;
}

}  // namespace sinan::flow
