#include "flow/session_state.h"

namespace sinan::flow {

std::vector<std::string> SessionState::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void SessionState::add_setting(std::string sql) {
  const std::lock_guard lock(mutex_);
  settings_.push_back(std::move(sql));
}

std::set<std::string, std::less<>> SessionState::temporary_tables() const {
  const std::lock_guard lock(mutex_);
  return temporary_;
}

void SessionState::set_temporary_tables(std::set<std::string, std::less<>> names) {
  const std::lock_guard lock(mutex_);
  temporary_ = std::move(names);
}

bool SessionState::has_attached() const {
  const std::lock_guard lock(mutex_);
  return attached_;
}

void SessionState::note_attached() {
  const std::lock_guard lock(mutex_);
  attached_ = true;
}

Result<engine::Session*> SessionState::sticky(engine::Engine& engine, std::span<const std::string> setup) {
  if (!sticky_) sticky_ = TRY(engine.connect());
  for (; applied_ < setup.size(); ++applied_) TRY(sticky_->execute(setup[applied_]));
  return sticky_.get();
}

Result<std::unique_ptr<engine::Session>> connect_with(engine::Engine& engine, std::span<const std::string> setup) {
  auto session = TRY(engine.connect());
  for (const std::string& sql : setup) TRY(session->execute(sql));
  return session;
}

}  // namespace sinan::flow
