// The proof that experiments do not compete: no context and unit may ever be captured by two of them for one parameter.
//
// Every verdict can be checked. kDisjoint carries a certificate: for each pair of boxes a dimension in which they do not meet.
// kOverlap carries a witness: a context with a unit that the production evaluator, asked again, gives to both. kUnknown is
// everything else (patterns too large, too many cases, no unit found) with its reason, and is to be treated as an overlap.
//
//     OverlapChecker checker(bound);
//     for (const Overlap& found : checker.check(experiment)) ...   // against every other experiment on its parameters
//
// Not thread-safe. Borrows the Bound.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/region.h"

namespace sinan::experiment {

enum class Verdict : uint8_t { kDisjoint, kOverlap, kUnknown };
std::string_view to_string(Verdict verdict);

// Why one pair of boxes does not meet.
struct Separation {
  std::string dimension;
  std::string first;   // its set in the first experiment
  std::string second;  // and in the second
};

struct Witness {
  std::vector<std::pair<std::string, ContextValue>> context;
  std::optional<int64_t> time;
  std::string first_group;  // of the unit in each
  std::string second_group;
  std::string to_text() const;  // (user_id='u3', city='San Francisco')
};

struct Overlap {
  Verdict verdict = Verdict::kUnknown;
  uint32_t parameter = 0;
  uint32_t first = 0;  // experiments
  uint32_t second = 0;
  std::vector<Separation> certificate;
  std::optional<Witness> witness;
  std::string reason;
  // A condition that, added to the first experiment's branches with AND, makes the two disjoint; it was checked.
  std::optional<Condition> remedy;
};

// A branch or rule that no context can reach.
struct Dead {
  std::string what;  // "branch 2 of experiment x", "rule 1 of parameter p"
  std::string reason;
};

struct SearchBudget;  // witness.h

class OverlapChecker {
 public:
  explicit OverlapChecker(const Bound& bound) : regions_(bound) {}

  Overlap check(uint32_t first, uint32_t second, uint32_t parameter);
  // Of one experiment with all others that hold a region on one of its parameters; disjoint pairs with their certificates.
  std::vector<Overlap> check(uint32_t experiment);
  // Of all pairs: only those that are not disjoint. Pairs that an equality of texts keeps apart are not even looked at.
  std::vector<Overlap> check_all();

  std::vector<Dead> dead_branches();
  // An implication whose premise can never hold, given the others: they contradict each other.
  std::optional<uint32_t> contradicted_implication();
  // The contexts of a parameter that no experiment captures, as texts of boxes; `complete` is false when they are more, or are
  // of a form that no box has.
  struct Remainder {
    std::vector<std::string> boxes;
    bool complete = true;
  };
  Remainder open_remainder(uint32_t parameter);

  // For the price of a check: a pair whose verdict alone is wanted needs no certificate, witness and remedy.
  Verdict verdict(uint32_t first, uint32_t second, uint32_t parameter);

 private:
  struct Compared {
    std::vector<Separation> separations;
    std::vector<Box> candidates;  // where both could be
    bool complete = true;
  };

  const Region& region(uint32_t experiment, uint32_t parameter);
  Compared compare(const Region& first, const Region& second, bool with_separations);
  // Whether implications leave anything of the box, which is then added.
  bool add_possible(const Box& box, std::vector<Box>& boxes, bool& complete) const;
  void find_witness(const Compared& compared, Overlap& result);
  bool try_witness(const Box& box, SearchBudget& budget, Overlap& result);
  void find_remedy(Overlap& result);
  std::vector<uint32_t> parameters_of(uint32_t experiment) const;

  Regions regions_;
  std::map<std::pair<uint32_t, uint32_t>, Region> known_;
};

}  // namespace sinan::experiment
