#include "solve/conflict.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

namespace sinan::solve {
namespace {

using Member = Conflict::Member;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNothing = 1e-9;  // parts of a proof below this are rounding

class Search {
 public:
  Search(const Built& built, Solver& solver, double seconds, const CancelToken& cancel)
      : built_(built),
        model_(built.model),
        solver_(solver),
        cancel_(cancel),
        deadline_(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds))) {}

  Result<Conflict> find() {
    lower_ = model_.lower;
    upper_ = model_.upper;
    row_lower_ = model_.row_lower;
    row_upper_ = model_.row_upper;
    std::vector<Member> candidates = TRY(first_candidates());
    for (const Member& member : all_members()) set(member, false);
    Conflict out;
    out.members = TRY(reduce(candidates, true));
    if (reals_ && model_.has_integers()) {
      // Needed among reals; whole numbers may contradict sooner.
      TRY(solver_.begin(model_, false, cancel_));
      const size_t before = out.members.size();
      out.members = TRY(reduce(out.members, true));
      reals_ = out.members.size() == before;
    }
    out.whole_numbers = !reals_;
    out.bounds_hold = built_.needs_bounds;
    std::ranges::sort(out.members);
    out.irreducible = !late_;
    return out;
  }

 private:
  // --- what can be left out ---
  std::vector<Member> all_members() const {
    std::vector<Member> out;
    for (size_t c = 0; c < built_.conditions.size(); ++c) {
      const Instances& instances = built_.conditions[c];
      for (size_t i = 0; i < instances.count; ++i)
        if (!instances.as_bounds || sides(c, i) != 0) out.push_back({c, i});
    }
    return out;
  }

  // Of a condition that is a bound: 1 the lower one, 2 the upper one. Exact MIN and MAX rely on bounds: those stay.
  int sides(size_t condition, size_t instance) const {
    if (built_.needs_bounds) return 0;
    const auto by = static_cast<int32_t>(condition);
    return (built_.lower_by[instance] == by ? 1 : 0) + (built_.upper_by[instance] == by ? 2 : 0);
  }

  void set(const Member& member, bool holds) {
    const Instances& instances = built_.conditions[member.condition];
    if (!instances.as_bounds) {
      const size_t row = instances.first_model_row + member.instance;
      row_lower_[row] = holds ? model_.row_lower[row] : -kInfinity;
      row_upper_[row] = holds ? model_.row_upper[row] : kInfinity;
      return;
    }
    const int which = sides(member.condition, member.instance);
    const size_t column = instances.first_column + member.instance;
    if ((which & 1) != 0) lower_[column] = holds ? model_.lower[column] : built_.base_lower[column];
    if ((which & 2) != 0) upper_[column] = holds ? model_.upper[column] : built_.base_upper[column];
  }

  // --- where to begin ---
  Result<std::vector<Member>> first_candidates() {
    // Two bounds of one column that leave nothing between them need no solver.
    for (size_t i = 0; i < built_.lower_by.size(); ++i) {
      if (model_.lower[i] <= model_.upper[i] || built_.needs_bounds) continue;
      std::vector<Member> out;
      if (built_.lower_by[i] >= 0) out.push_back({static_cast<size_t>(built_.lower_by[i]), i});
      if (built_.upper_by[i] >= 0 && built_.upper_by[i] != built_.lower_by[i])
        out.push_back({static_cast<size_t>(built_.upper_by[i]), i});
      TRY(solver_.begin(model_, true, cancel_));
      return out;
    }
    TRY(solver_.begin(model_, true, cancel_));
    reals_ = TRY(contradicts());
    if (reals_) {
      std::vector<Member> proof = members_of(solver_.contradiction(model_.rows()));
      if (!proof.empty() && TRY(contradict_alone(proof))) return proof;
    } else if (model_.has_integers()) {
      TRY(solver_.begin(model_, false, cancel_));
    }
    return all_members();
  }

  // The constraints that take part in a proof: rows with a factor, and the bounds that the sum of them needs.
  std::vector<Member> members_of(const std::vector<double>& factors) const {
    if (factors.empty()) return {};
    double most = 0;
    for (const double factor : factors) most = std::max(most, std::abs(factor));
    const SparseColumns& matrix = model_.matrix;
    std::vector<uint8_t> needed(model_.columns(), 0);
    for (size_t column = 0; column < model_.columns(); ++column) {
      double sum = 0;
      for (auto i = static_cast<size_t>(matrix.start[column]); i < static_cast<size_t>(matrix.start[column + 1]); ++i)
        sum += matrix.value[i] * factors[static_cast<size_t>(matrix.row[i])];
      needed[column] = std::abs(sum) > kNothing * most ? 1 : 0;
    }
    std::vector<Member> out;
    for (const Member& member : all_members()) {
      const Instances& instances = built_.conditions[member.condition];
      const bool part = instances.as_bounds
                            ? needed[instances.first_column + member.instance] != 0
                            : std::abs(factors[instances.first_model_row + member.instance]) > kNothing * most;
      if (part) out.push_back(member);
    }
    return out;
  }

  Result<bool> contradict_alone(const std::vector<Member>& members) {
    for (const Member& member : all_members()) set(member, false);
    for (const Member& member : members) set(member, true);
    const bool out = TRY(contradicts());
    for (const Member& member : all_members()) set(member, true);
    return out;
  }

  // --- making it smaller ---
  // What holds now has no answer. Not known in time: false.
  Result<bool> contradicts() {
    const double left = std::chrono::duration<double>(deadline_ - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      late_ = true;
      return false;
    }
    const auto answer = TRY(solver_.feasible(lower_, upper_, row_lower_, row_upper_, left, cancel_));
    if (!answer) late_ = true;
    return answer == false;
  }

  // The members of `candidates` that, with what holds now, are needed for a contradiction. `changed`: what holds is more than when the
  // caller looked.
  Result<std::vector<Member>> reduce(std::span<const Member> candidates, bool changed) {
    if (changed && !late_ && TRY(contradicts())) return std::vector<Member>();
    if (candidates.size() <= 1 || late_) return std::vector<Member>(candidates.begin(), candidates.end());
    const auto left = candidates.first(candidates.size() / 2);
    const auto right = candidates.subspan(candidates.size() / 2);
    for (const Member& member : left) set(member, true);
    std::vector<Member> out = TRY(reduce(right, true));
    for (const Member& member : left) set(member, false);
    for (const Member& member : out) set(member, true);
    const std::vector<Member> more = TRY(reduce(left, !out.empty()));
    for (const Member& member : out) set(member, false);
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  const Built& built_;
  const Model& model_;
  Solver& solver_;
  const CancelToken& cancel_;
  std::chrono::steady_clock::time_point deadline_;
  std::vector<double> lower_, upper_, row_lower_, row_upper_;
  bool reals_ = true;  // contradict as well
  bool late_ = false;
};

}  // namespace

Result<Conflict> find_conflict(const Built& built, Solver& solver, double seconds, const CancelToken& cancel) {
  return Search(built, solver, seconds, cancel).find();
}

}  // namespace sinan::solve
