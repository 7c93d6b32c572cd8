#include "arrow/batch.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>

#include "arrow/builder.h"
#include "arrow/map_column.h"
#include "arrow/stream.h"

namespace sinan::arrow {
namespace {

Field field(std::string name, Type type) { return {std::move(name), std::move(type), true}; }

// A C array and schema written by hand, as a foreign producer would.
struct Foreign {
  std::deque<ArrowArray> arrays;
  std::deque<ArrowSchema> schemas;
  std::deque<std::vector<const void*>> buffers;
  std::deque<std::vector<ArrowArray*>> child_arrays;
  std::deque<std::vector<ArrowSchema*>> child_schemas;
  int* released = nullptr;

  static void release_array(ArrowArray* array) {
    if (array->private_data) ++*static_cast<int*>(array->private_data);
    array->release = nullptr;
  }
  static void release_schema(ArrowSchema* schema) { schema->release = nullptr; }

  ArrowArray* array(int64_t length, std::vector<const void*> parts, std::vector<ArrowArray*> children = {}) {
    buffers.push_back(std::move(parts));
    child_arrays.push_back(std::move(children));
    ArrowArray array{};
    array.length = length;
    array.null_count = !buffers.back().empty() && buffers.back()[0] ? -1 : 0;
    array.n_buffers = static_cast<int64_t>(buffers.back().size());
    array.buffers = buffers.back().data();
    array.n_children = static_cast<int64_t>(child_arrays.back().size());
    array.children = child_arrays.back().data();
    array.release = release_array;
    arrays.push_back(array);
    return &arrays.back();
  }
  ArrowSchema* schema(const char* format, const char* name, std::vector<ArrowSchema*> children = {}) {
    child_schemas.push_back(std::move(children));
    ArrowSchema schema{};
    schema.format = format;
    schema.name = name;
    schema.flags = ARROW_FLAG_NULLABLE;
    schema.n_children = static_cast<int64_t>(child_schemas.back().size());
    schema.children = child_schemas.back().data();
    schema.release = release_schema;
    schemas.push_back(schema);
    return &schemas.back();
  }

  // One column as a batch.
  Result<Batch> batch(ArrowSchema* column_schema, ArrowArray* column) {
    auto imported = import_schema(*schema("+s", "", {column_schema}));
    if (!imported) return std::unexpected(imported.error());
    ArrowArray root = *array(column->length, {nullptr}, {column});
    root.private_data = released;
    return Batch::import(std::make_shared<const Schema>(*std::move(imported)), std::move(root));
  }
};

std::vector<std::string> texts(const ColumnView& column) {
  std::vector<std::string> result;
  for (size_t i = 0; i < column.size(); ++i) result.push_back(column.to_text(i));
  return result;
}

template <class T>
std::vector<std::string> texts_of(const char* format, std::vector<T> values) {
  Foreign foreign;
  const uint8_t second_is_null = 0b11111101;
  auto batch = foreign.batch(foreign.schema(format, "x"),
                             foreign.array(static_cast<int64_t>(values.size()), {&second_is_null, values.data()}));
  EXPECT_TRUE(batch.has_value()) << batch.error().to_string();
  return batch ? texts(batch->column(0)) : std::vector<std::string>();
}

using Texts = std::vector<std::string>;

TEST(Import, IntegersAndFloats) {
  EXPECT_EQ(texts_of<int8_t>("c", {-128, 1, 127}), (Texts{"-128", "NULL", "127"}));
  EXPECT_EQ(texts_of<uint8_t>("C", {255, 1, 0}), (Texts{"255", "NULL", "0"}));
  EXPECT_EQ(texts_of<int16_t>("s", {-32768, 1}), (Texts{"-32768", "NULL"}));
  EXPECT_EQ(texts_of<uint16_t>("S", {65535, 1}), (Texts{"65535", "NULL"}));
  EXPECT_EQ(texts_of<int32_t>("i", {INT32_MIN, 1}), (Texts{"-2147483648", "NULL"}));
  EXPECT_EQ(texts_of<uint32_t>("I", {UINT32_MAX, 1}), (Texts{"4294967295", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("l", {INT64_MIN, 1}), (Texts{"-9223372036854775808", "NULL"}));
  EXPECT_EQ(texts_of<uint64_t>("L", {UINT64_MAX, 1}), (Texts{"18446744073709551615", "NULL"}));
  EXPECT_EQ(texts_of<float>("f", {0.1F, 1, 2}), (Texts{"0.1", "NULL", "2.0"}));
  EXPECT_EQ(texts_of<double>("g", {1e300, 1, NAN, -INFINITY}), (Texts{"1e+300", "NULL", "nan", "-inf"}));
  EXPECT_EQ(texts_of<uint16_t>("e", {0x3c00, 0, 0xc500, 0x0001}),
            (Texts{"1.0", "NULL", "-5.0", "5.960464477539063e-08"}));
}

// Days and seconds from `date -ud ... +%s`.
TEST(Import, DatesAndTimes) {
  EXPECT_EQ(texts_of<int32_t>("tdD", {15706, 0, -1, 11016, -719468, INT32_MAX}),
            (Texts{"2013-01-01", "NULL", "1969-12-31", "2000-02-29", "0000-03-01", "infinity"}));
  EXPECT_EQ(texts_of<int32_t>("tts", {18429, 0}), (Texts{"05:07:09", "NULL"}));
  EXPECT_EQ(texts_of<int32_t>("ttm", {18429250, 0}), (Texts{"05:07:09.25", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("ttu", {18429000001, 0}), (Texts{"05:07:09.000001", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("ttn", {86399999999999, 0}), (Texts{"23:59:59.999999999", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("tss:", {1357016400, 0, -1}),
            (Texts{"2013-01-01 05:00:00", "NULL", "1969-12-31 23:59:59"}));
  EXPECT_EQ(texts_of<int64_t>("tsm:UTC", {1357016400500, 0}), (Texts{"2013-01-01 05:00:00.5+00", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("tsu:", {-1, 0}), (Texts{"1969-12-31 23:59:59.999999", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("tsn:", {1, 0, -INT64_MAX}),
            (Texts{"1970-01-01 00:00:00.000000001", "NULL", "-infinity"}));
  EXPECT_EQ(texts_of<int64_t>("tdm", {86400000, 0}), (Texts{"1970-01-02 00:00:00", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("tDm", {1500, 0}), (Texts{"1500 ms", "NULL"}));
}

TEST(Import, IntervalsAndDecimals) {
  struct Interval {
    int32_t months, days;
    int64_t nanos;
  };
  EXPECT_EQ(texts_of<Interval>("tin", {{14, 1, 3600'000'000'000}, {}, {0, 0, 0}, {0, -2, 0}}),
            (Texts{"1 year 2 months 1 day 01:00:00", "NULL", "00:00:00", "-2 days"}));
  EXPECT_EQ(texts_of<int32_t>("tiM", {25, 0}), (Texts{"2 years 1 month", "NULL"}));
  __extension__ using Int128 = __int128;
  EXPECT_EQ(texts_of<Int128>("d:18,3", {1234567, 0, -5, 0}), (Texts{"1234.567", "NULL", "-0.005", "0.000"}));
  EXPECT_EQ(texts_of<Int128>("d:38,0", {~(Int128{1} << 127), 0}),
            (Texts{"170141183460469231731687303715884105727", "NULL"}));
  EXPECT_EQ(texts_of<int32_t>("d:9,2,32", {-101, 0}), (Texts{"-1.01", "NULL"}));
  EXPECT_EQ(texts_of<int64_t>("d:18,0,64", {INT64_MIN, 0}), (Texts{"-9223372036854775808", "NULL"}));
  using Int256 = std::array<int64_t, 4>;
  EXPECT_EQ(texts_of<Int256>("d:76,1,256", {{-1, -1, -1, -1}, {}, {0, 0, 1, 0}}),
            (Texts{"-0.1", "NULL", "34028236692093846346337460743176821145.6"}));  // 2^128 / 10
}

TEST(Import, BoolsAndNulls) {
  Foreign foreign;
  const uint8_t bits = 0b00000101;
  auto bools = foreign.batch(foreign.schema("b", "x"), foreign.array(3, {nullptr, &bits}));
  ASSERT_TRUE(bools);
  EXPECT_EQ(texts(bools->column(0)), (Texts{"true", "false", "true"}));
  EXPECT_FALSE(bools->column(0).has_nulls());
  auto nulls = foreign.batch(foreign.schema("n", "x"), foreign.array(2, {}));
  ASSERT_TRUE(nulls) << nulls.error().to_string();
  EXPECT_EQ(texts(nulls->column(0)), (Texts{"NULL", "NULL"}));
  EXPECT_EQ(nulls->column(0).null_count(), 2U);
}

TEST(Import, Strings) {
  Foreign foreign;
  const std::string data = "abhello, world!!";
  const std::vector<int32_t> small = {0, 2, 2, 15};
  const std::vector<int64_t> large = {0, 2, 2, 15};
  const uint8_t all = 0xff;
  for (const char* format : {"u", "z"}) {
    auto batch = foreign.batch(foreign.schema(format, "x"), foreign.array(3, {&all, small.data(), data.data()}));
    ASSERT_TRUE(batch);
    EXPECT_EQ(texts(batch->column(0)), (Texts{"ab", "", "hello, world!"}));
  }
  for (const char* format : {"U", "Z"}) {
    auto batch = foreign.batch(foreign.schema(format, "x"), foreign.array(3, {nullptr, large.data(), data.data()}));
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->column(0).string(2), "hello, world!");
  }
  std::array<char, 32> views{};
  const int32_t short_length = 3, long_length = 13, buffer = 0, offset = 2;
  std::memcpy(views.data(), &short_length, 4);
  std::memcpy(views.data() + 4, "xyz", 3);
  std::memcpy(views.data() + 16, &long_length, 4);
  std::memcpy(views.data() + 24, &buffer, 4);
  std::memcpy(views.data() + 28, &offset, 4);
  const int64_t sizes[] = {16};
  auto view = foreign.batch(foreign.schema("vu", "x"), foreign.array(2, {nullptr, views.data(), data.data(), sizes}));
  ASSERT_TRUE(view);
  EXPECT_EQ(texts(view->column(0)), (Texts{"xyz", "hello, world!"}));
  auto fixed = foreign.batch(foreign.schema("w:2", "x"), foreign.array(2, {nullptr, "ab\x01z"}));
  ASSERT_TRUE(fixed);
  EXPECT_EQ(texts(fixed->column(0)), (Texts{"ab", "\\x01z"}));
}

TEST(Import, NestedTypes) {
  Foreign foreign;
  const std::vector<int32_t> items = {1, 2, 3, 4, 5, 6};
  const std::vector<int32_t> offsets = {0, 2, 2, 6};
  auto* item_schema = foreign.schema("i", "item");
  auto list = foreign.batch(foreign.schema("+l", "x", {item_schema}),
                            foreign.array(3, {nullptr, offsets.data()}, {foreign.array(6, {nullptr, items.data()})}));
  ASSERT_TRUE(list) << list.error().to_string();
  EXPECT_EQ(texts(list->column(0)), (Texts{"[1, 2]", "[]", "[3, 4, 5, 6]"}));
  EXPECT_EQ(list->schema()[0].type.to_string(), "list<int32>");
  auto fixed = foreign.batch(foreign.schema("+w:3", "x", {item_schema}),
                             foreign.array(2, {nullptr}, {foreign.array(6, {nullptr, items.data()})}));
  ASSERT_TRUE(fixed);
  EXPECT_EQ(texts(fixed->column(0)), (Texts{"[1, 2, 3]", "[4, 5, 6]"}));
  auto* member_schema = foreign.schema("i", "a");
  auto structs = foreign.batch(foreign.schema("+s", "x", {member_schema}),
                               foreign.array(2, {nullptr}, {foreign.array(6, {nullptr, items.data()})}));
  ASSERT_TRUE(structs);
  EXPECT_EQ(texts(structs->column(0)), (Texts{"{a: 1}", "{a: 2}"}));
  auto* entries_schema = foreign.schema("+s", "entries", {foreign.schema("i", "key"), foreign.schema("i", "value")});
  auto* entries = foreign.array(6, {nullptr},
                                {foreign.array(6, {nullptr, items.data()}), foreign.array(6, {nullptr, items.data()})});
  auto map = foreign.batch(foreign.schema("+m", "x", {entries_schema}),
                           foreign.array(3, {nullptr, offsets.data()}, {entries}));
  ASSERT_TRUE(map) << map.error().to_string();
  EXPECT_EQ(texts(map->column(0)), (Texts{"{1=1, 2=2}", "{}", "{3=3, 4=4, 5=5, 6=6}"}));
}

TEST(Import, Dictionary) {
  Foreign foreign;
  const std::string data = "JFKLGA";
  const std::vector<int32_t> offsets = {0, 3, 6};
  const std::vector<uint8_t> indices = {1, 9, 0};
  const uint8_t second_is_null = 0b101;
  auto* schema = foreign.schema("C", "x");
  schema->dictionary = foreign.schema("u", "");
  auto* array = foreign.array(3, {&second_is_null, indices.data()});
  array->dictionary = foreign.array(2, {nullptr, offsets.data(), data.data()});
  auto batch = foreign.batch(schema, array);
  ASSERT_TRUE(batch);
  const ColumnView column = batch->column(0);
  EXPECT_TRUE(column.type().is_text());
  EXPECT_EQ(texts(column), (Texts{"LGA", "NULL", "JFK"}));
  EXPECT_EQ(column.dictionary_index(0), 1);
  EXPECT_EQ(column.dictionary_index(1), -1);
  EXPECT_EQ(column.dictionary().string(0), "JFK");
}

TEST(Import, NumbersOfDecimals) {
  Foreign foreign;
  __extension__ using Int128 = __int128;
  const std::vector<Int128> values = {1234567, -5, Int128{1'000'000'000'000'000'000} * 1'000'000'000'000'000'001};
  auto batch = foreign.batch(foreign.schema("d:38,3", "x"), foreign.array(3, {nullptr, values.data()}));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->column(0).as_double(0), 1234.567);
  EXPECT_EQ(batch->column(0).as_double(1), -0.005);
  EXPECT_EQ(batch->column(0).as_double(2), 1000000000000000001000000000000000.000);
  EXPECT_EQ(batch->column(0).as_int(0), 1234);
  EXPECT_EQ(batch->column(0).as_int(2), INT64_MAX);
}

TEST(Import, OffsetsOfBatchAndColumnAdd) {
  Foreign foreign;
  const std::vector<int32_t> values = {10, 11, 12, 13, 14, 15};
  const uint8_t bits = 0b110111;  // row 3 of the buffer is null
  auto schema = std::make_shared<const Schema>(Schema{{field("x", int32_type())}});
  ArrowArray* column = foreign.array(5, {&bits, values.data()});
  column->offset = 1;
  ArrowArray root = *foreign.array(3, {nullptr}, {column});
  root.offset = 1;
  auto batch = Batch::import(schema, std::move(root));
  ASSERT_TRUE(batch) << batch.error().to_string();
  EXPECT_EQ(texts(batch->column(0)), (Texts{"12", "NULL", "14"}));
  EXPECT_EQ((*batch->column(0).values<int32_t>())[2], 14);
  EXPECT_EQ(batch->column(0).null_count(), 1U);
  EXPECT_EQ(texts(batch->slice(1, 2).column(0)), (Texts{"NULL", "14"}));
}

TEST(Import, RefusesMalformedArrays) {
  Foreign foreign;
  const std::vector<int32_t> values = {0, 5, 3, 2};
  int released = 0;
  foreign.released = &released;
  const auto refused = [&](ArrowSchema* schema, ArrowArray* array) {
    const int before = released;
    auto batch = foreign.batch(schema, array);
    return !batch && batch.error().code == Code::kData && released == before + 1;
  };
  auto* column = foreign.array(3, {nullptr, nullptr});
  EXPECT_TRUE(refused(foreign.schema("i", "x"), column)) << "no values";
  column = foreign.array(3, {nullptr});
  EXPECT_TRUE(refused(foreign.schema("i", "x"), column)) << "too few buffers";
  column = foreign.array(3, {nullptr, values.data()});
  column->null_count = 1;
  EXPECT_TRUE(refused(foreign.schema("i", "x"), column)) << "nulls without a bitmap";
  column = foreign.array(3, {nullptr, values.data()});
  column->null_count = 4;
  EXPECT_TRUE(refused(foreign.schema("i", "x"), column)) << "more nulls than rows";
  column = foreign.array(2, {nullptr, values.data() + 1, "hello"});
  EXPECT_TRUE(refused(foreign.schema("u", "x"), column)) << "offsets fall";
  column = foreign.array(1, {nullptr, values.data()}, {foreign.array(2, {nullptr, values.data()})});
  EXPECT_TRUE(refused(foreign.schema("+l", "x", {foreign.schema("i", "")}), column)) << "list beyond its values";
  column = foreign.array(1, {nullptr, values.data()});
  EXPECT_TRUE(refused(foreign.schema("+l", "x", {foreign.schema("i", "")}), column)) << "list without values";
  auto* dictionary = foreign.schema("i", "x");
  dictionary->dictionary = foreign.schema("u", "");
  EXPECT_TRUE(refused(dictionary, foreign.array(3, {nullptr, values.data()}))) << "no dictionary";

  auto schema = std::make_shared<const Schema>(Schema{{field("x", int32_type())}});
  ArrowArray root = *foreign.array(4, {nullptr}, {foreign.array(3, {nullptr, values.data()})});
  EXPECT_EQ(Batch::import(schema, std::move(root)).error().code, Code::kData) << "column shorter than the batch";
  root = *foreign.array(-1, {nullptr}, {foreign.array(3, {nullptr, values.data()})});
  EXPECT_EQ(Batch::import(schema, std::move(root)).error().code, Code::kData) << "negative length";
  const uint8_t none = 0;
  root = *foreign.array(3, {&none}, {foreign.array(3, {nullptr, values.data()})});
  EXPECT_EQ(Batch::import(schema, std::move(root)).error().code, Code::kData) << "rows that are null";
  EXPECT_EQ(Batch::import(schema, ArrowArray{}).error().code, Code::kData) << "released";
}

TEST(ImportSchema, RefusesWhatItDoesNotKnow) {
  Foreign foreign;
  const auto code = [&](ArrowSchema* column) {
    return import_schema(*foreign.schema("+s", "", {column})).error().code;
  };
  EXPECT_EQ(code(foreign.schema("+ud:0,1", "x")), Code::kUnsupported);
  EXPECT_EQ(code(foreign.schema("+r", "x", {foreign.schema("i", ""), foreign.schema("u", "")})), Code::kUnsupported);
  for (const char* format :
       {"", "q", "tsx:", "tsu", "d:", "d:5", "d:99,1", "d:5,1,17", "w:", "w:x", "td", "+l", "+m"}) {
    EXPECT_TRUE(code(foreign.schema(format, "x")) == Code::kData) << format;
  }
  ArrowSchema* deep = foreign.schema("i", "");
  for (int i = 0; i < 100; ++i) deep = foreign.schema("+l", "", {deep});
  EXPECT_EQ(code(deep), Code::kData);
  EXPECT_EQ(import_schema(*foreign.schema("i", "")).error().code, Code::kData);
}

TEST(ExportSchema, RoundTripsEveryFormat) {
  Foreign foreign;
  std::vector<ArrowSchema*> columns;
  const std::vector<const char*> formats = {
      "n",    "b",       "c",    "C",    "s",   "S",      "i",      "I",          "l",   "L",   "f",   "g",
      "u",    "U",       "vu",   "z",    "Z",   "vz",     "w:7",    "tdD",        "tts", "ttm", "ttu", "ttn",
      "tss:", "tsm:UTC", "tsu:", "tsn:", "tin", "d:18,3", "d:9,-2", "d:76,1,256", "tDu", "tiM", "e"};
  for (const char* format : formats) columns.push_back(foreign.schema(format, format));
  columns.push_back(foreign.schema("+w:4", "fixed", {foreign.schema("f", "item")}));
  columns.push_back(foreign.schema("+L", "large", {foreign.schema("u", "item")}));
  columns.push_back(foreign.schema(
      "+m", "map", {foreign.schema("+s", "entries", {foreign.schema("u", "key"), foreign.schema("l", "value")})}));
  auto* dictionary = foreign.schema("S", "dictionary");
  dictionary->dictionary = foreign.schema("u", "");
  columns.push_back(dictionary);
  const auto schema = import_schema(*foreign.schema("+s", "", columns));
  ASSERT_TRUE(schema) << schema.error().to_string();
  ArrowSchema exported;
  export_schema(*schema, &exported);
  for (size_t i = 0; i < columns.size(); ++i) {
    EXPECT_STREQ(exported.children[i]->format, columns[i]->format);
    EXPECT_STREQ(exported.children[i]->name, columns[i]->name);
    EXPECT_EQ(exported.children[i]->n_children, columns[i]->n_children);
  }
  EXPECT_STREQ(exported.children[columns.size() - 1]->dictionary->format, "u");
  EXPECT_EQ(*import_schema(exported), *schema);
  exported.release(&exported);
  EXPECT_EQ(exported.release, nullptr);
}

TEST(Type, EqualityIsLogical) {
  Type large(TypeId::kString);
  large.layout = Layout::kLarge;
  EXPECT_EQ(large, string_type());
  EXPECT_NE(int32_type(), int64_type());
  Type milli(TypeId::kTimestamp);
  milli.unit = TimeUnit::kMilli;
  EXPECT_NE(milli, Type(TypeId::kTimestamp));
  EXPECT_EQ(timestamp_type().to_string(), "timestamp[us, UTC]");
  const Schema schema{{field("Origin", string_type()), field("origin", int32_type())}};
  EXPECT_EQ(schema.index_of("ORIGIN"), 0U);
  EXPECT_EQ(schema.index_of("dest"), std::nullopt);
}

// The rows of a random table, as text and by the builder: build, slice, export, import, and read again.
RC_GTEST_PROP(RoundTrip, BuildExportImport, ()) {
  const auto rows = *rc::gen::inRange<size_t>(0, 200);
  const auto ints =
      *rc::gen::container<std::vector<rc::Maybe<int64_t>>>(rows, rc::gen::maybe(rc::gen::arbitrary<int64_t>()));
  const auto words =
      *rc::gen::container<std::vector<rc::Maybe<std::string>>>(rows, rc::gen::maybe(rc::gen::arbitrary<std::string>()));
  const auto flags =
      *rc::gen::container<std::vector<rc::Maybe<bool>>>(rows, rc::gen::maybe(rc::gen::arbitrary<bool>()));
  BatchBuilder builder(
      {field("i", int64_type()), field("s", string_type()), field("b", bool_type()), field("f", float_type())});
  for (size_t i = 0; i < rows; ++i) {
    ints[i] ? builder.column(0).append(*ints[i]) : builder.column(0).append_null();
    words[i] ? builder.column(1).append(std::string_view(*words[i])) : builder.column(1).append_null();
    flags[i] ? builder.column(2).append(*flags[i]) : builder.column(2).append_null();
    builder.column(3).append(static_cast<double>(i));
  }
  const Batch built = builder.finish();
  RC_ASSERT(built.rows() == rows);
  const auto begin = *rc::gen::inRange<size_t>(0, rows + 1);
  const auto count = *rc::gen::inRange<size_t>(0, rows - begin + 1);
  ArrowArray array;
  built.slice(begin, count).export_to(&array);
  const auto imported = Batch::import(built.shared_schema(), std::move(array));
  RC_ASSERT(imported.has_value());
  RC_ASSERT(imported->rows() == count);
  for (size_t i = 0; i < count; ++i) {
    const auto& number = ints[begin + i];
    const auto& word = words[begin + i];
    const auto& flag = flags[begin + i];
    RC_ASSERT(imported->column(0).is_null(i) == !number);
    RC_ASSERT(imported->column(1).is_null(i) == !word);
    RC_ASSERT(imported->column(2).is_null(i) == !flag);
    if (number) RC_ASSERT(imported->column(0).as_int(i) == *number);
    if (word) RC_ASSERT(imported->column(1).string(i) == *word);
    if (flag) RC_ASSERT(imported->column(2).as_bool(i) == *flag);
    RC_ASSERT((*imported->column(3).values<float>())[i] == static_cast<float>(begin + i));
  }
  size_t nulls = 0;
  for (size_t i = 0; i < count; ++i) nulls += ints[begin + i] ? 0 : 1;
  RC_ASSERT(imported->column(0).null_count() == nulls);
}

TEST(Export, ChildrenMayBeMovedOut) {
  BatchBuilder builder({field("a", int32_type()), field("b", string_type())});
  builder.column(0).append(7);
  builder.column(1).append("seven");
  ArrowArray array;
  builder.finish().export_to(&array);  // the batch itself is gone after this line
  ArrowArray moved = *array.children[1];
  array.children[1]->release = nullptr;
  array.release(&array);
  EXPECT_EQ(std::string_view(static_cast<const char*>(moved.buffers[2]), 5), "seven");
  moved.release(&moved);
  EXPECT_EQ(moved.release, nullptr);
}

TEST(Builder, ReusedAfterFinishAndConvertsNumbers) {
  Type date(TypeId::kDate);
  BatchBuilder builder({field("d", date), field("u", Type(TypeId::kUInt8)), field("g", double_type())});
  for (int round = 0; round < 2; ++round) {
    builder.column(0).append(15706);
    builder.column(1).append(255.0);
    builder.column(2).append_values(std::span<const double>(std::array{0.5}));
    const Batch batch = builder.finish();
    EXPECT_EQ(batch.rows(), 1U);
    EXPECT_EQ(batch.column(0).to_text(0), "2013-01-01");
    EXPECT_EQ(batch.column(1).as_int(0), 255);
    EXPECT_EQ(batch.column(2).as_double(0), 0.5);
    EXPECT_GT(batch.bytes(), 0U);
  }
  EXPECT_DEATH(builder.column(1).append(256), "check failed");
  EXPECT_DEATH(builder.column(1).append(0.5), "check failed");
  EXPECT_DEATH(builder.column(0).append("x"), "check failed");
}

TEST(WithColumns, SharesTheColumnsKept) {
  BatchBuilder left({field("a", int32_type()), field("b", string_type())});
  BatchBuilder right({field("score", double_type())});
  for (int i = 0; i < 3; ++i) {
    left.column(0).append(i);
    left.column(1).append("x");
    right.column(0).append(i / 2.0);
  }
  const Batch rows = left.finish();
  const auto joined = with_columns(rows.slice(1, 2), {0}, right.finish().slice(1, 2));
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->schema().names(), (std::vector<std::string>{"a", "score"}));
  EXPECT_EQ(texts(joined->column(0)), (Texts{"1", "2"}));
  EXPECT_EQ(texts(joined->column(1)), (Texts{"0.5", "1.0"}));
  EXPECT_EQ(joined->column(0).values<int32_t>()->data(), rows.column(0).values<int32_t>()->data() + 1);
  EXPECT_EQ(with_columns(rows, {0}, *joined).error().code, Code::kInternal);
}

TEST(Stream, SkipsEmptyBatchesAndBoundsMemory) {
  BatchBuilder builder({field("a", int32_type())});
  const auto batch_of = [&](int rows) {
    for (int i = 0; i < rows; ++i) builder.column(0).append(i);
    return builder.finish();
  };
  const std::vector<Batch> batches = {batch_of(0), batch_of(2), batch_of(0), batch_of(3)};
  EXPECT_EQ(read_all(*make_stream(builder.schema(), batches))->size(), 2U);
  EXPECT_EQ(read_all(*make_stream(builder.schema(), batches), 5)->size(), 2U);
  EXPECT_EQ(read_all(*make_stream(builder.schema(), batches), 4).error().code, Code::kExhausted);
}

TEST(MapColumn, HasItsEntriesAndOutlivesTheirBatch) {
  std::optional<Batch> copy;
  {
    BatchBuilder entries({{"key", string_type()}, {"value", double_type()}});
    for (const auto& [key, value] : {std::pair("a", 1.5), std::pair("b=,", -2.0), std::pair("", 0.25)}) {
      entries.column(0).append(key);
      entries.column(1).append(value);
    }
    const Batch map = map_column("m", entries.finish(), {0, 2, 2, 3});
    EXPECT_EQ(map.rows(), 3);
    EXPECT_EQ(map.schema()[0].type, map_type(double_type()));
    copy = map.slice(0, 3);
  }
  const ColumnView column = copy->column(0);
  EXPECT_EQ(column.list_range(0), (std::pair<size_t, size_t>(0, 2)));
  EXPECT_EQ(column.list_range(1), (std::pair<size_t, size_t>(2, 2)));
  EXPECT_EQ(column.list_range(2), (std::pair<size_t, size_t>(2, 3)));
  EXPECT_EQ(column.child(0).string(1), "b=,");
  EXPECT_EQ(column.child(1).as_double(1), -2.0);
  EXPECT_EQ(column.child(1).as_double(2), 0.25);
}

}  // namespace
}  // namespace sinan::arrow
