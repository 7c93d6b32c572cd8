// SessionState: what SET, USE and temporary tables leave behind for the statements that follow, in this program and in
// later ones of the same process (a prompt). Steps run on connections of their own, so settings are replayed on each;
// temporary tables live on one sticky session that all statements touching them share, one at a time.
//
// Thread-safe, except sticky(): whoever uses the sticky session holds sticky_mutex().
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace sinan::flow {

class SessionState {
 public:
  std::vector<std::string> settings() const;
  void add_setting(std::string sql);

  // Canonical names of the temporary tables that exist now.
  std::set<std::string, std::less<>> temporary_tables() const;
  void set_temporary_tables(std::set<std::string, std::less<>> names);

  // Whether a database may be attached whose tables other programs can change.
  bool has_attached() const;
  void note_attached();

  std::mutex& sticky_mutex() { return sticky_mutex_; }
  // Connects at the first call. `setup` extends what earlier calls were given; only the new part is run.
  Result<engine::Session*> sticky(engine::Engine& engine, std::span<const std::string> setup);
  // Null when no temporary table was ever made.
  engine::Session* sticky_if_open() { return sticky_.get(); }
  // Drops the sticky session and its tables, before the engine goes.
  void close() { sticky_.reset(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> settings_;
  std::set<std::string, std::less<>> temporary_;
  bool attached_ = false;
  std::mutex sticky_mutex_;
  std::unique_ptr<engine::Session> sticky_;
  size_t applied_ = 0;  // of the settings, on the sticky session
};

// A new connection on which `setup` has been run.
Result<std::unique_ptr<engine::Session>> connect_with(engine::Engine& engine, std::span<const std::string> setup);

}  // namespace sinan::flow
