#include "sql/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sinan::sql {
namespace {

enum CharClass : uint8_t { kOther = 0, kBlank = 1, kLetter = 2, kDigit = 4, kOperatorChar = 8, kWide = 16 };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  for (char c : {' ', '\t', '\n', '\r', '\f', '\v'}) classes[static_cast<unsigned char>(c)] = kBlank;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = kLetter;
  for (size_t c = 'A'; c <= 'Z'; ++c) classes[c] = kLetter;
  classes['_'] = kLetter;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  for (char c : std::string_view("+-*/<>=~!@#%^&|:")) classes[static_cast<unsigned char>(c)] = kOperatorChar;
  for (size_t c = 128; c < 256; ++c) classes[c] = kWide;
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();

uint8_t class_of_char(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The blank characters beyond ASCII that come along when a program is pasted: no-break, typographic, ideographic, BOM.
bool is_wide_blank(std::string_view character) {
  static constexpr std::string_view kBlanks[] = {"\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
                                                 "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
                                                 "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff"};
  return std::ranges::find(kBlanks, character) != std::end(kBlanks);
}

struct Operator {
  std::string_view text;
  Symbol symbol;
};

// Operators of several characters, longest first; any other operator character is one by itself.
constexpr Operator kOperators[] = {
    {"!~~*", Symbol::kOperator},   {"->>", Symbol::kOperator}, {"<=>", Symbol::kOperator},   {"<->", Symbol::kOperator},
    {"<#>", Symbol::kOperator},    {"!~~", Symbol::kOperator}, {"~~~", Symbol::kOperator},   {"~~*", Symbol::kOperator},
    {"!~*", Symbol::kOperator},    {"#>>", Symbol::kOperator}, {"->", Symbol::kArrow},       {"=>", Symbol::kFatArrow},
    {"==", Symbol::kEqual},        {"<>", Symbol::kNotEqual},  {"!=", Symbol::kNotEqual},    {"<=", Symbol::kLessEqual},
    {">=", Symbol::kGreaterEqual}, {"||", Symbol::kConcat},    {"::", Symbol::kDoubleColon}, {":=", Symbol::kAssign},
    {"<<", Symbol::kOperator},     {">>", Symbol::kOperator},  {"<@", Symbol::kOperator},    {"@>", Symbol::kOperator},
    {"^@", Symbol::kOperator},     {"&&", Symbol::kOperator},  {"**", Symbol::kOperator},    {"//", Symbol::kOperator},
    {"~~", Symbol::kOperator},     {"!~", Symbol::kOperator},  {"~*", Symbol::kOperator},    {"#>", Symbol::kOperator},
};

Symbol single_symbol(char c) {
  switch (c) {
    case '(':
      return Symbol::kLeftParen;
    case ')':
      return Symbol::kRightParen;
    case '[':
      return Symbol::kLeftBracket;
    case ']':
      return Symbol::kRightBracket;
    case '{':
      return Symbol::kLeftBrace;
    case '}':
      return Symbol::kRightBrace;
    case ',':
      return Symbol::kComma;
    case ';':
      return Symbol::kSemicolon;
    case '.':
      return Symbol::kDot;
    case ':':
      return Symbol::kColon;
    case '*':
      return Symbol::kStar;
    case '+':
      return Symbol::kPlus;
    case '-':
      return Symbol::kMinus;
    case '/':
      return Symbol::kSlash;
    case '%':
      return Symbol::kPercent;
    case '=':
      return Symbol::kEqual;
    case '<':
      return Symbol::kLess;
    case '>':
      return Symbol::kGreater;
    default:
      return Symbol::kOperator;
  }
}

}  // namespace

Lexer::Lexer(std::string_view program, Span part, Lexing lexing)
    : text_(program.substr(0, kMaxProgramBytes)),
      pos_(std::min(part.begin, static_cast<uint32_t>(text_.size()))),
      end_(std::clamp(part.end, pos_, static_cast<uint32_t>(text_.size()))),
      lexing_(lexing) {}

Lexer::Lexer(std::string_view program, Lexing lexing)
    : Lexer(program, Span{0, static_cast<uint32_t>(std::min(program.size(), kMaxProgramBytes))}, lexing) {}

void Lexer::continue_at(uint32_t offset, Lexing lexing) {
  pos_ = std::min(offset, end_);
  lexing_ = lexing;
}

Token Lexer::next() {
  Token problem;
  if (!skip_blanks(problem)) return problem;
  if (pos_ == end_) return token(TokenKind::kEnd, pos_);
  if (lexing_ == Lexing::kClause) return clause();
  const bool is_mysql_string = lexing_ == Lexing::kMySql && (text_[pos_] == '\'' || text_[pos_] == '"');
  return is_mysql_string ? quoted(pos_, pos_, TokenKind::kString, true) : standard();
}

// Stays at `begin`, so that the next call fails again.
Token Lexer::failed(uint32_t begin, uint32_t end, std::string_view message, std::string_view hint) {
  pos_ = begin;
  error_ = Error{Code::kProgram, std::string(message), std::string(hint), Span{begin, end}, {}};
  return Token{{begin, end}, TokenKind::kError};
}

Token Lexer::never_closed(uint32_t begin, uint32_t end, std::string_view message, std::string_view hint) {
  unclosed_ = true;
  return failed(begin, end, message, hint);
}

Token Lexer::bad_byte(uint32_t offset) {
  return failed(offset, offset + 1, "the program is not valid UTF-8", "save the file as UTF-8");
}

// The end of the UTF-8 character at `at`; `at` itself when the bytes are not valid UTF-8.
uint32_t Lexer::character_end(uint32_t at_byte) const {
  auto byte = [&](uint32_t i) { return static_cast<unsigned char>(at(at_byte + i)); };
  auto follows = [&](uint32_t i) { return (byte(i) & 0xC0) == 0x80; };
  unsigned char first = byte(0);
  if (first < 0x80) return at_byte + 1;
  if (first >= 0xC2 && first <= 0xDF && follows(1)) return at_byte + 2;
  if (first >= 0xE0 && first <= 0xEF && follows(1) && follows(2)) {
    bool overlong = first == 0xE0 && byte(1) < 0xA0;
    bool surrogate = first == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? at_byte : at_byte + 3;
  }
  if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) {
    bool overlong = first == 0xF0 && byte(1) < 0x90;
    bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return overlong || too_large ? at_byte : at_byte + 4;
  }
  return at_byte;
}

// False when a comment is not closed or a byte is bad; `problem` is then the error token.
bool Lexer::skip_blanks(Token& problem) {
  while (pos_ < end_) {
    char c = text_[pos_];
    if (class_of_char(c) == kBlank) {
      ++pos_;
    } else if ((c == '-' && at(pos_ + 1) == '-') || (c == '#' && lexing_ == Lexing::kMySql)) {
      while (pos_ < end_ && text_[pos_] != '\n') {
        uint32_t next = character_end(pos_);
        if (next == pos_) {
          problem = bad_byte(pos_);
          return false;
        }
        pos_ = next;
      }
    } else if (c == '/' && at(pos_ + 1) == '*') {
      uint32_t begin = pos_;
      uint32_t depth = 0;
      do {
        if (pos_ >= end_) {
          problem = never_closed(begin, begin + 2, "comment is never closed", "add */ (comments nest)");
          return false;
        }
        if (text_[pos_] == '/' && at(pos_ + 1) == '*') {
          ++depth;
          pos_ += 2;
        } else if (text_[pos_] == '*' && at(pos_ + 1) == '/') {
          --depth;
          pos_ += 2;
        } else if (uint32_t next = character_end(pos_); next == pos_) {
          problem = bad_byte(pos_);
          return false;
        } else {
          pos_ = next;
        }
      } while (depth > 0);
    } else if (class_of_char(c) == kWide) {
      uint32_t next = character_end(pos_);
      if (next == pos_) {
        problem = bad_byte(pos_);
        return false;
      }
      if (!is_wide_blank(text_.substr(pos_, next - pos_))) return true;
      pos_ = next;
    } else {
      return true;
    }
  }
  return true;
}

// A quoted token from `begin` whose quote character is at `open`.
Token Lexer::quoted(uint32_t begin, uint32_t open, TokenKind kind, bool backslash) {
  char quote = text_[open];
  uint32_t i = open + 1;
  while (i < end_) {
    char c = text_[i];
    if (c == quote) {
      if (at(i + 1) != quote) {
        pos_ = i + 1;
        return token(kind, begin);
      }
      i += 2;
    } else if (c == '\\' && backslash) {
      ++i;
      if (i >= end_) break;
      uint32_t next = character_end(i);
      if (next == i) return bad_byte(i);
      i = next;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      ++i;
    } else {
      uint32_t next = character_end(i);
      if (next == i) return bad_byte(i);
      i = next;
    }
  }
  bool string = kind == TokenKind::kString;
  return never_closed(begin, open + 1, string ? "string is never closed" : "quoted name is never closed",
                      fmt::format("add the closing {}", quote));
}

Token Lexer::standard() {
  uint32_t begin = pos_;
  char c = text_[pos_];
  switch (c) {
    case '\'':
      return quoted(begin, begin, TokenKind::kString, false);
    case '"':
    case '`':
      return quoted(begin, begin, TokenKind::kQuotedName, false);
    case '$':
      return dollar(begin);
    case '?':
      ++pos_;
      while (is_digit(at(pos_))) ++pos_;
      return token(TokenKind::kParameter, begin);
    default:
      break;
  }
  uint8_t char_class = class_of_char(c);
  if ((char_class & (kLetter | kWide)) != 0) {
    char following = at(pos_ + 1);
    char lower = static_cast<char>(c | 0x20);
    if (following == '\'') {
      if (lower == 'e') return quoted(begin, begin + 1, TokenKind::kString, true);
      if (lower == 'x' || lower == 'b' || lower == 'n') return quoted(begin, begin + 1, TokenKind::kString, false);
    } else if (following == '&' && lower == 'u') {
      if (at(pos_ + 2) == '\'') return quoted(begin, begin + 2, TokenKind::kString, false);
      if (at(pos_ + 2) == '"') return quoted(begin, begin + 2, TokenKind::kQuotedName, false);
    }
    return word(begin);
  }
  if (char_class == kDigit || (c == '.' && is_digit(at(pos_ + 1)))) return number(begin);
  if ((c == '@' || c == '#') && ((class_of_char(at(pos_ + 1)) & (kLetter | kDigit)) != 0)) {
    ++pos_;
    while (pos_ < end_ && (class_of_char(text_[pos_]) & (kLetter | kDigit)) != 0) ++pos_;
    return token(TokenKind::kParameter, begin);
  }
  return symbol(begin);
}

Token Lexer::clause() {
  uint32_t begin = pos_;
  char c = text_[pos_];
  if (c == '\'' || c == '"') return quoted(begin, begin, TokenKind::kString, true);
  if (c == '`') return quoted(begin, begin, TokenKind::kQuotedName, false);
  uint8_t char_class = class_of_char(c);
  if ((char_class & (kLetter | kWide)) != 0) return clause_word(begin);
  if (char_class == kDigit || (c == '.' && is_digit(at(pos_ + 1)))) return number(begin);
  return symbol(begin);
}

Token Lexer::word(uint32_t begin) {
  bool ascii = true;
  // Nearly all words are ASCII letters and digits: the loop keeps to registers.
  const char* at_char = text_.data() + pos_;
  const char* end_char = text_.data() + end_;
  while (at_char < end_char && (class_of_char(*at_char) & (kLetter | kDigit)) != 0) ++at_char;
  pos_ = static_cast<uint32_t>(at_char - text_.data());
  while (pos_ < end_) {
    uint8_t char_class = class_of_char(text_[pos_]);
    if ((char_class & (kLetter | kDigit)) != 0 || (text_[pos_] == '$' && pos_ > begin)) {
      ++pos_;
    } else if (char_class == kWide) {
      uint32_t next = character_end(pos_);
      if (next == pos_) return bad_byte(pos_);
      if (is_wide_blank(text_.substr(pos_, next - pos_))) break;
      pos_ = next;
      ascii = false;
    } else {
      break;
    }
  }
  Token result = token(TokenKind::kWord, begin);
  if (ascii) result.keyword = find_keyword(text_of(text_, result.span));
  return result;
}

// A name of the clause: letters, digits and `_ / : - .`; a comment ends it.
Token Lexer::clause_word(uint32_t begin) {
  while (pos_ < end_) {
    char c = text_[pos_];
    uint8_t char_class = class_of_char(c);
    if ((c == '-' && at(pos_ + 1) == '-') || (c == '/' && at(pos_ + 1) == '*')) break;
    const bool names_alias = c == '@' && (class_of_char(at(pos_ + 1)) & (kLetter | kDigit)) != 0;  // zoo.m@prod
    if ((char_class & (kLetter | kDigit)) != 0 || c == '/' || c == ':' || c == '-' || c == '.' || names_alias) {
      ++pos_;
    } else if (char_class == kWide) {
      uint32_t next = character_end(pos_);
      if (next == pos_) return bad_byte(pos_);
      if (is_wide_blank(text_.substr(pos_, next - pos_))) break;
      pos_ = next;
    } else {
      break;
    }
  }
  return token(TokenKind::kWord, begin);
}

Token Lexer::number(uint32_t begin) {
  char marker = static_cast<char>(at(pos_ + 1) | 0x20);
  if (text_[pos_] == '0' && (marker == 'x' || marker == 'b' || marker == 'o') && is_hex_digit(at(pos_ + 2))) {
    pos_ += 2;
    while (is_hex_digit(at(pos_)) || at(pos_) == '_') ++pos_;
    return token(TokenKind::kNumber, begin);
  }
  auto digits = [&] {
    while (is_digit(at(pos_)) || (at(pos_) == '_' && is_digit(at(pos_ + 1)))) ++pos_;
  };
  digits();
  if (at(pos_) == '.' && at(pos_ + 1) != '.') {
    ++pos_;
    digits();
  }
  if (at(pos_) == 'e' || at(pos_) == 'E') {
    uint32_t sign = at(pos_ + 1) == '+' || at(pos_ + 1) == '-' ? 1 : 0;
    if (is_digit(at(pos_ + 1 + sign))) {
      pos_ += 1 + sign;
      digits();
    }
  }
  return token(TokenKind::kNumber, begin);
}

// $1, $name, or a string $tag$..$tag$.
Token Lexer::dollar(uint32_t begin) {
  uint32_t i = begin + 1;
  while (i < end_ && (class_of_char(text_[i]) & (kLetter | kDigit | kWide)) != 0) ++i;
  if (at(i) == '$' && !is_digit(at(begin + 1))) {
    std::string_view delimiter = text_.substr(begin, i + 1 - begin);
    size_t close = text_.substr(0, end_).find(delimiter, i + 1);
    if (close == std::string_view::npos) {
      return never_closed(begin, i + 1, "string is never closed", fmt::format("add the closing {}", delimiter));
    }
    for (uint32_t at_byte = begin; at_byte < close;) {
      uint32_t next = character_end(at_byte);
      if (next == at_byte) return bad_byte(at_byte);
      at_byte = next;
    }
    pos_ = static_cast<uint32_t>(close + delimiter.size());
    return token(TokenKind::kString, begin);
  }
  for (uint32_t at_byte = begin; at_byte < i;) {
    uint32_t next = character_end(at_byte);
    if (next == at_byte) return bad_byte(at_byte);
    at_byte = next;
  }
  pos_ = i;
  return token(i == begin + 1 ? TokenKind::kSymbol : TokenKind::kParameter, begin);
}

Token Lexer::symbol(uint32_t begin) {
  char c = text_[begin];
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
    return failed(begin, begin + 1, fmt::format("control character in the program: byte {}", static_cast<int>(c)),
                  "remove it");
  }
  Symbol symbol = single_symbol(c);
  pos_ = begin + 1;
  if (class_of_char(c) == kOperatorChar && (class_of_char(at(pos_)) == kOperatorChar)) {
    std::string_view rest = text_.substr(begin, end_ - begin);
    for (const Operator& candidate : kOperators) {
      if (!rest.starts_with(candidate.text)) continue;
      symbol = candidate.symbol;
      pos_ = begin + static_cast<uint32_t>(candidate.text.size());
      break;
    }
  }
  Token result = token(TokenKind::kSymbol, begin);
  result.symbol = symbol;
  return result;
}

Result<std::vector<Token>> lex(std::string_view program, Span part, Lexing lexing) {
  if (program.size() > kMaxProgramBytes) return fail(Code::kProgram, "program is longer than 1 GiB", "split the file");
  std::vector<Token> tokens;
  tokens.reserve((part.end - std::min(part.begin, part.end)) / 4 + 8);
  Lexer lexer(program, part, lexing);
  for (;;) {
    Token token = lexer.next();
    if (token.kind == TokenKind::kError) return fail(lexer.take_error());
    tokens.push_back(token);
    if (token.kind == TokenKind::kEnd) return tokens;
  }
}

}  // namespace sinan::sql
