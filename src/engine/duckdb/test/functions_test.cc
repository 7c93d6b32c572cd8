#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "arrow/builder.h"
#include "engine/duckdb/test/open_engine.h"
#include "engine/function_host.h"

namespace sinan::engine {
namespace {

using arrow::Batch;
using arrow::BatchBuilder;
using arrow::Field;
using arrow::Schema;

// A function made of lambdas; counts what the engine does with it.
class TestFunction final : public ScalarFunction {
 public:
  using Call = std::function<Result<Batch>(const Batch&, const std::shared_ptr<const Schema>&)>;
  TestFunction(std::vector<Field> fields, Call call)
      : result_(std::make_shared<const Schema>(Schema{std::move(fields)})), call_(std::move(call)) {}

  const std::shared_ptr<const Schema>& result() const override { return result_; }
  Status check(const Schema& arguments) const override {
    if (refuse_text && arguments.size() > 0 && arguments[0].type.is_text()) {
      return fail(Code::kArgument, "a number is needed", "cast it").within("while checking a test");
    }
    return {};
  }
  Result<std::unique_ptr<FunctionWorker>> make_worker(const Schema& arguments) const override {
    ++workers;
    {
      const std::lock_guard lock(mutex_);
      types = arguments;
    }
    return std::make_unique<Worker>(*this);
  }

  bool refuse_text = false;
  mutable std::atomic<int> workers = 0;
  mutable std::atomic<int64_t> rows = 0;
  mutable Schema types;

 private:
  class Worker final : public FunctionWorker {
   public:
    explicit Worker(const TestFunction& function) : function_(function) {}
    Result<Batch> call(const Batch& arguments) override {
      // One thread at a time.
      EXPECT_EQ(inside_.fetch_add(1), 0);
      auto result = function_.call_(arguments, function_.result_);
      function_.rows += static_cast<int64_t>(arguments.rows());
      inside_.fetch_sub(1);
      return result;
    }

   private:
    const TestFunction& function_;
    std::atomic<int> inside_ = 0;
  };

  std::shared_ptr<const Schema> result_;
  Call call_;
  mutable std::mutex mutex_;
};

// The text of all arguments, "NULL" included.
std::shared_ptr<TestFunction> texts() {
  return std::make_shared<TestFunction>(
      std::vector<Field>{{"text", arrow::string_type()}},
      [](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
        BatchBuilder out(result);
        for (size_t i = 0; i < arguments.rows(); ++i) {
          std::string text;
          for (size_t c = 0; c < arguments.columns(); ++c) {
            text += (c > 0 ? "," : "") + arguments.column(c).to_text(i);
          }
          out.column(0).append(std::string_view(text));
        }
        return out.finish();
      });
}

// sum: a + b as DOUBLE, NULL when one is; less: a < b; name: "odd" or "even", of a.
std::shared_ptr<TestFunction> sums() {
  return std::make_shared<TestFunction>(
      std::vector<Field>{{"sum", arrow::double_type()}, {"less", arrow::bool_type()}, {"name", arrow::string_type()}},
      [](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
        BatchBuilder out(result);
        const auto a = arguments.column(0);
        const auto b = arguments.column(1);
        for (size_t i = 0; i < arguments.rows(); ++i) {
          if (a.is_null(i) || b.is_null(i)) {
            out.column(0).append_null();
            out.column(1).append_null();
            out.column(2).append("a name of more than twelve bytes");
            continue;
          }
          out.column(0).append(a.as_double(i) + b.as_double(i));
          out.column(1).append(a.as_double(i) < b.as_double(i));
          out.column(2).append(a.as_int(i) % 2 == 0 ? "even" : "odd");
        }
        return out.finish();
      });
}

// a doubled; fails at a negative one.
std::shared_ptr<TestFunction> doubles() {
  return std::make_shared<TestFunction>(
      std::vector<Field>{{"twice", arrow::int64_type()}},
      [](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
        BatchBuilder out(result);
        const auto a = arguments.column(0);
        for (size_t i = 0; i < arguments.rows(); ++i) {
          if (a.as_int(i) < 0) {
            return fail(Code::kData, "negative \"value\": -7", "take another").within("while doubling");
          }
          out.column(0).append(2 * a.as_int(i));
        }
        return out.finish();
      });
}

TEST(Functions, SeeEveryTypeAsAQueryWouldGiveIt) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const std::vector<std::string> values = {
      "true",
      "7::TINYINT",
      "-300::SMALLINT",
      "4000000000::UINTEGER",
      "-5::BIGINT",
      "1.5::FLOAT",
      "-2.25::DOUBLE",
      "12.34::DECIMAL(4,2)",
      "170141183460469231731687303715884105727::HUGEINT",
      "'short'",
      "'a text of more than twelve bytes'",
      "'\\x00\\xFF'::BLOB",
      "DATE '2013-01-31'",
      "TIME '12:34:56'",
      "TIMESTAMP '2013-01-31 12:34:56.5'",
      "TIMESTAMPTZ '2013-01-31 12:34:56+00'",
      "INTERVAL 3 DAY",
      "'b'::ENUM('a', 'b')",
      "[1, NULL, 3]",
      "{'x': 1, 'y': 'z'}",
      "'00000000-0000-0000-0000-000000000001'::UUID",
      "NULL",
  };
  const auto handle = must(engine->functions()->add(texts()));
  for (const std::string& value : values) {
    // Rows 0 to 9, the odd ones NULL; each type alone, and behind another column.
    const std::string from = " FROM (SELECT i, CASE WHEN i % 2 = 0 THEN " + value + " END AS v FROM range(10) t(i))";
    EXPECT_EQ(rows_of(*session, "SELECT " + handle.call({"v"}) + from), rows_of(*session, "SELECT v" + from)) << value;
    std::vector<std::string> both = rows_of(*session, "SELECT i, v" + from);
    for (std::string& row : both) row[row.find('|')] = ',';
    EXPECT_EQ(rows_of(*session, "SELECT " + handle.call({"i", "v"}) + from), both) << value;
  }
}

TEST(Functions, GiveAStructOfSeveralFields) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto function = sums();
  const auto handle = must(engine->functions()->add(function));
  const FunctionHost& host = *engine->functions();
  must(session->execute(
      "CREATE TABLE n AS SELECT CASE WHEN i % 3 > 0 THEN i END AS a, 5000 - i AS b FROM range(10000) t(i)"));
  const std::string fields = "SELECT a, b, " + host.field("s", 0) + " AS sum, " + host.field("s", 1) + " AS less, " +
                             host.field("s", 2) + " AS name FROM (SELECT *, " + handle.call({"a", "b"}) +
                             " AS s FROM n)";
  const auto schema = must(session->describe(fields));
  EXPECT_EQ(schema[2].type, arrow::double_type());
  EXPECT_EQ(schema[3].type, arrow::bool_type());
  EXPECT_EQ(schema[4].type, arrow::string_type());
  EXPECT_EQ(one(*session, "SELECT count(*), count(sum), sum(sum), count(*) FILTER (less), count(DISTINCT name) FROM (" +
                              fields + ")"),
            one(*session, "SELECT count(*), count(a + b), sum((a + b)::DOUBLE), count(*) FILTER (a < b), 3 FROM n"));
  EXPECT_EQ(function->rows, 10000) << "three fields need one call a row";
  EXPECT_EQ(one(*session, "SELECT (" + handle.call({"1", "2"}) + ").name"), "odd");
}

TEST(Functions, TakeConstantsAndNothing) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto handle = must(engine->functions()->add(texts()));
  EXPECT_EQ(one(*session, "SELECT " + handle.call({"1", "'x'", "NULL", "2.5"})), "1,x,NULL,2.5");
  EXPECT_EQ(one(*session, "SELECT " + handle.call({})), "");
  EXPECT_EQ(one(*session, "SELECT count(DISTINCT v), count(*) FROM (SELECT " + handle.call({"5", "i"}) +
                              " AS v FROM range(5000) t(i))"),
            "5000|5000");
  EXPECT_EQ(one(*session, "SELECT count(*) FROM range(10) t(i) WHERE " + handle.call({"i"}) + " = '3'"), "1");
  // A name the user gives is no business of ours.
  EXPECT_EQ(one(*session, "SELECT " + handle.call({"\"a b\""}) + " FROM (SELECT 1 AS \"a b\")"), "1");
}

TEST(Functions, AreTheirOwnOfOneResultType) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto first = must(engine->functions()->add(texts()));
  const auto second = must(engine->functions()->add(doubles()));
  const auto third = must(engine->functions()->add(std::make_shared<TestFunction>(
      std::vector<Field>{{"other", arrow::string_type()}},
      [](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
        BatchBuilder out(result);
        for (size_t i = 0; i < arguments.rows(); ++i) out.column(0).append("third");
        return out.finish();
      })));
  EXPECT_EQ(one(*session, "SELECT " + first.call({"i"}) + ", " + second.call({"i"}) + ", " + third.call({"i"}) +
                              " FROM range(4, 5) t(i)"),
            "4|8|third");
}

TEST(Functions, KeepOrderOnAllThreads) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  must(engine->set_limits(4, 0));
  must(session->execute("CREATE TABLE n AS SELECT i AS a FROM range(1000000) t(i)"));
  const auto function = doubles();
  const auto handle = must(engine->functions()->add(function));
  EXPECT_EQ(must(session->execute("CREATE TABLE twice AS SELECT a, " + handle.call({"a"}) + " AS b FROM n")),
            1'000'000);
  EXPECT_EQ(one(*session, "SELECT count(*) FROM twice WHERE b = 2 * a AND a = rowid"), "1000000");
  EXPECT_EQ(function->rows, 1'000'000);
  EXPECT_GT(function->workers, 1) << "the engine's threads share the work";
}

TEST(Functions, KeepTheOrderOfASortedQuery) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto handle = must(engine->functions()->add(doubles()));
  must(session->execute("CREATE TABLE n AS SELECT (i * 7919) % 300007 AS a FROM range(300007) t(i)"));
  must(session->execute("CREATE TABLE twice AS SELECT a, " + handle.call({"a"}) +
                        " AS b FROM (SELECT * FROM n ORDER BY a DESC)"));
  EXPECT_EQ(one(*session, "SELECT count(*) FROM twice WHERE a = 300006 - rowid AND b = 2 * a"), "300007");
}

TEST(Functions, CanBeAddedInsideATransaction) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  must(session->execute("CREATE TABLE n AS SELECT 21 AS a"));
  must(session->begin());
  // A new type of result: the transaction has run nothing yet.
  const auto handle = must(engine->functions()->add(doubles()));
  must(session->execute("CREATE OR REPLACE TABLE n AS SELECT " + handle.call({"a"}) + " AS a FROM n"));
  EXPECT_EQ(one(*session, "SELECT a FROM n"), "42");
  // One that was there before: at any time.
  const auto second = must(engine->functions()->add(doubles()));
  EXPECT_EQ(one(*session, "SELECT " + second.call({"a"}) + " FROM n"), "84");
  must(session->rollback());
  EXPECT_EQ(one(*session, "SELECT a, " + handle.call({"4"}) + " FROM n"), "21|8");
}

TEST(Functions, PassTheirErrorsOnUnchanged) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto handle = must(engine->functions()->add(doubles()));
  must(session->execute("CREATE TABLE keep AS SELECT 1 AS a"));
  const std::string select =
      "SELECT " + handle.call({"CASE WHEN i = 400000 THEN -7 ELSE i END"}) + " FROM range(500000) t(i)";
  const auto check = [](const Error& error) {
    EXPECT_EQ(error.code, Code::kData);
    EXPECT_EQ(error.message, "negative \"value\": -7");
    EXPECT_EQ(error.hint, "take another");
    EXPECT_EQ(error.context, std::vector<std::string>{"while doubling"});
    EXPECT_FALSE(error.span);
  };
  const auto done = session->execute("CREATE OR REPLACE TABLE keep AS " + select);
  ASSERT_FALSE(done);
  check(done.error());
  EXPECT_EQ(one(*session, "SELECT a FROM keep"), "1");

  // In the stream of a query, and of a constant.
  auto rows = session->query(select);
  Status status;
  while (rows && status) {
    auto batch = (*rows)->next();
    if (!batch)
      status = std::unexpected(batch.error());
    else if (!*batch)
      break;
  }
  const Error error = rows ? status.error() : rows.error();
  check(error);
  rows = fail(Code::kInternal, "closed");
  const auto constant = session->execute("SELECT " + handle.call({"-7"}));
  ASSERT_FALSE(constant);
  check(constant.error());
}

TEST(Functions, RefuseArgumentsWhenTheStatementIsChecked) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto function = doubles();
  function->refuse_text = true;
  const auto handle = must(engine->functions()->add(function));
  for (const std::string value : {"'x'", "'x'::VARCHAR", "x"}) {
    const auto schema = session->describe("SELECT " + handle.call({value}) + " FROM (SELECT 'y' AS x)");
    ASSERT_FALSE(schema) << value;
    EXPECT_EQ(schema.error().code, Code::kArgument);
    EXPECT_EQ(schema.error().message, "a number is needed");
    EXPECT_EQ(schema.error().context, std::vector<std::string>{"while checking a test"});
  }
  EXPECT_EQ(function->workers, 0);
}

TEST(Functions, AreGoneWithTheirHandle) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  const auto function = doubles();
  std::string call;
  {
    const auto handle = must(engine->functions()->add(function));
    call = "SELECT " + handle.call({"4"});
    EXPECT_EQ(one(*session, call), "8");
  }
  const auto stale = session->execute(call);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Code::kProgram);
  EXPECT_NE(stale.error().message.find("no such function any more"), std::string::npos) << stale.error().message;
  EXPECT_EQ(function.use_count(), 1);
  // A new one of the same type has another number.
  const auto again = must(engine->functions()->add(doubles()));
  EXPECT_FALSE(session->execute(call));
  EXPECT_EQ(one(*session, "SELECT " + again.call({"4"})), "8");
  EXPECT_FALSE(session->execute("SELECT sinan_function_1(NULL, 4)"));
  EXPECT_FALSE(session->execute("SELECT sinan_function_1(i, 4) FROM range(3) t(i)"));
}

TEST(Functions, OutliveTheirHandleInARunningStatement) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  auto rows = [&] {
    const auto handle = must(engine->functions()->add(doubles()));
    return must(session->query("SELECT " + handle.call({"i"}) + " AS b FROM range(1000000) t(i)"));
  }();
  int64_t sum = 0;
  while (const auto batch = must(rows->next())) {
    for (size_t i = 0; i < batch->rows(); ++i) sum += batch->column(0).as_int(i);
  }
  EXPECT_EQ(sum, int64_t{999'999} * 1'000'000);
}

// twice('times 3', a) is 3 a; any other word is no function.
FunctionFinder times() {
  return [](std::string_view text) -> Result<std::shared_ptr<const ScalarFunction>> {
    if (!text.starts_with("times ")) {
      return fail(Code::kNotFound, "unknown factor: \"" + std::string(text) + "\"", "write times 2");
    }
    const int64_t factor = text.back() - '0';
    return std::make_shared<TestFunction>(
        std::vector<Field>{{"product", arrow::int64_type()}},
        [factor](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
          BatchBuilder out(result);
          for (size_t i = 0; i < arguments.rows(); ++i) {
            if (arguments.column(0).as_int(i) < 0) return fail(Code::kData, "negative value", "take another");
            out.column(0).append(factor * arguments.column(0).as_int(i));
          }
          return out.finish();
        });
  };
}

TEST(PublishedFunctions, AreFoundByTheirText) {
  const auto engine = open_memory();
  FunctionHost& functions = *engine->functions();
  must(functions.publish("multiply", arrow::int64_type(), times()));
  const auto session = must(engine->connect());
  must(session->begin());
  must(session->execute("CREATE TABLE t AS SELECT range AS a FROM range(3)"));
  EXPECT_EQ(rows_of(*session, "SELECT multiply('times 2', a), multiply('times ' || 3, a) FROM t"),
            (std::vector<std::string>{"0|0", "2|3", "4|6"}));
  must(session->rollback());

  auto refused = session->describe("SELECT multiply('divide', 1)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kNotFound);
  EXPECT_EQ(refused.error().message, "unknown factor: \"divide\"");
  EXPECT_EQ(refused.error().hint, "write times 2");
  ASSERT_TRUE(refused.error().span);
  EXPECT_EQ(refused.error().span->begin, 16u);  // of 'divide'
  for (int i = 0; i < 3000; ++i) {              // more than are kept
    auto failed = session->execute("SELECT multiply('times 2', range - 1) FROM range(2)");
    ASSERT_FALSE(failed.has_value());
    ASSERT_EQ(failed.error().message, "negative value");
    ASSERT_EQ(failed.error().hint, "take another");
  }
}

TEST(PublishedFunctions, WorkInViewsOfAnEarlierProcess) {
  const TempDir folder;
  const auto file = folder / "views.duckdb";
  {
    const auto engine = open_file(file);
    must(engine->functions()->publish("multiply", arrow::int64_type(), times()));
    const auto session = must(engine->connect());
    must(session->execute("CREATE TABLE t AS SELECT range AS a FROM range(3)"));
    must(session->execute("CREATE VIEW v AS SELECT multiply('times 3', a) AS b FROM t"));
    must(session->execute("CREATE VIEW w AS SELECT a FROM t"));
  }
  const auto engine = open_file(file);
  bool forgotten = false;
  must(engine->functions()->publish("multiply", arrow::int64_type(),
                                    [&](std::string_view text) -> Result<std::shared_ptr<const ScalarFunction>> {
                                      if (forgotten) return fail(Code::kNotFound, "forgotten");
                                      return times()(text);
                                    }));
  const auto session = must(engine->connect());
  EXPECT_EQ(rows_of(*session, "SELECT * FROM v"), (std::vector<std::string>{"0", "3", "6"}));
  // What a view calls may be gone; the other tables and their columns are still told.
  forgotten = true;
  auto gone = session->describe("SELECT * FROM v");
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().message, "forgotten");
  EXPECT_EQ(rows_of(*session, "SELECT DISTINCT table_name FROM duckdb_columns() WHERE NOT internal ORDER BY 1"),
            (std::vector<std::string>{"t", "v", "w"}));
  EXPECT_EQ(rows_of(*session, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"),
            (std::vector<std::string>{"v", "w"}));
}

TEST(Functions, AreInterrupted) {
  const auto engine = open_memory();
  const auto session = must(engine->connect());
  std::atomic<bool> begun = false;
  std::atomic<bool> cancelled = false;
  // Does not end by itself before the interrupt: every call waits for it.
  const auto function = std::make_shared<TestFunction>(
      std::vector<Field>{{"one", arrow::int64_type()}},
      [&](const Batch& arguments, const std::shared_ptr<const Schema>& result) -> Result<Batch> {
        begun = true;
        begun.notify_all();
        cancelled.wait(false);
        BatchBuilder out(result);
        for (size_t i = 0; i < arguments.rows(); ++i) out.column(0).append(1);
        return out.finish();
      });
  const auto handle = must(engine->functions()->add(function));
  must(session->execute("CREATE TABLE keep AS SELECT 1 AS a"));
  std::thread canceller([&] {
    begun.wait(false);
    session->interrupt();
    cancelled = true;
    cancelled.notify_all();
  });
  const auto done = session->execute("CREATE OR REPLACE TABLE keep AS SELECT " + handle.call({"i"}) +
                                     " AS a FROM range(1000000000) t(i)");
  canceller.join();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kCancelled);
  EXPECT_EQ(one(*session, "SELECT a FROM keep"), "1");
}

TEST(Functions, ServeManySessionsAtOnce) {
  const auto engine = open_memory();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&, n] {
      const auto session = must(engine->connect());
      for (int round = 0; round < 20; ++round) {
        // Two result types, made by whoever comes first.
        const auto numbers = must(engine->functions()->add(doubles()));
        const auto structs = must(engine->functions()->add(sums()));
        const std::string i = std::to_string(n * 100 + round);
        const std::string sql = "SELECT sum(" + numbers.call({"i + " + i}) + "), sum((" + structs.call({"i", i}) +
                                ").sum) FROM range(3000) t(i)";
        if (one(*session, sql) ==
            one(*session, "SELECT sum(2 * (i + " + i + ")), sum((i + " + i + ")::DOUBLE) FROM range(3000) t(i)"))
          ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
}

}  // namespace
}  // namespace sinan::engine
