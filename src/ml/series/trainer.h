// The trainer of time series, sqlflow_models.ARIMAWithSTLDecomposition: its name and attributes. TRAIN reads its rows as
// series (ml/series/forecaster.h), not as a matrix. Stateless, thread-safe.
#pragma once

#include <memory>

#include "ml/trainer.h"

namespace sinan::ml {

std::unique_ptr<Trainer> make_series_trainer();

}  // namespace sinan::ml
