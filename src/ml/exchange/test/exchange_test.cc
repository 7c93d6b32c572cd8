// Export and import without other systems: what is written as ONNX reads back as the same trees, damaged files are refused, and
// folders are written whole or not at all. The other systems' own answers: test/exchange/exchange_test.py.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "io/temp_dir.h"
#include "ml/exchange/export_model.h"
#include "ml/exchange/model_files.h"
#include "ml/exchange/onnx_export.h"
#include "ml/exchange/pmml_export.h"
#include "ml/exchange/protobuf.h"
#include "ml/exchange/sql_export.h"
#include "ml/exchange/test/imported_model.h"

namespace sinan::ml {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// LightGBM's text by hand: a category with the codes 0 and 2 in its set, a number, two classes.
std::string lightgbm_text() {
  return "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
         "objective=binary sigmoid:1\nfeature_names=size color\nfeature_infos=[-3:3] 0:1:2\ntree_sizes=300\n\n"
         "Tree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=1 0\nsplit_gain=5 3\nthreshold=0 0.5\ndecision_type=1 10\n"
         "left_child=-1 -2\nright_child=1 -3\nleaf_value=0.5 -0.25 0.75\nleaf_weight=1 1 1\nleaf_count=10 20 30\n"
         "internal_value=0 0\ninternal_weight=0 0\ninternal_count=60 50\ncat_boundaries=0 1\ncat_threshold=5\n"
         "is_linear=0\nshrinkage=1\n\n\nend of trees\n\npandas_categorical:[[\"blue\", \"green\", \"red\"]]\n";
}

std::shared_ptr<const Model> sample() {
  const std::string text = lightgbm_text();
  auto model = import_bytes(as_bytes(text));
  EXPECT_TRUE(model) << model.error().to_string();
  return *model;
}

ExportModel export_of(const Model& model) {
  auto made = make_export_model("m:1", model.package());
  EXPECT_TRUE(made) << made.error().to_string();
  return *made;
}

std::vector<float> margins(const Model& model, std::span<const float> size, std::span<const int32_t> color) {
  const FeatureColumn columns[] = {{.values = size, .codes = {}}, {.values = {}, .codes = color}};
  MatrixBlock block;
  block.rows = size.size();
  block.features = columns;
  std::vector<float> out(size.size() * model.predictor().outputs());
  EXPECT_TRUE(model.predictor().predict(block, Output::kMargin, out));
  return out;
}

TEST(Exchange, LightgbmTextTellsNamesCategoriesAndClasses) {
  const auto model = sample();
  const ModelPackage& package = model->package();
  EXPECT_EQ(package.task, Task::kBinary);
  EXPECT_EQ(package.label.classes, (std::vector<std::string>{"0", "1"}));
  ASSERT_EQ(package.plan.transforms().size(), 2u);
  EXPECT_EQ(package.plan.transforms()[0].feature, "size");
  EXPECT_EQ(package.plan.transforms()[1].vocabulary, (std::vector<std::string>{"blue", "green", "red"}));
  // By hand: blue and red are in the set; green goes on to size <= 0.5, whose missing values go left.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> size = {0, 0, 0, 1, nan, 0};
  const std::vector<int32_t> color = {0, 1, 2, 1, 1, -1};
  EXPECT_EQ(margins(*model, size, color), (std::vector<float>{0.5f, -0.25f, 0.5f, 0.75f, -0.25f, -0.25f}));
}

TEST(Exchange, OnnxReadsBackAsTheSameModel) {
  const auto model = sample();
  const auto files = export_onnx(export_of(*model));
  ASSERT_TRUE(files) << files.error().to_string();
  const auto back = import_bytes(as_bytes((*files)[0].bytes));
  ASSERT_TRUE(back) << back.error().to_string();
  const ModelPackage& package = (*back)->package();
  EXPECT_EQ(package.task, Task::kBinary);
  EXPECT_EQ(package.objective, "onnx:logistic");
  EXPECT_EQ(package.plan.transforms()[1].vocabulary, model->package().plan.transforms()[1].vocabulary);
  EXPECT_NE((*back)->explainer(), nullptr);
  std::vector<float> size;
  std::vector<int32_t> color;
  for (int i = 0; i < 200; ++i) {
    size.push_back(i % 7 == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(i % 20) / 10 - 0.5f);
    color.push_back(i % 4 - 1);
  }
  EXPECT_EQ(margins(**back, size, color), margins(*model, size, color));
}

TEST(Exchange, NamesAreCheckedAgainstTheFile) {
  const std::string text = lightgbm_text();
  const auto file = as_bytes(text);
  const auto with = [&](ForeignNames names) { return make_package(*inspect_foreign(file), names, file); };
  EXPECT_EQ(with({{"a", "b"}, "late", {"no", "yes"}})->label.classes, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(with({{"a"}, "", {}}).error().message, "columns given do not fit the file: 1 given, the file has 2");
  EXPECT_EQ(with({{"a", "A"}, "", {}}).error().message, "two features have one name: \"A\"");
  EXPECT_EQ(with({{}, "", {"x"}}).error().message, "classes given do not fit the file: 1 given, the file has 2");
  EXPECT_EQ(with({{}, "", {"x", "x"}}).error().message, "two classes have one name");
}

TEST(Exchange, WhatIsNoModelIsRefused) {
  for (const std::string& text : {std::string(), std::string("hello"), std::string("PK\x03\x04"), std::string("{}")}) {
    const auto model = import_bytes(as_bytes(text));
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, Code::kData) << text;
  }
  const std::string old = "binf\1\2\3";
  EXPECT_EQ(import_bytes(as_bytes(old)).error().code, Code::kUnsupported);
}

// Bytes changed, cut out and cut off: refused, or a model that can be scored.
TEST(Exchange, SurvivesMutations) {
  const auto model = sample();
  const auto onnx = export_onnx(export_of(*model));
  ASSERT_TRUE(onnx);
  Random random(11);
  for (const std::string& good : {lightgbm_text(), (*onnx)[0].bytes}) {
    for (int round = 0; round < 3000; ++round) {
      std::string bad = good;
      const int changes = 1 + static_cast<int>(random.below(3));
      for (int i = 0; i < changes; ++i) bad[random.below(bad.size())] = static_cast<char>(random.below(256));
      if (round % 5 == 0) bad.resize(random.below(bad.size()));
      const auto made = import_bytes(as_bytes(bad));
      if (made && (*made)->package().plan.schema().size() <= 64) score_some_rows(**made);
    }
  }
}

TEST(Exchange, ProtobufReadsWhatItWrites) {
  ProtoWriter inner;
  inner.text(1, "x");
  ProtoWriter writer;
  writer.integer(1, -5);
  writer.number(2, 1.5f);
  writer.message(3, inner);
  writer.integers(4, std::vector<int64_t>{1, 300, -1});
  writer.numbers(5, std::vector<float>{0.5f, -2});
  ProtoReader reader(writer.bytes());
  EXPECT_EQ((*reader.next())->integer(), -5);
  EXPECT_EQ((*reader.next())->number_value(), 1.5f);
  const auto message = *reader.next();
  EXPECT_EQ((*ProtoReader(message->bytes).next())->bytes, "x");
  std::vector<int64_t> integers;
  ASSERT_TRUE((*reader.next())->append_to(integers));
  EXPECT_EQ(integers, (std::vector<int64_t>{1, 300, -1}));
  std::vector<float> numbers;
  ASSERT_TRUE((*reader.next())->append_to(numbers));
  EXPECT_EQ(numbers, (std::vector<float>{0.5f, -2}));
  EXPECT_FALSE(reader.next()->has_value());
  for (const std::string& bad : {std::string("\x0a\x05x"), std::string("\x08"), std::string("\x0d\x01"),
                                 std::string("\x0b"), std::string(11, '\xff')}) {
    EXPECT_FALSE(ProtoReader(bad).next());
  }
}

TEST(Exchange, FoldersAreWrittenWhole) {
  const auto dir = io::TempDir::make().value();
  io::FileSystem& system = io::real_file_system();
  const std::vector<ExportedFile> files = {{"a", "1"}, {"b", "2"}};
  const fs::path folder = dir.path() / "new";
  ASSERT_TRUE(write_files(folder, files, false, system));
  EXPECT_EQ(read(folder / "b"), "2");
  EXPECT_FALSE(fs::exists(dir.path() / "new.writing"));
  EXPECT_EQ(write_files(folder, files, false, system).error().code, Code::kExists);
  std::ofstream(folder / "mine") << "kept";
  ASSERT_TRUE(write_files(folder, std::vector<ExportedFile>{{"a", "3"}}, true, system));
  EXPECT_EQ(read(folder / "a"), "3");
  EXPECT_EQ(read(folder / "mine"), "kept");
  fs::create_directory(dir.path() / "empty");
  ASSERT_TRUE(write_files(dir.path() / "empty/", files, false, system));
  EXPECT_EQ(read(dir.path() / "empty" / "a"), "1");
  EXPECT_EQ(write_files(folder / "a", files, true, system).error().code, Code::kArgument);
}

TEST(Exchange, LinksInPackagesAreRefused) {
  const auto dir = io::TempDir::make().value();
  std::ofstream(dir.path() / "secret") << "x";
  fs::create_directory(dir.path() / "p");
  std::ofstream(dir.path() / "p" / "model.json") << "{}";
  EXPECT_TRUE(check_source(dir.path() / "p"));
  fs::create_symlink(dir.path() / "secret", dir.path() / "p" / "xgboost.ubj");
  EXPECT_EQ(check_source(dir.path() / "p").error().code, Code::kUnsupported);
  EXPECT_EQ(check_source(dir.path() / "nothing").error().code, Code::kNotFound);
}

TEST(Exchange, NoFormSaysWhatItCannotExpress) {
  const auto model = sample();
  ExportModel hinge = export_of(*model);
  auto trees = std::make_shared<TreeEnsemble>(*hinge.trees);
  trees->link = Link::kStep;
  hinge.trees = trees;
  EXPECT_EQ(export_pmml(hinge).error().code, Code::kUnsupported);
  EXPECT_TRUE(export_sql(hinge, "a.b"));
  ModelPackage other = model->package();
  other.library = "something";
  EXPECT_EQ(make_export_model("m:1", other).error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace sinan::ml
