#include "app/error_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/cell_text.h"
#include "app/screen.h"
#include "base/json.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

// A source line as columns on the screen: tabs become blanks, controls one mark each, so that a byte offset has a column.
struct ScreenLine {
  struct Piece {
    size_t byte;  // where it begins in the source line
    std::string text;
    size_t columns;
  };
  std::vector<Piece> pieces;
};

constexpr size_t kTab = 4;

// Controls have no width, so a prefix by width may swallow them: where the first one stands behind the first character.
size_t next_control(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x80 || is_c1) return i;
  }
  return text.size();
}

ScreenLine lay_out(std::string_view line, bool unicode) {
  ScreenLine result;
  size_t column = 0;
  for (size_t i = 0; i < line.size();) {
    const auto byte = static_cast<unsigned char>(line[i]);
    ScreenLine::Piece piece{.byte = i, .text = {}, .columns = 1};
    size_t length = 1;
    if (byte == '\t') {
      piece.columns = kTab - column % kTab;
      piece.text.assign(piece.columns, ' ');
    } else if (byte < 0x20 || byte == 0x7f) {
      piece.text = unicode ? "·" : ".";
    } else if (byte < 0x80) {
      piece.text = line[i];
    } else {
      // The cluster at i: the shortest prefix that display_prefix() admits.
      std::string_view cluster = display_prefix(line.substr(i), 1);
      if (cluster.empty()) cluster = display_prefix(line.substr(i), 2);
      cluster = cluster.substr(0, next_control(cluster));
      length = std::max<size_t>(cluster.size(), 1);
      piece.columns = display_width(cluster);
      const bool is_c1 = cluster.size() == 2 && cluster[0] == '\xc2' && static_cast<unsigned char>(cluster[1]) < 0xa0;
      if (is_c1 || find_invalid_utf8(cluster)) {
        piece.columns = std::max<size_t>(piece.columns, 1);
        piece.text.assign(piece.columns, '?');
      } else {
        piece.text = cluster;
      }
    }
    column += piece.columns;
    i += length;
    result.pieces.push_back(std::move(piece));
  }
  return result;
}

struct Place {
  std::string_view line;
  size_t begin = 0;  // bytes of the line
  size_t end = 0;
  bool goes_on = false;  // on the next line
};

Place place_of(std::string_view program, Span span) {
  const size_t begin = std::min<size_t>(span.begin, program.size());
  const size_t before = begin == 0 ? std::string_view::npos : program.rfind('\n', begin - 1);
  const size_t line_begin = before == std::string_view::npos ? 0 : before + 1;
  const size_t line_end = std::min(program.find('\n', begin), program.size());
  Place place;
  place.line = program.substr(line_begin, line_end - line_begin);
  if (place.line.ends_with('\r')) place.line.remove_suffix(1);
  place.begin = begin - line_begin;
  place.goes_on = span.end > line_end + 1;
  place.end = std::clamp<size_t>(span.end < line_begin ? 0 : span.end - line_begin, place.begin, place.line.size());
  return place;
}

struct Excerpt {
  std::string source;
  std::string marks;
};

Excerpt excerpt(const Place& place, size_t width, bool unicode) {
  const std::vector<ScreenLine::Piece> pieces = lay_out(place.line, unicode).pieces;
  const std::string_view dots = unicode ? "…" : "...";
  size_t first = 0, total = 0, before_place = 0, in_place = 0;
  for (const ScreenLine::Piece& piece : pieces) {
    total += piece.columns;
    if (piece.byte < place.begin)
      before_place += piece.columns;
    else if (piece.byte < place.end)
      in_place += piece.columns;
  }
  // A line too long begins a third of the width before the place.
  const size_t lead = width / 3;
  size_t skipped = 0;
  if (total > width && before_place + std::min(in_place, width / 2) > width - 2) {
    while (first < pieces.size() && before_place - skipped > lead) skipped += pieces[first++].columns;
  }
  Excerpt result;
  const size_t dots_columns = unicode ? 1 : 3;
  if (first > 0) result.source += dots;
  size_t column = first > 0 ? dots_columns : 0, mark_from = 0, mark_to = 0;
  bool marked = false;
  for (size_t i = first; i < pieces.size(); ++i) {
    const ScreenLine::Piece& piece = pieces[i];
    const bool inside = piece.byte >= place.begin && piece.byte < place.end;
    if (inside || (!marked && piece.byte >= place.begin)) {
      if (!marked) mark_from = column;
      marked = true;
      if (inside) mark_to = column + piece.columns;
    }
    if (column + piece.columns + (i + 1 < pieces.size() ? dots_columns : 0) > width) {
      result.source += dots;
      break;
    }
    result.source += piece.text;
    column += piece.columns;
  }
  if (!marked) mark_from = column;  // behind the last character: something is missing there
  mark_to = std::clamp(mark_to, mark_from + 1, std::max(mark_from + 1, column + dots_columns));
  result.marks = std::string(mark_from, ' ') + std::string(mark_to - mark_from, '^');
  if (place.goes_on) result.marks += unicode ? "…" : "...";
  return result;
}

// Values in a message may be a file's content or a name of a million letters: as text that a terminal may be given, cut in
// the middle.
std::string for_people(std::string_view text) {
  constexpr size_t kMost = 1200, kTail = 200;
  if (text.size() <= kMost) return escape_controls(text);
  const std::string_view head = display_prefix(text.substr(0, kMost - kTail), kMost);
  size_t tail = text.size() - kTail;
  while (tail < text.size() && (static_cast<unsigned char>(text[tail]) & 0xc0) == 0x80) ++tail;
  return escape_controls(head) + " … " + escape_controls(text.substr(tail));
}

}  // namespace

std::string error_text(const Error& error, std::string_view program_name, std::string_view program, bool is_warning,
                       const ErrorTextOptions& options) {
  const Style style{options.color};
  std::string text = is_warning ? style.yellow("warning") : style.red(fmt::format("error[{}]", to_string(error.code)));
  text += style.bold(fmt::format(": {}", for_people(error.message))) + "\n";
  std::string margin = "  ";
  if (error.span && !program.empty()) {
    const LineColumn at = line_column(program, std::min<size_t>(error.span->begin, program.size()));
    const std::string number = fmt::format("{}", at.line);
    margin = std::string(number.size() + 2, ' ');
    const size_t width = static_cast<size_t>(std::max(options.width, 40)) - margin.size() - 2;
    const Excerpt shown = excerpt(place_of(program, *error.span), width, options.unicode);
    text += fmt::format("{}{} {}:{}:{}\n", std::string(number.size(), ' '), style.blue(" -->"), program_name, at.line,
                        at.column);
    text += fmt::format("{}{}\n", margin, style.blue("|"));
    text += fmt::format(" {} {} {}\n", style.blue(number), style.blue("|"), shown.source);
    text += fmt::format("{}{} {}\n", margin, style.blue("|"),
                        is_warning ? style.yellow(shown.marks) : style.red(shown.marks));
  }
  if (!error.hint.empty()) text += fmt::format("{}{} {}\n", margin, style.bold("hint:"), for_people(error.hint));
  for (const std::string& context : error.context)
    text += fmt::format("{}{}\n", margin, style.dim(for_people(context)));
  return text;
}

std::string error_json(const Error& error, std::string_view program_name, std::string_view program, bool is_warning) {
  Json::Array context;
  for (const std::string& one : error.context) context.emplace_back(one);
  Json json = Json::object({{"severity", is_warning ? "warning" : "error"},
                            {"code", to_string(error.code)},
                            {"message", error.message},
                            {"hint", error.hint},
                            {"context", Json(std::move(context))},
                            {"program", program_name},
                            {"line", nullptr},
                            {"column", nullptr},
                            {"offset", nullptr},
                            {"length", nullptr}});
  if (error.span) {
    const LineColumn at = line_column(program, std::min<size_t>(error.span->begin, program.size()));
    json.set("line", at.line);
    json.set("column", at.column);
    json.set("offset", error.span->begin);
    json.set("length", error.span->end - error.span->begin);
  }
  return json.dump() + "\n";
}

}  // namespace sinan::app
