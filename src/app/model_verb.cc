#include "app/model_verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"

namespace sinan::app {
namespace {

struct Action {
  std::string_view name;
  size_t least;  // words behind it
  size_t most;
  std::string_view use;
};
constexpr std::array<Action, 4> kActions = {{{"list", 0, 1, "sinan model list [PATTERN]"},
                                             {"get", 2, 2, "sinan model get NAME FOLDER"},
                                             {"release", 2, 3, "sinan model release NAME VERSION [ALIAS]"},
                                             {"delete", 1, 1, "sinan model delete NAME"}}};

// Signs that a model's name has in a statement, also with a version or an alias; those above ASCII are letters.
Status check_name(const std::string& name, std::string_view use) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c < 0 ||
           std::string_view("_.:@").find(c) != std::string_view::npos;
  };
  if (!name.empty() && std::ranges::all_of(name, belongs)) return {};
  return fail(Code::kArgument, fmt::format("not the name of a model: \"{}\"", name), std::string(use));
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

}  // namespace

Result<std::string> model_program(std::span<const std::string> words) {
  std::vector<std::string> names;
  for (const Action& action : kActions) names.emplace_back(action.name);
  if (words.empty())
    return fail(Code::kArgument, "nothing to do with models", "sinan model list, get, release or delete");
  const auto action = std::ranges::find(kActions, std::string_view(words[0]), &Action::name);
  if (action == kActions.end()) {
    const std::string near = did_you_mean(words[0], names);
    return fail(Code::kArgument, fmt::format("unknown value for model: \"{}\"", words[0]),
                near.empty() ? "one of " + join(names, ", ") : near);
  }
  const std::span<const std::string> rest = words.subspan(1);
  const std::string use(action->use);
  if (rest.size() < action->least || rest.size() > action->most)
    return fail(Code::kArgument, fmt::format("wrong number of arguments for model {}", action->name), use);
  if (action->name == "list") return rest.empty() ? "SHOW MODELS" : fmt::format("SHOW MODELS LIKE {}", quoted(rest[0]));
  TRY(check_name(rest[0], use));
  if (action->name == "get") return fmt::format("EXPORT MODEL {} TO {}", rest[0], quoted(rest[1]));
  if (action->name == "delete") return fmt::format("DROP MODEL {}", rest[0]);
  const bool number = !rest[1].empty() && rest[1].find_first_not_of("0123456789") == std::string::npos;
  if (!number) return fail(Code::kArgument, fmt::format("not the number of a version: \"{}\"", rest[1]), use);
  const std::string alias = rest.size() > 2 ? rest[2] : "prod";
  TRY(check_name(alias, use));
  return fmt::format("ALTER MODEL {} SET ALIAS {} TO VERSION {}", rest[0], alias, rest[1]);
}

}  // namespace sinan::app
