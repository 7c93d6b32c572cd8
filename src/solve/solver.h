// HiGHS at work: a Model in, values and duals out. One thread, the same answer every time; cancelled and watched through its callbacks.
//
//     Solver solver = TRY(Solver::make(options));
//     Solution solution = TRY(solver.solve(model, cancel, &progress));
//
// Not thread-safe; several may be at work at once. Duals are changes of the objective by one more unit of a limit, whichever way
// the objective goes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "flow/step.h"
#include "solve/model.h"

namespace sinan::solve {

struct Library;

struct SolverOptions {
  double gap = 0;
  double absolute_gap = 1e-6;
  std::optional<double> time_limit;  // seconds
  std::string method = "choose";
  bool presolve = true;
};

enum class Verdict : uint8_t { kOptimal, kInfeasible, kUnbounded, kTimeLimit, kStopped };

struct Solution {
  Verdict verdict = Verdict::kStopped;
  bool has_values = false;
  double objective = 0;
  double bound = 0;             // integers: no answer is better than this
  std::vector<double> values;   // of the columns
  std::vector<double> reduced;  // dual of each column's bounds; empty for integer programs
  std::vector<double> duals;    // of the rows; empty for integer programs
  double seconds = 0;
  int64_t iterations = 0;
  int64_t nodes = 0;
  std::string words;  // the solver's own for kStopped
};

class Solver {
 public:
  // Loads the library at its first use. Errors: kUnsupported.
  static Result<Solver> make(SolverOptions options);
  Solver(Solver&&) noexcept;
  Solver& operator=(Solver&&) = delete;
  ~Solver();
  const std::string& version() const;

  // `progress` may be null. Errors: kCancelled; kInternal when the solver refuses the model; kExhausted out of memory.
  Result<Solution> solve(const Model& model, const CancelToken& cancel, flow::Progress* progress);
  // A direction of the columns along which the last model, with integers taken as reals, has no end; empty when none was found.
  Result<std::vector<double>> ray(const Model& model, const CancelToken& cancel);

  // Feasibility of one model under changing bounds: begin() once, then feasible() as often as wanted. Costs are not looked at.
  Status begin(const Model& model, bool relax_integers, const CancelToken& cancel);
  // None: not known within `seconds`.
  Result<std::optional<bool>> feasible(const std::vector<double>& lower, const std::vector<double>& upper,
                                       const std::vector<double>& row_lower, const std::vector<double>& row_upper,
                                       double seconds, const CancelToken& cancel);
  // After feasible() said no to a linear program: how much each row takes part in the contradiction; empty when not known.
  std::vector<double> contradiction(size_t rows);

 private:
  struct State;
  explicit Solver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sinan::solve
