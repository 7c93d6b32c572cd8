#include "app/run_view.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arrow/builder.h"

namespace sinan::app {
namespace {

class Captured {
 public:
  Captured() : descriptor(memfd_create("captured", 0)) {}
  ~Captured() { close(descriptor); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  std::string text() const {
    std::string text(static_cast<size_t>(lseek(descriptor, 0, SEEK_END)), '\0');
    return pread(descriptor, text.data(), text.size(), 0) < 0 ? "" : text;
  }
  const int descriptor;
};

class RunViewTest : public testing::Test {
 protected:
  RunViewTest() {
    plan_.program_name = "p.sql";
    plan_.program = std::make_shared<const std::string>("SELECT 1; SELECT 2; SELECT 3");
    for (uint32_t i = 0; i < 3; ++i) {
      flow::PlannedStep step;
      step.statement.index = i;
      step.title = "STEP " + std::to_string(i + 1);
      plan_.steps.push_back(std::move(step));
    }
  }

  static arrow::Batch batch(int64_t value) {
    arrow::BatchBuilder rows({{"x", arrow::int64_type()}});
    rows.column(0).append(value);
    return rows.finish();
  }

  static void give_rows(RunView& view, const flow::PlannedStep& step, int64_t value) {
    flow::ResultSink& sink = view.results(step);
    const arrow::Batch rows = batch(value);
    ASSERT_TRUE(sink.begin(rows.shared_schema()).has_value());
    ASSERT_TRUE(sink.write(rows).has_value());
    ASSERT_TRUE(sink.end().has_value());
  }

  static flow::StepReport done() {
    flow::StepReport report;
    report.status = catalog::StepStatus::kDone;
    return report;
  }

  flow::Plan plan_;
  Captured out_, error_;
  TerminalScreen screen_{out_.descriptor, error_.descriptor, {}};
  SimulatedClock clock_;
};

TEST_F(RunViewTest, ResultsComeInTheOrderOfTheProgram) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kCsv}});
  for (const flow::PlannedStep& step : plan_.steps) view.step_started(step);
  give_rows(view, plan_.steps[2], 30);
  view.step_finished(plan_.steps[2], done());
  EXPECT_EQ(out_.text(), "");
  give_rows(view, plan_.steps[0], 10);
  EXPECT_EQ(out_.text(), "x\n10\n");  // its turn: at once
  view.step_finished(plan_.steps[0], done());
  EXPECT_EQ(out_.text(), "x\n10\n");
  give_rows(view, plan_.steps[1], 20);
  view.step_finished(plan_.steps[1], done());
  EXPECT_EQ(out_.text(), "x\n10\n\nx\n20\n\nx\n30\n");
  EXPECT_EQ(error_.text(), "");
}

TEST_F(RunViewTest, AResultThatBeganBeforeItsTurnIsToldApart) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kCsv}});
  flow::ResultSink& second = view.results(plan_.steps[1]);
  const arrow::Batch rows = batch(2);
  ASSERT_TRUE(second.begin(rows.shared_schema()).has_value());
  give_rows(view, plan_.steps[0], 1);
  view.step_finished(plan_.steps[0], done());
  ASSERT_TRUE(second.write(rows).has_value());
  ASSERT_TRUE(second.end().has_value());
  view.step_finished(plan_.steps[1], done());
  EXPECT_EQ(out_.text(), "x\n1\n\nx\n2\n");
}

TEST_F(RunViewTest, WhatAStepOfARetriedQueryWroteBeforeItsTurnIsForgotten) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kCsv}});
  flow::ResultSink& sink = view.results(plan_.steps[1]);
  const arrow::Batch rows = batch(1);
  ASSERT_TRUE(sink.begin(rows.shared_schema()).has_value());
  ASSERT_TRUE(sink.write(rows).has_value());
  ASSERT_TRUE(sink.end().has_value());
  give_rows(view, plan_.steps[1], 2);
  view.step_finished(plan_.steps[1], done());
  view.step_finished(plan_.steps[0], done());
  EXPECT_EQ(out_.text(), "x\n2\n");
}

TEST_F(RunViewTest, ATableOfARunningStepIsSeenBeforeItEnds) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kTable}, .step_lines = true});
  view.results(plan_.steps[0]).show({"Features", batch(7)});
  EXPECT_EQ(error_.text(), "› 1 STEP 1  running\n");
  const std::string table = out_.text();
  EXPECT_NE(table.find("Features"), std::string::npos);
  EXPECT_NE(table.find('7'), std::string::npos);
  view.results(plan_.steps[1]).show({"Later", batch(8)});
  EXPECT_EQ(out_.text(), table);  // not its turn
  view.step_finished(plan_.steps[0], done());
  EXPECT_NE(out_.text().find("Later"), std::string::npos);
  EXPECT_EQ(error_.text(), "› 1 STEP 1  running\n✓ 1 STEP 1  0 ns\n› 2 STEP 2  running\n");
}

TEST_F(RunViewTest, ATableThatARetriedStepShowedBeforeItsTurnIsForgotten) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kJson}});
  view.results(plan_.steps[1]).show({"", batch(1)});
  view.results(plan_.steps[1]).show({"", batch(2)});
  flow::StepReport report = done();
  report.outcome.tables.push_back({"", batch(3)});
  view.step_finished(plan_.steps[1], report);
  view.step_finished(plan_.steps[0], done());
  EXPECT_EQ(out_.text(), "[{\"x\": 2}]\n[{\"x\": 3}]\n");
}

TEST_F(RunViewTest, AFailedStepShowsItsErrorInItsPlace) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kCsv}, .step_lines = true});
  flow::StepReport failed;
  failed.status = catalog::StepStatus::kFailed;
  failed.error = Error{.code = Code::kData, .message = "no rows", .hint = "", .span = Span{17, 18}, .context = {}};
  view.step_finished(plan_.steps[1], failed);
  EXPECT_EQ(error_.text(), "");
  flow::StepReport first = done();
  first.outcome.messages = {"Learnt\nfrom t."};
  view.step_finished(plan_.steps[0], first);
  EXPECT_EQ(error_.text(),
            "✓ 1 STEP 1  0 ns\n"
            "  Learnt\n"
            "  from t.\n"
            "✗ 2 STEP 2  0 ns\n"
            "error[data]: no rows\n"
            "  --> p.sql:1:18\n"
            "   |\n"
            " 1 | SELECT 1; SELECT 2; SELECT 3\n"
            "   |                  ^\n");
}

TEST_F(RunViewTest, JsonLinesTellOfStepsInOrderAndOfProgressAtOnce) {
  RunView view(screen_, plan_, clock_, {.results = {.format = Format::kJsonl}, .step_lines = true});
  view.step_started(plan_.steps[1]);
  const std::string started = out_.text();
  EXPECT_TRUE(started.starts_with("{\"event\":\"progress\",\"step\":2,\"title\":\"STEP 2\"")) << started;
  flow::StepReport report = done();
  report.outcome.messages = {"Learnt\nfrom t."};
  view.step_finished(plan_.steps[1], report);
  EXPECT_EQ(out_.text(), started);  // not its turn
  view.step_finished(plan_.steps[0], done());
  EXPECT_NE(out_.text().find("{\"event\":\"message\",\"step\":2,\"text\":\"Learnt\\nfrom t.\"}\n"), std::string::npos)
      << out_.text();
  EXPECT_LT(out_.text().find("\"title\":\"STEP 1\",\"status\":\"done\""),
            out_.text().find("\"title\":\"STEP 2\",\"status\""));
  EXPECT_EQ(error_.text(), "");
}

TEST_F(RunViewTest, ClosingShowsWhatStillWaits) {
  {
    RunView view(screen_, plan_, clock_, {.results = {.format = Format::kJson}});
    give_rows(view, plan_.steps[2], 7);
  }
  EXPECT_EQ(out_.text(), "[{\"x\": 7}]\n");
}

}  // namespace
}  // namespace sinan::app
