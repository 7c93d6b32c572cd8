#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "app/model_verb.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

using Words = std::vector<std::string>;

const Words kVerbs = {"run", "model", "serve", "token", "doctor", "help"};
const Words kTokenActions = {"create", "list", "revoke"};
const Words kFormats = {"table", "csv", "json", "markdown", "jsonl"};
const Words kErrorFormats = {"text", "json"};
const Words kColors = {"auto", "always", "never"};

// What CLI11 fills; texts are checked afterwards, so that every mistake is told in our words.
struct Raw {
  std::string program, file, run_file, project = ".", format = "table", rows = "40", error_format = "text",
                                       color = "auto", seed = "42", output, listen, role = "viewer", days = "0";
  Words help_words, token_words, model_words, data_sources, environment_files;
  bool allow_plaintext = false, read_only_sources = false, plan = false, no_cache = false, resume = false,
       quiet = false, help = false, version = false;
};

void add_options(CLI::App& app, Raw& raw) {
  app.set_help_flag();
  app.allow_extras();
  app.add_option("-c,-e", raw.program);
  app.add_option("-f", raw.file);
  app.add_flag("--plan", raw.plan);
  app.add_flag("--no-cache", raw.no_cache);
  app.add_flag("--resume", raw.resume);
  app.add_option("--seed", raw.seed);
  app.add_option("--output", raw.output);
  app.add_option("--project", raw.project);
  app.add_option("--data-source", raw.data_sources)->allow_extra_args(false);
  app.add_flag("--read-only-sources", raw.read_only_sources);
  app.add_option("--env-file", raw.environment_files)->allow_extra_args(false);
  app.add_option("--format", raw.format);
  app.add_option("--rows", raw.rows);
  app.add_option("--error-format", raw.error_format);
  app.add_option("--color", raw.color);
  app.add_option("--listen", raw.listen);
  app.add_flag("--allow-plaintext", raw.allow_plaintext);
  app.add_option("--role", raw.role);
  app.add_option("--days", raw.days);
  app.add_flag("-q,--quiet", raw.quiet);
  app.add_flag("-h,--help", raw.help);
  app.add_flag("--version", raw.version);
}

Words option_names(const CLI::App& app) {
  Words names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

Failure unknown_argument(const CLI::App& app, const std::string& argument) {
  constexpr std::string_view kSeeHelp = "sinan --help lists what there is";
  if (argument.starts_with('-') && argument.size() > 1) {
    const std::string name = argument.substr(0, argument.find('='));
    const std::string hint = did_you_mean(name, option_names(app));
    return fail(Code::kArgument, fmt::format("unknown option \"{}\"", name),
                hint.empty() ? std::string(kSeeHelp) : hint);
  }
  if (app.got_subcommand("run") || app.got_subcommand("doctor") || app.got_subcommand("serve")) {
    return fail(Code::kArgument, fmt::format("unexpected argument \"{}\"", argument), std::string(kSeeHelp));
  }
  std::error_code ignored;
  if (argument.ends_with(".sql") || std::filesystem::is_regular_file(argument, ignored)) {
    return fail(Code::kArgument, fmt::format("unknown command \"{}\"", argument),
                fmt::format("to run the file: sinan run {}", argument));
  }
  if (argument.find(' ') != std::string::npos) {
    return fail(Code::kArgument, fmt::format("unknown command \"{}\"", argument),
                "a program is given by -c: sinan -c \"SELECT 1\"");
  }
  const std::string hint = did_you_mean(argument, kVerbs);
  return fail(Code::kArgument, fmt::format("unknown command \"{}\"", argument),
              hint.empty() ? std::string(kSeeHelp) : hint);
}

// The library's words name types and counts; ours name the option.
Failure wrong_use(const CLI::ParseError& error) {
  constexpr const char* kSeeHelp = "sinan --help lists what there is";
  const std::string what = error.what();
  const size_t colon = what.find(": ");
  if (what.starts_with('-') && colon != std::string::npos) {
    const std::string option = what.substr(0, colon);
    if (what.find("At Most 1") != std::string::npos)
      return fail(Code::kArgument, fmt::format("option is given twice: {}", option), kSeeHelp);
    if (what.find("missing") != std::string::npos)
      return fail(Code::kArgument, fmt::format("option needs a value: {}", option), kSeeHelp);
  }
  return fail(Code::kArgument, what, kSeeHelp);
}

Result<size_t> choice(std::string_view option, const std::string& value, const Words& choices) {
  const auto at = std::ranges::find(choices, value);
  if (at != choices.end()) return static_cast<size_t>(at - choices.begin());
  std::string hint = did_you_mean(value, choices);
  if (hint.empty()) hint = "one of " + join(choices, ", ");
  return fail(Code::kArgument, fmt::format("unknown value for {}: \"{}\"", option, value), hint);
}

template <class Number>
Result<Number> number(std::string_view option, const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return fail(Code::kArgument, fmt::format("value of {} is not a number: \"{}\"", option, text),
              "a whole number from 0 on");
}

Status choose_token_action(const Raw& raw, CommandLine& line) {
  line.action = CommandLine::Action::kToken;
  const Words& words = raw.token_words;
  if (words.empty())
    return fail(Code::kArgument, "nothing to do with tokens", "sinan token create NAME, list or revoke NAME");
  line.text = kTokenActions[TRY(choice("token", words[0], kTokenActions))];
  const size_t expected = line.text == "list" ? 1 : 2;
  if (words.size() != expected) {
    return fail(Code::kArgument, fmt::format("wrong number of arguments for token {}", line.text),
                expected == 1 ? "sinan token list" : fmt::format("sinan token {} NAME", line.text));
  }
  if (expected == 2) line.token_name = words[1];
  return {};
}

Status choose_action(const CLI::App& app, const Raw& raw, CommandLine& line) {
  using Action = CommandLine::Action;
  const bool runs = app.got_subcommand("run"), doctor = app.got_subcommand("doctor"), help = app.got_subcommand("help"),
             serve = app.got_subcommand("serve"), token = app.got_subcommand("token"),
             model = app.got_subcommand("model");
  const bool has_program = app.count("-c") > 0, has_file = app.count("-f") > 0;
  if (runs + doctor + help + serve + token + model + has_program + has_file > 1) {
    return fail(Code::kArgument, "more than one thing to do",
                "give one of: run FILE, -c PROGRAM, -f FILE, model, serve, token, doctor, help");
  }
  if (raw.help || raw.version) {
    line.action = Action::kPrint;
    line.text = raw.version ? version_text()
                            : usage(runs     ? "run"
                                    : doctor ? "doctor"
                                    : help   ? "help"
                                    : serve  ? "serve"
                                    : token  ? "token"
                                    : model  ? "model"
                                             : "");
  } else if (runs || has_file) {
    line.action = Action::kRunFile;
    line.text = runs ? raw.run_file : raw.file;
    if (line.text.empty())
      return fail(Code::kArgument, "no program given to run", "sinan run FILE, or sinan run - to read standard input");
  } else if (has_program) {
    line.action = Action::kRunText;
    line.text = raw.program;
  } else if (model) {
    line.action = Action::kRunText;
    line.text = TRY(model_program(raw.model_words));
  } else if (serve) {
    line.action = Action::kServe;
  } else if (token) {
    TRY(choose_token_action(raw, line));
  } else if (doctor) {
    line.action = Action::kDoctor;
  } else if (help) {
    line.action = Action::kStatementHelp;
    line.text = join(raw.help_words, " ");
  }
  const bool runs_program =
      line.action == Action::kRunFile || line.action == Action::kRunText || line.action == Action::kPrint;
  for (const char* name : {"--plan", "--resume"}) {
    if (app.count(name) > 0 && !runs_program) {
      return fail(Code::kArgument, fmt::format("{} needs a program", name), fmt::format("sinan run {} FILE", name));
    }
  }
  const auto belongs_to = [&](const char* option, bool is_there, const char* use) -> Status {
    if (app.count(option) == 0 || is_there || line.action == Action::kPrint) return {};
    return fail(Code::kArgument, fmt::format("{} does not belong here", option), use);
  };
  for (const char* option : {"--listen", "--allow-plaintext"}) TRY(belongs_to(option, serve, "it is of: sinan serve"));
  for (const char* option : {"--role", "--days"}) TRY(belongs_to(option, token, "it is of: sinan token create NAME"));
  return {};
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const std::string> arguments) {
  Raw raw;
  CLI::App app;
  add_options(app, raw);
  CLI::App* run = app.add_subcommand("run");
  CLI::App* doctor = app.add_subcommand("doctor");
  CLI::App* help = app.add_subcommand("help");
  CLI::App* serve = app.add_subcommand("serve");
  CLI::App* token = app.add_subcommand("token");
  CLI::App* model = app.add_subcommand("model");
  for (CLI::App* verb : {run, doctor, help, serve, token, model}) {
    verb->set_help_flag();
    verb->fallthrough();
    verb->allow_extras();
  }
  run->add_option("FILE", raw.run_file);
  help->add_option("STATEMENT", raw.help_words);
  token->add_option("ACTION", raw.token_words);
  model->add_option("ACTION", raw.model_words);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return wrong_use(error);
  }
  if (const Words extras = app.remaining(true); !extras.empty()) return unknown_argument(app, extras.front());

  CommandLine line;
  TRY(choose_action(app, raw, line));
  line.plan_only = raw.plan;
  line.use_cache = !raw.no_cache;
  line.resume = raw.resume;
  line.seed = TRY(number<uint64_t>("--seed", raw.seed));
  line.output = raw.output;
  line.data_sources = std::move(raw.data_sources);
  line.environment_files = std::move(raw.environment_files);
  line.read_only_sources = raw.read_only_sources;
  line.project = raw.project;
  if (line.project.empty()) {
    return fail(Code::kArgument, "value of --project is empty", "a folder; without the option it is the current one");
  }
  line.format = static_cast<Format>(TRY(choice("--format", raw.format, kFormats)));
  line.most_rows = TRY(number<size_t>("--rows", raw.rows));
  line.json_errors = TRY(choice("--error-format", raw.error_format, kErrorFormats)) == 1;
  line.color = static_cast<ColorChoice>(TRY(choice("--color", raw.color, kColors)));
  line.quiet = raw.quiet;
  line.listen = raw.listen;
  line.allow_plaintext = raw.allow_plaintext;
  line.token_role = raw.role;
  line.token_days = TRY(number<uint32_t>("--days", raw.days));
  return line;
}

bool wants_json_errors(std::span<const std::string> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--error-format=json") return true;
    if (arguments[i] == "--error-format" && i + 1 < arguments.size() && arguments[i + 1] == "json") return true;
  }
  return false;
}

}  // namespace sinan::app
