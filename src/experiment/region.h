// Which contexts and units an experiment captures for a parameter: a union of boxes, each an exact set per dimension. Dimensions
// are attributes, parameters, buckets and time. A bucket is one dimension for all experiments that share salt, unit, hash and
// number of buckets, and independent of every other.
//
// Rollouts count at their maximum. A test of another parameter is a set of that parameter's values; reach() adds what has to hold
// for the parameter to have one of them (its experiments' conditions and buckets), taken as large as it can be: a ramp may move
// anybody back to a default. So a region is never too small, which is what a proof of no overlap needs.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiment/bound.h"

namespace sinan::experiment {

struct Dimension {
  enum class Kind : uint8_t { kAttribute, kParameter, kBucket, kTime };
  Kind kind = Kind::kAttribute;
  uint32_t index = 0;  // attribute, parameter, or the numbered bucket
  friend auto operator<=>(const Dimension&, const Dimension&) = default;
};

// Dimensions that are not there are unconstrained. Sorted; no set of it is plainly empty.
struct Box {
  std::vector<std::pair<Dimension, ValueSet>> sets;

  const ValueSet* find(Dimension dimension) const;
  // False when the set becomes plainly empty: then the box is of no more use.
  bool restrict(Dimension dimension, const ValueSet& set);
};

struct Region {
  std::vector<Box> boxes;
  bool complete = true;  // false: there are more cases than kMaxBoxes
};
inline constexpr size_t kMaxBoxes = 2'000;

// A bucket that experiments can share.
struct BucketKey {
  Purpose purpose = Purpose::kGroup;
  std::string salt;
  std::vector<uint32_t> unit;
  HashScheme scheme = HashScheme::kSinan;
  uint32_t buckets = 0;
  friend auto operator<=>(const BucketKey&, const BucketKey&) = default;
};

// Builds regions. Not thread-safe. Borrows the Bound.
class Regions {
 public:
  explicit Regions(const Bound& bound) : bound_(bound) {}

  const Bound& bound() const { return bound_; }
  // Where the experiment gives the parameter a value.
  Region of_experiment(uint32_t experiment, uint32_t parameter);
  // Where one branch is the one that holds, buckets aside.
  Region of_branch(uint32_t experiment, size_t branch);
  Region of_rule(uint32_t parameter, size_t rule);
  Region of_premise(uint32_t implication) const;
  // The parts of the box in which every parameter it tests can have the value it asks for. kLarge: none is missing, and where a
  // default would do, nothing more is asked. kEvery: also the narrower parts in which an experiment or a rule decides, and the one
  // in which none does, first: places to look for a witness.
  enum class Ways : uint8_t { kLarge, kEvery };
  Region reach(const Box& box, Ways ways = Ways::kLarge);
  // Parts of the box in which every implication holds wherever one looks: a few of them, which is enough to know whether there is
  // any. `complete` is false when the search was given up before it found one.
  Region possible(const Box& box) const;

  const BucketKey& bucket(uint32_t index) const { return keys_[index]; }
  std::string name(Dimension dimension) const;

 private:
  // A predicate that still has to hold (or, outside, must not be true).
  struct Pending {
    const Predicate* predicate;
    bool outside;
  };
  using Todo = std::vector<Pending>;

  void expand(Box box, Todo todo, Region& region) const;
  bool restrict_atom(Box& box, const Pending& pending) const;
  struct Settling;
  void settle(Box box, std::vector<bool> settled, Settling& settling) const;
  void reach_parameters(const Box& box, const std::vector<uint32_t>& done, Ways ways, Region& region);
  Todo untouched_todo(uint32_t parameter) const;
  bool place(Box& box, const BoundExperiment& experiment, const std::vector<bool>& leaves);
  Dimension bucket_dimension(BucketKey key);
  Todo branch_todo(const BoundExperiment& experiment, size_t branch) const;

  const Bound& bound_;
  std::map<BucketKey, uint32_t> numbers_;
  std::vector<BucketKey> keys_;
};

std::string to_text(const Regions& regions, const Box& box);

}  // namespace sinan::experiment
