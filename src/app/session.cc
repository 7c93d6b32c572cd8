#include "app/session.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "app/completion.h"
#include "app/completion_names.h"
#include "app/error_text.h"
#include "app/plan_text.h"
#include "app/run_pictures.h"
#include "base/strings.h"
#include "plot/terminal.h"

namespace sinan::app {
namespace {

ErrorTextOptions look_of(const TerminalFacts& facts) {
  return {.width = facts.width == 0 ? 100 : facts.width, .color = facts.color_error, .unicode = facts.unicode};
}

std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+:@%=") ==
                                          std::string_view::npos;
  if (plain) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

void show_error(Screen& screen, const Error& error, bool as_json) {
  screen.write(Stream::kError,
               as_json ? error_json(error, "", "") : error_text(error, "", "", false, look_of(screen.facts())));
}

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("{}", geteuid());
}

int exit_code(const Error& error) {
  switch (error.code) {
    case Code::kCancelled:
      return kExitCancelled;
    case Code::kProgram:
    case Code::kNotFound:
    case Code::kExists:
    case Code::kArgument:
    case Code::kUnsupported:
      return kExitWrong;
    default:
      return kExitFailed;
  }
}

ResultOptions Session::result_options() const {
  const TerminalFacts& facts = screen_.facts();
  return {.format = line_.format,
          .table = {.width = facts.width, .color = facts.color_out, .unicode = facts.unicode},
          .most_rows = line_.most_rows};
}

std::optional<AdmittedPlan> Session::plan(Program& program, Interruption& interruption, int& code) {
  interruption.may_die(program.is_last);
  auto planned = plan_in_turn(options_.gate, options_.folder, program.text, project_,
                              {.program_name = program.name,
                               .use_cache = line_.use_cache,
                               .resume = line_.resume,
                               .seed = line_.seed,
                               .session = options_.state,
                               .cancel = interruption.token()});
  interruption.may_die(false);
  if (planned) return std::move(*planned);
  code = exit_code(planned.error());
  if (code == kExitCancelled) {
    if (!line_.quiet) screen_.write(Stream::kError, "cancelled\n");
  } else {
    show_error(screen_, planned.error(), line_.json_errors);
  }
  return std::nullopt;
}

void Session::show_diagnostics(const flow::Plan& plan) {
  std::string text;
  size_t errors = 0;
  for (const flow::Diagnostic& diagnostic : plan.diagnostics) {
    if (diagnostic.is_warning && line_.quiet) continue;
    if (!diagnostic.is_warning) ++errors;
    text += line_.json_errors ? error_json(diagnostic.error, plan.program_name, *plan.program, diagnostic.is_warning)
                              : error_text(diagnostic.error, plan.program_name, *plan.program, diagnostic.is_warning,
                                           look_of(screen_.facts()));
  }
  if (errors > 1 && !line_.json_errors) text += fmt::format("{} errors; nothing was run\n", errors);
  screen_.write(Stream::kError, text);
}

int Session::show_plan(const flow::Plan& plan) {
  if (line_.format == Format::kJson) {
    screen_.write(Stream::kOut, flow::to_json(plan).dump_indented() + "\n");
  } else {
    const arrow::Batch table = plan_table(plan);
    ResultText text(result_options());
    text.begin("", table.shared_schema());
    text.add(table);
    text.finish();
    screen_.write(Stream::kOut, text.take());
  }
  show_diagnostics(plan);
  return plan.ok() ? kExitDone : kExitWrong;
}

int Session::run(Program program, Interruption& interruption) {
  const bool is_file = program.is_file, plan_only = program.plan_only;
  int code = kExitDone;
  auto admitted = plan(program, interruption, code);
  if (!admitted) return code;
  flow::Plan* planned = &admitted->plan;
  if (plan_only) return show_plan(*planned);
  show_diagnostics(*planned);
  if (!planned->ok()) return kExitWrong;
  if (planned->steps.empty()) return kExitDone;

  RunView view(screen_, *planned, project_.clock(),
               {.results = result_options(),
                .step_lines = is_file && !line_.quiet,
                .messages = !line_.quiet,
                .json_errors = line_.json_errors});
  const auto report = flow::execute(
      *planned, project_, view,
      {.use_cache = line_.use_cache, .seed = line_.seed, .cancel = interruption.token(), .user = options_.user});
  view.close();
  if (!report) {
    show_error(screen_, report.error(), line_.json_errors);
    return report.error().code == Code::kCancelled ? kExitCancelled : kExitFailed;
  }
  const bool all_saved = summarize(*planned, *report, is_file);
  if (report->cancelled || interruption.token().cancelled()) return kExitCancelled;
  return report->ok() && all_saved ? kExitDone : kExitFailed;
}

bool Session::summarize(const flow::Plan& plan, const flow::RunReport& report, bool is_file) {
  const bool several = is_file && plan.steps.size() > 1;
  if (several && !line_.quiet && !report.cancelled && line_.format == Format::kTable) {
    const TerminalFacts& facts = screen_.facts();
    const plot::TerminalOptions look{.width = std::clamp(facts.width == 0 ? 100 : facts.width, 40, 120),
                                     .color = facts.color_error,
                                     .unicode = facts.unicode};
    screen_.write(Stream::kError, "\n" + plot::to_terminal(timeline(plan, report), look));
  }
  const std::optional<std::string> pictures = save_pictures(plan, report, several && !report.cancelled);
  const bool all_saved = pictures.has_value() || line_.output.empty();
  if (line_.quiet) return all_saved;
  if (pictures) screen_.write(line_.format == Format::kJsonl ? Stream::kOut : Stream::kError, *pictures);
  if (report.cancelled) screen_.write(Stream::kError, "cancelled\n");
  if (several && line_.format == Format::kTable && report.ok()) show_next(plan, report);
  if (several && !report.ok() && plan.program_name != "-") {
    screen_.write(Stream::kError, fmt::format("to go on from here: sinan run --resume{} {}\n", project_option(),
                                              shell_word(plan.program_name)));
  }
  return all_saved;
}

std::string Session::project_option() const {
  return line_.project == "." ? "" : " --project " + shell_word(line_.project);
}

std::optional<std::string> Session::save_pictures(const flow::Plan& plan, const flow::RunReport& report,
                                                  bool with_timeline) {
  std::vector<RunPicture> pictures = pictures_of(report);
  const plot::Chart steps = timeline(plan, report);
  if (with_timeline) pictures.push_back({"steps.svg", &steps, std::nullopt});
  if (pictures.empty()) return std::string();

  const std::filesystem::path folder =
      line_.output.empty() ? project_.state_folder() / "runs" / report.id.value : std::filesystem::path(line_.output);
  if (auto saved = app::save_pictures(project_.files(), folder, pictures); !saved) {
    show_error(screen_, std::move(saved).error().within("while saving pictures"), line_.json_errors);
    return std::nullopt;
  }
  if (line_.format == Format::kJsonl) return pictures_event(folder, pictures).dump() + "\n";
  std::vector<std::string> names;
  for (const RunPicture& picture : pictures) names.push_back(picture.file);
  std::error_code ignored;
  const std::filesystem::path near = std::filesystem::proximate(folder, ignored);
  const std::filesystem::path& shown = near.empty() || near.string().starts_with("../..") ? folder : near;
  return fmt::format("pictures in {}: {}\n", shown.string(), join(names, ", "));
}

void Session::show_next(const flow::Plan& plan, const flow::RunReport& report) {
  std::vector<std::string> models, tables;
  for (size_t i = 0; i < plan.steps.size() && i < report.steps.size(); ++i) {
    for (const ObjectRef& written : plan.steps[i].step->access().writes) {
      std::vector<std::string>& names = written.kind == object_kind::kModel ? models : tables;
      if (written.kind != object_kind::kModel && written.kind != object_kind::kTable) continue;
      // The default schema goes without saying.
      const std::string name = written.name.starts_with("main.") ? written.name.substr(5) : written.name;
      std::erase(names, name);
      names.push_back(name);
    }
  }
  const std::string project = project_option();
  std::string text;
  const auto add = [&](const std::string& statement) {
    text += fmt::format("  sinan{} -c {}\n", project, shell_word(statement));
  };
  if (!models.empty()) {
    add("SHOW MODELS");
    add("DESCRIBE MODEL " + models.back());
  }
  if (!tables.empty()) add(fmt::format("SELECT * FROM {} LIMIT 10", tables.back()));
  add("DESCRIBE RUN " + report.id.value);
  text += fmt::format("  sinan{:<40} the prompt\n", project);
  screen_.write(Stream::kError, "next\n" + text);
}

std::vector<std::string> Session::complete(std::string_view before_cursor) {
  return app::complete(before_cursor, completion_names(project_, before_cursor));
}

}  // namespace sinan::app
