// K-means: k centres such that the squared distances of the rows to their nearest one sum up to little. Seeded by greedy
// k-means++ (Arthur, Vassilvitskii 2007; the best of 2 + ln k candidates each), improved by Lloyd's iterations; a centre that
// loses its rows moves to the row that is furthest from its own. The best of several starts is kept. Deterministic, whatever
// the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "ml/data_workers.h"
#include "ml/model.h"
#include "ml/native/design.h"
#include "ml/native/model_file.h"

namespace sinan::ml::native {

struct ClusterOptions {
  size_t clusters = 3;
  uint32_t starts = 1;
  uint32_t max_iterations = 300;
  double tolerance = 1e-4;  // of the centres' squared move, times the columns' mean variance
  bool standardize = false;
  uint64_t seed = 0;
};

struct ClusterModel {
  Design design;
  size_t clusters = 0;
  std::vector<double> scale;    // by column: what a difference is divided by; 1 when not standardised
  std::vector<double> centres;  // clusters x columns, in the features' own units
  std::vector<double> sizes;    // training rows by cluster
  std::vector<double> squares;  // by cluster: sum of its rows' squared distances, scaled
};

struct ClusterFit {
  ClusterModel model;
  double inertia = 0;
  uint32_t iterations = 0;
  bool converged = true;
};

// Errors (kData): fewer different rows than clusters; kCancelled.
Result<ClusterFit> fit_clusters(const DesignRows& rows, Design design, const ClusterOptions& options, Workers& workers,
                                const std::function<bool(uint32_t, double)>& goes_on);

std::vector<std::byte> write_clusters(const ClusterModel& model);
Result<OpenedModel> open_clusters(const ModelFile& file, const ModelPackage& package);

// For `rows` points, column j at points + j * stride: the nearest of k centres (k x width) and the squared distance to it.
void nearest(const float* points, size_t stride, size_t rows, size_t width, const float* centres, size_t k,
             int32_t* which, float* squared);

}  // namespace sinan::ml::native
