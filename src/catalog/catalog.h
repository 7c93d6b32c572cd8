// The catalog: named objects with immutable versions, what each table's current state is, lineage, usage, and the record of
// every run. SQLite (through `store`) in `.sinan/catalog.db`.
//
// Thread-safe. Reads never wait for writes. Everything that belongs to one step becomes visible in one transaction:
// record_step(). Object versions are durable when record_step returns; run and usage records may lose the last moments in a
// power cut, never in a kill.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/json.h"
#include "base/object_ref.h"

namespace sinan::catalog {

// One immutable version of a named object (a model, later a dataset, parameter, ...).
struct ObjectVersion {
  ObjectRef ref;  // with its version, from 1
  TimePoint created;
  RunId run;
  uint32_t step = 0;
  std::filesystem::path folder;  // relative to the project's .sinan; empty when the object has no files
  Json payload;                  // what the owning capability wants to know without opening the files
  std::vector<std::string> aliases;
  std::string comment;  // of the object: the same for all its versions
};

// "out.pred.late was computed from zoo.m and flights.dep_delay". `column` empty = the object as a whole.
struct LineageNode {
  ObjectRef object;
  std::string column;
  friend auto operator<=>(const LineageNode&, const LineageNode&) = default;
};
struct LineageEdge {
  LineageNode from;
  LineageNode to;
  std::string how;    // "train", "predict", "create table as", ...
  bool adds = false;  // true: beside the target's earlier edges (INSERT); false: instead of those of earlier steps
  friend auto operator<=>(const LineageEdge&, const LineageEdge&) = default;
};

enum class StepStatus : uint8_t { kDone, kCached, kFailed, kSkipped, kCancelled };
std::string_view to_string(StepStatus status);

struct NewObject {
  ObjectRef ref;  // version is assigned by record_step
  std::filesystem::path folder;
  Json payload;
  // The newest version it was made from, 0 = there was none. When another has come since, the step is not recorded: kBusy.
  std::optional<uint32_t> replaces;
};

// A change of an object that makes no version. Names are canonical, `text` is the alias, the new name or the comment.
struct ObjectChange {
  enum class Kind : uint8_t {
    kSetAlias,   // of ref.version; taken from the version that had it
    kDropAlias,  // of whatever version has it
    kRename,     // lineage and usage go along; an object that was dropped gives its name up
    kComment,
  };
  Kind kind = Kind::kSetAlias;
  ObjectRef ref;
  std::string text;
  friend bool operator==(const ObjectChange&, const ObjectChange&) = default;
};

struct StepRecord {
  uint32_t index = 0;
  std::string statement;  // the text
  std::string kind;       // "TO TRAIN", "CREATE TABLE AS", ...
  StepStatus status = StepStatus::kDone;
  std::optional<Fingerprint> fingerprint;  // with the versions of its inputs; absent = never reused
  TimePoint started;
  std::chrono::nanoseconds duration{0};
  int64_t rows_read = -1;
  int64_t rows_written = -1;
  uint64_t peak_memory_bytes = 0;
  std::string error;  // Error::to_string(), empty when none
  Json details;       // messages, metrics by round, stage times
  Access access;
  std::vector<LineageEdge> lineage;
  std::vector<NewObject> objects;  // become new versions
  std::vector<ObjectRef> dropped;  // no longer visible (all versions, or ref.version); versions stay for the record
  std::vector<ObjectChange> changes;
};

struct RunRecord {
  RunId id;
  std::string program_name;  // file name, "-c", "prompt"
  std::string program;
  TimePoint started;
  std::optional<std::chrono::nanoseconds> duration;  // absent: running or killed
  std::string status;                                // "running", "done", "failed", "cancelled", "killed"
  std::vector<StepRecord> steps;                     // filled by run(), empty in runs()
};

// "01kaxm4r7t-8fq3z2v-3": names a step's commit in the engine's marker table and its folders.
std::string commit_id(const RunId& run, uint32_t step);

class Catalog {
 public:
  // Creates or migrates the database. Errors: kData when corrupt, kUnsupported when newer than this program.
  static Result<std::unique_ptr<Catalog>> open(const std::filesystem::path& file);
  virtual ~Catalog() = default;

  // --- objects ---
  // `ref.version` 0 = the newest; name may carry "@alias", "@v3" or ":3". Errors: kNotFound with the nearest name.
  virtual Result<ObjectVersion> object(const ObjectRef& ref) const = 0;
  virtual Result<std::vector<ObjectVersion>> objects(
      std::string_view kind) const = 0;  // newest version of each, by name
  virtual Result<std::vector<ObjectVersion>> versions(const ObjectRef& ref) const = 0;  // newest first

  // --- steps and runs ---
  virtual Status begin_run(const RunRecord& run) = 0;
  virtual Status finish_run(const RunId& run, std::string_view status, std::chrono::nanoseconds duration) = 0;
  // Objects, drops, changes, lineage, usage, the new state of every written table, and the record itself: all or nothing.
  // Only a kDone record has effects; the others are the record alone. Returns the versions given to record.objects, in order.
  virtual Result<std::vector<uint32_t>> record_step(const RunId& run, const StepRecord& record) = 0;
  virtual Result<std::vector<RunRecord>> runs(size_t limit) const = 0;  // newest first
  // "" and "latest" = the newest; a prefix must be unique. Errors: kNotFound, also for an ambiguous prefix.
  virtual Result<RunRecord> run(std::string_view id_or_prefix_or_latest) const = 0;
  // Runs that began and did not finish. When a project is opened these were killed: abandoning marks them so.
  virtual Result<std::vector<RunId>> unfinished_runs() const = 0;
  virtual Status abandon_unfinished_runs() = 0;

  // --- states: what the unchanged-input cache compares ---
  // Identifies the content of a table, model or file as far as Sinan wrote it: the fingerprint of the step that last wrote
  // it, or one drawn at its last unexplained change. Absent = never seen.
  virtual Result<std::optional<Fingerprint>> state(const ObjectRef& ref) const = 0;
  virtual Status set_state(const ObjectRef& ref, const Fingerprint& state) = 0;
  // Forgets every state: something ran that we could not analyse, or the warehouse was changed by another program.
  virtual Status forget_states(std::string_view reason) = 0;
  // The newest successful step with this fingerprint, with the states its outputs had when it ended.
  struct CachedStep {
    RunId run;
    uint32_t step = 0;
    std::vector<std::pair<ObjectRef, Fingerprint>> outputs;
  };
  virtual Result<std::optional<CachedStep>> cached(const Fingerprint& fingerprint) const = 0;

  // --- lineage and usage ---
  enum class Direction : uint8_t { kUpstream, kDownstream };
  // All edges reachable from the node (a whole object includes its columns), nearest first.
  virtual Result<std::vector<LineageEdge>> lineage(const LineageNode& node, Direction direction) const = 0;
  struct Usage {
    ObjectRef object;
    uint64_t reads = 0;
    uint64_t writes = 0;
    TimePoint last;
  };
  virtual Result<std::vector<Usage>> usage() const = 0;

  // --- commits in flight: see docs/formats/commit.md ---
  // Written before the engine commits; gone when record_step has succeeded. On opening, what is left is replayed or undone.
  struct PendingCommit {
    std::string id;  // commit_id(run, record.index)
    RunId run;
    StepRecord record;
  };
  virtual Status prepare_commit(const PendingCommit& commit) = 0;
  virtual Status drop_commit(std::string_view id) = 0;
  virtual Result<std::vector<PendingCommit>> pending_commits() const = 0;
  // Whether an object version's files are in that folder (relative to .sinan).
  virtual Result<bool> folder_in_use(const std::filesystem::path& folder) const = 0;

  // --- notes: small facts about the project that must outlive the process ---
  virtual Result<std::optional<std::string>> note(std::string_view key) const = 0;
  virtual Status set_note(std::string_view key, std::string_view value) = 0;
};

}  // namespace sinan::catalog
