// A set of points of a totally ordered domain in which every point has a next one (integers, doubles by their bits, times,
// addresses, versions), as sorted, disjoint, non-touching half-open intervals. Every open or closed bound is expressed exactly:
// `> x` begins at next(x). A missing end means "to the end of the domain". Value type.
//
// Traits give the domain: `Point`, `static Point first()`, `static std::optional<Point> next(const Point&)`; points compare
// with <=> and ==.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sinan::experiment {

template <class Traits>
class IntervalSet {
 public:
  using Point = typename Traits::Point;
  struct Interval {
    Point begin;
    std::optional<Point> end;  // not included
    friend bool operator==(const Interval&, const Interval&) = default;
  };

  IntervalSet() = default;
  static IntervalSet all() { return IntervalSet({Interval{Traits::first(), std::nullopt}}); }
  static IntervalSet one(const Point& point) { return closed(point, point); }
  static IntervalSet from(const Point& begin) { return IntervalSet({Interval{begin, std::nullopt}}); }
  static IntervalSet below(const Point& end) {
    return Traits::first() < end ? IntervalSet({Interval{Traits::first(), end}}) : IntervalSet();
  }
  static IntervalSet closed(const Point& first, const Point& last) {
    return last < first ? IntervalSet() : IntervalSet({Interval{first, Traits::next(last)}});
  }

  static IntervalSet of_sorted(const std::vector<Point>& points) {
    IntervalSet result;
    for (const Point& point : points) {
      std::vector<Interval>& all = result.intervals_;
      if (!all.empty() && (!all.back().end || point < *all.back().end)) continue;  // twice
      if (!all.empty() && *all.back().end == point) {
        all.back().end = Traits::next(point);
      } else {
        all.push_back({point, Traits::next(point)});
      }
    }
    return result;
  }

  bool is_empty() const { return intervals_.empty(); }
  bool is_all() const { return *this == all(); }
  const std::vector<Interval>& intervals() const { return intervals_; }

  bool contains(const Point& point) const {
    auto after = std::ranges::upper_bound(intervals_, point, std::less<>(), &Interval::begin);
    if (after == intervals_.begin()) return false;
    --after;
    return !after->end || point < *after->end;
  }

  IntervalSet complement() const {
    IntervalSet result;
    std::optional<Point> begin = Traits::first();
    for (const Interval& interval : intervals_) {
      if (*begin < interval.begin) result.intervals_.push_back({*begin, interval.begin});
      begin = interval.end;
      if (!begin) return result;
    }
    result.intervals_.push_back({*begin, std::nullopt});
    return result;
  }

  IntervalSet intersect(const IntervalSet& other) const {
    IntervalSet result;
    auto a = intervals_.begin();
    auto b = other.intervals_.begin();
    while (a != intervals_.end() && b != other.intervals_.end()) {
      const Point& begin = std::max(a->begin, b->begin);
      const bool a_ends_first = a->end && (!b->end || *a->end < *b->end);
      const std::optional<Point>& end = a_ends_first ? a->end : b->end;
      if (!end || begin < *end) result.intervals_.push_back({begin, end});
      a_ends_first ? ++a : ++b;
    }
    return result;
  }

  IntervalSet unite(const IntervalSet& other) const { return complement().intersect(other.complement()).complement(); }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  explicit IntervalSet(std::vector<Interval> intervals) : intervals_(std::move(intervals)) {}
  std::vector<Interval> intervals_;
};

}  // namespace sinan::experiment
