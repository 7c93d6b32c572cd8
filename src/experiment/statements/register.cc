#include "experiment/statements/register.h"

#include "experiment/statements/check_experiment.h"
#include "experiment/statements/experiments.h"
#include "experiment/statements/explain_parameter.h"
#include "experiment/statements/implications.h"
#include "experiment/statements/import_configuration.h"
#include "experiment/statements/parameters.h"
#include "experiment/statements/show.h"
#include "flow/registry.h"

namespace sinan::experiment {

void register_experiment(flow::Registry& registry) {
  registry.statements<CreateParameter, AlterParameter, DropParameter, CreateSegment, AlterSegment, DropSegment>();
  registry.statements<CreateExperiment, AlterExperiment, StartExperiment, PauseExperiment, EndExperiment,
                      EndExperiments, DropExperiment>();
  registry.statements<ShowParameters, ShowExperiments, ShowStaleExperiments, DescribeParameter, DescribeExperiment,
                      ShowChanges>();
  registry.statements<CreateImplication, DropImplication, ShowImplications>();
  registry.statements<CheckExperiment, ExplainParameter>();
  registry.statements<ImportConfiguration, CheckConfiguration>();
}

}  // namespace sinan::experiment
