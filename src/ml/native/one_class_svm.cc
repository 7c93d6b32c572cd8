#include "ml/native/one_class_svm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>

#include "base/check.h"

namespace sinan::ml::native {
namespace {

constexpr std::string_view kKinds[] = {"rbf", "linear", "poly", "sigmoid"};
constexpr size_t kMostVectors = size_t{1} << 24;
constexpr double kTau = 1e-12;  // for pairs without curvature

double power(double base, uint32_t exponent) {
  double out = 1;
  for (; exponent > 0; exponent /= 2, base *= base)
    if (exponent % 2 == 1) out *= base;
  return out;
}

double kernel_of(const SvmKernel& kernel, double product, double square_a, double square_b) {
  switch (kernel.kind) {
    case SvmKernel::Kind::kRbf:
      return std::exp(-kernel.gamma * std::max(square_a + square_b - 2 * product, 0.0));
    case SvmKernel::Kind::kLinear:
      return product;
    case SvmKernel::Kind::kPoly:
      return power(kernel.gamma * product + kernel.coef0, kernel.degree);
    case SvmKernel::Kind::kSigmoid:
      return std::tanh(kernel.gamma * product + kernel.coef0);
  }
  CHECK(false);
}

double dot(const double* a, const double* b, size_t width) {
  double sum = 0;
  for (size_t j = 0; j < width; ++j) sum += a[j] * b[j];
  return sum;
}

// All rows as scaled points, row by row.
std::vector<double> points_of(const DesignRows& rows, const Design& design, std::span<const double> scale) {
  const size_t width = design.width();
  std::vector<double> out(rows.rows() * width);
  std::vector<float> columns;
  for (size_t s = 0; s < DesignRows::kSlices; ++s) {
    const MatrixBlock& block = rows.slice(s);
    if (block.rows == 0) continue;
    columns.resize(block.rows * width);
    design.expand(block, 0, block.rows, columns.data(), block.rows);
    for (size_t i = 0; i < block.rows; ++i)
      for (size_t j = 0; j < width; ++j)
        out[(rows.begin(s) + i) * width + j] = static_cast<double>(columns[j * block.rows + i]) / scale[j];
  }
  return out;
}

// Columns of the kernel's matrix, those used last kept.
class KernelColumns {
 public:
  KernelColumns(const std::vector<double>& points, size_t width, const SvmKernel& kernel, uint64_t cache_bytes,
                Workers& workers)
      : points_(points),
        width_(width),
        rows_(points.size() / width),
        kernel_(kernel),
        workers_(workers),
        columns_(rows_),
        places_(rows_),
        squares_(rows_) {
    most_ = std::max<size_t>(cache_bytes / (sizeof(float) * std::max<size_t>(rows_, 1)), 2);
    for (size_t i = 0; i < rows_; ++i) squares_[i] = dot(&points_[i * width_], &points_[i * width_], width_);
  }
  double diagonal(size_t i) const { return kernel_of(kernel_, squares_[i], squares_[i], squares_[i]); }
  // Valid until the next but one call.
  const std::vector<float>& column(size_t i) {
    if (!columns_[i].empty()) {
      order_.splice(order_.begin(), order_, places_[i]);
      return columns_[i];
    }
    if (order_.size() >= most_) {
      columns_[i] = std::move(columns_[order_.back()]);
      columns_[order_.back()] = {};
      order_.pop_back();
    }
    columns_[i].resize(rows_);
    constexpr size_t kPart = 1024;
    workers_.run((rows_ + kPart - 1) / kPart, [&](size_t part) {
      const double* const own = &points_[i * width_];
      for (size_t r = part * kPart; r < std::min(rows_, (part + 1) * kPart); ++r)
        columns_[i][r] =
            static_cast<float>(kernel_of(kernel_, dot(own, &points_[r * width_], width_), squares_[i], squares_[r]));
    });
    order_.push_front(i);
    places_[i] = order_.begin();
    return columns_[i];
  }

 private:
  const std::vector<double>& points_;
  const size_t width_;
  const size_t rows_;
  const SvmKernel& kernel_;
  Workers& workers_;
  std::vector<std::vector<float>> columns_;
  std::list<size_t> order_;  // the last used first
  std::vector<std::list<size_t>::iterator> places_;
  std::vector<double> squares_;
  size_t most_ = 0;
};

// The pair whose change gains most; false when none violates the conditions by more than the tolerance.
bool select_pair(const std::vector<double>& alpha, const std::vector<double>& gradient,
                 const std::vector<double>& diagonal, KernelColumns& columns, double tolerance, size_t& up,
                 size_t& down, double& violation) {
  const size_t n = alpha.size();
  double most = -std::numeric_limits<double>::infinity();
  up = n;
  for (size_t i = 0; i < n; ++i)
    if (alpha[i] < 1 && -gradient[i] >= most) most = -gradient[i], up = i;
  violation = 0;
  if (up == n) return false;
  const std::vector<float>& of_up = columns.column(up);
  double most_down = -std::numeric_limits<double>::infinity();
  double best = std::numeric_limits<double>::infinity();
  down = n;
  for (size_t j = 0; j < n; ++j) {
    if (alpha[j] <= 0) continue;
    const double difference = most + gradient[j];
    most_down = std::max(most_down, gradient[j]);
    if (difference <= 0) continue;
    double curvature = diagonal[up] + diagonal[j] - 2 * static_cast<double>(of_up[j]);
    if (curvature <= 0) curvature = kTau;
    const double gain = -(difference * difference) / curvature;
    if (gain <= best) best = gain, down = j;
  }
  violation = most + most_down;
  return violation >= tolerance && down < n;
}

double rho_of(const std::vector<double>& alpha, const std::vector<double>& gradient) {
  double upper = std::numeric_limits<double>::infinity();
  double lower = -upper;
  double sum = 0;
  size_t free = 0;
  for (size_t i = 0; i < alpha.size(); ++i) {
    if (alpha[i] >= 1) {
      lower = std::max(lower, gradient[i]);
    } else if (alpha[i] <= 0) {
      upper = std::min(upper, gradient[i]);
    } else {
      sum += gradient[i];
      ++free;
    }
  }
  if (free > 0) return sum / static_cast<double>(free);
  if (std::isinf(upper)) return lower;
  if (std::isinf(lower)) return upper;
  return (upper + lower) / 2;
}

class SvmPredictor final : public Predictor {
 public:
  explicit SvmPredictor(std::shared_ptr<const SvmModel> model) : model_(std::move(model)) {
    const size_t width = model_->design.width();
    for (size_t v = 0; v < model_->alpha.size(); ++v)
      squares_.push_back(dot(&model_->vectors[v * width], &model_->vectors[v * width], width));
  }
  size_t outputs() const override { return 1; }
  size_t prediction_width() const override { return 1; }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == model_->design.features() && out.size() >= block.rows);
    const size_t width = model_->design.width();
    constexpr size_t kChunk = 256;
    const size_t chunk = std::min(kChunk, std::max<size_t>(block.rows, 1));
    thread_local std::vector<float> columns;  // kept: one row shall need no memory
    thread_local std::vector<double> point;
    columns.resize(std::max(columns.size(), width * chunk));
    point.resize(std::max(point.size(), width));
    for (size_t begin = 0; begin < block.rows; begin += chunk) {
      const size_t rows = std::min(chunk, block.rows - begin);
      model_->design.expand(block, begin, begin + rows, columns.data(), chunk);
      for (size_t i = 0; i < rows; ++i) {
        for (size_t j = 0; j < width; ++j) point[j] = static_cast<double>(columns[j * chunk + i]) / model_->scale[j];
        const double square = dot(point.data(), point.data(), width);
        double score = -model_->rho;
        for (size_t v = 0; v < model_->alpha.size(); ++v) {
          const double product = dot(point.data(), &model_->vectors[v * width], width);
          score += model_->alpha[v] * kernel_of(model_->kernel, product, square, squares_[v]);
        }
        out[begin + i] = output == Output::kMargin ? static_cast<float>(score) : score >= 0 ? 1.0F : -1.0F;
      }
    }
    return {};
  }

 private:
  std::shared_ptr<const SvmModel> model_;
  std::vector<double> squares_;
};

std::vector<double> scales(const Design& design, bool standardize) {
  std::vector<double> scale(design.width(), 1.0);
  for (size_t j = 0; standardize && j < scale.size(); ++j)
    if (design.deviation()[j] > 0) scale[j] = design.deviation()[j];
  return scale;
}

}  // namespace

double svm_gamma_scale(const Design& design, bool standardize) {
  const std::vector<double> scale = scales(design, standardize);
  const auto width = static_cast<double>(design.width());
  double mean = 0;
  double square = 0;
  for (size_t j = 0; j < design.width(); ++j) {
    const double m = design.mean()[j] / scale[j];
    const double d = design.deviation()[j] / scale[j];
    mean += m / width;
    square += (d * d + m * m) / width;
  }
  const double variance = square - mean * mean;
  return variance > 0 ? 1 / (width * variance) : 1;
}

Result<SvmFit> fit_svm(const DesignRows& rows, Design design, const SvmOptions& options, Workers& workers,
                       const std::function<bool(uint64_t, double)>& goes_on) {
  const size_t n = rows.rows();
  const size_t width = design.width();
  const std::vector<double> scale = scales(design, options.standardize);
  const std::vector<double> points = points_of(rows, design, scale);
  KernelColumns columns(points, width, options.kernel, options.cache_bytes, workers);
  std::vector<double> alpha(n), gradient(n), diagonal(n);
  // Any alpha of the right sum will do to begin with; LIBSVM's choice.
  double left = options.nu * static_cast<double>(n);
  for (size_t i = 0; i < n; ++i) {
    diagonal[i] = columns.diagonal(i);
    alpha[i] = std::clamp(left, 0.0, 1.0);
    left -= alpha[i];
  }
  for (size_t i = 0; i < n; ++i) {
    if (alpha[i] == 0) continue;
    const std::vector<float>& column = columns.column(i);
    for (size_t r = 0; r < n; ++r) gradient[r] += alpha[i] * static_cast<double>(column[r]);
    if (i % 256 == 0 && !goes_on(0, 0)) return fail(Code::kCancelled, "cancelled");
  }
  SvmFit fit;
  size_t up = 0;
  size_t down = 0;
  double violation = 0;
  while (select_pair(alpha, gradient, diagonal, columns, options.tolerance, up, down, violation)) {
    if (options.max_iterations >= 0 && fit.iterations >= static_cast<uint64_t>(options.max_iterations)) {
      fit.converged = false;
      break;
    }
    if (fit.iterations % 512 == 0 && !goes_on(fit.iterations, violation)) return fail(Code::kCancelled, "cancelled");
    ++fit.iterations;
    const std::vector<float>& of_up = columns.column(up);
    const std::vector<float>& of_down = columns.column(down);
    double curvature = diagonal[up] + diagonal[down] - 2 * static_cast<double>(of_up[down]);
    if (curvature <= 0) curvature = kTau;
    double step = (gradient[down] - gradient[up]) / curvature;
    step = std::min({step, 1 - alpha[up], alpha[down]});
    const double up_before = alpha[up];
    const double down_before = alpha[down];
    alpha[up] = step == 1 - up_before ? 1 : up_before + step;
    alpha[down] = step == down_before ? 0 : down_before - step;
    const double up_change = alpha[up] - up_before;
    const double down_change = alpha[down] - down_before;
    for (size_t r = 0; r < n; ++r)
      gradient[r] += up_change * static_cast<double>(of_up[r]) + down_change * static_cast<double>(of_down[r]);
  }
  SvmModel& model = fit.model;
  model.rho = rho_of(alpha, gradient);
  for (size_t i = 0; i < n; ++i) {
    if (alpha[i] <= 0) continue;
    model.alpha.push_back(alpha[i]);
    model.vectors.insert(model.vectors.end(), points.begin() + static_cast<ptrdiff_t>(i * width),
                         points.begin() + static_cast<ptrdiff_t>((i + 1) * width));
  }
  model.design = std::move(design);
  model.scale = scale;
  model.kernel = options.kernel;
  return fit;
}

std::vector<std::byte> write_svm(const SvmModel& model) {
  ModelFileWriter file;
  const double numbers[] = {model.kernel.gamma, model.kernel.coef0, model.rho};
  Json header = Json::object({{"kind", "one_class_svm"},
                              {"design", model.design.write(file)},
                              {"scale", file.put(model.scale)},
                              {"kernel", kKinds[static_cast<size_t>(model.kernel.kind)]},
                              {"degree", model.kernel.degree},
                              {"numbers", file.put(numbers)},
                              {"alpha", file.put(model.alpha)},
                              {"vectors", file.put(model.vectors)}});
  return file.finish(header);
}

Result<OpenedModel> open_svm(const ModelFile& file, const ModelPackage& package) {
  const Json& header = file.header();
  if (package.task != Task::kAnomaly) return fail(Code::kData, "model is damaged: its file does not fit its task");
  auto model = std::make_shared<SvmModel>();
  const auto kind = std::ranges::find(kKinds, header.at("kernel").string_view());
  if (kind == std::end(kKinds)) return fail(Code::kData, "model is damaged: unknown kernel");
  model->kernel.kind = static_cast<SvmKernel::Kind>(kind - std::begin(kKinds));
  model->kernel.degree = static_cast<uint32_t>(TRY(count_member(header, "degree", 1000)));
  model->design = TRY(Design::read(header.at("design"), file, package.plan.schema()));
  const size_t width = model->design.width();
  model->scale = TRY(file.numbers(header.at("scale"), width, "scales"));
  if (std::ranges::any_of(model->scale, [](double scale) { return scale <= 0; }))
    return fail(Code::kData, "model is damaged: a scale that divides by nothing");
  const std::vector<double> numbers = TRY(file.numbers(header.at("numbers"), 3, "numbers"));
  model->kernel.gamma = numbers[0];
  model->kernel.coef0 = numbers[1];
  model->rho = numbers[2];
  model->alpha = TRY(file.numbers(header.at("alpha")));
  if (model->alpha.empty() || model->alpha.size() > kMostVectors)
    return fail(Code::kData, "model is damaged: no support vectors");
  model->vectors = TRY(file.numbers(header.at("vectors"), model->alpha.size() * width, "support vectors"));
  return OpenedModel{std::make_unique<SvmPredictor>(model), nullptr};
}

}  // namespace sinan::ml::native
