#include "app/command_line.h"

#include <gtest/gtest.h>

namespace sinan::app {
namespace {

Result<CommandLine> parse(std::vector<std::string> arguments) { return parse_command_line(arguments); }

std::string hint_of(std::vector<std::string> arguments) {
  const auto line = parse(std::move(arguments));
  return line ? "accepted" : line.error().message + ": " + line.error().hint;
}

TEST(CommandLine, NothingIsThePrompt) { EXPECT_EQ(parse({})->action, CommandLine::Action::kPrompt); }

TEST(CommandLine, RunTakesAFileAndOptionsOnEitherSide) {
  const auto line = parse({"--project", "shop", "run", "--plan", "late.sql", "--format", "json", "--seed", "7",
                           "--no-cache", "--output", "out"});
  ASSERT_TRUE(line.has_value()) << line.error().message;
  EXPECT_EQ(line->action, CommandLine::Action::kRunFile);
  EXPECT_EQ(line->text, "late.sql");
  EXPECT_TRUE(line->plan_only);
  EXPECT_FALSE(line->use_cache);
  EXPECT_EQ(line->seed, 7U);
  EXPECT_EQ(line->format, Format::kJson);
  EXPECT_EQ(line->project, "shop");
  EXPECT_EQ(line->output, "out");
}

TEST(CommandLine, ADashIsStandardInput) { EXPECT_EQ(parse({"run", "-"})->text, "-"); }

TEST(CommandLine, ProgramsComeFromCOrE) {
  for (const char* option : {"-c", "-e"}) {
    const auto line = parse({option, "SELECT 1"});
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(line->action, CommandLine::Action::kRunText);
    EXPECT_EQ(line->text, "SELECT 1");
  }
  EXPECT_EQ(parse({"-f", "late.sql"})->action, CommandLine::Action::kRunFile);
}

TEST(CommandLine, HelpTakesWords) {
  const auto line = parse({"help", "TO", "TRAIN"});
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->action, CommandLine::Action::kStatementHelp);
  EXPECT_EQ(line->text, "TO TRAIN");
}

TEST(CommandLine, MistakesNameTheNearest) {
  EXPECT_EQ(hint_of({"rnu", "late.sql"}), "unknown command \"rnu\": did you mean \"run\"?");
  EXPECT_EQ(hint_of({"--fromat", "json"}), "unknown option \"--fromat\": did you mean \"--format\"?");
  EXPECT_EQ(hint_of({"run", "late.sql", "--no-cahce"}), "unknown option \"--no-cahce\": did you mean \"--no-cache\"?");
  EXPECT_EQ(hint_of({"late.sql"}), "unknown command \"late.sql\": to run the file: sinan run late.sql");
  EXPECT_EQ(hint_of({"SELECT 1"}), "unknown command \"SELECT 1\": a program is given by -c: sinan -c \"SELECT 1\"");
  EXPECT_EQ(hint_of({"-c", "SELECT 1", "--format", "jsn"}),
            "unknown value for --format: \"jsn\": did you mean \"json\"?");
  EXPECT_EQ(hint_of({"-c", "SELECT 1", "--seed", "many"}),
            "value of --seed is not a number: \"many\": a whole number from 0 on");
  EXPECT_EQ(hint_of({"-c", "SELECT 1", "run", "a.sql"}),
            "more than one thing to do: give one of: run FILE, -c PROGRAM, -f FILE, model, serve, token, doctor, help");
  EXPECT_EQ(hint_of({"run"}), "no program given to run: sinan run FILE, or sinan run - to read standard input");
  EXPECT_EQ(hint_of({"--plan"}), "--plan needs a program: sinan run --plan FILE");
}

TEST(CommandLine, HelpNamesEveryOptionAndExitCode) {
  const std::string text = parse({"--help"})->text;
  for (const char* word :
       {"-c,", "-e", "-f", "--plan", "--no-cache", "--resume", "--seed", "--output", "--project", "--format", "--rows",
        "--error-format", "--color", "--quiet", "--version", "doctor", "help [STATEMENT]", "Exit codes", "130"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
  EXPECT_LT(text.find("Examples"), text.find("Commands"));
  EXPECT_NE(parse({"run", "--help"})->text, text);
}

TEST(CommandLine, ServeAndTokens) {
  const auto serve = parse({"serve", "--listen", "127.0.0.1:0", "--project", "shop"});
  ASSERT_TRUE(serve.has_value()) << serve.error().message;
  EXPECT_EQ(serve->action, CommandLine::Action::kServe);
  EXPECT_EQ(serve->listen, "127.0.0.1:0");
  const auto create = parse({"token", "create", "ci", "--role", "editor", "--days", "90"});
  ASSERT_TRUE(create.has_value()) << create.error().message;
  EXPECT_EQ(create->action, CommandLine::Action::kToken);
  EXPECT_EQ(create->text, "create");
  EXPECT_EQ(create->token_name, "ci");
  EXPECT_EQ(create->token_role, "editor");
  EXPECT_EQ(create->token_days, 90U);
  EXPECT_EQ(parse({"token", "list"})->text, "list");

  EXPECT_EQ(hint_of({"token"}), "nothing to do with tokens: sinan token create NAME, list or revoke NAME");
  EXPECT_EQ(hint_of({"token", "creat", "x"}), "unknown value for token: \"creat\": did you mean \"create\"?");
  EXPECT_EQ(hint_of({"token", "revoke"}), "wrong number of arguments for token revoke: sinan token revoke NAME");
  EXPECT_EQ(hint_of({"run", "a.sql", "--role", "admin"}),
            "--role does not belong here: it is of: sinan token create NAME");
  EXPECT_EQ(hint_of({"doctor", "--listen", "x"}), "--listen does not belong here: it is of: sinan serve");
  EXPECT_EQ(hint_of({"serve", "x"}), "unexpected argument \"x\": sinan --help lists what there is");
}

}  // namespace
}  // namespace sinan::app
