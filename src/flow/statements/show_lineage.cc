#include "flow/statements/show_lineage.h"

#include <fmt/format.h>

#include <set>

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/statements/record_step.h"

namespace sinan::flow {
namespace {

using catalog::LineageEdge;
using catalog::LineageNode;
using Direction = catalog::Catalog::Direction;

struct Request final : Parsed {
  sql::Name name;
};

// The objects a written name may mean, likeliest first: "m", "zoo.m", "t.column", "zoo.t.column".
std::vector<LineageNode> candidates(std::string_view written) {
  const std::string name = to_lower(written);
  std::vector<LineageNode> result;
  const auto add = [&](std::string_view kind, std::string object, std::string column) {
    result.push_back({{std::string(kind), std::move(object), 0}, std::move(column)});
  };
  const std::string qualified = name.find('.') == std::string::npos ? "main." + name : name;
  add(object_kind::kModel, name, {});
  add(object_kind::kTable, qualified, {});
  add(object_kind::kFile, std::string(written), {});
  if (const size_t dot = name.rfind('.'); dot != std::string::npos) {
    const std::string owner = name.substr(0, dot);
    add(object_kind::kTable, owner.find('.') == std::string::npos ? "main." + owner : owner, name.substr(dot + 1));
  }
  return result;
}

std::string label(const LineageNode& node) {
  std::string_view name = node.object.name;
  if (node.object.kind == object_kind::kTable && name.starts_with("main.")) name.remove_prefix(5);
  std::string text =
      node.object.kind == object_kind::kTable ? std::string(name) : fmt::format("{} {}", node.object.kind, name);
  if (node.object.version != 0) text += fmt::format(":{}", node.object.version);
  if (!node.column.empty()) text += "." + node.column;
  return text;
}

bool same_object(const ObjectRef& a, const ObjectRef& b) { return a.kind == b.kind && a.name == b.name; }

bool touches(const LineageNode& edge_end, const LineageNode& node) {
  return same_object(edge_end.object, node.object) &&
         (edge_end.column.empty() || node.column.empty() || equals_ignore_case(edge_end.column, node.column));
}

// Indented text, one line a node; a node seen before is named, not opened again.
void draw(std::string& text, const LineageNode& node, const std::vector<LineageEdge>& edges, Direction direction,
          const std::string& indent, std::set<std::string>& seen) {
  std::vector<std::pair<LineageNode, std::string>> next;
  for (const LineageEdge& edge : edges) {
    const bool up = direction == Direction::kUpstream;
    if (!touches(up ? edge.to : edge.from, node)) continue;
    std::pair<LineageNode, std::string> item{up ? edge.from : edge.to, edge.how};
    if (std::find(next.begin(), next.end(), item) == next.end()) next.push_back(std::move(item));
  }
  for (size_t i = 0; i < next.size(); ++i) {
    const bool last = i + 1 == next.size();
    const std::string name = label(next[i].first);
    const bool again = !seen.insert(name).second;
    text += fmt::format("{}{}{}  ({}){}\n", indent, last ? "└─ " : "├─ ", name, next[i].second, again ? " …" : "");
    if (!again) draw(text, next[i].first, edges, direction, indent + (last ? "   " : "│  "), seen);
  }
}

void append_rows(arrow::BatchBuilder& rows, std::string_view direction, const std::vector<LineageEdge>& edges) {
  for (const LineageEdge& edge : edges) {
    rows.column(0).append(direction);
    rows.column(1).append(std::string_view(label({edge.from.object, {}})));
    rows.column(2).append(std::string_view(edge.from.column));
    rows.column(3).append(std::string_view(label({edge.to.object, {}})));
    rows.column(4).append(std::string_view(edge.to.column));
    rows.column(5).append(std::string_view(edge.how));
  }
}

std::string tree(std::string_view heading, const LineageNode& node, const std::vector<LineageEdge>& edges,
                 Direction direction) {
  std::string text = fmt::format("{} {}\n", label(node), heading);
  std::set<std::string> seen{label(node)};
  draw(text, node, edges, direction, "", seen);
  text.pop_back();
  return text;
}

Result<Outcome> show(RunContext& context, const sql::Name& name) {
  for (const LineageNode& node : candidates(name.text)) {
    const auto up = TRY(context.catalog().lineage(node, Direction::kUpstream));
    const auto down = TRY(context.catalog().lineage(node, Direction::kDownstream));
    if (up.empty() && down.empty()) continue;
    arrow::BatchBuilder rows({{"direction", arrow::string_type()},
                              {"source", arrow::string_type()},
                              {"source_column", arrow::string_type()},
                              {"target", arrow::string_type()},
                              {"target_column", arrow::string_type()},
                              {"how", arrow::string_type()}});
    append_rows(rows, "upstream", up);
    append_rows(rows, "downstream", down);
    Outcome outcome;
    if (!up.empty()) outcome.messages.push_back(tree("is computed from", node, up, Direction::kUpstream));
    if (!down.empty()) outcome.messages.push_back(tree("is used by", node, down, Direction::kDownstream));
    outcome.tables.push_back({"", rows.finish()});
    return outcome;
  }
  std::vector<std::string> known;
  for (const auto& usage : TRY(context.catalog().usage())) {
    std::string_view text = usage.object.name;
    if (text.starts_with("main.")) text.remove_prefix(5);
    known.emplace_back(text);
  }
  return fail(Code::kNotFound, fmt::format("no lineage is known for \"{}\"", name.text), did_you_mean(name.text, known))
      .at(name.span);
}

}  // namespace

Help ShowLineage::help() const {
  return {"what a table, column or model was computed from, and what was computed from it",
          "SHOW LINEAGE FOR name[.column]",
          "Names a model, a table, a column of a table, or a file. The edges are those that runs have recorded: CREATE "
          "TABLE "
          "AS, views, INSERT, COPY, TRAIN, PREDICT and so on. What only filters, joins or orders rows is no source of "
          "a column.",
          "SHOW LINEAGE FOR june"};
}

Result<std::unique_ptr<Parsed>> ShowLineage::parse(const Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  request->name = TRY(tokens.expect_name_or_string("a table, column, model or file"));
  TRY(tokens.expect_end());
  return request;
}

Result<std::unique_ptr<Step>> ShowLineage::check(const Parsed& parsed, CheckContext& context) const {
  const sql::Name name = static_cast<const Request&>(parsed).name;
  // Of what the name may mean, what there is: the lineage is that of the program so far.
  std::vector<ObjectRef> reads;
  for (const LineageNode& node : candidates(name.text)) {
    const std::string& wanted = node.object.name;
    const std::string bare = wanted.starts_with("main.") ? wanted.substr(5) : wanted;
    for (const std::string& known : context.known_names(node.object.kind)) {
      if (!equals_ignore_case(known, wanted) && !equals_ignore_case(known, bare)) continue;
      reads.push_back(node.object);
      break;
    }
  }
  return make_record_step([name](RunContext& run) { return show(run, name); }, std::move(reads));
}

}  // namespace sinan::flow
