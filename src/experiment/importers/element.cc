#include "experiment/importers/element.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace sinan::experiment {

Element Element::at(std::string_view key) const {
  return {json_->at(key), path_ + (path_.empty() ? "" : ".") + std::string(key)};
}
Element Element::at(size_t index) const { return {json_->items()[index], fmt::format("{}[{}]", path_, index)}; }

Failure Element::malformed(std::string_view what) const {
  return fail(Code::kData, fmt::format("malformed configuration: {} at {}", what, path_.empty() ? "the top" : path_));
}

Failure Element::refuse(std::string_view what, std::string hint) const {
  return fail(Code::kUnsupported,
              fmt::format("cannot be carried over exactly: {} at {}", what, path_.empty() ? "the top" : path_),
              std::move(hint));
}

Status Element::only(std::initializer_list<std::string_view> known) const {
  if (!json_->is_object()) return malformed("expected an object");
  for (const auto& [key, value] : json_->members()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    return refuse(fmt::format("unknown member \"{}\"", key), did_you_mean(key, names));
  }
  return {};
}

Result<std::string> Element::text() const {
  if (!json_->is_string()) return malformed("expected a string");
  return std::string(json_->string_view());
}

Result<double> Element::number() const {
  const auto value = json_->as_double();
  if (!json_->is_number() || !value || !std::isfinite(*value)) return malformed("expected a number");
  return *value;
}

Result<bool> Element::boolean() const {
  if (!json_->is_bool()) return malformed("expected true or false");
  return *json_->as_bool();
}

Result<uint32_t> Element::count(uint32_t most) const {
  const double value = TRY(number());
  if (value < 0 || value > most || value != std::floor(value))
    return malformed(fmt::format("expected a whole number from 0 to {}", most));
  return static_cast<uint32_t>(value);
}

Result<std::vector<Element>> Element::items() const {
  std::vector<Element> result;
  if (json_->is_null()) return result;
  if (!json_->is_array()) return malformed("expected a list");
  for (size_t i = 0; i < json_->items().size(); ++i) result.push_back(at(i));
  return result;
}

Result<std::vector<std::pair<std::string, Element>>> Element::members() const {
  std::vector<std::pair<std::string, Element>> result;
  if (json_->is_null()) return result;
  if (!json_->is_object()) return malformed("expected an object");
  for (const auto& [key, value] : json_->members())
    result.emplace_back(key, Element(value, path_ + (path_.empty() ? "" : ".") + key));
  return result;
}

Result<std::vector<std::string>> Element::texts() const {
  std::vector<std::string> result;
  for (const Element& item : TRY(items())) result.push_back(TRY(item.text()));
  return result;
}

std::string Element::text_or(std::string_view key, std::string_view otherwise) const {
  const Json& value = json_->at(key);
  return std::string(value.is_string() ? value.string_view() : otherwise);
}

}  // namespace sinan::experiment
