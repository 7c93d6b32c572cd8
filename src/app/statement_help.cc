#include "app/statement_help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace sinan::app {
namespace {

// Single blanks, upper case.
std::string normal(std::string_view words) {
  std::string text;
  for (const std::string_view word : split_on(words, ' ')) {
    const std::string_view trimmed = trim(word);
    if (trimmed.empty()) continue;
    if (!text.empty()) text += ' ';
    for (const char c : trimmed) text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  while (text.ends_with(';')) text.pop_back();
  return text;
}

bool matches(std::string_view phrase, std::string_view words) {
  if (phrase == words) return true;
  return phrase.starts_with(std::string(words) + " ") || phrase.ends_with(" " + std::string(words));
}

// Each room words its summaries; they are read together.
std::string headline(std::string_view summary) {
  std::string text(trim(summary));
  while (text.ends_with('.')) text.pop_back();
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// A statement, or a function of plain SQL.
struct Topic {
  std::string name;
  flow::Help help;
  bool is_function = false;
};

// By name, functions last.
std::vector<Topic> topics_of(const flow::Registry& registry) {
  std::vector<Topic> topics;
  for (const auto& kind : registry.kinds()) topics.push_back({std::string(kind->phrase()), kind->help(), false});
  std::ranges::sort(topics, {}, &Topic::name);
  for (const auto& function : registry.functions())
    for (const std::string_view name : function->names()) topics.push_back({std::string(name), function->help(), true});
  return topics;
}

std::string page(const Topic& topic) {
  const flow::Help& help = topic.help;
  std::string text = fmt::format("{}\n  {}\n", topic.name, headline(help.summary));
  const auto part = [&](std::string_view title, std::string_view body) {
    if (trim(body).empty()) return;
    text += fmt::format("\n{}\n", title);
    while (body.ends_with('\n')) body.remove_suffix(1);
    for (const std::string_view line : split_on(body, '\n')) text += line.empty() ? "\n" : fmt::format("  {}\n", line);
  };
  part("Synopsis", help.synopsis);
  part("Details", help.details);
  part("Example", help.example);
  return text;
}

}  // namespace

std::string statement_list(const flow::Registry& registry) {
  const std::vector<Topic> topics = topics_of(registry);
  size_t width = 0;
  for (const Topic& topic : topics) width = std::max(width, topic.name.size());
  std::string text = "Statements and functions, besides all of DuckDB's SQL:\n";
  for (const Topic& topic : topics)
    text += fmt::format("  {:<{}}  {}\n", topic.name, width, headline(topic.help.summary));
  return text + "\nsinan help STATEMENT explains one: sinan help TO TRAIN\n";
}

Result<std::string> statement_help(const flow::Registry& registry, std::string_view words) {
  const std::string wanted = normal(words);
  std::string text;
  std::vector<std::string> phrases;
  for (const Topic& topic : topics_of(registry)) {
    phrases.push_back(topic.name);
    if (!topic.is_function && topic.name == wanted) return page(topic);
    if (matches(normal(topic.name), wanted)) text += (text.empty() ? "" : "\n") + page(topic);
  }
  if (!text.empty()) return text;
  std::string hint = did_you_mean(wanted, phrases);
  if (hint.empty()) hint = "sinan help lists the statements";
  return fail(Code::kNotFound, fmt::format("no such statement: \"{}\"", trim(words)), hint);
}

}  // namespace sinan::app
