#include "ml/native/linear_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>

#include "base/check.h"

namespace sinan::ml::native {
namespace {

constexpr size_t kGramColumns = 512;  // up to here normal equations
constexpr size_t kMemory = 10;        // steps that L-BFGS remembers

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double soft_threshold(double value, double by) { return value > by ? value - by : value < -by ? value + by : 0; }

// The problem with numbers centred and at about deviation 1: x = (raw - centre) / scale.
class Problem {
 public:
  Problem(const DesignRows& rows, const Design& design, Link link, size_t outputs, std::span<const float> weight,
          const LinearOptions& options, Workers& workers)
      : rows_(rows),
        design_(design),
        link_(link),
        outputs_(outputs),
        weight_(weight),
        options_(options),
        workers_(workers),
        width_(design.width()),
        scale_(width_, 1.0),
        centre_(width_) {
    total_ = static_cast<double>(rows.rows());
    if (!weight.empty()) {
      total_ = 0;
      for (const float w : weight) total_ += static_cast<double>(w);
    }
    // A penalty on raw weights curves the sum too: the scale that evens out both is the optimiser's.
    const double penalty = options.standardize ? 0 : 4 * options.l2 / total_;
    for (const Design::Term& term : design.terms()) {
      const double deviation = design.deviation()[term.first];
      if (term.kind == Design::Term::Kind::kNumber && deviation > 0)
        scale_[term.first] = std::sqrt(deviation * deviation + penalty);
    }
    // Without an intercept to take it up, centring would change the model.
    if (options.fit_intercept) centre_.assign(design.mean().begin(), design.mean().end());
  }

  size_t stride() const { return width_ + 1; }  // an output's weights and its intercept
  double total() const { return total_; }
  // What a penalty on a raw weight is on a scaled one.
  double penalty1(size_t column) const { return options_.standardize ? 1 : 1 / scale_[column]; }
  double penalty2(size_t column) const { return options_.standardize ? 1 : 1 / (scale_[column] * scale_[column]); }
  double penalty_of(std::span<const double> x) const {
    double sum = 0;
    for (size_t k = 0; k < outputs_; ++k)
      for (size_t j = 0; j < width_; ++j) sum += penalty2(j) * x[k * stride() + j] * x[k * stride() + j];
    return options_.l2 / 2 * sum;
  }

  // The mean loss with the l2 penalty, and its slope.
  double slope(std::span<const double> x, std::span<double> gradient) const {
    const LinearModel model = raw(x);
    struct Part {
      double loss = 0;
      std::vector<double> sums;  // outputs x (columns, ones)
    };
    std::vector<Part> parts(DesignRows::kSlices);
    workers_.run(parts.size(), [&](size_t s) {
      Part& part = parts[s];
      part.sums.assign(outputs_ * stride(), 0);
      const MatrixBlock& block = rows_.slice(s);
      std::vector<double> margin(kLinearChunk * outputs_);
      std::array<double, kLinearChunk> residual;
      for (size_t begin = 0; begin < block.rows; begin += kLinearChunk) {
        const size_t end = std::min(block.rows, begin + kLinearChunk);
        linear_margins(model, block, begin, end, margin.data());
        part.loss += residuals(block, rows_.begin(s), begin, end, margin);
        for (size_t k = 0; k < outputs_; ++k) {
          const std::span<double> sums = std::span(part.sums).subspan(k * stride(), stride());
          for (size_t i = 0; i < end - begin; ++i) sums[width_] += residual[i] = margin[i * outputs_ + k];
          design_.accumulate(block, begin, end, residual.data(), sums.first(width_));
        }
      }
    });
    double loss = 0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (const Part& part : parts) {
      loss += part.loss;
      for (size_t j = 0; j < gradient.size(); ++j) gradient[j] += part.sums[j];
    }
    for (size_t k = 0; k < outputs_; ++k) {
      double* const of = gradient.data() + k * stride();
      const double* const at = x.data() + k * stride();
      for (size_t j = 0; j < width_; ++j) {
        of[j] = (of[j] - centre_[j] * of[width_]) / scale_[j] + options_.l2 * penalty2(j) * at[j];
        of[j] /= total_;
      }
      of[width_] = options_.fit_intercept ? of[width_] / total_ : 0;
    }
    return (loss + penalty_of(x)) / total_;
  }

  // The scaled weights and intercepts as a model of the features as they are.
  LinearModel raw(std::span<const double> x) const {
    LinearModel model;
    model.design = design_;
    model.link = link_;
    model.weights.resize(outputs_ * width_);
    for (size_t k = 0; k < outputs_; ++k) {
      double intercept = x[k * stride() + width_];
      for (size_t j = 0; j < width_; ++j) {
        const double weight = x[k * stride() + j] / scale_[j];
        model.weights[k * width_ + j] = weight;
        intercept -= weight * centre_[j];
      }
      model.intercept.push_back(intercept);
    }
    return model;
  }

  // Normal equations of the columns and a one: (width + 1)^2 products, and those with the label.
  void normal_equations(std::vector<double>& gram, std::vector<double>& with_label) const {
    const size_t n = stride();
    std::vector<std::vector<double>> grams(DesignRows::kSlices), labels(DesignRows::kSlices);
    workers_.run(DesignRows::kSlices, [&](size_t s) {
      grams[s].assign(n * n, 0);
      labels[s].assign(n, 0);
      constexpr size_t kChunk = 128;
      const MatrixBlock& block = rows_.slice(s);
      std::vector<float> columns(width_ * kChunk);
      std::vector<double> row(n);
      for (size_t begin = 0; begin < block.rows; begin += kChunk) {
        const size_t end = std::min(block.rows, begin + kChunk);
        design_.expand(block, begin, end, columns.data(), kChunk);
        for (size_t i = begin; i < end; ++i) {
          for (size_t j = 0; j < width_; ++j)
            row[j] = (static_cast<double>(columns[j * kChunk + i - begin]) - centre_[j]) / scale_[j];
          row[width_] = options_.fit_intercept ? 1 : 0;
          const double weight = weight_at(rows_.begin(s) + i);
          const double label = static_cast<double>(block.label[i]);
          for (size_t j = 0; j < n; ++j) {
            const double by = weight * row[j];
            labels[s][j] += by * label;
            double* const line = grams[s].data() + j * n;
            for (size_t l = 0; l <= j; ++l) line[l] += by * row[l];
          }
        }
      }
    });
    gram.assign(n * n, 0);
    with_label.assign(n, 0);
    for (size_t s = 0; s < DesignRows::kSlices; ++s) {
      for (size_t j = 0; j < n * n; ++j) gram[j] += grams[s][j];
      for (size_t j = 0; j < n; ++j) with_label[j] += labels[s][j];
    }
    for (size_t j = 0; j < n; ++j)
      for (size_t l = 0; l < j; ++l) gram[l * n + j] = gram[j * n + l];
  }

 private:
  double weight_at(size_t row) const { return weight_.empty() ? 1 : static_cast<double>(weight_[row]); }

  // Turns margins into the slopes of the rows' losses; answers their sum.
  double residuals(const MatrixBlock& block, size_t first, size_t begin, size_t end,
                   std::vector<double>& margin) const {
    double loss = 0;
    for (size_t i = 0; i < end - begin; ++i) {
      const double weight = weight_at(first + begin + i);
      const auto label = static_cast<double>(block.label[begin + i]);
      double* const row = margin.data() + i * outputs_;
      if (link_ == Link::kIdentity) {
        const double off = row[0] - label;
        loss += weight * off * off / 2;
        row[0] = weight * off;
      } else if (link_ == Link::kLogistic) {
        const double m = row[0];
        // log(1 + e^m) - y m, without overflow.
        loss += weight * (std::max(m, 0.0) + std::log1p(std::exp(-std::abs(m))) - label * m);
        const double p = m >= 0 ? 1 / (1 + std::exp(-m)) : std::exp(m) / (1 + std::exp(m));
        row[0] = weight * (p - label);
      } else {
        const double top = *std::max_element(row, row + outputs_);
        const auto truth = static_cast<size_t>(label);
        const double of_truth = row[truth] - top;
        double sum = 0;
        for (size_t k = 0; k < outputs_; ++k) sum += row[k] = std::exp(row[k] - top);
        loss += weight * (std::log(sum) - of_truth);
        for (size_t k = 0; k < outputs_; ++k) row[k] = weight * (row[k] / sum - (k == truth ? 1 : 0));
      }
    }
    return loss;
  }

  const DesignRows& rows_;
  const Design& design_;
  const Link link_;
  const size_t outputs_;
  const std::span<const float> weight_;
  const LinearOptions& options_;
  Workers& workers_;
  const size_t width_;
  std::vector<double> scale_, centre_;
  double total_ = 0;
};

// In place; the lower triangle.
void factor(std::vector<double>& a, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-300)) : sum / a[j * n + j];
    }
  }
}

void solve(const std::vector<double>& factor, size_t n, std::vector<double>& b) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= factor[i * n + k] * b[k];
    b[i] /= factor[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= factor[k * n + i] * b[k];
    b[i] /= factor[i * n + i];
  }
}

// A little on the diagonal makes dependent columns solvable; solving for what is left again and again takes its effect away
// and leaves the solution of least length (Tikhonov's iteration).
std::vector<double> solve_normal(const std::vector<double>& a, const std::vector<double>& b) {
  const size_t n = b.size();
  double largest = 0;
  for (size_t j = 0; j < n; ++j) largest = std::max(largest, a[j * n + j]);
  std::vector<double> decomposed = a;
  for (size_t j = 0; j < n; ++j) decomposed[j * n + j] += 1e-10 * std::max(largest, 1e-300);
  factor(decomposed, n);
  std::vector<double> x(n);
  for (int pass = 0; pass < 12; ++pass) {
    std::vector<double> rest = b;
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) rest[i] -= a[i * n + j] * x[j];
    solve(decomposed, n, rest);
    double step = 0;
    double size = 0;
    for (size_t j = 0; j < n; ++j) {
      x[j] += rest[j];
      step = std::max(step, std::abs(rest[j]));
      size = std::max(size, std::abs(x[j]));
    }
    if (step <= 1e-15 * size) break;
  }
  return x;
}

struct Descent {
  std::vector<double> x;
  uint32_t iterations = 0;
  bool converged = false;
  bool cancelled = false;
};

// One coordinate after the other; `rest` is what the others leave of the label's products.
Descent descend(const std::vector<double>& gram, const std::vector<double>& with_label, std::span<const double> l1,
                std::span<const double> l2, const LinearOptions& options,
                const std::function<bool(uint32_t, double)>& goes_on) {
  const size_t n = with_label.size();
  Descent out{std::vector<double>(n)};
  std::vector<double> rest = with_label;
  const uint32_t most = std::max(options.max_iterations, 1U) * 10;
  for (out.iterations = 1; out.iterations <= most; ++out.iterations) {
    double step = 0;
    double size = 0;
    for (size_t j = 0; j < n; ++j) {
      const double* const line = gram.data() + j * n;
      if (line[j] + l2[j] <= 0) continue;
      const double next = soft_threshold(rest[j] + line[j] * out.x[j], l1[j]) / (line[j] + l2[j]);
      const double change = next - out.x[j];
      if (change != 0)
        for (size_t i = 0; i < n; ++i) rest[i] -= line[i] * change;
      out.x[j] = next;
      const double weight = std::sqrt(line[j]);  // what it means for the rows
      step = std::max(step, std::abs(change) * weight);
      size = std::max(size, std::abs(next) * weight);
    }
    if (step <= 1e-3 * options.tolerance * std::max(size, 1e-300)) {
      out.converged = true;
      break;
    }
    if (out.iterations % 100 == 0 && !goes_on(std::min(out.iterations, options.max_iterations), step)) {
      out.cancelled = true;
      break;
    }
  }
  return out;
}

}  // namespace

Minimum minimize(std::vector<double>& x, std::span<const double> l1,
                 const std::function<double(std::span<const double>, std::span<double>)>& slope, double tolerance,
                 uint32_t max_iterations, const std::function<bool(uint32_t, double)>& goes_on) {
  const size_t n = x.size();
  const bool has_l1 = std::ranges::any_of(l1, [](double v) { return v > 0; });
  const auto weight_of = [&](size_t j) { return has_l1 ? l1[j] : 0.0; };
  const auto whole = [&](double value, std::span<const double> at) {
    for (size_t j = 0; has_l1 && j < n; ++j) value += l1[j] * std::abs(at[j]);
    return value;
  };
  struct Pair {
    std::vector<double> step, change;
    double product = 0;
  };
  std::deque<Pair> memory;
  std::vector<double> gradient(n), next(n), next_gradient(n), pseudo(n), direction(n);
  Minimum out;
  out.value = whole(slope(x, gradient), x);
  for (out.iterations = 0;; ++out.iterations) {
    // The steepest slope that respects the kink at 0.
    double steepest = 0;
    for (size_t j = 0; j < n; ++j) {
      const double by = weight_of(j);
      pseudo[j] = x[j] > 0 ? gradient[j] + by : x[j] < 0 ? gradient[j] - by : soft_threshold(gradient[j], by);
      steepest = std::max(steepest, std::abs(pseudo[j]));
    }
    if (steepest <= tolerance) {
      out.converged = true;
      return out;
    }
    if (out.iterations == max_iterations) return out;
    if (!goes_on(out.iterations, out.value)) {
      out.cancelled = true;
      return out;
    }
    direction.assign(pseudo.begin(), pseudo.end());
    std::vector<double> factors(memory.size());
    for (size_t m = memory.size(); m-- > 0;) {
      factors[m] = dot(memory[m].step, direction) / memory[m].product;
      for (size_t j = 0; j < n; ++j) direction[j] -= factors[m] * memory[m].change[j];
    }
    if (!memory.empty()) {
      const Pair& last = memory.back();
      const double scale = last.product / dot(last.change, last.change);
      for (double& d : direction) d *= scale;
    }
    for (size_t m = 0; m < memory.size(); ++m) {
      const double back = dot(memory[m].change, direction) / memory[m].product;
      for (size_t j = 0; j < n; ++j) direction[j] += (factors[m] - back) * memory[m].step[j];
    }
    double decrease = 0;
    for (size_t j = 0; j < n; ++j) {
      direction[j] = -direction[j];
      if (has_l1 && direction[j] * pseudo[j] >= 0) direction[j] = 0;
      decrease += direction[j] * pseudo[j];
    }
    if (decrease >= 0) {  // what is remembered misleads
      if (memory.empty()) return out;
      memory.clear();
      continue;
    }
    double length = memory.empty() ? 1 / std::max(1.0, std::sqrt(dot(pseudo, pseudo))) : 1;
    double value = 0;
    bool found = false;
    for (int attempt = 0; attempt < 50; ++attempt, length /= 2) {
      double expected = 0;
      for (size_t j = 0; j < n; ++j) {
        next[j] = x[j] + length * direction[j];
        if (has_l1 && weight_of(j) > 0) {
          const double side = x[j] != 0 ? x[j] : -pseudo[j];
          if (next[j] * side <= 0) next[j] = 0;  // not across the kink
        }
        expected += pseudo[j] * (next[j] - x[j]);
      }
      value = whole(slope(next, next_gradient), next);
      if (std::isfinite(value) && value <= out.value + 1e-4 * expected) {
        found = true;
        break;
      }
    }
    if (!found) {
      // At the limit of what doubles tell apart: as good as it gets.
      if (memory.empty()) {
        out.converged = steepest <= 1e3 * tolerance;
        return out;
      }
      memory.clear();
      continue;
    }
    Pair pair{std::vector<double>(n), std::vector<double>(n), 0};
    for (size_t j = 0; j < n; ++j) {
      pair.step[j] = next[j] - x[j];
      pair.change[j] = next_gradient[j] - gradient[j];
    }
    pair.product = dot(pair.step, pair.change);
    if (pair.product > 1e-14 * dot(pair.change, pair.change)) {
      memory.push_back(std::move(pair));
      if (memory.size() > kMemory) memory.pop_front();
    }
    x.swap(next);
    gradient.swap(next_gradient);
    out.value = value;
  }
}

Result<LinearFit> fit_linear(const DesignRows& rows, Design design, Link link, size_t outputs,
                             std::span<const float> weight, const LinearOptions& options, Workers& workers,
                             const std::function<bool(uint32_t, double)>& goes_on) {
  CHECK(link == Link::kSoftmax || outputs == 1);
  const Problem problem(rows, design, link, outputs, weight, options, workers);
  const size_t width = design.width();
  LinearFit fit;
  if (link == Link::kIdentity && width <= kGramColumns) {
    std::vector<double> gram, with_label;
    problem.normal_equations(gram, with_label);
    if (!goes_on(0, 0)) return fail(Code::kCancelled, "cancelled");
    std::vector<double> l1(width + 1), l2(width + 1);
    for (size_t j = 0; j < width; ++j) {
      l1[j] = options.l1 * problem.penalty1(j);
      l2[j] = options.l2 * problem.penalty2(j);
    }
    std::vector<double> x;
    if (options.l1 > 0) {
      Descent descent = descend(gram, with_label, l1, l2, options, goes_on);
      if (descent.cancelled) return fail(Code::kCancelled, "cancelled");
      fit.iterations = descent.iterations;
      fit.converged = descent.converged;
      x = std::move(descent.x);
    } else {
      for (size_t j = 0; j <= width; ++j) gram[j * (width + 1) + j] += l2[j];
      x = solve_normal(gram, with_label);
    }
    fit.model = problem.raw(x);
    return fit;
  }
  std::vector<double> x(outputs * problem.stride());
  std::vector<double> l1(x.size());
  for (size_t k = 0; k < outputs; ++k)
    for (size_t j = 0; j < width; ++j)
      l1[k * problem.stride() + j] = options.l1 * problem.penalty1(j) / problem.total();
  const Minimum minimum = minimize(
      x, l1, [&](std::span<const double> at, std::span<double> gradient) { return problem.slope(at, gradient); },
      options.tolerance, options.max_iterations, goes_on);
  if (minimum.cancelled) return fail(Code::kCancelled, "cancelled");
  fit.iterations = minimum.iterations;
  fit.converged = minimum.converged;
  fit.model = problem.raw(x);
  return fit;
}

}  // namespace sinan::ml::native
