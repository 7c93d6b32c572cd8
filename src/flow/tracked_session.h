// A session that is known to its step while it lives, so that cancelling the step interrupts it. Everything is passed on.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "engine/engine.h"

namespace sinan::flow {

class TrackedSession final : public engine::Session {
 public:
  TrackedSession(std::unique_ptr<engine::Session> inner, std::function<void(engine::Session*)> on_close)
      : inner_(std::move(inner)), on_close_(std::move(on_close)) {}
  ~TrackedSession() override { on_close_(inner_.get()); }

  Result<arrow::Schema> describe(std::string_view sql) override { return inner_->describe(sql); }
  Result<std::unique_ptr<arrow::BatchStream>> query(std::string_view sql,
                                                    const engine::QueryOptions& options) override {
    return inner_->query(sql, options);
  }
  Result<int64_t> execute(std::string_view sql) override { return inner_->execute(sql); }
  Result<int64_t> ingest(const engine::TableName& table, arrow::BatchStream& rows, engine::IngestMode mode) override {
    return inner_->ingest(table, rows, mode);
  }
  Status begin() override { return inner_->begin(); }
  Status commit() override { return inner_->commit(); }
  Status rollback() override { return inner_->rollback(); }
  bool in_transaction() const override { return inner_->in_transaction(); }
  std::string current_schema() override { return inner_->current_schema(); }
  void interrupt() noexcept override { inner_->interrupt(); }
  double progress() const noexcept override { return inner_->progress(); }

 private:
  std::unique_ptr<engine::Session> inner_;
  std::function<void(engine::Session*)> on_close_;
};

}  // namespace sinan::flow
