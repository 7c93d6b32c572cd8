#include "solve/solver.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/strings.h"
#include "solve/library.h"

namespace sinan::solve {
namespace {

// What the callbacks see of a run.
struct Watch {
  const CancelToken* cancel = nullptr;
  flow::Progress* progress = nullptr;
  double sign = 1;  // of the objective as the user sees it
  bool integers = false;
  bool quadratic = false;
  std::chrono::steady_clock::time_point told;
};

// Thrown through HiGHS to leave its quadratic solver, which asks nobody whether to go on but writes a log.
struct Interrupted {};

std::string mip_note(const Watch& watch, const HighsCallbackDataOut& out) {
  std::string note;
  if (std::isfinite(out.mip_primal_bound)) note += fmt::format("best {:.8g}  ", watch.sign * out.mip_primal_bound);
  if (std::isfinite(out.mip_dual_bound)) note += fmt::format("bound {:.8g}  ", watch.sign * out.mip_dual_bound);
  if (std::isfinite(out.mip_gap)) note += fmt::format("gap {:.2f} %  ", 100 * out.mip_gap);
  return note + fmt::format("{} nodes", out.mip_node_count);
}

void on_callback(int type, const char* message, const HighsCallbackDataOut* out, HighsCallbackDataIn* in, void* data) {
  Watch& watch = *static_cast<Watch*>(data);
  const bool cancelled = watch.cancel != nullptr && watch.cancel->cancelled();
  if (type == kHighsCallbackLogging) {
    if (cancelled) throw Interrupted();
    // Its lines of figures: iterations, objective, ...
    const std::string_view line = trim(message == nullptr ? "" : message);
    const auto now = std::chrono::steady_clock::now();
    const bool figures = !line.empty() && line.front() >= '0' && line.front() <= '9';
    if (watch.progress == nullptr || !figures || now - watch.told < std::chrono::milliseconds(200)) return;
    watch.told = now;
    watch.progress->note(fmt::format("squares: {}", line));
    return;
  }
  if (in != nullptr && cancelled) in->user_interrupt = 1;
  if (watch.progress == nullptr || out == nullptr) return;
  const bool improved = type == kHighsCallbackMipImprovingSolution;
  const auto now = std::chrono::steady_clock::now();
  if (!improved && now - watch.told < std::chrono::milliseconds(200)) return;
  watch.told = now;
  if (type == kHighsCallbackMipLogging || type == kHighsCallbackMipInterrupt || improved) {
    watch.progress->note(mip_note(watch, *out));
  } else if (!watch.integers && type == kHighsCallbackSimplexInterrupt) {
    watch.progress->note(fmt::format("{} simplex iterations", out->simplex_iteration_count));
  } else if (!watch.integers && type == kHighsCallbackIpmInterrupt) {
    watch.progress->note(fmt::format("{} interior point iterations", out->ipm_iteration_count));
  }
}

// The library reads arrays of its own int.
static_assert(sizeof(HighsInt) == sizeof(int32_t));

std::vector<HighsInt> integrality(const Model& model) {
  std::vector<HighsInt> out(model.columns());
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = model.integer[i] != 0 ? kHighsVarTypeInteger : kHighsVarTypeContinuous;
  return out;
}

}  // namespace

struct Solver::State {
  const Library* library = nullptr;
  void* highs = nullptr;
  SolverOptions options;
  Watch watch;
  std::vector<HighsInt> columns, rows;  // 0, 1, 2, ... for changes of bounds

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (highs != nullptr) library->destroy(highs);
  }

  void set_options() const {
    const Library& lib = *library;
    lib.set_bool(highs, "output_flag", 0);
    // One thread: HiGHS has one pool for the process, and an answer that does not depend on it.
    lib.set_int(highs, "threads", 1);
    lib.set_string(highs, "parallel", "off");
    lib.set_string(highs, "presolve", options.presolve ? "choose" : "off");
    lib.set_string(highs, "solver", options.method.c_str());
    lib.set_double(highs, "mip_rel_gap", options.gap);
    lib.set_double(highs, "mip_abs_gap", options.absolute_gap);
    lib.set_double(highs, "time_limit", options.time_limit.value_or(std::numeric_limits<double>::infinity()));
  }

  // A fresh problem: always a least one; of a most one the negative is solved.
  Status pass(const Model& model, bool with_objective, bool relax_integers) {
    const Library& lib = *library;
    if (highs != nullptr) lib.destroy(highs);
    highs = lib.create();
    if (highs == nullptr) return fail(Code::kExhausted, "HiGHS ran out of memory");
    set_options();
    watch.sign = model.maximize ? -1 : 1;
    watch.integers = model.has_integers() && !relax_integers;
    lib.set_callback(highs, on_callback, &watch);
    for (const HighsInt type : {kHighsCallbackSimplexInterrupt, kHighsCallbackIpmInterrupt, kHighsCallbackMipInterrupt,
                                kHighsCallbackMipLogging, kHighsCallbackMipImprovingSolution})
      lib.start_callback(highs, type);

    watch.quadratic = with_objective && model.is_quadratic();
    if (watch.quadratic) {
      lib.set_bool(highs, "log_to_console", 0);
      lib.set_bool(highs, "output_flag", 1);
      lib.start_callback(highs, kHighsCallbackLogging);
    }

    std::vector<double> cost(model.columns(), 0.0);
    std::vector<double> hessian = model.hessian.value;
    if (with_objective)
      for (size_t i = 0; i < cost.size(); ++i) cost[i] = watch.sign * model.cost[i];
    for (double& value : hessian) value *= watch.sign;
    const bool quadratic = watch.quadratic;
    const std::vector<HighsInt> kinds = watch.integers ? integrality(model) : std::vector<HighsInt>();
    const HighsInt result =
        lib.pass_model(highs, static_cast<HighsInt>(model.columns()), static_cast<HighsInt>(model.rows()),
                       static_cast<HighsInt>(model.entries()), quadratic ? static_cast<HighsInt>(hessian.size()) : 0,
                       kHighsMatrixFormatColwise, kHighsHessianFormatTriangular, kHighsObjSenseMinimize,
                       with_objective ? watch.sign * model.offset : 0, cost.data(), model.lower.data(),
                       model.upper.data(), model.row_lower.data(), model.row_upper.data(), model.matrix.start.data(),
                       model.matrix.row.data(), model.matrix.value.data(),
                       quadratic ? model.hessian.start.data() : nullptr, quadratic ? model.hessian.row.data() : nullptr,
                       quadratic ? hessian.data() : nullptr, watch.integers ? kinds.data() : nullptr);
    if (result == kHighsStatusError) return fail(Code::kInternal, "HiGHS refused the problem");
    return {};
  }

  Result<HighsInt> run(const CancelToken& cancel, flow::Progress* progress) {
    TRY(cancel.check());
    watch.cancel = &cancel;
    watch.progress = progress;
    HighsInt result = kHighsStatusError;
    try {
      result = library->run(highs);
    } catch (const Interrupted&) {
      library->destroy(std::exchange(highs, nullptr));  // half-way: of no more use
    }
    watch.cancel = nullptr;
    watch.progress = nullptr;
    TRY(cancel.check());
    if (highs == nullptr) return fail(Code::kCancelled, "cancelled");
    const HighsInt status = library->model_status(highs);
    if (result == kHighsStatusError && status != kHighsModelStatusInfeasible && status != kHighsModelStatusTimeLimit)
      return fail(Code::kInternal, fmt::format("HiGHS failed: model status {}", status), "try solver.presolve=FALSE");
    return status;
  }

  double number(const char* name) const {
    double value = 0;
    library->info_double(highs, name, &value);
    return value;
  }
  int64_t count(const char* name) const {
    HighsInt value = 0;
    library->info_int(highs, name, &value);
    return std::max<HighsInt>(value, 0);
  }

  void read(Solution& out, const Model& model) const {
    const bool integers = model.has_integers();
    out.iterations = count("simplex_iteration_count") + count("ipm_iteration_count") + count("qp_iteration_count") +
                     count("pdlp_iteration_count");
    if (integers) {
      int64_t nodes = 0;
      library->info_int64(highs, "mip_node_count", &nodes);
      out.nodes = std::max<int64_t>(nodes, 0);
      out.bound = watch.sign * number("mip_dual_bound");
    }
    out.has_values = count("primal_solution_status") == kHighsSolutionStatusFeasible;
    if (!out.has_values) return;
    out.objective = watch.sign * library->objective(highs);
    if (!integers) out.bound = out.objective;
    out.values.resize(model.columns());
    std::vector<double> reduced(model.columns());
    std::vector<double> activity(model.rows());
    std::vector<double> duals(model.rows());
    library->solution(highs, out.values.data(), reduced.data(), activity.data(), duals.data());
    if (integers || count("dual_solution_status") == kHighsSolutionStatusNone) return;
    for (double& value : reduced) value *= watch.sign;
    for (double& value : duals) value *= watch.sign;
    out.reduced = std::move(reduced);
    out.duals = std::move(duals);
  }
};

namespace {

Verdict meaning(HighsInt status) {
  switch (status) {
    case kHighsModelStatusOptimal:
    case kHighsModelStatusModelEmpty:
      return Verdict::kOptimal;
    case kHighsModelStatusInfeasible:
      return Verdict::kInfeasible;
    case kHighsModelStatusUnbounded:
      return Verdict::kUnbounded;
    case kHighsModelStatusTimeLimit:
      return Verdict::kTimeLimit;
    default:
      return Verdict::kStopped;
  }
}

std::string words(HighsInt status) {
  switch (status) {
    case kHighsModelStatusIterationLimit:
      return "iteration limit reached";
    case kHighsModelStatusUnboundedOrInfeasible:
      return "unbounded or infeasible";
    case kHighsModelStatusInterrupt:
      return "interrupted";
    default:
      return fmt::format("model status {}", status);
  }
}

}  // namespace

namespace {

// Where one can go from a feasible point for ever: the directions d, at most one unit in each column, that no bound and no limit
// stops and along which no square grows (Q d = 0).
Model directions(const Model& model) {
  const auto side = [](double bound, double open) { return std::isfinite(bound) ? 0.0 : open; };
  Model out = model;
  out.offset = 0;
  std::ranges::fill(out.integer, uint8_t{0});
  for (double& bound : out.lower) bound = side(bound, -1);
  for (double& bound : out.upper) bound = side(bound, 1);
  for (double& bound : out.row_lower) bound = side(bound, -std::numeric_limits<double>::infinity());
  for (double& bound : out.row_upper) bound = side(bound, std::numeric_limits<double>::infinity());
  out.hessian = {};
  if (!model.is_quadratic()) return out;
  std::vector<Entry> entries;
  const auto first = static_cast<uint32_t>(model.rows());
  const auto each = [](const SparseColumns& matrix, size_t columns, const auto& visit) {
    for (uint32_t column = 0; column < columns; ++column)
      for (auto i = static_cast<size_t>(matrix.start[column]); i < static_cast<size_t>(matrix.start[column + 1]); ++i)
        visit(static_cast<uint32_t>(matrix.row[i]), column, matrix.value[i]);
  };
  each(model.matrix, model.columns(),
       [&](uint32_t row, uint32_t column, double value) { entries.push_back({row, column, value}); });
  each(model.hessian, model.columns(), [&](uint32_t row, uint32_t column, double value) {
    entries.push_back({first + row, column, value});
    if (row != column) entries.push_back({first + column, row, value});
  });
  out.row_lower.resize(first + model.columns(), 0.0);
  out.row_upper.resize(first + model.columns(), 0.0);
  out.matrix = to_columns(std::move(entries), out.rows(), out.columns());
  return out;
}

}  // namespace

Solver::Solver(std::unique_ptr<State> state) : state_(std::move(state)) {}
Solver::Solver(Solver&&) noexcept = default;
Solver::~Solver() = default;

Result<Solver> Solver::make(SolverOptions options) {
  auto state = std::make_unique<State>();
  state->library = TRY(Library::shared());
  state->options = std::move(options);
  return Solver(std::move(state));
}

const std::string& Solver::version() const { return state_->library->version; }

Result<Solution> Solver::solve(const Model& model, const CancelToken& cancel, flow::Progress* progress) {
  const auto begin = std::chrono::steady_clock::now();
  Solution out;
  for (size_t i = 0; i < model.columns(); ++i) {
    if (model.lower[i] <= model.upper[i]) continue;
    out.verdict = Verdict::kInfeasible;
    return out;
  }
  TRY(state_->pass(model, true, false));
  HighsInt status = TRY(state_->run(cancel, progress));
  if (status == kHighsModelStatusUnboundedOrInfeasible) {
    // Presolve has found it and does not know which.
    state_->library->set_string(state_->highs, "presolve", "off");
    status = TRY(state_->run(cancel, progress));
  }
  if (status == kHighsModelStatusUnboundedOrInfeasible) {
    // So does branch and bound: without an objective only one of the two is left.
    TRY(state_->pass(model, false, false));
    status = TRY(state_->run(cancel, progress)) == kHighsModelStatusInfeasible ? kHighsModelStatusInfeasible
                                                                               : kHighsModelStatusUnbounded;
  }
  out.verdict = meaning(status);
  if (out.verdict == Verdict::kStopped) out.words = words(status);
  if (out.verdict == Verdict::kOptimal || out.verdict == Verdict::kTimeLimit || out.verdict == Verdict::kStopped)
    state_->read(out, model);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

Result<std::vector<double>> Solver::ray(const Model& model, const CancelToken& cancel) {
  const Model cone = directions(model);
  TRY(state_->pass(cone, true, true));
  if (TRY(state_->run(cancel, nullptr)) != kHighsModelStatusOptimal) return std::vector<double>();
  Solution best;
  state_->read(best, cone);
  const double gain = model.maximize ? best.objective : -best.objective;
  if (!best.has_values || gain <= 1e-9) return std::vector<double>();
  return std::move(best.values);
}

Status Solver::begin(const Model& model, bool relax_integers, const CancelToken& cancel) {
  TRY(cancel.check());
  TRY(state_->pass(model, false, relax_integers));
  if (relax_integers || !model.has_integers()) {
    // The simplex method leaves the proof behind, and starts from where it was.
    state_->library->set_string(state_->highs, "presolve", "off");
    state_->library->set_string(state_->highs, "solver", "simplex");
  }
  state_->columns.resize(model.columns());
  state_->rows.resize(model.rows());
  std::iota(state_->columns.begin(), state_->columns.end(), 0);
  std::iota(state_->rows.begin(), state_->rows.end(), 0);
  return {};
}

Result<std::optional<bool>> Solver::feasible(const std::vector<double>& lower, const std::vector<double>& upper,
                                             const std::vector<double>& row_lower, const std::vector<double>& row_upper,
                                             double seconds, const CancelToken& cancel) {
  for (size_t i = 0; i < lower.size(); ++i)
    if (lower[i] > upper[i]) return false;
  const Library& lib = *state_->library;
  lib.change_column_bounds(state_->highs, static_cast<HighsInt>(lower.size()), state_->columns.data(), lower.data(),
                           upper.data());
  lib.change_row_bounds(state_->highs, static_cast<HighsInt>(row_lower.size()), state_->rows.data(), row_lower.data(),
                        row_upper.data());
  // The limit counts all runs of one problem.
  lib.set_double(state_->highs, "time_limit", lib.run_time(state_->highs) + seconds);
  switch (TRY(state_->run(cancel, nullptr))) {
    case kHighsModelStatusOptimal:
    case kHighsModelStatusModelEmpty:
      return true;
    case kHighsModelStatusInfeasible:
      return false;
    default:
      return std::nullopt;
  }
}

std::vector<double> Solver::contradiction(size_t rows) {
  std::vector<double> out(rows, 0.0);
  HighsInt found = 0;
  if (state_->library->dual_ray(state_->highs, &found, out.data()) == kHighsStatusError || found == 0) out.clear();
  return out;
}

}  // namespace sinan::solve
