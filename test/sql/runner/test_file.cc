#include "runner/test_file.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>

#include "base/strings.h"

namespace sinan::sql_test {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::string_view file_name) : lines_(split_on(text, '\n')), file_name_(file_name) {}

  Result<std::vector<Block>> parse() {
    std::vector<Block> blocks;
    bool has_name = false, has_description = false, has_group = false;
    while (at_ < lines_.size()) {
      const std::string_view line = lines_[at_];
      has_name = has_name || line.starts_with("# name: ");
      has_description = has_description || line.starts_with("# description: ");
      has_group = has_group || line.starts_with("# group: [");
      if (trim(line).empty() || line.starts_with('#'))
        ++at_;
      else
        blocks.push_back(TRY(block()));
    }
    if (!has_name || !has_description || !has_group)
      return wrong("the header needs # name:, # description: and # group: [..]");
    if (blocks.empty()) return wrong("no blocks");
    return blocks;
  }

 private:
  Failure wrong(std::string_view what) const {
    return fail(Code::kData, fmt::format("{}:{}: {}", file_name_, at_ + 1, what));
  }

  Result<Block> block() {
    Block block;
    block.line = static_cast<uint32_t>(at_ + 1);
    std::string_view words = lines_[at_];
    const auto takes = [&](std::string_view directive) {
      if (words != directive && !words.starts_with(std::string(directive) + " ")) return false;
      block.argument = trim(words.substr(directive.size()));
      return true;
    };
    if (takes("statement ok")) {
      block.kind = Block::Kind::kStatementOk;
    } else if (takes("statement error")) {
      block.kind = Block::Kind::kStatementError;
      if (block.argument.empty()) return wrong("statement error needs the code");
    } else if (takes("query")) {
      block.kind = Block::Kind::kQuery;
    } else if (takes("file")) {
      block.kind = Block::Kind::kFile;
    } else if (takes("cli") || takes("interrupt") || takes("terminate") || takes("kill")) {
      block.kind = Block::Kind::kCommandLine;
      if (words.starts_with("interrupt")) block.signal = SIGINT;
      if (words.starts_with("terminate")) block.signal = SIGTERM;
      if (words.starts_with("kill")) block.signal = SIGKILL;
      const char* begin = block.argument.data();
      const auto [end, error] = std::from_chars(begin, begin + block.argument.size(), block.exit_code);
      if (error != std::errc{}) return wrong("cli needs the expected exit code");
      block.argument = trim(std::string_view(block.argument).substr(static_cast<size_t>(end - begin)));
    } else if (takes("restart")) {
      block.kind = Block::Kind::kRestart;
    } else {
      return wrong(
          "unknown block; there are: statement ok, statement error, query, file, cli, interrupt, terminate, kill, "
          "restart");
    }
    ++at_;
    // A file may hold empty lines: it ends at "----" only.
    const bool is_file = block.kind == Block::Kind::kFile;
    while (at_ < lines_.size() && !lines_[at_].starts_with("----") && (is_file || !lines_[at_].empty())) {
      block.body += std::string(lines_[at_++]) + "\n";
    }
    if (is_file) {
      if (at_ == lines_.size()) return wrong("a file ends with ----");
      ++at_;
      return block;
    }
    while (at_ < lines_.size() && lines_[at_].starts_with("----")) block.expectations.push_back(TRY(expectation()));
    if (block.kind == Block::Kind::kQuery && block.expectations.empty())
      return wrong("a query needs the expected rows after ----");
    if (block.kind == Block::Kind::kStatementError && block.expectations.empty())
      return wrong("an error needs its text after ----");
    return block;
  }

  Result<Expectation> expectation() {
    Expectation result;
    result.line = static_cast<uint32_t>(at_ + 1);
    for (const std::string_view word : split_on(trim(lines_[at_].substr(4)), ' ')) {
      if (word == "stderr")
        result.of = Expectation::Of::kError;
      else if (word == "contains")
        result.contains = true;
      else if (!word.empty() && word != "stdout")
        return wrong("after ---- may stand: stdout, stderr, contains");
    }
    for (++at_; at_ < lines_.size() && !lines_[at_].empty() && !lines_[at_].starts_with("----"); ++at_) {
      result.lines.emplace_back(lines_[at_] == "<empty>" ? "" : lines_[at_]);
    }
    return result;
  }

  std::vector<std::string_view> lines_;
  std::string_view file_name_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Block>> parse_test(std::string_view text, std::string_view file_name) {
  return Parser(text, file_name).parse();
}

std::vector<Block> parse_page(std::string_view text) {
  std::vector<Block> blocks;
  const std::vector<std::string_view> lines = split_on(text, '\n');
  bool skip = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    if (line.starts_with("<!-- not run")) {
      skip = true;
    } else if (line.starts_with("```")) {
      Block block{.kind = Block::Kind::kStatementOk,
                  .line = static_cast<uint32_t>(i + 1),
                  .argument = {},
                  .body = {},
                  .expectations = {}};
      for (++i; i < lines.size() && !trim(lines[i]).starts_with("```"); ++i) block.body += std::string(lines[i]) + "\n";
      if (line == "```sql" && !skip) blocks.push_back(std::move(block));
      skip = false;
    } else if (!line.empty()) {
      skip = false;
    }
  }
  return blocks;
}

}  // namespace sinan::sql_test
