// Groups of rows: their codes, their place in a plan, and hostile files of a model of groups. What a model of groups predicts is
// tested in test/sql/ml/groups.test.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "arrow/builder.h"
#include "ml/group_model.h"
#include "ml/row_groups.h"

namespace sinan::ml {
namespace {

arrow::Batch rows() {
  arrow::BatchBuilder out({{"store", arrow::int64_type()}, {"way", arrow::string_type()}});
  const std::pair<int64_t, const char*> values[] = {{7, "a"},     {7, "a"},    {1, "7a"}, {17, "a"},
                                                    {7, nullptr}, {7, "NULL"}, {7, "a"}};
  for (const auto& [store, way] : values) {
    out.column(0).append(store);
    if (way == nullptr) {
      out.column(1).append_null();
    } else {
      out.column(1).append(std::string_view(way));
    }
  }
  return out.finish();
}

TEST(RowGroups, TellsApartWhatDiffers) {
  GroupIndex index;
  std::vector<int32_t> codes;
  const size_t columns[] = {0, 1};
  index.append(rows(), columns, codes);
  EXPECT_EQ(codes, (std::vector<int32_t>{0, 0, 1, 2, 3, 4, 0}));
  EXPECT_EQ(group_text({"store", "way"}, index.groups()[3]), "store=7, way=NULL");

  RowGroups known{{"store", "way"}, {index.groups()[4], index.groups()[0]}};
  const RowGroups read = RowGroups::from_json(known.to_json()).value();
  EXPECT_EQ(read.groups, known.groups);
  codes.clear();
  GroupIndex(read).find(rows(), columns, codes);
  EXPECT_EQ(codes, (std::vector<int32_t>{1, 1, -1, -1, -1, 0, 1}));
}

TEST(RowGroups, RefusesDamage) {
  for (const char* text : {R"({"columns":[],"values":[]})", R"({"columns":["a"],"values":[]})",
                           R"({"columns":["a"],"values":[["x","y"]]})", R"({"columns":["a"],"values":[["x"],["x"]]})",
                           R"({"columns":["a"],"values":[[1]]})", R"({"columns":[3],"values":[["x"]]})"}) {
    EXPECT_FALSE(RowGroups::from_json(Json::parse(text).value())) << text;
  }
}

ModelPackage grouped(std::vector<std::byte> native) {
  ModelPackage package;
  package.library = kGroupLibrary;
  package.plan = FeaturePlan({}, {}).with_groups({{"g"}, {{"x"}, {"y"}}}, {{"g", arrow::string_type(), true}});
  package.native = std::move(native);
  return package;
}

TEST(GroupModel, RefusesFilesThatAreNone) {
  ModelPackage one;
  one.library = "xgboost";
  one.native.resize(100);
  one.native_name = "xgboost.ubj";
  const std::vector<std::byte> whole = pack_group_models({one, one});
  EXPECT_FALSE(open_group_model(grouped({})));
  EXPECT_FALSE(open_group_model(grouped(whole)));  // its models are no trees
  EXPECT_FALSE(open_group_model(grouped(pack_group_models({one}))));
  ModelPackage nested = one;
  nested.library = kGroupLibrary;
  EXPECT_FALSE(open_group_model(grouped(pack_group_models({nested, nested}))));
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> bytes = whole;
    bytes.resize(random() % (whole.size() + 1));
    for (int edits = 0; edits < 3 && !bytes.empty(); ++edits)
      bytes[random() % std::min<size_t>(bytes.size(), 400)] = static_cast<std::byte>(random());
    EXPECT_FALSE(open_group_model(grouped(std::move(bytes))));
  }
}

}  // namespace
}  // namespace sinan::ml
