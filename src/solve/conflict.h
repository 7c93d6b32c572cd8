// Why there is no answer: an irreducible set of the user's constraints, that is, one that contradicts itself and no longer does when
// any member is left out. The variables' types and their lower= and upper= always hold.
//
// For linear programs the simplex method's proof (a combination of constraints that adds up to a contradiction) gives a small set to
// begin with; divide and conquer makes it irreducible with about k log n solutions of smaller and smaller problems. Where only
// whole numbers contradict, it starts from all constraints.
#pragma once

#include <cstddef>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "solve/build.h"
#include "solve/solver.h"

namespace sinan::solve {

struct Conflict {
  struct Member {
    size_t condition;  // of problem.conditions
    size_t instance;
    friend auto operator<=>(const Member&, const Member&) = default;
  };
  std::vector<Member> members;  // ascending; empty: the variables' own bounds are all that is wrong
  bool irreducible = true;      // false: time ran out on the way
  bool whole_numbers = false;   // reals would have an answer
  bool bounds_hold =
      false;  // a MIN or MAX relies on the variables' bounds: conditions that became bounds always hold too
};

// Of a model that has no answer. `seconds` bounds the search, about. Errors: kCancelled, and the solver's.
Result<Conflict> find_conflict(const Built& built, Solver& solver, double seconds, const CancelToken& cancel);

}  // namespace sinan::solve
