// Runs the blocks of one test in a fresh project folder: statements in this process, through the same code that the program
// uses; command lines by starting the program.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/interrupts.h"
#include "flow/project.h"
#include "io/temp_dir.h"
#include "runner/test_file.h"

namespace sinan::sql_test {

struct Environment {
  const flow::Registry& registry;
  app::Interrupts& interrupts;
  std::filesystem::path program;     // bin/sinan
  std::filesystem::path repository;  // {root} in a test
};

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string error;
};

class Execution {
 public:
  // Makes the folder and goes there: relative names in a test are the folder's.
  static Result<Execution> start(const Environment& environment);

  // Nothing when the block does what it should; otherwise what was expected and what came.
  Result<std::optional<std::string>> run(const Block& block);

 private:
  Execution(const Environment& environment, io::TempDir folder)
      : environment_(&environment), folder_(std::move(folder)) {}
  Result<Outcome> run_program(const std::string& text, const std::string& format);
  Result<Outcome> run_command(const Block& block);
  std::string filled(std::string text) const;  // {root} and {dir} replaced

  const Environment* environment_;
  io::TempDir folder_;
  std::unique_ptr<flow::Project> project_;
};

}  // namespace sinan::sql_test
