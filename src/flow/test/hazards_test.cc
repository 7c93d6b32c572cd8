#include "flow/hazards.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"
#include "sql/analyze.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Access access(std::vector<std::string> reads, std::vector<std::string> writes) {
  Access result;
  for (auto& name : reads) result.reads.push_back({"table", std::move(name), 0});
  for (auto& name : writes) result.writes.push_back({"table", std::move(name), 0});
  return result;
}

std::vector<uint32_t> on(const std::vector<Dependency>& dependencies) {
  std::vector<uint32_t> result;
  for (const Dependency& dependency : dependencies) result.push_back(dependency.on);
  return result;
}

TEST(Hazards, EachKindIsNamed) {
  EXPECT_EQ(conflict(access({}, {"t"}), access({"t"}, {}))->hazard, Hazard::kReadAfterWrite);
  EXPECT_EQ(conflict(access({"t"}, {}), access({}, {"t"}))->hazard, Hazard::kWriteAfterRead);
  EXPECT_EQ(conflict(access({}, {"t"}), access({}, {"t"}))->hazard, Hazard::kWriteAfterWrite);
  EXPECT_FALSE(conflict(access({"t"}, {}), access({"t"}, {})));
  EXPECT_FALSE(conflict(access({"t"}, {"u"}), access({"t"}, {"v"})));
  Access barrier;
  barrier.barrier = "unknown";
  EXPECT_EQ(conflict(barrier, access({}, {}))->hazard, Hazard::kBarrier);
}

TEST(Hazards, TwoWritersOfOneTableAreOrdered) {
  const std::vector<Access> steps = {access({"a"}, {"t"}), access({"b"}, {"t"}), access({"t"}, {})};
  const auto order = order_steps(steps);
  EXPECT_THAT(on(order[0]), IsEmpty());
  EXPECT_THAT(on(order[1]), ElementsAre(0));
  EXPECT_THAT(on(order[2]), ElementsAre(1));
}

// Against a naive version: all conflicting pairs, closed transitively.
RC_GTEST_PROP(Hazards, ReducedOrderIsTheLeastWithTheSameClosure, ()) {
  const auto count = *rc::gen::inRange<size_t>(1, 12);
  std::vector<Access> steps;
  for (size_t i = 0; i < count; ++i) {
    const auto names = [&] {
      std::vector<std::string> result;
      for (const int n :
           *rc::gen::container<std::vector<int>>(*rc::gen::inRange<size_t>(0, 3), rc::gen::inRange(0, 6))) {
        result.push_back("t" + std::to_string(n));
      }
      return result;
    };
    steps.push_back(access(names(), names()));
    if (*rc::gen::inRange(0, 10) == 0) steps.back().barrier = "unknown";
  }
  std::vector<std::vector<bool>> closure(count, std::vector<bool>(count, false));
  for (size_t later = 0; later < count; ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (!conflict(steps[earlier], steps[later])) continue;
      closure[later][earlier] = true;
      for (size_t i = 0; i < earlier; ++i) closure[later][i] = closure[later][i] || closure[earlier][i];
    }
  }
  const auto order = order_steps(steps);
  std::vector<std::vector<bool>> reached(count, std::vector<bool>(count, false));
  for (size_t later = 0; later < count; ++later) {
    for (const Dependency& dependency : order[later]) {
      // No edge follows from the others.
      for (const Dependency& other : order[later]) {
        if (other.on != dependency.on) RC_ASSERT(!closure[other.on][dependency.on]);
      }
      reached[later][dependency.on] = true;
      for (size_t i = 0; i < dependency.on; ++i) reached[later][i] = reached[later][i] || reached[dependency.on][i];
    }
  }
  RC_ASSERT(reached == closure);
}

class PlannedOrder : public ProjectTest {
 protected:
  PlannedOrder() { register_test_kinds(registry_); }
  std::vector<std::vector<uint32_t>> order_of(std::string program) {
    const Plan made = plan(std::move(program));
    EXPECT_THAT(errors_of(made), IsEmpty());
    std::vector<std::vector<uint32_t>> result;
    for (const PlannedStep& step : made.steps) {
      auto& list = result.emplace_back();
      for (const Dependency& dependency : step.depends_on) list.push_back(dependency.on + 1);
    }
    return result;
  }
};

TEST_F(PlannedOrder, TrainEvaluateDrop) {
  run("CREATE TABLE v AS SELECT 1 AS x");
  // Steps 2 and 3 after 1; 4 after 2; 5 after 3; 6 after 2 and 3 (it reads nothing of the evaluations).
  EXPECT_THAT(
      order_of("CREATE TABLE t AS SELECT 1 AS x;"
               "SELECT * FROM t TO TRAIN e LABEL x INTO m1;"
               "SELECT * FROM t TO TRAIN e LABEL x INTO m2;"
               "SELECT * FROM v TO EVALUATE m1 LABEL x INTO r1;"
               "SELECT * FROM v TO EVALUATE m2 LABEL x INTO r2;"
               "DROP TABLE t"),
      ElementsAre(IsEmpty(), ElementsAre(1), ElementsAre(1), ElementsAre(2), ElementsAre(3), ElementsAre(2, 3)));
}

TEST_F(PlannedOrder, AViewDependsOnTheWritersOfItsTables) {
  run("CREATE TABLE t AS SELECT 1 AS x; CREATE VIEW v AS SELECT x FROM t; CREATE VIEW w AS SELECT x FROM v");
  EXPECT_THAT(order_of("INSERT INTO t VALUES (2); SELECT * FROM w; CREATE OR REPLACE TABLE t AS SELECT 3 AS x"),
              ElementsAre(IsEmpty(), ElementsAre(1), ElementsAre(2)));
}

TEST_F(PlannedOrder, FilesAreNodes) {
  EXPECT_THAT(order_of("COPY (SELECT 1 AS x) TO 'a.csv'; COPY (SELECT 2 AS x) TO 'b.csv'; SELECT * FROM 'a.csv'; "
                       "SELECT * FROM read_csv('*.csv')"),
              ElementsAre(IsEmpty(), IsEmpty(), ElementsAre(1), ElementsAre(1, 2)));
}

TEST_F(PlannedOrder, WhatIsNotUnderstoodIsABarrier) {
  run("CREATE TABLE t AS SELECT 1 AS x");
  EXPECT_THAT(order_of("CREATE TABLE a AS SELECT 1 AS y; CHECKPOINT; CREATE TABLE b AS SELECT 1 AS y"),
              ElementsAre(IsEmpty(), ElementsAre(1), ElementsAre(2)));
}

}  // namespace
}  // namespace sinan::flow
