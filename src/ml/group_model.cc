#include "ml/group_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "ml/held_matrix.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kMagic = "SNGROUP1";

// Rows of a block by their group, and what the groups' models made of them back in the block's order.
class Router {
 public:
  explicit Router(std::vector<std::shared_ptr<const Model>> models, FeatureSchema schema)
      : models_(std::move(models)), schema_(std::move(schema)) {
    schema_.features.pop_back();
  }
  const std::vector<std::shared_ptr<const Model>>& models() const { return models_; }
  const Model& first() const { return *models_.front(); }

  // `work(model, block, out)` fills rows x width values, row-major.
  template <class Work>
  Status route(const MatrixBlock& block, size_t width, std::span<float> out, const Work& work) const {
    const std::span<const int32_t> codes = block.features.back().codes;
    std::vector<std::vector<uint32_t>> rows(models_.size());
    for (uint32_t row = 0; row < block.rows; ++row) {
      if (codes[row] < 0 || static_cast<size_t>(codes[row]) >= models_.size())
        return fail(Code::kData, "a row's group has no model");
      rows[static_cast<size_t>(codes[row])].push_back(row);
    }
    MatrixBlock all = block;
    all.features = block.features.first(block.features.size() - 1);
    const auto whole = [&](const std::vector<uint32_t>& of_group) { return of_group.size() == block.rows; };
    if (const auto only = std::ranges::find_if(rows, whole); block.rows > 0 && only != rows.end())
      return work(*models_[static_cast<size_t>(only - rows.begin())], all, out);
    const HeldMatrix held = HeldMatrix::of(all, schema_);
    std::vector<float> made;
    for (size_t g = 0; g < models_.size(); ++g) {
      if (rows[g].empty()) continue;
      const auto source = held.source(rows[g]);
      const std::optional<MatrixBlock> part = TRY(source->next());
      made.resize(rows[g].size() * width);
      TRY(work(*models_[g], *part, std::span(made)));
      for (size_t i = 0; i < rows[g].size(); ++i)
        std::copy_n(made.begin() + static_cast<ptrdiff_t>(i * width), width,
                    out.begin() + static_cast<ptrdiff_t>(rows[g][i] * width));
    }
    return {};
  }

 private:
  std::vector<std::shared_ptr<const Model>> models_;
  FeatureSchema schema_;  // without the group
};

class GroupPredictor final : public Predictor {
 public:
  explicit GroupPredictor(std::shared_ptr<const Router> router) : router_(std::move(router)) {}
  size_t outputs() const override { return router_->first().predictor().outputs(); }
  size_t prediction_width() const override { return router_->first().predictor().prediction_width(); }
  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    const size_t width = output == Output::kMargin ? outputs() : prediction_width();
    return router_->route(block, width, out, [&](const Model& model, const MatrixBlock& part, std::span<float> made) {
      return model.predictor().predict(part, output, made);
    });
  }

 private:
  std::shared_ptr<const Router> router_;
};

// The group's own contribution is 0: it says which model speaks.
class GroupExplainer final : public Explainer {
 public:
  GroupExplainer(std::shared_ptr<const Router> router, size_t features)
      : router_(std::move(router)), features_(features) {}
  size_t outputs() const override { return router_->first().explainer()->outputs(); }

  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    const size_t wide = features_ + 1;
    return router_->route(block, outputs() * wide, contributions,
                          [&](const Model& model, const MatrixBlock& part, std::span<float> made) -> Status {
                            std::vector<float> own(part.rows * outputs() * (wide - 1));
                            TRY(model.explainer()->explain(part, own));
                            widen(own, made, wide, part.rows * outputs());
                            return {};
                          });
  }

  Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const override {
    const size_t wide = features_ + 1;
    return router_->route(block, outputs() * wide * wide, interactions,
                          [&](const Model& model, const MatrixBlock& part, std::span<float> made) -> Status {
                            const size_t count = part.rows * outputs();
                            const size_t narrow = wide - 1;
                            std::vector<float> own(count * narrow * narrow);
                            TRY(model.explainer()->explain_interactions(part, own));
                            std::ranges::fill(made, 0.0f);
                            for (size_t i = 0; i < count; ++i) {
                              for (size_t a = 0; a < narrow; ++a) {
                                for (size_t b = 0; b < narrow; ++b) {
                                  const size_t to = (i * wide + place(a, narrow)) * wide + place(b, narrow);
                                  made[to] = own[(i * narrow + a) * narrow + b];
                                }
                              }
                            }
                            return {};
                          });
  }

 private:
  // The bias is last on both sides; the group stands before it.
  static size_t place(size_t narrow_at, size_t narrow) { return narrow_at + 1 == narrow ? narrow : narrow_at; }
  static void widen(std::span<const float> own, std::span<float> made, size_t wide, size_t count) {
    const size_t narrow = wide - 1;
    for (size_t i = 0; i < count; ++i) {
      made[i * wide + wide - 2] = 0;
      for (size_t k = 0; k < narrow; ++k) made[i * wide + place(k, narrow)] = own[i * narrow + k];
    }
  }

  std::shared_ptr<const Router> router_;
  size_t features_;  // with the group
};

Result<uint64_t> size_at(const Json& entry, std::string_view name) {
  const int64_t value = TRY(entry.at(name).as_int());
  if (value < 0) return fail(Code::kData, fmt::format("{} of a group's model is negative", name));
  return static_cast<uint64_t>(value);
}

}  // namespace

std::vector<std::byte> pack_group_models(const std::vector<ModelPackage>& models) {
  Json entries = Json::array();
  uint64_t begin = 0;
  for (const ModelPackage& model : models) {
    entries.push_back(Json::object({{"library", model.library},
                                    {"library_version", model.library_version},
                                    {"objective", model.objective},
                                    {"rows", model.rows},
                                    {"metrics", model.metrics},
                                    {"file", model.native_name},
                                    {"begin", begin},
                                    {"size", static_cast<uint64_t>(model.native.size())}}));
    begin += model.native.size();
  }
  const std::string head = entries.dump();
  const uint64_t head_size = head.size();
  std::vector<std::byte> out(kMagic.size() + sizeof(head_size) + head.size() + begin);
  std::byte* at = out.data();
  const auto put = [&](const void* bytes, size_t size) {
    if (size > 0) std::memcpy(at, bytes, size);
    at += size;
  };
  put(kMagic.data(), kMagic.size());
  put(&head_size, sizeof(head_size));
  put(head.data(), head.size());
  for (const ModelPackage& model : models) put(model.native.data(), model.native.size());
  return out;
}

Result<OpenedModel> open_group_model(const ModelPackage& package) {
  const RowGroups* groups = package.plan.groups();
  if (groups == nullptr) return fail(Code::kData, "model of groups has no groups");
  const std::span<const std::byte> bytes = package.native;
  uint64_t head_size = 0;
  const size_t before = kMagic.size() + sizeof(head_size);
  if (bytes.size() < before || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return fail(Code::kData, "file of a model of groups is damaged");
  std::memcpy(&head_size, bytes.data() + kMagic.size(), sizeof(head_size));
  if (head_size > bytes.size() - before) return fail(Code::kData, "file of a model of groups is cut off");
  const Json head = TRY(Json::parse({reinterpret_cast<const char*>(bytes.data()) + before, head_size}));
  const std::span<const std::byte> files = bytes.subspan(before + head_size);
  if (head.items().size() != groups->groups.size())
    return fail(Code::kData, "groups and their models differ in number");

  const FeaturePlan plan = package.plan.without_groups();
  std::vector<std::shared_ptr<const Model>> models;
  for (const Json& entry : head.items()) {
    ModelPackage one;
    one.estimator = package.estimator;
    one.task = package.task;
    one.plan = plan;
    one.label = package.label;
    one.attributes = package.attributes;
    one.library = TRY(entry.at("library").as_string());
    if (one.library == kGroupLibrary) return fail(Code::kData, "a group's model has groups itself");
    one.library_version = TRY(entry.at("library_version").as_string());
    one.objective = TRY(entry.at("objective").as_string());
    one.metrics = entry.at("metrics");
    one.rows = TRY(size_at(entry, "rows"));
    one.native_name = TRY(entry.at("file").as_string());
    const uint64_t begin = TRY(size_at(entry, "begin"));
    const uint64_t size = TRY(size_at(entry, "size"));
    if (begin > files.size() || size > files.size() - begin) return fail(Code::kData, "a group's model is cut off");
    const auto own = files.subspan(begin, size);
    one.native.assign(own.begin(), own.end());
    models.push_back(TRY(Model::make(std::move(one))));
    const Predictor& predictor = models.back()->predictor();
    if (predictor.outputs() != models.front()->predictor().outputs() ||
        predictor.prediction_width() != models.front()->predictor().prediction_width())
      return fail(Code::kData, "the groups' models are of different kinds");
  }
  const bool explains = std::ranges::all_of(models, [](const auto& model) { return model->explainer() != nullptr; });
  const auto router = std::make_shared<const Router>(std::move(models), package.plan.schema());
  OpenedModel out;
  out.predictor = std::make_unique<GroupPredictor>(router);
  if (explains) out.explainer = std::make_unique<GroupExplainer>(router, package.plan.schema().size());
  return out;
}

}  // namespace sinan::ml
