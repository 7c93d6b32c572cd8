#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "catalog/record_json.h"
#include "io/temp_dir.h"
#include "store/database.h"

namespace sinan::catalog {
namespace {

ObjectRef table(std::string name) { return {"table", std::move(name), 0}; }
ObjectRef model(std::string name, uint32_t version = 0) { return {"model", std::move(name), version}; }

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() : dir_(io::TempDir::make().value()) { reopen(); }

  void reopen() {
    catalog_.reset();
    auto opened = Catalog::open(dir_.path() / "catalog.db");
    ASSERT_TRUE(opened) << opened.error().to_string();
    catalog_ = std::move(*opened);
  }

  RunId begin(std::string id, std::string program = "SELECT 1") {
    RunRecord run;
    run.id = RunId{std::move(id)};
    run.program_name = "test";
    run.program = std::move(program);
    run.started = TimePoint(std::chrono::seconds(1000));
    run.status = "running";
    EXPECT_TRUE(catalog_->begin_run(run));
    return run.id;
  }

  StepRecord step(uint32_t index, std::vector<ObjectRef> reads, std::vector<ObjectRef> writes) {
    StepRecord record;
    record.index = index;
    record.statement = "SELECT " + std::to_string(index);
    record.kind = "SELECT";
    record.started = TimePoint(std::chrono::seconds(2000 + index));
    record.details = Json::object({{"messages", Json::array({"fine"})}});
    record.access = {std::move(reads), std::move(writes), std::nullopt};
    return record;
  }

  uint32_t add_model(const RunId& run, uint32_t index, std::string name, std::string folder = "objects/model/m/1") {
    StepRecord record = step(index, {}, {model(name)});
    record.objects.push_back({model(name), std::move(folder), Json::object({{"auc", 0.5}})});
    auto versions = catalog_->record_step(run, record);
    EXPECT_TRUE(versions) << versions.error().to_string();
    return versions->at(0);
  }

  Status change(ObjectChange::Kind kind, ObjectRef ref, std::string text) {
    StepRecord record = step(100 + changes_++, {}, {});
    record.changes.push_back({kind, std::move(ref), std::move(text)});
    auto versions = catalog_->record_step(RunId{"r1"}, record);
    if (!versions) return fail(std::move(versions).error());
    return {};
  }
  Status set_alias(ObjectRef ref, std::string alias) {
    return change(ObjectChange::Kind::kSetAlias, std::move(ref), std::move(alias));
  }
  Status rename(std::string from, std::string to) {
    return change(ObjectChange::Kind::kRename, model(std::move(from)), std::move(to));
  }
  void drop(ObjectRef ref) {
    StepRecord record = step(100 + changes_++, {}, {});
    record.dropped.push_back(std::move(ref));
    EXPECT_TRUE(catalog_->record_step(RunId{"r1"}, record));
  }

  io::TempDir dir_;
  std::unique_ptr<Catalog> catalog_;
  uint32_t changes_ = 0;
};

TEST_F(CatalogTest, VersionsCountUpAndSurviveReopening) {
  const RunId run = begin("r1");
  EXPECT_EQ(add_model(run, 0, "Zoo.M", "objects/model/zoo.m/a"), 1u);
  EXPECT_EQ(add_model(run, 1, "zoo.m", "objects/model/zoo.m/b"), 2u);
  reopen();
  const auto newest = catalog_->object(model("ZOO.m"));
  ASSERT_TRUE(newest) << newest.error().to_string();
  EXPECT_EQ(newest->ref, model("zoo.m", 2));
  EXPECT_EQ(newest->folder, "objects/model/zoo.m/b");
  EXPECT_EQ(newest->payload.at("auc").as_double().value(), 0.5);
  EXPECT_EQ(newest->run, run);
  EXPECT_EQ(newest->step, 1u);
  EXPECT_EQ(catalog_->object(model("zoo.m:1"))->folder, "objects/model/zoo.m/a");
  EXPECT_EQ(catalog_->object(model("zoo.m", 1))->ref.version, 1u);
  EXPECT_TRUE(catalog_->folder_in_use("objects/model/zoo.m/a").value());
  EXPECT_FALSE(catalog_->folder_in_use("objects/model/zoo.m/c").value());
  const auto versions = catalog_->versions(model("zoo.m"));
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ(versions->at(0).ref.version, 2u);
}

TEST_F(CatalogTest, AliasesNameAVersion) {
  const RunId run = begin("r1");
  add_model(run, 0, "m");
  add_model(run, 1, "m");
  ASSERT_TRUE(set_alias(model("m", 1), "Production"));
  EXPECT_EQ(catalog_->object(model("m@production"))->ref.version, 1u);
  EXPECT_EQ(catalog_->object(model("m@v1"))->aliases, std::vector<std::string>{"production"});
  ASSERT_TRUE(set_alias(model("m", 2), "production"));
  EXPECT_EQ(catalog_->object(model("m@production"))->ref.version, 2u);
  const auto wrong = catalog_->object(model("m@prodution"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kNotFound);
  EXPECT_EQ(wrong.error().hint, "did you mean \"production\"?");
  EXPECT_FALSE(set_alias(model("m", 2), "v7"));
}

TEST_F(CatalogTest, UnknownNamesGetTheNearestOne) {
  add_model(begin("r1"), 0, "flights.late");
  const auto wrong = catalog_->object(model("flights.lat"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kNotFound);
  EXPECT_EQ(wrong.error().message, "no such model: \"flights.lat\"");
  EXPECT_EQ(wrong.error().hint, "did you mean \"flights.late\"?");
  const auto version = catalog_->object(model("flights.late:4"));
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().message, "model flights.late has no version 4");
  EXPECT_EQ(version.error().hint, "there is version 1 only");
}

TEST_F(CatalogTest, DroppedObjectsAreOutOfSightAndNumbersGoOn) {
  const RunId run = begin("r1");
  add_model(run, 0, "m");
  ASSERT_TRUE(set_alias(model("m", 1), "best"));
  StepRecord drop = step(1, {}, {model("m")});
  drop.dropped.push_back(model("m"));
  ASSERT_TRUE(catalog_->record_step(run, drop));
  EXPECT_FALSE(catalog_->object(model("m")));
  EXPECT_FALSE(catalog_->object(model("m:1")));
  EXPECT_TRUE(catalog_->objects("model")->empty());
  EXPECT_EQ(add_model(run, 2, "m"), 2u);
  EXPECT_FALSE(catalog_->object(model("m:1")));
  EXPECT_FALSE(catalog_->object(model("m@best")));
  EXPECT_EQ(catalog_->objects("model")->size(), 1u);
}

TEST_F(CatalogTest, OneVersionIsDroppedAloneAndItsNumberIsNotUsedAgain) {
  const RunId run = begin("r1");
  for (uint32_t i = 0; i < 3; ++i) add_model(run, i, "m");
  ASSERT_TRUE(set_alias(model("m", 3), "best"));
  drop(model("m", 3));
  EXPECT_EQ(catalog_->object(model("m"))->ref.version, 2u);
  EXPECT_FALSE(catalog_->object(model("m:3")));
  EXPECT_FALSE(catalog_->object(model("m@best")));
  EXPECT_EQ(catalog_->versions(model("m"))->size(), 2u);
  EXPECT_EQ(add_model(run, 3, "m"), 4u);
  for (const uint32_t version : {1u, 2u, 4u}) drop(model("m", version));
  EXPECT_FALSE(catalog_->object(model("m")));
  EXPECT_TRUE(catalog_->objects("model")->empty());
}

TEST_F(CatalogTest, AliasesAreDroppedAndCommentsKept) {
  const RunId run = begin("r1");
  add_model(run, 0, "m");
  ASSERT_TRUE(set_alias(model("m", 1), "Best"));
  ASSERT_TRUE(change(ObjectChange::Kind::kComment, model("m"), "late or not"));
  add_model(run, 1, "m");
  EXPECT_EQ(catalog_->object(model("m"))->comment, "late or not");
  ASSERT_TRUE(change(ObjectChange::Kind::kDropAlias, model("m"), "BEST"));
  EXPECT_FALSE(catalog_->object(model("m@best")));
  drop(model("m"));
  add_model(run, 2, "m");
  EXPECT_EQ(catalog_->object(model("m"))->comment, "");
}

TEST_F(CatalogTest, RenamedObjectsKeepVersionsAliasesAndLineage) {
  const RunId run = begin("r1");
  StepRecord record = step(0, {}, {model("a"), table("main.p")});
  record.objects.push_back({model("a"), "objects/model/a/1", Json::object({{"auc", 0.5}})});
  record.lineage = {{{table("main.t"), "x"}, {model("a"), ""}, "train"},
                    {{model("a", 1), ""}, {table("main.p"), "y"}, "predict"}};
  ASSERT_TRUE(catalog_->record_step(run, record));
  add_model(run, 1, "a");
  ASSERT_TRUE(set_alias(model("a", 1), "best"));
  ASSERT_TRUE(catalog_->set_state(model("a@best"), fingerprint("s")));
  ASSERT_TRUE(rename("a", "B"));
  EXPECT_FALSE(catalog_->object(model("a")));
  EXPECT_EQ(catalog_->object(model("b"))->ref, model("b", 2));
  EXPECT_EQ(catalog_->object(model("b@best"))->ref, model("b", 1));
  EXPECT_EQ(catalog_->lineage({model("b"), ""}, Catalog::Direction::kUpstream)->size(), 1u);
  EXPECT_EQ(catalog_->lineage({model("b"), ""}, Catalog::Direction::kDownstream)->size(), 1u);
  EXPECT_FALSE(catalog_->state(model("a")).value().has_value());
  EXPECT_FALSE(catalog_->state(model("a@best")).value().has_value());
  // The old name begins anew.
  EXPECT_EQ(add_model(run, 2, "a"), 1u);
}

TEST_F(CatalogTest, AVersionThatReplacesAnOldOneIsRefusedWhole) {
  const RunId run = begin("r1");
  const auto record = [&](uint32_t index, uint32_t replaces) {
    StepRecord next = step(index, {}, {model("a"), model("b")});
    next.objects.push_back({model("b"), "", Json::object({{"k", 1}})});
    next.objects.push_back({model("a"), "", Json::object({{"k", 1}}), replaces});
    return catalog_->record_step(run, next);
  };
  ASSERT_TRUE(record(0, 0));
  ASSERT_TRUE(record(1, 1));
  const auto late = record(2, 1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kBusy);
  EXPECT_EQ(catalog_->versions(model("a"))->size(), 2u);
  EXPECT_EQ(catalog_->versions(model("b"))->size(), 2u) << "nothing of the step is there";
  EXPECT_TRUE(record(3, 2));
}

TEST_F(CatalogTest, NamesAreTakenOverFromDroppedObjectsOnly) {
  const RunId run = begin("r1");
  add_model(run, 0, "a", "objects/model/a/1");
  add_model(run, 1, "b", "objects/model/b/1");
  const Status taken = rename("a", "b");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::kExists);
  drop(model("b"));
  ASSERT_TRUE(rename("a", "b"));
  EXPECT_EQ(catalog_->object(model("b"))->folder, "objects/model/a/1");
  EXPECT_EQ(catalog_->objects("model")->size(), 1u);
  // The records of the dropped one are still there.
  EXPECT_TRUE(catalog_->folder_in_use("objects/model/b/1").value());
  // And once more, with two dropped ones of that name.
  drop(model("b"));
  add_model(run, 2, "c");
  ASSERT_TRUE(rename("c", "b"));
  EXPECT_EQ(catalog_->objects("model")->size(), 1u);
}

TEST_F(CatalogTest, RunsAreFoundByIdPrefixAndLatest) {
  begin("01aaaa-1");
  const RunId second = begin("01aabb-2");
  ASSERT_TRUE(catalog_->record_step(second, step(0, {table("main.a")}, {})));
  ASSERT_TRUE(catalog_->finish_run(second, "done", std::chrono::milliseconds(5)));
  EXPECT_EQ(catalog_->run("latest")->id, second);
  EXPECT_EQ(catalog_->run("")->id, second);
  const auto found = catalog_->run("01aab");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, "done");
  EXPECT_EQ(found->duration, std::chrono::milliseconds(5));
  ASSERT_EQ(found->steps.size(), 1u);
  EXPECT_EQ(found->steps[0].access.reads, std::vector<ObjectRef>{table("main.a")});
  EXPECT_EQ(found->steps[0].details.at("messages").items().size(), 1u);
  EXPECT_EQ(catalog_->run("01aa").error().code, Code::kNotFound);
  EXPECT_EQ(catalog_->run("zz").error().code, Code::kNotFound);
  EXPECT_EQ(catalog_->run("%").error().code, Code::kNotFound);
  const auto runs = catalog_->runs(1);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->at(0).id, second);
  ASSERT_EQ(catalog_->unfinished_runs()->size(), 1u);
  ASSERT_TRUE(catalog_->abandon_unfinished_runs());
  EXPECT_EQ(catalog_->run("01aaaa")->status, "killed");
  EXPECT_EQ(catalog_->run("01aabb")->status, "done");
  EXPECT_TRUE(catalog_->unfinished_runs()->empty());
}

TEST_F(CatalogTest, StatesFollowFingerprints) {
  const RunId run = begin("r1");
  StepRecord made = step(0, {}, {table("main.t")});
  made.fingerprint = fingerprint("one");
  ASSERT_TRUE(catalog_->record_step(run, made));
  const auto first = catalog_->state(table("main.t")).value();
  ASSERT_TRUE(first);
  // The same step again: the same content.
  made.index = 1;
  ASSERT_TRUE(catalog_->record_step(run, made));
  EXPECT_EQ(catalog_->state(table("main.t")).value(), first);
  // A step without a fingerprint leaves something never seen before, each time.
  ASSERT_TRUE(catalog_->record_step(run, step(2, {}, {table("main.t")})));
  const auto second = catalog_->state(table("main.t")).value();
  EXPECT_NE(second, first);
  ASSERT_TRUE(catalog_->record_step(run, step(3, {}, {table("main.t")})));
  EXPECT_NE(catalog_->state(table("main.t")).value(), second);

  const auto cached = catalog_->cached(*made.fingerprint).value();
  ASSERT_TRUE(cached);
  EXPECT_EQ(cached->step, 1u);
  ASSERT_EQ(cached->outputs.size(), 1u);
  EXPECT_EQ(cached->outputs[0].first, table("main.t"));
  EXPECT_EQ(cached->outputs[0].second, first);
  EXPECT_FALSE(catalog_->cached(fingerprint("two")).value());

  ASSERT_TRUE(catalog_->forget_states("test"));
  EXPECT_FALSE(catalog_->state(table("main.t")).value());
  ASSERT_TRUE(catalog_->set_state(table("main.t"), fingerprint("x")));
  EXPECT_EQ(catalog_->state(table("main.t")).value(), fingerprint("x"));
}

TEST_F(CatalogTest, OnlyStepsThatWereDoneHaveEffects) {
  const RunId run = begin("r1");
  for (const StepStatus status :
       {StepStatus::kCached, StepStatus::kFailed, StepStatus::kSkipped, StepStatus::kCancelled}) {
    StepRecord record = step(static_cast<uint32_t>(status), {table("main.a")}, {table("main.t")});
    record.status = status;
    record.fingerprint = fingerprint("f");
    record.objects.push_back({model("m"), "x", {}});
    ASSERT_TRUE(catalog_->record_step(run, record));
  }
  EXPECT_TRUE(catalog_->objects("model")->empty());
  EXPECT_TRUE(catalog_->usage()->empty());
  EXPECT_FALSE(catalog_->state(table("main.t")).value());
  EXPECT_FALSE(catalog_->cached(fingerprint("f")).value());
  EXPECT_EQ(catalog_->run("r1")->steps.size(), 4u);
}

TEST_F(CatalogTest, UsageCountsReadsAndWrites) {
  const RunId run = begin("r1");
  ASSERT_TRUE(catalog_->record_step(run, step(0, {table("main.a"), table("main.b")}, {table("main.c")})));
  ASSERT_TRUE(catalog_->record_step(run, step(1, {table("main.a")}, {})));
  const auto usage = catalog_->usage().value();
  ASSERT_EQ(usage.size(), 3u);
  EXPECT_EQ(usage[0].reads, 2u);
  EXPECT_EQ(usage[0].writes, 0u);
  EXPECT_EQ(usage[0].last, TimePoint(std::chrono::seconds(2001)));
  EXPECT_EQ(usage[2].writes, 1u);
}

LineageEdge edge(std::string from, std::string from_column, std::string to, std::string to_column, bool adds = false) {
  return {{table(std::move(from)), std::move(from_column)}, {table(std::move(to)), std::move(to_column)}, "test", adds};
}

TEST_F(CatalogTest, LineageIsWalkedByColumn) {
  const RunId run = begin("r1");
  StepRecord first = step(0, {}, {table("b")});
  first.lineage = {edge("a", "x", "b", "p"), edge("a", "y", "b", "q")};
  ASSERT_TRUE(catalog_->record_step(run, first));
  StepRecord second = step(1, {}, {model("m")});
  second.lineage = {{{table("b"), "p"}, {model("m"), ""}, "train", false}};
  second.objects.push_back({model("m"), "", {}});
  ASSERT_TRUE(catalog_->record_step(run, second));

  const auto up = catalog_->lineage({model("m"), ""}, Catalog::Direction::kUpstream).value();
  ASSERT_EQ(up.size(), 2u);
  EXPECT_EQ(up[0].from.column, "p");
  EXPECT_EQ(up[0].to.object.version, 1u);
  EXPECT_EQ(up[1].from, (LineageNode{table("a"), "x"}));
  const auto down = catalog_->lineage({table("a"), "Y"}, Catalog::Direction::kDownstream).value();
  ASSERT_EQ(down.size(), 1u);
  EXPECT_EQ(down[0].to.column, "q");
  EXPECT_EQ(catalog_->lineage({table("a"), ""}, Catalog::Direction::kDownstream)->size(), 3u);
}

TEST_F(CatalogTest, NewEdgesReplaceOldOnesUnlessTheyAdd) {
  const RunId run = begin("r1");
  StepRecord made = step(0, {}, {table("t")});
  made.lineage = {edge("a", "x", "t", "c")};
  ASSERT_TRUE(catalog_->record_step(run, made));
  StepRecord inserted = step(1, {}, {table("t")});
  inserted.lineage = {edge("b", "x", "t", "c", true)};
  ASSERT_TRUE(catalog_->record_step(run, inserted));
  EXPECT_EQ(catalog_->lineage({table("t"), ""}, Catalog::Direction::kUpstream)->size(), 2u);
  StepRecord again = step(2, {}, {table("t")});
  again.lineage = {edge("z", "x", "t", "c")};
  ASSERT_TRUE(catalog_->record_step(run, again));
  const auto edges = catalog_->lineage({table("t"), ""}, Catalog::Direction::kUpstream).value();
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_EQ(edges[0].from.object.name, "z");
}

TEST_F(CatalogTest, LineageOfACycleEnds) {
  const RunId run = begin("r1");
  StepRecord record = step(0, {}, {});
  record.lineage = {edge("a", "", "b", ""), edge("b", "", "a", "")};
  ASSERT_TRUE(catalog_->record_step(run, record));
  EXPECT_EQ(catalog_->lineage({table("a"), ""}, Catalog::Direction::kUpstream)->size(), 2u);
}

TEST_F(CatalogTest, PendingCommitsSurviveUntilTheStepIsRecorded) {
  const RunId run = begin("r1");
  StepRecord record = step(3, {table("main.a")}, {table("main.t"), model("m")});
  record.fingerprint = fingerprint("f");
  record.lineage = {edge("main.a", "x", "main.t", "y", true)};
  record.objects.push_back({model("m"), "objects/model/m/r1-3", Json::object({{"k", 1}})});
  record.dropped.push_back(model("old"));
  record.changes = {{ObjectChange::Kind::kSetAlias, model("m", 1), "best"},
                    {ObjectChange::Kind::kDropAlias, model("m"), "old"},
                    {ObjectChange::Kind::kRename, model("m"), "n"},
                    {ObjectChange::Kind::kComment, model("n"), "\"quoted\""}};
  record.duration = std::chrono::nanoseconds(123456789);
  record.rows_written = 7;
  const std::string id = commit_id(run, 3);
  EXPECT_EQ(id, "r1-3");
  ASSERT_TRUE(catalog_->prepare_commit({id, run, record}));
  reopen();
  const auto pending = catalog_->pending_commits();
  ASSERT_TRUE(pending) << pending.error().to_string();
  ASSERT_EQ(pending->size(), 1u);
  // Everything of the record comes back.
  EXPECT_EQ(to_json(pending->at(0).record), to_json(record));
  EXPECT_EQ(pending->at(0).record.objects[0].folder, record.objects[0].folder);
  EXPECT_EQ(pending->at(0).record.lineage, record.lineage);
  EXPECT_EQ(pending->at(0).record.changes, record.changes);
  ASSERT_TRUE(catalog_->record_step(run, pending->at(0).record));
  EXPECT_TRUE(catalog_->pending_commits()->empty());
  const auto renamed = catalog_->object(model("n@best"));
  ASSERT_TRUE(renamed) << renamed.error().to_string();
  EXPECT_EQ(renamed->comment, "\"quoted\"");

  ASSERT_TRUE(catalog_->prepare_commit({commit_id(run, 4), run, record}));
  ASSERT_TRUE(catalog_->drop_commit("r1-4"));
  EXPECT_TRUE(catalog_->pending_commits()->empty());
}

TEST_F(CatalogTest, DamagedRecordsAreErrorsNotCrashes) {
  const Json good = to_json(step(0, {table("a")}, {table("b")}));
  ASSERT_TRUE(step_record_from_json(good));
  for (const auto& [key, value] : good.members()) {
    // Every member missing, or of a wrong type.
    for (const Json& wrong : {Json(), Json(true)}) {
      Json damaged = good;
      damaged.set(key, wrong);
      if (key == "fingerprint" && wrong.is_null()) continue;
      if (key == "details") continue;
      const auto read = step_record_from_json(damaged);
      ASSERT_FALSE(read) << key;
      EXPECT_EQ(read.error().code, Code::kData) << key;
    }
  }
}

TEST_F(CatalogTest, NotesAreKept) {
  EXPECT_FALSE(catalog_->note("k").value());
  ASSERT_TRUE(catalog_->set_note("k", "1"));
  ASSERT_TRUE(catalog_->set_note("k", "2"));
  reopen();
  EXPECT_EQ(catalog_->note("k").value(), "2");
}

TEST_F(CatalogTest, NewerAndDamagedFilesAreRefused) {
  catalog_.reset();
  const auto file = dir_.path() / "catalog.db";
  {
    auto database = store::Database::open(file).value();
    ASSERT_TRUE(database->execute_script("PRAGMA user_version = 99"));
  }
  auto newer = Catalog::open(file);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Code::kUnsupported) << newer.error().to_string();
  const auto damaged_file = dir_.path() / "damaged.db";
  ASSERT_TRUE(io::real_file_system().write_file_durable(damaged_file, std::string(8192, 'x')));
  auto damaged = Catalog::open(damaged_file);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::kData) << damaged.error().to_string();
}

TEST_F(CatalogTest, ThreadsReadWhileOthersWrite) {
  const RunId run = begin("r1");
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  constexpr uint32_t kSteps = 40;
  for (uint32_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (uint32_t i = 0; i < kSteps; ++i) {
        StepRecord record = step(writer * kSteps + i, {}, {model("m")});
        record.objects.push_back({model("m"), "", {}});
        if (!catalog_->record_step(run, record)) ++failures;
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      uint32_t last = 0;
      while (last < 2 * kSteps && failures == 0) {
        const auto object = catalog_->object(model("m"));
        if (!object) continue;
        if (object->ref.version < last) ++failures;  // never backwards
        last = object->ref.version;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(catalog_->versions(model("m"))->size(), 2 * kSteps);
}

}  // namespace
}  // namespace sinan::catalog
