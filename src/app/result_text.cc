#include "app/result_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/cell_text.h"
#include "app/screen.h"
#include "base/json.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

constexpr std::array<std::string_view, 5> kFormats = {"table", "csv", "json", "markdown", "jsonl"};

void append_csv(std::string& out, std::string_view text) {
  const bool quoted = text.find_first_of(",\"\r\n") != std::string_view::npos || text.empty() ||
                      text.starts_with(' ') || text.ends_with(' ');
  if (!quoted) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string markdown_cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '\\') result += '\\';
    if (c == '\n')
      result += "<br>";
    else
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

std::string jsonl_head(std::string_view title, const arrow::Schema& schema) {
  Json::Array columns;
  for (const arrow::Field& field : schema.fields) columns.push_back(field_json(field));
  return Json::object({{"event", "result"}, {"title", title}, {"columns", Json(std::move(columns))}}).dump() + "\n";
}

}  // namespace

std::optional<Format> format_named(std::string_view name) {
  const auto at = std::ranges::find(kFormats, name);
  if (at == kFormats.end()) return std::nullopt;
  return static_cast<Format>(at - kFormats.begin());
}

void ResultText::begin(std::string_view title, std::shared_ptr<const arrow::Schema> schema) {
  schema_ = std::move(schema);
  rows_ = 0;
  table_ = {};
  switch (options_.format) {
    case Format::kTable:
      if (!title.empty()) text_ += Style{options_.table.color}.bold(escape_controls(title)) + "\n";
      for (const arrow::Field& field : schema_->fields)
        table_.columns.push_back({escape_controls(field.name), is_number(field.type)});
      break;
    case Format::kCsv:
      for (size_t i = 0; i < schema_->size(); ++i) {
        if (i > 0) text_ += ',';
        append_csv(text_, (*schema_)[i].name);
      }
      text_ += '\n';
      break;
    case Format::kJson:
      json_names_.clear();
      for (const arrow::Field& field : schema_->fields) json_names_.push_back(json_quote(field.name) + ": ");
      text_ += '[';
      break;
    case Format::kMarkdown:
      if (!title.empty()) text_ += fmt::format("**{}**\n\n", markdown_cell(title));
      text_ += '|';
      for (const arrow::Field& field : schema_->fields) text_ += fmt::format(" {} |", markdown_cell(field.name));
      text_ += "\n|";
      for (const arrow::Field& field : schema_->fields) text_ += is_number(field.type) ? " ---: |" : " --- |";
      text_ += '\n';
      break;
    case Format::kJsonl:
      text_ += jsonl_head(title, *schema_);
      break;
  }
}

void ResultText::add(const arrow::Batch& batch) {
  switch (options_.format) {
    case Format::kTable:
      add_table(batch);
      break;
    case Format::kCsv:
      add_csv(batch);
      break;
    case Format::kJson:
      add_json(batch);
      break;
    case Format::kMarkdown:
      add_markdown(batch);
      break;
    case Format::kJsonl:
      add_jsonl(batch);
      break;
  }
  rows_ += static_cast<int64_t>(batch.rows());
}

void ResultText::add_table(const arrow::Batch& batch) {
  const size_t most = options_.most_rows == 0 ? SIZE_MAX : options_.most_rows;
  for (size_t row = 0; row < batch.rows() && table_.rows.size() < most; ++row) {
    std::vector<TextTable::Cell> cells;
    for (size_t i = 0; i < batch.columns(); ++i) {
      const arrow::ColumnView column = batch.column(i);
      const bool shorten = options_.short_numbers && column.type().is_floating() && !column.is_null(row);
      cells.push_back(
          {shorten ? fmt::format("{:.6g}", column.as_double(row)) : cell_text(column, row), column.is_null(row)});
    }
    table_.rows.push_back(std::move(cells));
  }
}

void ResultText::add_csv(const arrow::Batch& batch) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    for (size_t i = 0; i < batch.columns(); ++i) {
      if (i > 0) text_ += ',';
      const arrow::ColumnView column = batch.column(i);
      if (!column.is_null(row)) append_csv(text_, column.to_text(row));
    }
    text_ += '\n';
  }
}

void ResultText::add_json(const arrow::Batch& batch) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    text_ += rows_ + static_cast<int64_t>(row) == 0 ? "{" : ",\n {";
    for (size_t i = 0; i < batch.columns(); ++i) {
      if (i > 0) text_ += ", ";
      text_ += json_names_[i];
      append_json(text_, batch.column(i), row);
    }
    text_ += '}';
  }
}

void ResultText::add_markdown(const arrow::Batch& batch) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    text_ += '|';
    for (size_t i = 0; i < batch.columns(); ++i)
      text_ += fmt::format(" {} |", markdown_cell(batch.column(i).to_text(row)));
    text_ += '\n';
  }
}

void ResultText::add_jsonl(const arrow::Batch& batch) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    text_ += '[';
    for (size_t i = 0; i < batch.columns(); ++i) {
      if (i > 0) text_ += ',';
      append_exact_json(text_, batch.column(i), row);
    }
    text_ += "]\n";
  }
}

void ResultText::finish() {
  if (options_.format == Format::kJsonl) text_ += fmt::format("{{\"event\":\"end\",\"rows\":{}}}\n", rows_);
  if (options_.format == Format::kJson) text_ += "]\n";
  if (options_.format != Format::kTable) return;
  const RenderedTable table = render_table(table_, options_.table);
  text_ += table.text;
  std::string below = footer();
  if (table.columns_shown < table_.columns.size()) {
    std::vector<std::string> names;
    for (size_t i = table.columns_shown; i < table_.columns.size(); ++i) names.push_back(table_.columns[i].name);
    below += fmt::format(", {} more column{}: {}", names.size(), names.size() == 1 ? "" : "s", join(names, ", "));
  }
  const auto width = static_cast<size_t>(std::max(options_.table.width, 0));
  if (width > 0 && display_width(below) > width) {
    below = std::string(display_prefix(below, width - 1)) + (options_.table.unicode ? "…" : "~");
  }
  text_ += Style{options_.table.color}.dim(below) + "\n";
}

std::string ResultText::footer() const {
  const auto shown = static_cast<int64_t>(table_.rows.size());
  const std::string total = human_count(static_cast<uint64_t>(rows_));
  if (shown < rows_) return fmt::format("first {} of {} rows", human_count(static_cast<uint64_t>(shown)), total);
  return rows_ == 1 ? "1 row" : total + " rows";
}

}  // namespace sinan::app
