// What quoted tokens mean: the second half of sql/lexer.h.
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/lexer.h"

namespace sinan::sql {
namespace {

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Reads up to `digits` digits of `base` at text[at]; moves `at` behind them. False when there are none.
bool read_code(std::string_view text, size_t& at, size_t digits, uint32_t base, uint32_t& code) {
  size_t start = at;
  code = 0;
  while (at < text.size() && at - start < digits) {
    char c = text[at];
    char lower = static_cast<char>(c | 0x20);
    uint32_t value = base;
    if (c >= '0' && c <= '9') value = static_cast<uint32_t>(c - '0');
    if (lower >= 'a' && lower <= 'f') value = static_cast<uint32_t>(lower - 'a') + 10;
    if (value >= base) break;
    code = code * base + value;
    ++at;
  }
  return at > start;
}

bool is_scalar_value(uint32_t code) { return code != 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

// Resolves one backslash escape whose letter is text[at]; moves `at` behind it.
void append_escape(std::string& out, std::string_view text, size_t& at) {
  char c = text[at++];
  uint32_t code = 0;
  switch (c) {
    case 'n':
      out += '\n';
      return;
    case 't':
      out += '\t';
      return;
    case 'r':
      out += '\r';
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'x':
    case 'u':
    case 'U': {
      size_t start = at;
      size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      if (read_code(text, at, digits, 16, code) && is_scalar_value(code)) return append_utf8(out, code);
      at = start;
      out += c;
      return;
    }
    default:
      out += c;
  }
}

std::string unquote(std::string_view body, char quote, bool backslash) {
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (backslash && body[i] == '\\' && i + 1 < body.size()) {
      ++i;
      append_escape(out, body, i);
    } else {
      if (body[i] == quote && i + 1 < body.size() && body[i + 1] == quote) ++i;
      out += body[i++];
    }
  }
  return out;
}

// U&'..': \0041 and \+01F600, the backslash doubled stands for itself.
std::string unquote_unicode(std::string_view body, char quote) {
  std::string plain = unquote(body, quote, false);
  std::string out;
  for (size_t i = 0; i < plain.size();) {
    if (plain[i] != '\\') {
      out += plain[i++];
      continue;
    }
    size_t at = i + 1;
    size_t digits = 4;
    if (at < plain.size() && plain[at] == '+') {
      ++at;
      digits = 6;
    }
    uint32_t code = 0;
    if (size_t start = at; read_code(plain, at, digits, 16, code) && at - start == digits && is_scalar_value(code)) {
      append_utf8(out, code);
      i = at;
    } else {
      if (i + 1 < plain.size() && plain[i + 1] == '\\') ++i;
      out += plain[i++];
    }
  }
  return out;
}

}  // namespace

std::string value_of(std::string_view program, const Token& token, Lexing lexing) {
  std::string_view text = text_of(program, token.span);
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuotedName) return std::string(text);
  if (text.front() == '$') {
    size_t delimiter = text.find('$', 1) + 1;
    return std::string(text.substr(delimiter, text.size() - 2 * delimiter));
  }
  size_t open = text.find_first_of("'\"`");
  char quote = text[open];
  std::string_view body = text.substr(open + 1, text.size() - open - 2);
  if (lexing == Lexing::kClause) return unquote(body, quote, token.kind == TokenKind::kString);
  char prefix = open == 0 ? '\0' : static_cast<char>(text[0] | 0x20);
  if (prefix == 'u') return unquote_unicode(body, quote);
  return unquote(body, quote, prefix == 'e');
}

}  // namespace sinan::sql
