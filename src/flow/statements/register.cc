#include "flow/statements/register.h"

#include "flow/statements/describe_run.h"
#include "flow/statements/show_lineage.h"
#include "flow/statements/show_runs.h"
#include "flow/statements/show_statements.h"

namespace sinan::flow {

void register_flow(Registry& registry) {
  registry.statements<ShowRuns, DescribeRun, ShowLineage>();
  registry.add(std::make_unique<ShowStatements>(registry));
}

}  // namespace sinan::flow
