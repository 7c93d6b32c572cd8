#include "ml/native/clusters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "arrow/builder.h"
#include "base/check.h"
#include "base/random.h"

namespace sinan::ml::native {
namespace {

constexpr size_t kLane = 64;     // points that the distance kernel holds in registers and the first cache
constexpr size_t kChunk = 1024;  // points that are laid out at a time
constexpr size_t kMostClusters = 65536;
constexpr size_t kMostColumns = 16384;

// The distances, a lane of points at a time: inlined into functions that are compiled for an instruction set each.
__attribute__((always_inline)) inline void nearest_lanes(const float* points, size_t stride, size_t rows, size_t width,
                                                         const float* centres, size_t k, int32_t* which,
                                                         float* squared) {
  for (size_t begin = 0; begin < rows; begin += kLane) {
    const size_t count = std::min(kLane, rows - begin);
    float best[kLane];
    int32_t best_of[kLane];
    for (size_t i = 0; i < kLane; ++i) best[i] = std::numeric_limits<float>::infinity(), best_of[i] = 0;
    float lane[kLane] = {};
    for (size_t c = 0; c < k; ++c) {
      float sum[kLane] = {};
      for (size_t j = 0; j < width; ++j) {
        const float* column = points + j * stride + begin;
        if (count < kLane) {
          std::copy_n(column, count, lane);
          column = lane;
        }
        const float at = centres[c * width + j];
        for (size_t i = 0; i < kLane; ++i) {
          const float off = column[i] - at;
          sum[i] += off * off;
        }
      }
      const auto number = static_cast<int32_t>(c);
      for (size_t i = 0; i < kLane; ++i) {
        const bool closer = sum[i] < best[i];
        best[i] = closer ? sum[i] : best[i];
        best_of[i] = closer ? number : best_of[i];
      }
    }
    std::copy_n(best, count, squared + begin);
    std::copy_n(best_of, count, which + begin);
  }
}

using Kernel = void (*)(const float*, size_t, size_t, size_t, const float*, size_t, int32_t*, float*);

void nearest_plain(const float* points, size_t stride, size_t rows, size_t width, const float* centres, size_t k,
                   int32_t* which, float* squared) {
  nearest_lanes(points, stride, rows, width, centres, k, which, squared);
}
__attribute__((target("avx2,fma"))) void nearest_avx2(const float* points, size_t stride, size_t rows, size_t width,
                                                      const float* centres, size_t k, int32_t* which, float* squared) {
  nearest_lanes(points, stride, rows, width, centres, k, which, squared);
}
__attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512"))) void nearest_avx512(
    const float* points, size_t stride, size_t rows, size_t width, const float* centres, size_t k, int32_t* which,
    float* squared) {
  nearest_lanes(points, stride, rows, width, centres, k, which, squared);
}

Kernel best_kernel() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return nearest_avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? nearest_avx2 : nearest_plain;
}

// The rows as scaled floats, slice by slice, column by column: laid out once, read in every iteration.
class Points {
 public:
  Points(const DesignRows& rows, const Design& design, std::span<const double> scale, Workers& workers)
      : width_(design.width()), slices_(DesignRows::kSlices) {
    workers.run(slices_.size(), [&](size_t s) {
      const MatrixBlock& block = rows.slice(s);
      slices_[s].rows = block.rows;
      slices_[s].values.resize(block.rows * width_);
      if (block.rows == 0) return;
      design.expand(block, 0, block.rows, slices_[s].values.data(), block.rows);
      for (size_t j = 0; j < width_; ++j) {
        const double by = scale[j];
        if (by == 1) continue;
        float* const column = slices_[s].values.data() + j * block.rows;
        for (size_t i = 0; i < block.rows; ++i) column[i] = static_cast<float>(static_cast<double>(column[i]) / by);
      }
    });
  }
  size_t width() const { return width_; }
  size_t rows(size_t slice) const { return slices_[slice].rows; }
  const float* slice(size_t slice) const { return slices_[slice].values.data(); }
  void copy(size_t slice, size_t row, float* out) const {
    for (size_t j = 0; j < width_; ++j) out[j] = slices_[slice].values[j * slices_[slice].rows + row];
  }

 private:
  struct Slice {
    size_t rows = 0;
    std::vector<float> values;
  };
  size_t width_;
  std::vector<Slice> slices_;
};

// One start: centres, and for each slice the rows' centres and distances.
class Start {
 public:
  Start(const Points& points, size_t clusters, Workers& workers, Random random)
      : points_(points),
        clusters_(clusters),
        workers_(workers),
        random_(random),
        nearest_(DesignRows::kSlices),
        squared_(DesignRows::kSlices) {
    for (size_t s = 0; s < DesignRows::kSlices; ++s) {
      nearest_[s].assign(points.rows(s), -1);
      squared_[s].assign(points.rows(s), std::numeric_limits<float>::infinity());
    }
  }

  // False when there are fewer different rows than clusters.
  bool seed() {
    const size_t width = points_.width();
    const size_t tries = 2 + static_cast<size_t>(std::log(static_cast<double>(clusters_)));
    size_t all = 0;
    for (size_t s = 0; s < DesignRows::kSlices; ++s) all += points_.rows(s);
    add_centre(place_of(random_.below(all)));
    while (centres_.size() < clusters_ * width) {
      std::array<double, DesignRows::kSlices> mass = {};
      double total = 0;
      for (size_t s = 0; s < mass.size(); ++s) {
        for (const float d : squared_[s]) mass[s] += static_cast<double>(d);
        total += mass[s];
      }
      if (total <= 0) return false;
      std::vector<Place> candidates;
      for (size_t t = 0; t < tries; ++t) candidates.push_back(drawn(random_.uniform() * total, mass));
      add_best(candidates);
    }
    return true;
  }

  // Assigns rows to centres and moves the centres; false when no row changed its centre.
  bool iterate(double& moved) {
    const size_t width = points_.width();
    const bool changed = assign();
    std::vector<double> next(clusters_ * width);
    for (size_t s = 0; s < DesignRows::kSlices; ++s)
      for (size_t j = 0; j < next.size(); ++j) next[j] += parts_[s].sums[j];
    std::vector<double> counts(clusters_);
    for (size_t s = 0; s < DesignRows::kSlices; ++s)
      for (size_t c = 0; c < clusters_; ++c) counts[c] += static_cast<double>(parts_[s].counts[c]);
    relocate_empty(next, counts);
    moved = 0;
    for (size_t c = 0; c < clusters_; ++c)
      for (size_t j = 0; j < width; ++j) {
        const auto to = static_cast<float>(next[c * width + j] / counts[c]);
        const double step = static_cast<double>(to) - static_cast<double>(centres_[c * width + j]);
        moved += step * step;
        centres_[c * width + j] = to;
      }
    return changed;
  }

  // Rows to their centres; sums by cluster. True when a row changed its centre.
  bool assign() {
    const size_t width = points_.width();
    parts_.resize(DesignRows::kSlices);
    workers_.run(parts_.size(), [&](size_t s) {
      Part& part = parts_[s];
      part.sums.assign(clusters_ * width, 0);
      part.counts.assign(clusters_, 0);
      part.squares.assign(clusters_, 0);
      part.changed = false;
      std::array<int32_t, kChunk> which;
      const size_t rows = points_.rows(s);
      const float* const values = points_.slice(s);
      for (size_t begin = 0; begin < rows; begin += kChunk) {
        const size_t count = std::min(kChunk, rows - begin);
        nearest(values + begin, rows, count, width, centres_.data(), clusters_, which.data(),
                squared_[s].data() + begin);
        for (size_t i = 0; i < count; ++i) {
          const auto c = static_cast<size_t>(which[i]);
          part.changed |= nearest_[s][begin + i] != which[i];
          nearest_[s][begin + i] = which[i];
          ++part.counts[c];
          part.squares[c] += static_cast<double>(squared_[s][begin + i]);
        }
        for (size_t j = 0; j < width; ++j) {
          const float* const column = values + j * rows + begin;
          for (size_t i = 0; i < count; ++i)
            part.sums[static_cast<size_t>(which[i]) * width + j] += static_cast<double>(column[i]);
        }
      }
    });
    return std::ranges::any_of(parts_, &Part::changed);
  }

  // Of the last assign().
  double inertia() const {
    double sum = 0;
    for (const Part& part : parts_)
      for (const double square : part.squares) sum += square;
    return sum;
  }
  std::span<const float> centres() const { return centres_; }
  void measure(ClusterModel& model) const {
    model.sizes.assign(clusters_, 0);
    model.squares.assign(clusters_, 0);
    for (const Part& part : parts_)
      for (size_t c = 0; c < clusters_; ++c) {
        model.sizes[c] += static_cast<double>(part.counts[c]);
        model.squares[c] += part.squares[c];
      }
  }

 private:
  struct Part {
    std::vector<double> sums, squares;
    std::vector<uint64_t> counts;
    bool changed = false;
  };
  struct Place {
    size_t slice = 0, row = 0;
  };

  Place place_of(uint64_t row) const {
    for (size_t s = 0; s < DesignRows::kSlices; ++s) {
      if (row < points_.rows(s)) return {s, static_cast<size_t>(row)};
      row -= points_.rows(s);
    }
    CHECK(false);
  }

  // The row at which the running sum of squared distances passes `target`.
  Place drawn(double target, const std::array<double, DesignRows::kSlices>& mass) const {
    Place last;
    for (size_t s = 0; s < mass.size(); ++s) {
      if (target > mass[s]) {
        target -= mass[s];
        continue;
      }
      for (size_t i = 0; i < squared_[s].size(); ++i) {
        if (squared_[s][i] <= 0) continue;
        last = {s, i};
        target -= static_cast<double>(squared_[s][i]);
        if (target <= 0) return last;
      }
    }
    return last;
  }

  void add_centre(const Place& place) { add_best({place}); }

  // Of the candidates the one that leaves the least sum of squared distances.
  void add_best(const std::vector<Place>& candidates) {
    const size_t width = points_.width();
    std::vector<float> at(candidates.size() * width);
    for (size_t t = 0; t < candidates.size(); ++t) points_.copy(candidates[t].slice, candidates[t].row, &at[t * width]);
    std::vector<std::vector<double>> sums(DesignRows::kSlices, std::vector<double>(candidates.size()));
    // Distances to one candidate, shortened by those to the centres that are there.
    const auto shorten = [&](size_t s, size_t begin, size_t count, size_t t, float* out) {
      std::array<int32_t, kChunk> ignored;
      nearest(points_.slice(s) + begin, points_.rows(s), count, width, &at[t * width], 1, ignored.data(), out);
      for (size_t i = 0; i < count; ++i) out[i] = std::min(out[i], squared_[s][begin + i]);
    };
    workers_.run(DesignRows::kSlices, [&](size_t s) {
      std::array<float, kChunk> distance;
      for (size_t begin = 0; begin < points_.rows(s); begin += kChunk) {
        const size_t count = std::min(kChunk, points_.rows(s) - begin);
        for (size_t t = 0; t < candidates.size(); ++t) {
          shorten(s, begin, count, t, distance.data());
          for (size_t i = 0; i < count; ++i) sums[s][t] += static_cast<double>(distance[i]);
        }
      }
    });
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t t = 0; t < candidates.size(); ++t) {
      double sum = 0;
      for (const auto& part : sums) sum += part[t];
      if (sum < least) least = sum, best = t;
    }
    workers_.run(DesignRows::kSlices, [&](size_t s) {
      std::array<float, kChunk> distance;
      for (size_t begin = 0; begin < points_.rows(s); begin += kChunk) {
        const size_t count = std::min(kChunk, points_.rows(s) - begin);
        shorten(s, begin, count, best, distance.data());
        std::copy_n(distance.begin(), count, squared_[s].begin() + static_cast<ptrdiff_t>(begin));
      }
    });
    centres_.insert(centres_.end(), at.begin() + static_cast<ptrdiff_t>(best * width),
                    at.begin() + static_cast<ptrdiff_t>((best + 1) * width));
  }

  // Centres without rows take the rows that are furthest from theirs.
  void relocate_empty(std::vector<double>& sums, std::vector<double>& counts) {
    const size_t width = points_.width();
    std::vector<float> at(width);
    for (size_t c = 0; c < clusters_; ++c) {
      if (counts[c] > 0) continue;
      Place far;
      float distance = -1;
      for (size_t s = 0; s < DesignRows::kSlices; ++s)
        for (size_t i = 0; i < squared_[s].size(); ++i) {
          const auto own = static_cast<size_t>(nearest_[s][i]);
          if (squared_[s][i] > distance && counts[own] > 1) distance = squared_[s][i], far = {s, i};
        }
      const auto from = static_cast<size_t>(nearest_[far.slice][far.row]);
      points_.copy(far.slice, far.row, at.data());
      for (size_t j = 0; j < width; ++j) {
        sums[from * width + j] -= static_cast<double>(at[j]);
        sums[c * width + j] = static_cast<double>(at[j]);
      }
      --counts[from];
      counts[c] = 1;
      squared_[far.slice][far.row] = 0;
      nearest_[far.slice][far.row] = static_cast<int32_t>(c);
    }
  }

  const Points& points_;
  const size_t clusters_;
  Workers& workers_;
  Random random_;
  std::vector<float> centres_;
  std::vector<std::vector<int32_t>> nearest_;
  std::vector<std::vector<float>> squared_;
  std::vector<Part> parts_;
};

class ClusterPredictor final : public Predictor {
 public:
  explicit ClusterPredictor(std::shared_ptr<const ClusterModel> model) : model_(std::move(model)) {
    const size_t width = model_->design.width();
    for (size_t c = 0; c < model_->clusters; ++c)
      for (size_t j = 0; j < width; ++j)
        centres_.push_back(static_cast<float>(model_->centres[c * width + j] / model_->scale[j]));
  }
  size_t outputs() const override { return 1; }
  size_t prediction_width() const override { return 1; }
  size_t dimensions() const override { return model_->design.width(); }

  Status place(const MatrixBlock& block, std::span<float> out) const override {
    const size_t width = model_->design.width();
    std::vector<float> columns(width * block.rows);
    model_->design.expand(block, 0, block.rows, columns.data(), block.rows);
    for (size_t j = 0; j < width; ++j)
      for (size_t i = 0; i < block.rows; ++i)
        out[i * width + j] = static_cast<float>(static_cast<double>(columns[j * block.rows + i]) / model_->scale[j]);
    return {};
  }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == model_->design.features() && out.size() >= block.rows);
    const size_t width = model_->design.width();
    const size_t chunk = std::min(kLane * 4, std::max<size_t>(block.rows, 1));
    thread_local std::vector<float> columns;  // kept: one row shall need no memory
    columns.resize(std::max(columns.size(), width * chunk));
    std::array<int32_t, kLane * 4> which;
    std::array<float, kLane * 4> squared;
    for (size_t begin = 0; begin < block.rows; begin += chunk) {
      const size_t rows = std::min(chunk, block.rows - begin);
      model_->design.expand(block, begin, begin + rows, columns.data(), chunk);
      for (size_t j = 0; j < width; ++j) {
        if (model_->scale[j] == 1) continue;
        float* const column = columns.data() + j * chunk;
        for (size_t i = 0; i < rows; ++i)
          column[i] = static_cast<float>(static_cast<double>(column[i]) / model_->scale[j]);
      }
      nearest(columns.data(), chunk, rows, width, centres_.data(), model_->clusters, which.data(), squared.data());
      for (size_t i = 0; i < rows; ++i)
        out[begin + i] = output == Output::kPrediction ? static_cast<float>(which[i]) : std::sqrt(squared[i]);
    }
    return {};
  }

 private:
  std::shared_ptr<const ClusterModel> model_;
  std::vector<float> centres_;
};

flow::ResultTable centre_table(const ClusterModel& model, const FeaturePlan& plan) {
  std::vector<arrow::Field> fields = {
      {"cluster", arrow::int64_type()}, {"rows", arrow::int64_type()}, {"mean_distance", arrow::double_type()}};
  const std::vector<std::string> names = model.design.column_names(plan);
  for (const std::string& name : names) {
    const bool taken = std::ranges::any_of(fields, [&](const arrow::Field& field) { return field.name == name; });
    fields.push_back({taken ? name + " (centre)" : name, arrow::double_type()});
  }
  arrow::BatchBuilder rows(std::move(fields));
  for (size_t c = 0; c < model.clusters; ++c) {
    rows.column(0).append(static_cast<int64_t>(c));
    rows.column(1).append(static_cast<int64_t>(model.sizes[c]));
    rows.column(2).append(model.sizes[c] > 0 ? std::sqrt(model.squares[c] / model.sizes[c]) : 0.0);
    for (size_t j = 0; j < names.size(); ++j) rows.column(3 + j).append(model.centres[c * names.size() + j]);
  }
  return {"Centres", rows.finish()};
}

}  // namespace

void nearest(const float* points, size_t stride, size_t rows, size_t width, const float* centres, size_t k,
             int32_t* which, float* squared) {
  static const auto kernel = best_kernel();
  kernel(points, stride, rows, width, centres, k, which, squared);
}

Result<ClusterFit> fit_clusters(const DesignRows& rows, Design design, const ClusterOptions& options, Workers& workers,
                                const std::function<bool(uint32_t, double)>& goes_on) {
  const size_t width = design.width();
  std::vector<double> scale(width, 1.0);
  double variance = 0;
  for (size_t j = 0; j < width; ++j) {
    const double deviation = design.deviation()[j];
    if (options.standardize && deviation > 0) scale[j] = deviation;
    variance += (deviation / scale[j]) * (deviation / scale[j]) / static_cast<double>(width);
  }
  const auto too_few = [&] {
    return fail(Code::kData,
                fmt::format("there are fewer different rows than clusters: center_count is {}, the query has {} rows",
                            options.clusters, rows.rows()),
                "ask for fewer clusters");
  };
  if (rows.rows() < options.clusters) return too_few();
  const Points points(rows, design, scale, workers);
  Random random(options.seed);
  std::optional<ClusterFit> best;
  uint32_t done = 0;
  for (uint32_t start = 0; start < options.starts; ++start) {
    Start one(points, options.clusters, workers, random.fork());
    if (!one.seed()) return too_few();
    ClusterFit fit;
    fit.converged = false;
    for (fit.iterations = 1; fit.iterations <= options.max_iterations; ++fit.iterations) {
      double moved = 0;
      const bool changed = one.iterate(moved);
      if (!goes_on(++done, one.inertia())) return fail(Code::kCancelled, "cancelled");
      if (!changed || moved <= options.tolerance * variance) {
        fit.converged = true;
        break;
      }
    }
    one.assign();  // to the centres as they are kept
    fit.inertia = one.inertia();
    if (best && best->inertia <= fit.inertia) continue;
    one.measure(fit.model);
    for (size_t i = 0; i < one.centres().size(); ++i)
      fit.model.centres.push_back(static_cast<double>(one.centres()[i]) * scale[i % width]);
    best = std::move(fit);
  }
  best->model.design = std::move(design);
  best->model.clusters = options.clusters;
  best->model.scale = std::move(scale);
  return *std::move(best);
}

std::vector<std::byte> write_clusters(const ClusterModel& model) {
  ModelFileWriter file;
  Json header = Json::object({{"kind", "clusters"},
                              {"clusters", static_cast<uint64_t>(model.clusters)},
                              {"design", model.design.write(file)},
                              {"scale", file.put(model.scale)},
                              {"centres", file.put(model.centres)},
                              {"sizes", file.put(model.sizes)},
                              {"squares", file.put(model.squares)}});
  return file.finish(header);
}

Result<OpenedModel> open_clusters(const ModelFile& file, const ModelPackage& package) {
  const Json& header = file.header();
  if (package.task != Task::kClustering) return fail(Code::kData, "model is damaged: its file does not fit its task");
  auto model = std::make_shared<ClusterModel>();
  model->design = TRY(Design::read(header.at("design"), file, package.plan.schema()));
  const size_t width = model->design.width();
  model->clusters = TRY(count_member(header, "clusters", kMostClusters));
  if (model->clusters == 0 || width > kMostColumns) return fail(Code::kData, "model is damaged: no clusters");
  model->scale = TRY(file.numbers(header.at("scale"), width, "scales"));
  if (std::ranges::any_of(model->scale, [](double scale) { return scale <= 0; }))
    return fail(Code::kData, "model is damaged: a scale that divides by nothing");
  model->centres = TRY(file.numbers(header.at("centres"), model->clusters * width, "centres"));
  model->sizes = TRY(file.numbers(header.at("sizes"), model->clusters, "sizes"));
  model->squares = TRY(file.numbers(header.at("squares"), model->clusters, "squares"));
  if (std::ranges::any_of(model->sizes, [](double size) { return size < 0 || size > 1e18; }))
    return fail(Code::kData, "model is damaged: impossible size of a cluster");
  return OpenedModel{std::make_unique<ClusterPredictor>(model), nullptr, [model, plan = package.plan] {
                       std::vector<flow::ResultTable> tables;
                       tables.push_back(centre_table(*model, plan));
                       return tables;
                     }};
}

}  // namespace sinan::ml::native
