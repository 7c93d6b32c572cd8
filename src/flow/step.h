// Step: one checked statement, ready to run. The DAG, the executor, the cache and resume know only this interface.
//
// run() is called at most once at a time, on a worker thread; session() opens an engine transaction at its first call: what it writes through session() and puts into its Outcome becomes visible in one commit after it returns, or
// not at all. It may therefore be run again after any failure. Files go into staging(), a folder of the step's own whose
// content is fsync'd by the commit and kept only if an object in the Outcome names it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/object_ref.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "flow/outcome.h"
#include "io/file_system.h"

namespace sinan::flow {

// What a step can use. The executor grants something between least and most, engine and trainers sharing one budget.
struct Budget {
  uint32_t least_threads = 1;
  uint32_t most_threads = UINT32_MAX;
  uint64_t memory_bytes = 0;  // a guess of the need; 0 = unknown
};

// Live state of a running step. Thread-safe; cheap enough to call for every batch.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void stage(std::string_view name) = 0;  // "reading", "training": times by stage go to the run record
  virtual void fraction(double done) = 0;         // 0..1 of the stage; negative = unknown
  virtual void rows(int64_t total_so_far) = 0;    // of the stage
  virtual void note(std::string_view text) = 0;   // "round 12  train-logloss 0.412"
};

class RunContext {
 public:
  virtual ~RunContext() = default;
  virtual engine::Session& session() = 0;  // the step's transaction
  // Another connection with the same USE and SET, for reading while session() writes. Sees committed rows only.
  virtual Result<std::unique_ptr<engine::Session>> connect() = 0;
  virtual const engine::Engine& engine() const = 0;
  virtual const catalog::Catalog& catalog() const = 0;
  virtual uint32_t threads() const = 0;  // granted
  virtual uint64_t memory_bytes() const = 0;
  virtual const CancelToken& cancel() const = 0;
  virtual Progress& progress() = 0;
  virtual ResultSink& results() = 0;
  virtual const Clock& clock() const = 0;
  virtual io::FileSystem& files() = 0;
  virtual uint64_t seed() const = 0;                                // of the run; a step derives its own from it
  virtual const std::string& user() const = 0;                      // on whose behalf the program runs; may be empty
  virtual const std::filesystem::path& project_folder() const = 0;  // holds .sinan
  // Created at the first call; files in it are made durable by the commit.
  virtual Result<std::filesystem::path> staging() = 0;
  // What to put into NewObject::folder for files in staging().
  virtual std::filesystem::path staging_relative() const = 0;
};

enum class SessionUse : uint8_t {
  kTransaction,  // session() is in a transaction that the executor commits
  kAlone,        // session() commits each statement by itself: for those that cannot run in a transaction
};

class Step {
 public:
  virtual ~Step() = default;
  virtual const Access& access() const = 0;
  virtual Budget budget() const { return {}; }
  virtual SessionUse session_use() const { return SessionUse::kTransaction; }
  // Everything but the state of the inputs and the run's seed, which the cache adds: canonical text, attributes. Absent =
  // always run.
  virtual std::optional<Fingerprint> fingerprint() const = 0;
  // Whether RunContext::seed() decides what comes out: then it is run again with another seed.
  virtual bool uses_seed() const { return false; }
  virtual Result<Outcome> run(RunContext& context) = 0;
};

}  // namespace sinan::flow
