#include "ml/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "ml/model_libraries.h"

namespace sinan::ml {
namespace {

// What to do about a file that is not what was written.
constexpr std::string_view kRestore = "train the model again, or restore the file";
constexpr std::string_view kManifest = "model.json";
constexpr std::string_view kFormat = "sinan model";
// 2: feature functions and the types they read. Version 1 has none and is read all the same.
constexpr int64_t kVersion = 2;
constexpr uint64_t kMostManifestBytes = uint64_t{256} << 20;
constexpr uint64_t kMostNativeBytes = uint64_t{4} << 30;

constexpr std::pair<Task, std::string_view> kTasks[] = {
    {Task::kRegression, "regression"}, {Task::kBinary, "binary"},         {Task::kMulticlass, "multiclass"},
    {Task::kRanking, "ranking"},       {Task::kClustering, "clustering"}, {Task::kAnomaly, "anomaly"},
    {Task::kForecast, "forecast"},
};

std::string_view as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A file of the package itself: no folder, no way out of it.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name != "." && name != ".." && name != kManifest &&
         std::ranges::all_of(name, [](char c) {
           return c == '.' || c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

Json body_of(const ModelPackage& package) {
  Json importance = Json::array();
  for (const double share : package.importance) importance.push_back(share);
  return Json::object({
      {"estimator", package.estimator},
      {"library", package.library},
      {"library_version", package.library_version},
      {"task", to_string(package.task)},
      {"objective", package.objective},
      {"plan", package.plan.to_json()},
      {"label", to_json(package.label)},
      {"attributes", package.attributes},
      {"statement", package.statement},
      {"metrics", package.metrics},
      {"rows", package.rows},
      {"data", Json::object({{"rows", package.data.rows}, {"hash", package.data.hash}})},
      {"seed", fmt::format("{}", package.seed)},
      {"importance", std::move(importance)},
      {"calibration", package.calibration.to_json()},
      {"baseline", to_json(package.baseline)},
      {"file", Json::object({{"name", package.native_name},
                             {"size", static_cast<uint64_t>(package.native.size())},
                             {"xxh3", fingerprint(as_text(package.native)).to_hex()}})},
  });
}

Result<uint64_t> parse_seed(const std::string& text) {
  uint64_t seed = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return fail(Code::kData, "seed is no number");
    seed = seed * 10 + static_cast<uint64_t>(c - '0');
  }
  return seed;
}

Result<Task> parse_task(std::string_view name) {
  if (const auto task = task_named(name)) return *task;
  return fail(Code::kData, fmt::format("unknown task: \"{}\"", name));
}

Result<ModelPackage> parse_body(const Json& body) {
  ModelPackage package;
  package.estimator = TRY(body.at("estimator").as_string());
  package.library = TRY(body.at("library").as_string());
  package.library_version = TRY(body.at("library_version").as_string());
  package.task = TRY(parse_task(TRY(body.at("task").as_string())));
  package.objective = TRY(body.at("objective").as_string());
  package.plan = TRY(FeaturePlan::from_json(body.at("plan")));
  package.label = TRY(label_map_from_json(body.at("label")));
  package.attributes = body.at("attributes");
  package.statement = TRY(body.at("statement").as_string());
  package.metrics = body.at("metrics");
  const int64_t rows = TRY(body.at("rows").as_int());
  if (rows < 0) return fail(Code::kData, "negative number of rows");
  package.rows = static_cast<uint64_t>(rows);
  if (body.find("data") != nullptr) {
    // Of a model that was trained before there were fingerprints: none.
    const int64_t data_rows = TRY(body.at("data").at("rows").as_int());
    package.data = {static_cast<uint64_t>(std::max<int64_t>(data_rows, 0)),
                    TRY(body.at("data").at("hash").as_string())};
  }
  package.seed = TRY(parse_seed(TRY(body.at("seed").as_string())));
  for (const Json& share : body.at("importance").items()) package.importance.push_back(TRY(share.as_double()));
  if (!package.importance.empty() && package.importance.size() != package.plan.schema().size()) {
    return fail(Code::kData, "importance does not fit the features");
  }
  package.calibration = TRY(Calibration::from_json(body.at("calibration")));
  package.baseline = TRY(baseline_from_json(body.at("baseline"), package.plan.inputs().size()));
  const bool has_classes = package.label.kind == LabelMap::Kind::kClasses;
  const bool is_labelled = package.label.kind != LabelMap::Kind::kNone;
  if (has_classes != is_classification(package.task) || is_labelled != has_label(package.task) ||
      (package.task == Task::kBinary && package.label.classes.size() != 2)) {
    return fail(Code::kData, "label does not fit the task");
  }
  package.native_name = TRY(body.at("file").at("name").as_string());
  if (!is_plain_name(package.native_name)) return fail(Code::kData, "impossible file name in the package");
  return package;
}

// The manifest without the library's own file.
struct Manifest {
  ModelPackage package;
  uint64_t native_size = 0;
  std::string native_hash;
};

Result<Manifest> parse_manifest(std::string_view text) {
  const Json document = TRY(Json::parse(text));
  if (document.at("format").string_view() != kFormat) return fail(Code::kData, "this is no model");
  const int64_t version = TRY(document.at("version").as_int());
  if (version > kVersion) {
    return fail(
        Code::kUnsupported,
        fmt::format("model was written by a newer version: format {}, this program reads {}", version, kVersion),
        "update Sinan");
  }
  const Json& body = document.at("model");
  if (document.at("xxh3").string_view() != fingerprint(body.dump()).to_hex()) {
    return fail(Code::kData, "model is damaged: its manifest does not match its checksum");
  }
  Manifest manifest;
  manifest.package = TRY(parse_body(body));
  const int64_t size = TRY(body.at("file").at("size").as_int());
  if (size < 0 || static_cast<uint64_t>(size) > kMostNativeBytes)
    return fail(Code::kData, "impossible file size in the package");
  manifest.native_size = static_cast<uint64_t>(size);
  manifest.native_hash = TRY(body.at("file").at("xxh3").as_string());
  return manifest;
}

// Names the file that an error is about, and what to do when the error itself does not say so.
Error about(Error error, const std::filesystem::path& file) {
  if (error.hint.empty()) error.hint = std::string(kRestore);
  return std::move(error).within(fmt::format("reading the model's file {}", file.string()));
}

Result<Manifest> load_manifest(const std::filesystem::path& file, io::FileSystem& files) {
  return parse_manifest(TRY(files.read_file(file, kMostManifestBytes)));
}

Result<std::string> load_native(const Manifest& manifest, const std::filesystem::path& file, io::FileSystem& files) {
  std::string native = TRY(files.read_file(file, kMostNativeBytes));
  if (native.size() != manifest.native_size || fingerprint(native).to_hex() != manifest.native_hash) {
    return fail(Code::kData,
                fmt::format("model is damaged: {} does not match its checksum", manifest.package.native_name));
  }
  return native;
}

}  // namespace

std::string_view to_string(Task task) {
  return std::ranges::find(kTasks, task, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Task> task_named(std::string_view name) {
  const auto found = std::ranges::find(kTasks, name, [](const auto& entry) { return entry.second; });
  return found == std::end(kTasks) ? std::nullopt : std::optional<Task>(found->first);
}

Result<ModelPackage> parse_model_manifest(std::string_view text) { return TRY(parse_manifest(text)).package; }

std::string model_manifest(const ModelPackage& package) {
  const Json body = body_of(package);
  Json document =
      Json::object({{"format", kFormat}, {"version", kVersion}, {"xxh3", fingerprint(body.dump()).to_hex()}});
  document.set("model", body);
  return document.dump() + "\n";
}

Status save(const ModelPackage& package, const std::filesystem::path& folder, io::FileSystem& files) {
  TRY(files.write_file_durable(folder / package.native_name, as_text(package.native)));
  return files.write_file_durable(folder / kManifest, model_manifest(package));
}

Result<ModelPackage> load(const std::filesystem::path& folder, io::FileSystem& files) {
  auto manifest = load_manifest(folder / kManifest, files);
  if (!manifest) return fail(about(std::move(manifest).error(), folder / kManifest));
  ModelPackage& package = manifest->package;
  const auto native = load_native(*manifest, folder / package.native_name, files);
  if (!native) return fail(about(native.error(), folder / package.native_name));
  const auto* const begin = reinterpret_cast<const std::byte*>(native->data());
  package.native.assign(begin, begin + native->size());
  return std::move(package);
}

Result<std::shared_ptr<const Model>> Model::open(const std::filesystem::path& folder, io::FileSystem& files) {
  return make(TRY(load(folder, files)));
}

Result<std::shared_ptr<const Model>> Model::make(ModelPackage package) {
  // No make_shared: a Model is made here and nowhere else.
  std::shared_ptr<Model> model(new Model());
  model->package_ = std::move(package);
  model->opened_ = TRY(open_native(model->package_));
  return std::shared_ptr<const Model>(std::move(model));
}

}  // namespace sinan::ml
