#include "store/database.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "io/temp_dir.h"

namespace sinan::store {
namespace {

constexpr std::array kMigrations = {
    Migration{1, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"},
    Migration{2, "ALTER TABLE item ADD COLUMN price REAL; CREATE TABLE note (item INTEGER REFERENCES item) STRICT;"},
};

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open() {
    auto database = Database::open(path_);
    EXPECT_TRUE(database.has_value()) << database.error().to_string();
    return database ? *std::move(database) : nullptr;
  }
  std::unique_ptr<Database> open_migrated() {
    auto database = open();
    const auto migrated = database->migrate(kMigrations);
    EXPECT_TRUE(migrated.has_value()) << migrated.error().to_string();
    return database;
  }
  static int64_t count(Database& database) {
    auto rows = *database.prepare("SELECT count(*) FROM item");
    EXPECT_TRUE(*rows.step());
    return rows.integer(0);
  }

  io::TempDir dir_ = *io::TempDir::make();
  std::filesystem::path path_ = dir_.path() / "test.db";
};

TEST_F(DatabaseTest, BindsAndReadsEveryType) {
  auto database = *Database::open_in_memory();
  ASSERT_TRUE(database->execute("CREATE TABLE t (a, b, c, d, e, f, g)"));
  const std::array bytes = {std::byte{0}, std::byte{255}};
  ASSERT_TRUE(database->execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", INT64_MIN, 0.1, "a\0b",
                                std::string("x\0y", 3), Bytes(bytes), nullptr, std::optional<int64_t>()));
  auto rows = *database->prepare("SELECT * FROM t WHERE a = ?");
  rows.bind(INT64_MIN);
  ASSERT_TRUE(*rows.step());
  EXPECT_EQ(rows.integer(0), INT64_MIN);
  EXPECT_EQ(rows.real(1), 0.1);
  EXPECT_EQ(rows.text(2), "a");
  EXPECT_EQ(rows.text(3), std::string_view("x\0y", 3));
  EXPECT_EQ(rows.bytes(4).size(), 2U);
  EXPECT_EQ(rows.bytes(4)[1], std::byte{255});
  EXPECT_TRUE(rows.is_null(5));
  EXPECT_EQ(rows.optional_integer(6), std::nullopt);
  EXPECT_EQ(rows.optional_text(3)->size(), 3U);
  EXPECT_FALSE(*rows.step());
  rows.bind(int64_t{7});
  EXPECT_FALSE(*rows.step()) << "bound again, it starts again";
}

TEST_F(DatabaseTest, EmptyTextIsNotNull) {
  auto database = open_migrated();
  ASSERT_TRUE(database->execute("INSERT INTO item (id, name) VALUES (1, ?)", std::string_view()));
  auto rows = *database->prepare("SELECT name FROM item");
  ASSERT_TRUE(*rows.step());
  EXPECT_FALSE(rows.is_null(0));
}

TEST_F(DatabaseTest, MigratesOnceAndKeepsTheData) {
  {
    auto database = open();
    ASSERT_TRUE(database->migrate(std::span(kMigrations).first(1)));
    EXPECT_EQ(*database->schema_version(), 1U);
    ASSERT_TRUE(database->execute("INSERT INTO item (id, name) VALUES (1, 'a')"));
  }
  auto database = open_migrated();
  EXPECT_EQ(*database->schema_version(), 2U);
  ASSERT_TRUE(database->execute("UPDATE item SET price = 2.5 WHERE id = 1"));
  EXPECT_EQ(database->changes(), 1);
  ASSERT_TRUE(database->migrate(kMigrations));
  EXPECT_EQ(count(*database), 1);
}

TEST_F(DatabaseTest, RefusesANewerDatabase) {
  open_migrated();
  const auto status = open()->migrate(std::span(kMigrations).first(1));
  EXPECT_EQ(status.error().code, Code::kUnsupported);
  EXPECT_EQ(status.error().message,
            "database is of a newer Sinan: version 2, this program knows up to 1: " + path_.string());
}

TEST_F(DatabaseTest, FailedMigrationLeavesNothingBehind) {
  auto database = open();
  const std::array broken = {kMigrations[0], Migration{2, "CREATE TABLE half (x); SELECT no_such_function();"}};
  const auto status = database->migrate(broken);
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_EQ(status.error().context.at(0), "while bringing the database to version 2");
  EXPECT_EQ(*database->schema_version(), 1U);
  EXPECT_TRUE(database->execute("CREATE TABLE half (x)"));
}

TEST_F(DatabaseTest, TransactionsRollBackUnlessCommitted) {
  auto database = open_migrated();
  {
    auto transaction = *Transaction::begin(*database);
    ASSERT_TRUE(database->execute("INSERT INTO item (name) VALUES ('lost')"));
  }
  EXPECT_EQ(count(*database), 0);
  {
    auto outer = *Transaction::begin(*database);
    ASSERT_TRUE(database->execute("INSERT INTO item (name) VALUES ('kept')"));
    {
      auto inner = *Transaction::begin(*database);
      ASSERT_TRUE(database->execute("INSERT INTO item (name) VALUES ('lost again')"));
    }
    {
      auto inner = *Transaction::begin(*database);
      ASSERT_TRUE(database->execute("INSERT INTO item (name) VALUES ('kept too')"));
      ASSERT_TRUE(inner.commit());
    }
    ASSERT_TRUE(outer.commit());
  }
  EXPECT_EQ(count(*database), 2);
}

TEST_F(DatabaseTest, ErrorsHaveTheirCodes) {
  auto database = open_migrated();
  ASSERT_TRUE(database->execute("INSERT INTO item (id, name) VALUES (1, 'a')"));
  EXPECT_EQ(database->execute("INSERT INTO item (id, name) VALUES (1, 'b')").error().code, Code::kExists);
  EXPECT_EQ(database->execute("INSERT INTO item (id, name) VALUES (2, 'a')").error().code, Code::kExists);
  EXPECT_EQ(database->execute("INSERT INTO item (id, name) VALUES (2, NULL)").error().code, Code::kArgument);
  EXPECT_EQ(database->execute("INSERT INTO note VALUES (9)").error().code, Code::kArgument) << "foreign key";
  EXPECT_EQ(database->execute("SELEC 1").error().code, Code::kInternal);
  EXPECT_EQ(database->execute("SELECT \"text\"").error().code, Code::kInternal) << "not a string";
  ASSERT_TRUE(database->execute("PRAGMA max_page_count = 10"));
  const auto full = database->execute("INSERT INTO item (id, name) VALUES (3, ?)", std::string(100'000, 'x'));
  EXPECT_EQ(full.error().code, Code::kExhausted);
  EXPECT_EQ(count(*database), 1);
  EXPECT_EQ(Database::open(dir_.path() / "no" / "folder.db").error().code, Code::kIo);
}

TEST_F(DatabaseTest, DamagedFilesAreRefused) {
  std::ofstream(path_) << "this is not a database, but it is long enough to be taken for one, says its size of a page";
  EXPECT_EQ(Database::open(path_).error().code, Code::kData);
}

TEST_F(DatabaseTest, IntegrityCheckFindsADamagedPage) {
  {
    auto database = open_migrated();
    auto transaction = *Transaction::begin(*database);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(database->execute("INSERT INTO item (name) VALUES (?)", std::to_string(i)));
    }
    ASSERT_TRUE(transaction.commit());
    EXPECT_TRUE(database->check_integrity());
    ASSERT_TRUE(database->execute_script("PRAGMA wal_checkpoint(TRUNCATE)"));  // the pages are in the file itself
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);  // the default page size
  file << std::string(4096, '\xee');
  file.close();
  EXPECT_EQ(open()->check_integrity().error().code, Code::kData);
}

TEST_F(DatabaseTest, ManyThreadsShareOneConnection) {
  auto database = open_migrated();
  constexpr int kThreads = 4, kEach = 50;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          auto transaction = Transaction::begin(*database);
          ASSERT_TRUE(transaction);
          ASSERT_TRUE(database->execute("INSERT INTO item (id, name) VALUES (?, ?)", t * kEach + i,
                                        std::to_string(t * kEach + i)));
          if (i % 2 == 0) {
            ASSERT_TRUE(transaction->commit());
          }
        }
      });
    }
  }
  EXPECT_EQ(count(*database), kThreads * kEach / 2);
}

// A child commits numbers in turn and reports each after its commit; the parent kills it in the middle. All reported
// rows are there, at most one more, and none is half there (each commit writes two rows).
TEST_F(DatabaseTest, KilledProcessLosesNothingAcknowledged) {
  open_migrated();
  for (int round = 0; round < 5; ++round) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto database = *Database::open(path_);
      for (int64_t i = 0;; ++i) {
        auto transaction = *Transaction::begin(*database);
        const auto name = std::to_string(round) + ":" + std::to_string(i);
        if (!database->execute("INSERT INTO item (name) VALUES (?)", name + "a")) ::_exit(1);
        if (!database->execute("INSERT INTO item (name) VALUES (?)", name + "b")) ::_exit(1);
        if (!transaction.commit()) ::_exit(1);
        if (::write(acknowledged[1], &i, sizeof(i)) != sizeof(i)) ::_exit(1);
      }
    }
    ::close(acknowledged[1]);
    int64_t last = -1;
    while (last < 20 + round && ::read(acknowledged[0], &last, sizeof(last)) == sizeof(last)) {
    }
    ::kill(child, SIGKILL);
    int64_t more = 0;
    while (::read(acknowledged[0], &more, sizeof(more)) == sizeof(more)) last = more;
    ::waitpid(child, nullptr, 0);
    ::close(acknowledged[0]);
    ASSERT_GE(last, 20);

    auto database = open();
    auto rows = *database->prepare("SELECT count(*) FROM item WHERE name LIKE ?");
    rows.bind(std::to_string(round) + ":%");
    ASSERT_TRUE(*rows.step());
    EXPECT_GE(rows.integer(0), 2 * (last + 1));
    EXPECT_LE(rows.integer(0), 2 * (last + 2));
    EXPECT_EQ(rows.integer(0) % 2, 0);
    EXPECT_TRUE(database->check_integrity());
  }
}

}  // namespace
}  // namespace sinan::store
