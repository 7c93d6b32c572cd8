// Random problems against enumeration and against the conditions of optimality; linear growth of what is built.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/strings.h"
#include "solve/conflict.h"
#include "solve/library.h"
#include "solve/test/problem.h"

namespace sinan::solve {
namespace {

using Member = Conflict::Member;

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int whole(int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine_); }
  double real(double least, double most) { return std::uniform_real_distribution<double>(least, most)(engine_); }
  const std::string& of(const std::vector<std::string>& items) {
    return items[static_cast<size_t>(whole(0, static_cast<int>(items.size()) - 1))];
  }

 private:
  std::mt19937 engine_;
};

Solver make_solver() {
  auto solver = Solver::make({});
  EXPECT_TRUE(solver) << solver.error().to_string();
  return *std::move(solver);
}

// --- whole numbers against enumeration ---

constexpr int kMost = 2;  // v is one of 0, 1, 2

Rows random_rows(Random& random) {
  Rows rows;
  const int count = random.whole(2, 4);
  for (int i = 0; i < count; ++i) {
    rows["id"].push_back(i);
    rows["g"].push_back(random.whole(0, 1));
    rows["a"].push_back(random.whole(-3, 3));
    rows["b"].push_back(random.whole(-1, 4));
  }
  return rows;
}

std::string random_clause(Random& random) {
  const std::string objective =
      random.of({"SUM(a * v)", "SUM(a * v + 2 * b) - SUM(3 * w)", "MAX(a * v + w)", "MIN(b - v) + SUM(v)",
                 "AVG(b * v) / 2 + AVG(w)", "MAX(v) - MIN(a * v)", "SUM(v) * MAX(b) - COUNT(1)"});
  std::string constraints;
  const int count = random.whole(1, 4);
  for (int i = 0; i < count; ++i) {
    const std::string c = std::to_string(random.whole(-1, 6));
    constraints += i == 0 ? " CONSTRAINT " : ", ";
    constraints += random.of({"v <= b",
                              "v >= a - 1",
                              "2 * v >= b",
                              "-v <= a",
                              "v < b",
                              "a * v = b - 2",
                              "v + w <= 2",
                              "v <= 2 * w",
                              "SUM(v) <= " + c,
                              "SUM(a * v) >= " + c,
                              "SUM(v) > " + c,
                              "SUM(2 * v) = " + c,
                              "SUM(v) <= " + c + " GROUP BY g",
                              "SUM(a * v) >= w GROUP BY g",
                              "SUM(v) >= 3 * w GROUP BY g",
                              "SUM(w) >= 1",
                              "MAX(v) >= " + c,
                              "MAX(a * v) <= " + c + " GROUP BY g",
                              "MIN(v + w) <= " + c + " GROUP BY g",
                              "MIN(a * v) >= " + c,
                              "MAX(v) - MIN(v) <= 1",
                              "MAX(v) = " + c + " GROUP BY g",
                              "AVG(v) >= 1 GROUP BY g",
                              "AVG(b * v) <= COUNT(v)"});
  }
  return fmt::format(
      "TO {} {}{} WITH variables=\"v(id), w(g)\", var_type=\"Integers, Binary\", lower=[0, 0], upper=[{}, 1] INTO o",
      random.of({"MAXIMIZE", "MINIMIZE"}), objective, constraints, kMost);
}

// Every assignment of v to the rows and of w to the groups.
std::vector<Rows> assignments(const Rows& rows) {
  const std::vector<double>& groups = rows.at("g");
  std::vector<Rows> out;
  const size_t count = groups.size();
  size_t combinations = 1;
  for (size_t i = 0; i < count; ++i) combinations *= kMost + 1;
  for (size_t code = 0; code < combinations * 4; ++code) {
    Rows values;
    size_t rest = code / 4;
    for (size_t row = 0; row < count; ++row) {
      values["v"].push_back(static_cast<double>(rest % (kMost + 1)));
      rest /= kMost + 1;
      values["w"].push_back(static_cast<double>((code >> static_cast<size_t>(groups[row])) & 1));
    }
    out.push_back(std::move(values));
  }
  return out;
}

Rows values_of(const Run& run, const Solution& solution) {
  Rows out;
  for (size_t f = 0; f < run.settings.families.size(); ++f)
    for (size_t row = 0; row < run.table.rows(); ++row)
      out[run.settings.families[f].name].push_back(solution.values[run.built.families[f].column(row)]);
  return out;
}

bool possible(const Naive& naive, const std::set<Member>& members, const std::vector<Rows>& all) {
  return std::ranges::any_of(all, [&](const Rows& values) {
    return std::ranges::all_of(members, [&](const Member& m) { return naive.holds(m.condition, m.instance, values); });
  });
}

// The set contradicts itself, and none of it can be left out.
void expect_irreducible(const Run& run, const Naive& naive, const Conflict& conflict, const std::vector<Rows>& all) {
  std::set<Member> background;  // bounds that MIN and MAX rely on
  if (conflict.bounds_hold)
    for (size_t c = 0; c < run.built.conditions.size(); ++c)
      for (size_t i = 0; run.built.conditions[c].as_bounds && i < run.built.conditions[c].count; ++i)
        background.insert({c, i});
  std::set<Member> members = background;
  members.insert(conflict.members.begin(), conflict.members.end());
  EXPECT_TRUE(conflict.irreducible);
  EXPECT_FALSE(possible(naive, members, all));
  for (const Member& member : conflict.members) {
    std::set<Member> fewer = members;
    fewer.erase(member);
    EXPECT_TRUE(possible(naive, fewer, all)) << "not needed: " << member.condition << ", " << member.instance;
  }
}

TEST(WholeNumbers, AgreeWithEnumeration) {
  Solver solver = make_solver();
  size_t solved = 0;
  size_t contradictions = 0;
  for (uint32_t seed = 0; seed < 360; ++seed) {
    Random random(seed);
    const Rows rows = random_rows(random);
    const std::string text = random_clause(random);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, text));
    const auto run = prepare(text, rows);
    ASSERT_TRUE(run) << run.error().to_string();
    const Naive naive(run->clause, rows);
    const std::vector<Rows> all = assignments(rows);
    std::optional<double> best;
    for (const Rows& values : all) {
      if (!naive.holds(values)) continue;
      const double objective = naive.objective(values);
      if (!best || (run->clause.maximize ? objective > *best : objective < *best)) best = objective;
    }
    auto solution = solver.solve(run->built.model, {}, nullptr);
    ASSERT_TRUE(solution) << solution.error().to_string();
    ASSERT_EQ(solution->verdict, best ? Verdict::kOptimal : Verdict::kInfeasible)
        << testing::PrintToString(rows) << testing::PrintToString(solution->values);
    if (best) {
      ++solved;
      run->built.polish(solution->values);
      const Rows values = values_of(*run, *solution);
      EXPECT_TRUE(naive.holds(values));
      EXPECT_NEAR(naive.objective(values), *best, 1e-6);
      EXPECT_NEAR(run->built.objective(solution->values), *best, 1e-6);
    } else {
      ++contradictions;
      const auto conflict = find_conflict(run->built, solver, 60, {});
      ASSERT_TRUE(conflict) << conflict.error().to_string();
      expect_irreducible(*run, naive, *conflict, all);
    }
  }
  EXPECT_GT(solved, 80U);
  EXPECT_GT(contradictions, 80U);
}

// --- reals against the conditions of optimality ---

// Everything that makes an answer the best one: it is feasible, prices explain the costs, have the right sign, and are zero where
// there is room. What follows is that the primal and the dual objective are the same, which is checked too.
void expect_optimal(const Model& model, const Solution& solution) {
  constexpr double kClose = 1e-6;
  const double sign = model.maximize ? -1 : 1;
  std::vector<double> activity(model.rows(), 0.0);
  double dual_objective = model.offset;
  for (size_t column = 0; column < model.columns(); ++column) {
    double explained = solution.reduced[column];
    for (auto i = static_cast<size_t>(model.matrix.start[column]);
         i < static_cast<size_t>(model.matrix.start[column + 1]); ++i) {
      const auto row = static_cast<size_t>(model.matrix.row[i]);
      activity[row] += model.matrix.value[i] * solution.values[column];
      explained += model.matrix.value[i] * solution.duals[row];
    }
    EXPECT_NEAR(explained, model.cost[column], kClose);
  }
  const auto check = [&](double value, double price, double lower, double upper) {
    EXPECT_GE(value, lower - kClose);
    EXPECT_LE(value, upper + kClose);
    const double least_price = sign * price;  // as if the least were sought: a lower limit costs, an upper one saves
    if (least_price > kClose) {
      EXPECT_NEAR(value, lower, kClose);
    }
    if (least_price < -kClose) {
      EXPECT_NEAR(value, upper, kClose);
    }
    if (std::abs(price) > kClose) dual_objective += price * (least_price > 0 ? lower : upper);
  };
  for (size_t i = 0; i < model.columns(); ++i)
    check(solution.values[i], solution.reduced[i], model.lower[i], model.upper[i]);
  for (size_t i = 0; i < model.rows(); ++i)
    check(activity[i], solution.duals[i], model.row_lower[i], model.row_upper[i]);
  EXPECT_NEAR(dual_objective, solution.objective, kClose * std::max(1.0, std::abs(solution.objective)));
}

TEST(Reals, DualsProveTheAnswer) {
  Solver solver = make_solver();
  size_t solved = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Rows rows;
    const int count = random.whole(3, 40);
    for (int i = 0; i < count; ++i) {
      rows["id"].push_back(i);
      rows["g"].push_back(random.whole(0, 5));
      rows["a"].push_back(random.real(-3, 3));
      rows["b"].push_back(random.real(0.5, 4));
    }
    const std::string text = fmt::format(
        "TO {} SUM(a * v) + {:.3f} {} CONSTRAINT SUM(b * v) <= {:.3f}, SUM(v) >= {:.3f} GROUP BY g, v <= b, SUM(a * v) "
        "<= 5 * MAX(b) GROUP BY g, "
        "v >= -b / 2 WITH variables=\"v(id)\", var_type=\"Reals\" INTO o",
        random.of({"MAXIMIZE", "MINIMIZE"}), random.real(-2, 2), random.of({"", "- MAX(a * v)", "+ MIN(b * v)"}),
        random.real(2, 3 * count), random.real(-2, 0.4));
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, text));
    const auto run = prepare(text, rows);
    ASSERT_TRUE(run) << run.error().to_string();
    const auto solution = solver.solve(run->built.model, {}, nullptr);
    ASSERT_TRUE(solution) << solution.error().to_string();
    // The other direction of MIN and MAX makes it a problem with whole numbers, which has no duals.
    if (solution->verdict != Verdict::kOptimal || run->built.model.has_integers()) continue;
    ++solved;
    expect_optimal(run->built.model, *solution);
  }
  EXPECT_GT(solved, 60U);
}

TEST(Reals, UnboundedHasADirection) {
  Solver solver = make_solver();
  for (uint32_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    Rows rows;
    for (int i = 0; i < 5; ++i) {
      rows["id"].push_back(i);
      rows["a"].push_back(random.whole(1, 5));
      rows["b"].push_back(random.whole(-2, 2));
    }
    const auto run = prepare(
        "TO MAXIMIZE SUM(a * v) CONSTRAINT SUM(b * v) <= 9, v >= -3 WITH variables=\"v(id)\", "
        "var_type=\"Integers\" INTO o",
        rows);
    ASSERT_TRUE(run) << run.error().to_string();
    const auto solution = solver.solve(run->built.model, {}, nullptr);
    ASSERT_TRUE(solution) << solution.error().to_string();
    const bool all_positive = std::ranges::all_of(rows.at("b"), [](double b) { return b > 0; });
    ASSERT_EQ(solution->verdict, all_positive ? Verdict::kOptimal : Verdict::kUnbounded) << "seed " << seed;
    if (all_positive) continue;
    const auto ray = solver.ray(run->built.model, {});
    ASSERT_TRUE(ray);
    ASSERT_EQ(ray->size(), 5U);
    double gain = 0;
    double used = 0;
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_GE((*ray)[i], -1e-9);  // v >= -3 for ever
      gain += rows.at("a")[i] * (*ray)[i];
      used += rows.at("b")[i] * (*ray)[i];
    }
    EXPECT_GT(gain, 1e-6);
    EXPECT_LE(used, 1e-9);
  }
}

// --- squares ---

TEST(Squares, AnswerIsStationary) {
  Solver solver = make_solver();
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    Rows rows;
    const int count = random.whole(2, 12);
    double goal_sum = 0;
    for (int i = 0; i < count; ++i) {
      rows["id"].push_back(i);
      rows["goal"].push_back(random.real(-3, 3));
      rows["weight"].push_back(random.real(0.5, 2));
      goal_sum += rows["goal"].back();
    }
    const double total = goal_sum + random.real(-5, 5);
    const auto run =
        prepare(fmt::format("TO MINIMIZE SUM(weight * (v - goal) * (v - goal)) CONSTRAINT SUM(v) = {:.9f} WITH "
                            "variables=\"v(id)\", var_type=\"Reals\" INTO o",
                            total),
                rows);
    ASSERT_TRUE(run) << run.error().to_string();
    const auto solution = solver.solve(run->built.model, {}, nullptr);
    ASSERT_TRUE(solution) << solution.error().to_string();
    ASSERT_EQ(solution->verdict, Verdict::kOptimal);
    // By Lagrange: v = goal + t / weight, with the t that gives the sum.
    double inverse = 0;
    for (const double weight : rows["weight"]) inverse += 1 / weight;
    const double t = (total - goal_sum) / inverse;
    for (size_t i = 0; i < rows["goal"].size(); ++i)
      EXPECT_NEAR(solution->values[i], rows["goal"][i] + t / rows["weight"][i], 1e-5) << "seed " << seed;
    EXPECT_NEAR(solution->objective, t * t * inverse, 1e-5);
  }
}

TEST(Squares, ConvexityIsSeen) {
  const auto triangle = [](std::vector<Entry> entries, size_t n) { return to_columns(std::move(entries), n, n); };
  EXPECT_TRUE(is_convex(triangle({{0, 0, 2}, {1, 0, 1}, {1, 1, 2}}, 2), 2));
  EXPECT_FALSE(is_convex(triangle({{0, 0, 1}, {1, 0, 2}, {1, 1, 1}}, 2), 2));
  EXPECT_TRUE(is_convex(triangle({{0, 0, 1}, {1, 0, 1}, {1, 1, 1}}, 2), 2));  // (x + y) squared: flat in a direction
  EXPECT_FALSE(is_convex(triangle({{1, 0, 1}}, 3), 3));                       // x * y
  EXPECT_FALSE(is_convex(triangle({{2, 2, -1e-3}}, 3), 3));
  EXPECT_TRUE(is_convex(triangle({}, 3), 3));
}

// --- parts ---

TEST(SparseColumns, EntriesAreSortedAndSummed) {
  const SparseColumns out =
      to_columns({{1, 0, 2.0}, {0, 1, 3.0}, {1, 0, 0.5}, {0, 0, 1.0}, {2, 1, 4.0}, {2, 1, -4.0}}, 3, 3);
  EXPECT_EQ(out.start, (std::vector<int32_t>{0, 2, 3, 3}));
  EXPECT_EQ(out.row, (std::vector<int32_t>{0, 1, 0}));
  EXPECT_EQ(out.value, (std::vector<double>{1.0, 2.5, 3.0}));
}

class CancelAtFirstNote final : public flow::Progress {
 public:
  explicit CancelAtFirstNote(CancelSource& cancel) : cancel_(cancel) {}
  void stage(std::string_view) override {}
  void fraction(double) override {}
  void rows(int64_t) override {}
  void note(std::string_view text) override {
    notes_.emplace_back(text);
    cancel_.cancel();
  }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  CancelSource& cancel_;
  std::vector<std::string> notes_;
};

// A market split problem: branch and bound takes far longer than anyone waits.
Result<Run> market_split() {
  Rows rows;
  Random random(7);
  for (int i = 0; i < 40; ++i) {
    rows["id"].push_back(i);
    for (const char* name : {"a", "b", "c", "d"}) rows[name].push_back(random.whole(0, 99));
  }
  std::string constraints;
  for (const char* name : {"a", "b", "c", "d"}) {
    double sum = 0;
    for (const double value : rows[name]) sum += value;
    constraints +=
        fmt::format("{} SUM({} * v) = {}", constraints.empty() ? "CONSTRAINT" : ",", name, std::floor(sum / 2));
  }
  return prepare("TO MINIMIZE SUM(v) " + constraints + " WITH variables=\"v(id)\", var_type=\"Binary\" INTO o", rows);
}

TEST(Solver, StopsWhenCancelled) {
  const auto run = market_split();
  ASSERT_TRUE(run) << run.error().to_string();
  Solver solver = make_solver();
  CancelSource source;

  CancelAtFirstNote progress(source);
  const auto solution = solver.solve(run->built.model, source.token(), &progress);
  ASSERT_FALSE(solution);
  EXPECT_EQ(solution.error().code, Code::kCancelled);
  ASSERT_FALSE(progress.notes().empty());
  EXPECT_NE(progress.notes()[0].find("nodes"), std::string::npos);
}

TEST(Solver, StopsSquaresWhenCancelled) {
  Rows rows;
  for (int i = 0; i < 20'000; ++i) {
    rows["id"].push_back(i);
    const int group = i / 100;
    rows["g"].push_back(group);
    rows["goal"].push_back((i % 97) / 10.0);
    rows["size"].push_back(1 + (i * 7 % 100) / 25.0);
  }
  const auto run = prepare(
      "TO MINIMIZE SUM((v - goal) * (v - goal)) CONSTRAINT SUM(size * v) <= 100 GROUP BY g WITH "
      "variables=\"v(id)\", var_type=\"NonNegativeReals\" INTO o",
      rows);
  ASSERT_TRUE(run) << run.error().to_string();
  Solver solver = make_solver();
  CancelSource source;
  CancelAtFirstNote progress(source);
  const auto solution = solver.solve(run->built.model, source.token(), &progress);
  ASSERT_FALSE(solution);
  EXPECT_FALSE(progress.notes().empty());
  EXPECT_EQ(solution.error().code, Code::kCancelled);
  // And it may be used again.
  const auto small = prepare("TO MINIMIZE SUM((v - 3) * (v - 3)) WITH variables=\"v(id)\", var_type=\"Reals\" INTO o",
                             {{"id", {1, 2}}});
  ASSERT_TRUE(small);
  const auto again = solver.solve(small->built.model, {}, nullptr);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_NEAR(again->values[0], 3, 1e-6);
}

TEST(Solver, TakesTheTimeLimit) {
  const auto run = market_split();
  ASSERT_TRUE(run) << run.error().to_string();
  auto solver = Solver::make({.time_limit = 0.3});
  ASSERT_TRUE(solver);
  const auto solution = solver->solve(run->built.model, {}, nullptr);
  ASSERT_TRUE(solution) << solution.error().to_string();
  EXPECT_EQ(solution->verdict, Verdict::kTimeLimit);
  EXPECT_GE(solution->seconds, 0.29);
}

TEST(Library, SaysHowToGetIt) {
  const auto library = Library::load("/nowhere/libhighs.so");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, Code::kUnsupported);
  EXPECT_NE(library.error().hint.find("SINAN_HIGHS_LIBRARY"), std::string::npos);
}

}  // namespace
}  // namespace sinan::solve
