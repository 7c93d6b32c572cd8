#include "net/router.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::net {

std::string_view parameter_name(std::string_view segment) {
  const bool is_parameter = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
  return is_parameter ? segment.substr(1, segment.size() - 2) : std::string_view();
}

std::vector<std::string_view> pattern_segments(std::string_view pattern) {
  CHECK(pattern.starts_with('/'));
  if (pattern == "/") return {};
  std::vector<std::string_view> segments = split_on(pattern.substr(1), '/');
  for (const std::string_view segment : segments) {
    CHECK(!segment.empty());
    CHECK(!parameter_name(segment).empty() || segment.find_first_of("{}") == segment.npos);
  }
  return segments;
}

void Router::add(Route route) {
  CHECK((route.handle != nullptr) != (route.stream != nullptr));
  CHECK(route.method != Method::kOther && route.method != Method::kHead && route.method != Method::kOptions);
  Node* node = &root_;
  for (const std::string_view segment : pattern_segments(route.path)) {
    std::unique_ptr<Node>* next = &node->parameter;
    if (parameter_name(segment).empty()) {
      next = &node->literals.try_emplace(std::string(segment)).first->second;
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  // OpenAPI takes patterns that differ in a parameter's name alone for the same.
  CHECK(node->routes.empty() || node->routes.front()->path == route.path);
  CHECK(std::ranges::none_of(node->routes, [&](const Route* other) { return other->method == route.method; }));
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  node->routes.push_back(routes_.back().get());
}

void Router::collect(const Node& node, const Target& target, size_t depth, std::vector<const Node*>& found) {
  if (depth == target.segments.size()) {
    if (!node.routes.empty()) found.push_back(&node);
    return;
  }
  const std::string& segment = target.segments[depth];
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    collect(*literal->second, target, depth + 1, found);
  }
  if (node.parameter && !segment.empty()) collect(*node.parameter, target, depth + 1, found);
}

std::vector<const Router::Node*> Router::nodes_of(const Target& target) const {
  std::vector<const Node*> found;
  if (!target.is_asterisk) collect(root_, target, 0, found);
  return found;
}

Router::Match Router::find(Method method, const Target& target) const {
  Match match;
  if (method == Method::kHead) method = Method::kGet;
  for (const Node* node : nodes_of(target)) {
    match.path_exists = true;
    const auto found = std::ranges::find(node->routes, method, &Route::method);
    if (found == node->routes.end()) continue;
    match.route = *found;
    break;
  }
  if (!match.route) return match;
  if (match.route->path.contains('{')) {
    const std::vector<std::string_view> segments = pattern_segments(match.route->path);
    for (size_t i = 0; i < segments.size(); ++i) {
      if (const std::string_view name = parameter_name(segments[i]); !name.empty()) {
        match.parameters.emplace_back(name, target.segments[i]);
      }
    }
  }
  return match;
}

std::string Router::allowed(const Target& target) const {
  const std::vector<const Node*> nodes = nodes_of(target);
  if (nodes.empty()) return {};
  std::vector<std::string> methods;
  for (const Route* route : nodes.front()->routes) {
    methods.emplace_back(to_string(route->method));
    if (route->method == Method::kGet) methods.emplace_back("HEAD");
  }
  methods.emplace_back("OPTIONS");
  return join(methods, ", ");
}

}  // namespace sinan::net
