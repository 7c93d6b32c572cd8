// The model package: what goes in comes out, and nothing damaged is taken for a model.
#include "ml/model.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/hash.h"
#include "base/random.h"
#include "io/fault.h"
#include "io/temp_dir.h"
#include "ml/trees/test/real_xgboost.h"

namespace sinan::ml {
namespace {

ModelPackage make_package() {
  const Sample sample = make_sample({.rows = 300, .numeric = 2, .categories = {4}, .classes = 2});
  const RealXgboost xgboost(sample, {{"objective", "binary:logistic"}, {"max_depth", "3"}}, 4);
  ModelPackage package;
  package.estimator = "xgboost.gbtree";
  package.library = "xgboost";
  package.library_version = "3.4.1";
  package.task = Task::kBinary;
  package.objective = "binary:logistic";
  const arrow::Type number(arrow::TypeId::kDouble);
  arrow::Type decimal(arrow::TypeId::kDecimal);
  decimal.precision = 9;
  decimal.scale = 2;
  const arrow::Type text(arrow::TypeId::kString);
  package.plan = FeaturePlan({{Transform::Kind::kNumber, "a", "a", {}},
                              {Transform::Kind::kNumber, "b", "b", {}},
                              {Transform::Kind::kVocabulary, "c", "c", {"x", "\"quoted\"\n", "\xc3\xa4"}}},
                             {{"a", number, true}, {"b", decimal, true}, {"c", text, true}});
  package.label = LabelMap{LabelMap::Kind::kClasses, "y", text, {"no", "yes"}};
  package.attributes = Json::object({{"eta", 0.1}});
  package.statement = "SELECT * FROM t TO TRAIN xgboost.gbtree LABEL y INTO m";
  package.metrics =
      Json::object({{"train", Json::object({{"logloss", Json::array({0.5, 0.4, nullptr})}})}, {"best_round", 1}});
  package.rows = 300;
  package.seed = 0xfedcba9876543210U;
  package.importance = {0.5, 0.25, 0.25};
  package.native = xgboost.save("ubj");
  package.native_name = "xgboost.ubj";
  return package;
}

class ModelPackageTest : public testing::Test {
 protected:
  io::FileSystem& files = io::real_file_system();
  io::TempDir dir = io::TempDir::make().value();
  ModelPackage package = make_package();

  std::string read(const char* name) { return files.read_file(dir.path() / name).value(); }
  void write(const char* name, std::string_view bytes) {
    ASSERT_TRUE(files.write_file_durable(dir.path() / name, bytes));
  }
};

TEST_F(ModelPackageTest, ComesBackAsItWas) {
  ASSERT_TRUE(save(package, dir.path(), files));
  EXPECT_EQ(files.list(dir.path()).value(), (std::vector<std::string>{"model.json", "xgboost.ubj"}));
  const auto loaded = load(dir.path(), files);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->estimator, package.estimator);
  EXPECT_EQ(loaded->task, package.task);
  EXPECT_EQ(loaded->plan.schema(), package.plan.schema());
  EXPECT_EQ(loaded->plan.to_json(), package.plan.to_json());
  EXPECT_EQ(loaded->label, package.label);
  EXPECT_EQ(loaded->attributes, package.attributes);
  EXPECT_EQ(loaded->metrics, package.metrics);
  EXPECT_EQ(loaded->statement, package.statement);
  EXPECT_EQ(loaded->rows, package.rows);
  EXPECT_EQ(loaded->seed, package.seed);
  EXPECT_EQ(loaded->importance, package.importance);
  EXPECT_EQ(loaded->native, package.native);
  EXPECT_TRUE(Model::open(dir.path(), files));
}

TEST_F(ModelPackageTest, TruncatedFilesAreRefused) {
  ASSERT_TRUE(save(package, dir.path(), files));
  for (const char* name : {"model.json", "xgboost.ubj"}) {
    const std::string whole = read(name);
    for (const size_t size : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 2}) {
      write(name, std::string_view(whole).substr(0, size));
      const auto loaded = load(dir.path(), files);
      ASSERT_FALSE(loaded) << name << " of " << size;
      EXPECT_EQ(loaded.error().code, Code::kData);
      EXPECT_NE(loaded.error().to_string().find(dir.path().string()), std::string::npos);
    }
    write(name, whole);
  }
  ASSERT_TRUE(files.remove_file(dir.path() / "xgboost.ubj"));
  EXPECT_EQ(load(dir.path(), files).error().code, Code::kNotFound);
}

// One bit of either file: never a model that is not the one saved.
TEST_F(ModelPackageTest, FlippedBitsAreRefused) {
  ASSERT_TRUE(save(package, dir.path(), files));
  Random random(9);
  for (const char* name : {"model.json", "xgboost.ubj"}) {
    const std::string whole = read(name);
    for (int i = 0; i < 300; ++i) {
      std::string flipped = whole;
      flipped[random.below(whole.size())] ^= static_cast<char>(1U << random.below(8));
      write(name, flipped);
      const auto loaded = load(dir.path(), files);
      if (!loaded) continue;
      // Blanks, and a version number below ours, carry nothing.
      EXPECT_EQ(loaded->native, package.native);
      EXPECT_EQ(loaded->plan.to_json(), package.plan.to_json());
      EXPECT_EQ(loaded->statement, package.statement);
    }
    write(name, whole);
  }
}

TEST_F(ModelPackageTest, NewerVersionsAreRefusedAndSaySo) {
  ASSERT_TRUE(save(package, dir.path(), files));
  Json document = Json::parse(read("model.json")).value();
  document.set("version", 3);
  write("model.json", document.dump());
  const auto loaded = load(dir.path(), files);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::kUnsupported);
  EXPECT_EQ(loaded.error().message, "model was written by a newer version: format 3, this program reads 2");
}

// Hostile manifests with a right checksum: whoever writes one can compute it.
TEST_F(ModelPackageTest, ImpossibleManifestsAreRefused) {
  ASSERT_TRUE(save(package, dir.path(), files));
  const Json good = Json::parse(read("model.json")).value();
  const auto with = [&](const std::function<void(Json&)>& change) {
    Json document = good;
    Json body = document.at("model");
    change(body);
    document.set("xxh3", fingerprint(body.dump()).to_hex());
    document.set("model", body);
    return parse_model_manifest(document.dump());
  };
  EXPECT_TRUE(with([](Json&) {}));
  const auto file = [](const char* key, Json value) {
    return [key, value](Json& body) {
      Json entry = body.at("file");
      entry.set(key, value);
      body.set("file", entry);
    };
  };
  for (const char* name : {"../xgboost.ubj", "/etc/passwd", "", "..", "model.json", "a/b"})
    EXPECT_FALSE(with(file("name", name))) << name;
  EXPECT_FALSE(with(file("size", -1)));
  EXPECT_FALSE(with(file("size", int64_t{1} << 60)));
  EXPECT_FALSE(with([](Json& body) { body.set("rows", -5); }));
  EXPECT_FALSE(with([](Json& body) { body.set("task", "guessing"); }));
  EXPECT_FALSE(with([](Json& body) { body.set("task", "regression"); }));
  EXPECT_FALSE(with([](Json& body) { body.set("importance", Json::array({1.0})); }));
  EXPECT_FALSE(with([](Json& body) { body.set("plan", nullptr); }));
  EXPECT_FALSE(with([](Json& body) { body.set("label", Json::object({{"column", "y"}, {"type", "list"}})); }));
  EXPECT_FALSE(with([](Json& body) {
    Json plan = body.at("plan");
    plan.set("inputs", Json::array());
    body.set("plan", plan);
  }));
}

TEST_F(ModelPackageTest, ModelsOfUnknownLibrariesAreRefused) {
  package.library = "abacus";
  const auto model = Model::make(package);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::kUnsupported);
}

// Whatever write fails, there is no half model that opens.
TEST_F(ModelPackageTest, FailedWritesLeaveNoModel) {
  uint64_t operations = 0;
  {
    const auto scratch = io::TempDir::make().value();
    io::FaultyFileSystem counting(files, {.operation = "any", .at = UINT64_MAX});
    ASSERT_TRUE(save(package, scratch.path(), counting));
    operations = counting.count();
  }
  ASSERT_GT(operations, 4U);
  for (uint64_t at = 1; at <= operations; ++at) {
    const auto scratch = io::TempDir::make().value();
    io::FaultyFileSystem faulty(files, {.operation = "any", .at = at});
    EXPECT_FALSE(save(package, scratch.path(), faulty)) << at;
    const auto loaded = load(scratch.path(), files);
    if (loaded) {
      EXPECT_EQ(loaded->native, package.native) << at;
    }
  }
}

}  // namespace
}  // namespace sinan::ml
