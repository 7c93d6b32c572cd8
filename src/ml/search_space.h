// SearchSpace: attributes whose value is to be found: `eta=log_range(0.01, 0.3), max_depth=range(3, 10),
// tree_method=choice("hist", "exact")`. What may stand there is what the attribute itself allows: bounds and members are
// checked against its type, range and choices before anything runs. A point is one value for each attribute.
//
// Immutable once made; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "ml/attributes.h"
#include "sql/clause.h"

namespace sinan::ml {

struct Dimension {
  enum class Kind : uint8_t { kRange, kLogRange, kChoice };
  std::string attribute;  // canonical name
  Kind kind = Kind::kRange;
  bool is_integer = false;  // whole numbers, both ends included
  double low = 0;
  double high = 0;
  std::vector<Json> members;  // kChoice, in the order given
  AttributeType type = AttributeType::kString;
  Span span;  // of the value

  // Numbers live in [0, 1): uniform there is uniform in the range, or in its logarithm. Choices are indices.
  Json value_at(double unit) const;
  double unit_of(const Json& value) const;  // of a number that value_at() gave, the middle of those that give it
};

using Point = std::vector<Json>;  // by dimension

class SearchSpace {
 public:
  // Whether an attribute's value is one of range(), log_range(), choice().
  static bool is_search(const sql::Expr& value);
  // Errors (kArgument, at the value): another number of arguments, a range of an attribute that is no number, bounds of
  // another type, out of the attribute's range, not ascending or not positive (log_range); members that the attribute does
  // not allow, given twice, or fewer than two.
  Status add(const sql::Attribute& attribute, const AttributeSpec& spec);

  bool empty() const { return dimensions_.empty(); }
  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  Point draw(Random& random) const;
  // Gives the point's values; the others stay.
  void apply(const Point& point, AttributeValues& values) const;
  // "eta=0.1, max_depth=5"
  std::string to_text(const Point& point) const;
  Json to_json(const Point& point) const;  // by attribute

 private:
  std::vector<Dimension> dimensions_;
};

// As a person reads it: at most 6 significant digits.
std::string value_text(const Json& value);

}  // namespace sinan::ml
