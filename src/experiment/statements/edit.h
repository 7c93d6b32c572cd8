// What a statement does to the configuration: a function from the one before to the one after. Whatever a change needs besides
// (resolved names, no overlap, versions, the audit log) is done in one place: apply() of publish.h.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "experiment/model.h"
#include "sql/tokens.h"

namespace sinan::experiment {

struct Edit {
  // Changes the configuration and answers what was done, as one sentence. Called with the configuration as it will be while a
  // program is checked, and with the one that is there when the step runs.
  std::function<Result<std::string>(Configuration&)> apply;
  sql::Name object;    // for errors that have no place of their own
  std::string reason;  // BECAUSE '..'
};

inline Edit edit_of(sql::Name object,
                    Result<std::string> (*change)(const sql::Name& name, Configuration& configuration)) {
  return {.apply = [object, change](Configuration& configuration) { return change(object, configuration); },
          .object = object,
          .reason = {}};
}

}  // namespace sinan::experiment
