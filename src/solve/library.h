// The HiGHS library, loaded at its first use: the part of its C API that solving needs, with the types of its own header.
//
// Looked for in lib/sinan beside the program's bin, then where SINAN_HIGHS_LIBRARY says, then by the system's loader.
// Thread-safe after load(); never unloaded. Used by solver.h only.
#pragma once

#include <interfaces/highs_c_api.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"

namespace sinan::solve {

struct Library {
  std::string version;  // "1.15.1"
  std::string path;

  decltype(&Highs_create) create;
  decltype(&Highs_destroy) destroy;
  decltype(&Highs_run) run;
  decltype(&Highs_passModel) pass_model;
  decltype(&Highs_setBoolOptionValue) set_bool;
  decltype(&Highs_setIntOptionValue) set_int;
  decltype(&Highs_setDoubleOptionValue) set_double;
  decltype(&Highs_setStringOptionValue) set_string;
  decltype(&Highs_getModelStatus) model_status;
  decltype(&Highs_getIntInfoValue) info_int;
  decltype(&Highs_getInt64InfoValue) info_int64;
  decltype(&Highs_getDoubleInfoValue) info_double;
  decltype(&Highs_getObjectiveValue) objective;
  decltype(&Highs_getSolution) solution;
  decltype(&Highs_getRunTime) run_time;
  decltype(&Highs_getDualRay) dual_ray;
  decltype(&Highs_changeColsBoundsBySet) change_column_bounds;
  decltype(&Highs_changeRowsBoundsBySet) change_row_bounds;
  decltype(&Highs_setCallback) set_callback;
  decltype(&Highs_startCallback) start_callback;

  // Errors: kUnsupported with the way to get it. `file` empty = the places above.
  static Result<std::unique_ptr<const Library>> load(const std::filesystem::path& file = {});
  // The library of this process, loaded by the first caller; a failure is tried again by the next.
  static Result<const Library*> shared();
};

}  // namespace sinan::solve
