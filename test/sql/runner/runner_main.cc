// Runs .test files and the SQL examples of Markdown pages: sql_test_runner --program bin/sinan --repository DIR [--slow] PATH...
// A path is a file, or a folder with all in it. Says every failure; exit code 1 when there was one.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "app/capabilities.h"
#include "io/file_system.h"
#include "runner/execution.h"

namespace sinan::sql_test {
namespace {

struct Tally {
  size_t files = 0;
  size_t blocks = 0;
  size_t failures = 0;
};

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path, bool slow) {
  const auto wanted = [&](const std::filesystem::path& file) {
    const std::string extension = file.extension().string();
    return extension == ".md" || extension == (slow ? ".test_slow" : ".test");
  };
  if (std::filesystem::is_regular_file(path)) return {std::filesystem::absolute(path)};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && wanted(entry.path())) files.push_back(std::filesystem::absolute(entry.path()));
  }
  std::ranges::sort(files);
  return files;
}

Status run_file(const std::filesystem::path& file, const Environment& environment, Tally& tally) {
  const std::string text = TRY(io::real_file_system().read_file(file));
  const std::string name = file.lexically_relative(environment.repository).string();
  const std::vector<Block> blocks = file.extension() == ".md" ? parse_page(text) : TRY(parse_test(text, name));
  if (blocks.empty()) return {};
  ++tally.files;
  Execution execution = TRY(Execution::start(environment));
  for (const Block& block : blocks) {
    ++tally.blocks;
    const auto problem = TRY(execution.run(block));
    if (!problem) continue;
    ++tally.failures;
    fmt::print("{}:{}: {}\n", name, block.line, *problem);
  }
  return {};
}

int run(const std::vector<std::string>& arguments) {
  app::Interrupts& interrupts = app::Interrupts::start();
  flow::Registry registry;
  app::register_capabilities(registry);
  Environment environment{
      .registry = registry, .interrupts = interrupts, .program = {}, .repository = std::filesystem::current_path()};
  bool slow = false;
  std::vector<std::filesystem::path> paths;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--slow")
      slow = true;
    else if (arguments[i] == "--program" && i + 1 < arguments.size())
      environment.program = std::filesystem::absolute(arguments[++i]);
    else if (arguments[i] == "--repository" && i + 1 < arguments.size())
      environment.repository = std::filesystem::absolute(arguments[++i]);
    else
      paths.emplace_back(std::filesystem::absolute(arguments[i]));
  }
  Tally tally;
  for (const std::filesystem::path& path : paths) {
    for (const std::filesystem::path& file : files_of(path, slow)) {
      if (const Status status = run_file(file, environment, tally); !status) {
        ++tally.failures;
        fmt::print("{}\n", status.error().to_string());
      }
      std::filesystem::current_path(environment.repository);
    }
  }
  fmt::print("{} files, {} blocks, {} failures\n", tally.files, tally.blocks, tally.failures);
  return tally.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sinan::sql_test

int main(int argc, char** argv) { return sinan::sql_test::run({argv + 1, argv + argc}); }
