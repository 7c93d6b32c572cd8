// A plan as a table: a row a step with what it reads, writes and waits for; and a finished run as a timeline. Pure.
#pragma once

#include "arrow/batch.h"
#include "flow/executor.h"
#include "flow/plan.h"
#include "plot/chart.h"

namespace sinan::app {

arrow::Batch plan_table(const flow::Plan& plan);
plot::Chart timeline(const flow::Plan& plan, const flow::RunReport& report);

}  // namespace sinan::app
