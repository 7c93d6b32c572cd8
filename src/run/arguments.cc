#include "run/arguments.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::run {
namespace {

constexpr std::array<std::string_view, 3> kOn = {"true", "1", "yes"};
constexpr std::array<std::string_view, 3> kOff = {"false", "0", "no"};

bool one_of(std::span<const std::string_view> words, std::string_view text) {
  return std::ranges::any_of(words, [&](std::string_view word) { return equals_ignore_case(word, text); });
}

std::string near_or_all(std::string_view name, const std::vector<std::string>& known) {
  std::string near = did_you_mean(name, known);
  return near.empty() ? fmt::format("it can be {}", join(known, ", ")) : near;
}

Failure unknown(std::span<const ArgumentSpec> specs, std::string_view program, const sql::Name& item) {
  const std::string_view name = std::string_view(item.text).substr(0, item.text.find('='));
  std::vector<std::string> known;
  for (const ArgumentSpec& spec : specs) known.push_back("--" + std::string(spec.name));
  return fail(Code::kArgument, fmt::format("unknown argument of {}: \"{}\"", program, name), near_or_all(name, known))
      .at(item.span);
}

Status check_value(const ArgumentSpec& spec, std::string_view value, Span place) {
  if (trim(value).empty()) {
    return fail(Code::kArgument, fmt::format("argument \"--{}\" has no value", spec.name),
                fmt::format("write \"--{}=...\": {}", spec.name, spec.doc))
        .at(place);
  }
  if (spec.type == ArgumentType::kSwitch && !one_of(kOn, value) && !one_of(kOff, value)) {
    return fail(Code::kArgument, fmt::format("argument \"--{}\" is neither true nor false: \"{}\"", spec.name, value),
                fmt::format("write \"--{}=true\" or \"--{}=false\"", spec.name, spec.name))
        .at(place);
  }
  return {};
}

// One value for all, or one for each.
template <class T>
Result<std::vector<T>> spread(std::vector<T> values, size_t count, std::string_view name, Span place) {
  if (values.size() == 1) values.resize(count, values.front());
  if (values.size() == count) return values;
  return fail(Code::kArgument,
              fmt::format("argument \"--{}\" has {} values for {} columns", name, values.size(), count),
              "give one for all, or one for each")
      .at(place);
}

}  // namespace

Result<Arguments> Arguments::read(std::span<const ArgumentSpec> specs, std::span<const sql::Name> command) {
  Arguments out;
  out.specs_ = specs;
  out.program_ = command.front().span;
  const std::string& program = command.front().text;
  for (size_t i = 1; i < command.size(); ++i) {
    const sql::Name& item = command[i];
    const std::string_view text = item.text;
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto same = [&](const ArgumentSpec& s) { return name.starts_with("--") && s.name == name.substr(2); };
    const auto spec = std::ranges::find_if(specs, same);
    if (spec == specs.end()) return unknown(specs, program, item);
    if (out.find(spec->name) != nullptr) {
      return fail(Code::kArgument, fmt::format("argument is given twice: \"{}\"", name), "remove one of them")
          .at(item.span);
    }
    Given given{std::string(spec->name), {}, item.span};
    const bool next_is_value = i + 1 < command.size() && !command[i + 1].text.starts_with("--");
    if (equals != std::string_view::npos) {
      given.value = std::string(trim(text.substr(equals + 1)));
    } else if (next_is_value) {
      given.value = std::string(trim(command[++i].text));
      given.place = command[i].span;
    } else if (spec->type == ArgumentType::kSwitch) {
      given.value = "true";
    }
    TRY(check_value(*spec, given.value, given.place));
    out.given_.push_back(std::move(given));
  }
  for (const ArgumentSpec& spec : specs) {
    if (!spec.mandatory || out.given(spec.name)) continue;
    return fail(Code::kArgument, fmt::format("argument of {} is missing: \"--{}\"", program, spec.name),
                fmt::format("write \"--{}=...\": {}", spec.name, spec.doc))
        .at(out.program_);
  }
  return out;
}

const Arguments::Given* Arguments::find(std::string_view name) const {
  const auto found = std::ranges::find(given_, name, &Given::name);
  return found == given_.end() ? nullptr : &*found;
}

Span Arguments::place(std::string_view name) const {
  const Given* given = find(name);
  return given != nullptr ? given->place : program_;
}

std::string Arguments::text(std::string_view name) const {
  if (const Given* given = find(name)) return given->value;
  const auto spec = std::ranges::find(specs_, name, &ArgumentSpec::name);
  return spec == specs_.end() ? std::string() : std::string(spec->default_text);
}

bool Arguments::is_on(std::string_view name) const { return one_of(kOn, text(name)); }

std::vector<Item> Arguments::list(std::string_view name) const {
  std::vector<Item> items;
  const std::string value = text(name);
  if (value.empty()) return items;
  for (const std::string_view part : split_on(value, ',')) items.push_back({std::string(trim(part)), place(name)});
  return items;
}

Result<std::vector<int64_t>> Arguments::whole_numbers(std::string_view name, int64_t least, int64_t most,
                                                      size_t count) const {
  std::vector<int64_t> numbers;
  for (const Item& item : list(name)) {
    int64_t number = 0;
    const char* const end = item.text.data() + item.text.size();
    const auto [stop, error] = std::from_chars(item.text.data(), end, number);
    if (error != std::errc{} || stop != end || number < least || number > most) {
      return fail(Code::kArgument, fmt::format("argument \"--{}\" wants whole numbers from {} to {}, found \"{}\"",
                                               name, least, most, item.text))
          .at(item.place);
    }
    numbers.push_back(number);
  }
  return spread(std::move(numbers), count, name, place(name));
}

Result<std::vector<size_t>> Arguments::choices(std::string_view name, std::span<const std::string_view> words,
                                               size_t count) const {
  std::vector<size_t> found;
  for (const Item& item : list(name)) {
    const auto word =
        std::ranges::find_if(words, [&](std::string_view known) { return equals_ignore_case(known, item.text); });
    if (word == words.end()) {
      return fail(Code::kArgument, fmt::format("argument \"--{}\" cannot be \"{}\"", name, item.text),
                  near_or_all(item.text, {words.begin(), words.end()}))
          .at(item.place);
    }
    found.push_back(static_cast<size_t>(word - words.begin()));
  }
  return spread(std::move(found), count, name, place(name));
}

Result<size_t> number_column(const arrow::Schema& columns, std::string_view name, Span place, std::string_view whose) {
  const auto index = columns.index_of(name);
  if (!index) {
    return fail(Code::kProgram, fmt::format("{} has no column \"{}\"", whose, name), near_or_all(name, columns.names()))
        .at(place);
  }
  const arrow::Type& type = columns[*index].type;
  if (!type.is_numeric() && type.id != arrow::TypeId::kBool) {
    return fail(Code::kProgram, fmt::format("column \"{}\" holds no numbers: {}", name, type.to_string()),
                "convert it in the query: CAST(column AS DOUBLE)")
        .at(place);
  }
  return *index;
}

}  // namespace sinan::run
