#include "run/text_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "run/bins.h"

namespace sinan::run {

Status check_named_lists(const arrow::Schema& columns, std::string_view list, std::string_view whose, Span place) {
  for (const std::string_view wanted : {std::string_view("name"), list}) {
    const auto index = columns.index_of(wanted);
    if (!index) {
      const std::string near = did_you_mean(wanted, columns.names());
      return fail(Code::kProgram, fmt::format("{} has no column \"{}\"", whose, wanted),
                  near.empty() ? "give it what binning.py writes" : near)
          .at(place);
    }
    const arrow::Type& type = columns[*index].type;
    if (type.is_text()) continue;
    return fail(Code::kProgram, fmt::format("column \"{}\" of {} holds no text: {}", wanted, whose, type.to_string()),
                "give it what binning.py writes")
        .at(place);
  }
  return {};
}

Result<std::vector<NamedList>> read_named_lists(arrow::BatchStream& rows, std::string_view list, std::string_view whose,
                                                Span place) {
  const size_t names = *rows.schema()->index_of("name");
  const size_t lists = *rows.schema()->index_of(list);
  std::vector<NamedList> out;
  while (const auto batch = TRY(rows.next())) {
    const arrow::ColumnView name = batch->column(names);
    const arrow::ColumnView text = batch->column(lists);
    for (size_t i = 0; i < batch->rows(); ++i) {
      if (name.is_null(i) || text.is_null(i))
        return fail(Code::kData, fmt::format("{} has a row without a name or without \"{}\"", whose, list)).at(place);
      NamedList row{std::string(name.string(i)), {}};
      auto numbers = read_list(text.string(i));
      if (!numbers.has_value()) {
        return fail(std::move(numbers).error())
            .at(place)
            .within(fmt::format("\"{}\" of \"{}\" in {}", list, row.name, whose));
      }
      row.numbers = *std::move(numbers);
      if (std::ranges::any_of(out, [&](const NamedList& o) { return equals_ignore_case(o.name, row.name); }))
        return fail(Code::kData, fmt::format("{} has a name twice: \"{}\"", whose, row.name)).at(place);
      out.push_back(std::move(row));
    }
  }
  return out;
}

Result<const NamedList*> find_named(const std::vector<NamedList>& all, std::string_view name, std::string_view whose,
                                    Span place) {
  const auto found =
      std::ranges::find_if(all, [&](const NamedList& row) { return equals_ignore_case(row.name, name); });
  if (found != all.end()) return &*found;
  std::vector<std::string> names;
  for (const NamedList& row : all) names.push_back(row.name);
  return fail(Code::kData, fmt::format("{} has no row named \"{}\"", whose, name), did_you_mean(name, names)).at(place);
}

}  // namespace sinan::run
