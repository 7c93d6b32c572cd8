// The states that the unchanged-input cache compares.

#include "base/log.h"
#include "base/strings.h"
#include "catalog/record_json.h"
#include "catalog/sqlite_catalog.h"

namespace sinan::catalog {
namespace {

// A step with a fingerprint makes the same content again; any other one makes content never seen before.
Fingerprint state_after(const RunId& run, const StepRecord& record, const ObjectRef& written) {
  FingerprintBuilder builder;
  if (record.fingerprint) {
    builder.add("step").add(*record.fingerprint);
  } else {
    builder.add("run").add(run.value).add(uint64_t{record.index});
  }
  return builder.add(written.kind).add(written.name).finish();
}

}  // namespace

Result<std::optional<Fingerprint>> SqliteCatalog::state(const ObjectRef& ref) const {
  auto row = TRY(reader_->prepare("SELECT fingerprint FROM state WHERE kind = ? AND name = ?"));
  row.bind(ref.kind, ref.name);
  if (!TRY(row.step())) return std::nullopt;
  return TRY(fingerprint_from_hex(row.text(0)));
}

Status SqliteCatalog::set_state(const ObjectRef& ref, const Fingerprint& state) {
  return write(Durability::kKill, [&]() -> Status {
    return writer_->execute(
        "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint", ref.kind,
        ref.name, state.to_hex());
  });
}

Status SqliteCatalog::forget_states(std::string_view reason) {
  log::info("table states forgotten: " + std::string(reason));
  return write(Durability::kPowerCut, [&]() -> Status { return writer_->execute("DELETE FROM state"); });
}

Status SqliteCatalog::write_states(const RunId& run, const StepRecord& record) {
  for (const ObjectRef& written : record.access.writes) {
    const std::string state = state_after(run, record, written).to_hex();
    TRY(writer_->execute(
        "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint", written.kind,
        written.name, state));
    TRY(writer_->execute("INSERT OR REPLACE INTO step_output VALUES (?, ?, ?, ?, ?)", run.value, record.index,
                         written.kind, written.name, state));
  }
  return {};
}

Result<std::optional<Catalog::CachedStep>> SqliteCatalog::cached(const Fingerprint& fingerprint) const {
  CachedStep result;
  {
    auto row =
        TRY(reader_->prepare("SELECT s.run, s.step FROM step s JOIN run r ON r.id = s.run WHERE s.fingerprint = ? AND "
                             "s.status = 'done' ORDER BY r.sequence DESC, s.step DESC LIMIT 1"));
    row.bind(fingerprint.to_hex());
    if (!TRY(row.step())) return std::nullopt;
    result.run = RunId{std::string(row.text(0))};
    result.step = static_cast<uint32_t>(row.integer(1));
  }
  auto rows = TRY(reader_->prepare("SELECT kind, name, fingerprint FROM step_output WHERE run = ? AND step = ?"));
  rows.bind(result.run.value, result.step);
  while (TRY(rows.step())) {
    ObjectRef ref{std::string(rows.text(0)), std::string(rows.text(1)), 0};
    result.outputs.emplace_back(std::move(ref), TRY(fingerprint_from_hex(rows.text(2))));
  }
  return result;
}

Status SqliteCatalog::count_usage(const StepRecord& record) {
  const int64_t last = record.started.time_since_epoch().count();
  const auto count = [&](const ObjectRef& ref, int reads, int writes) {
    return writer_->execute(
        "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET reads = reads + ?3, "
        "writes = writes + ?4, last = max(last, ?5)",
        ref.kind, ref.name, reads, writes, last);
  };
  for (const ObjectRef& ref : record.access.reads) TRY(count(ref, 1, 0));
  for (const ObjectRef& ref : record.access.writes) TRY(count(ref, 0, 1));
  return {};
}

Result<std::vector<Catalog::Usage>> SqliteCatalog::usage() const {
  std::vector<Usage> result;
  auto rows = TRY(reader_->prepare("SELECT kind, name, reads, writes, last FROM usage ORDER BY kind, name"));
  while (TRY(rows.step())) {
    result.push_back({{std::string(rows.text(0)), std::string(rows.text(1)), 0},
                      static_cast<uint64_t>(rows.integer(2)),
                      static_cast<uint64_t>(rows.integer(3)),
                      TimePoint(std::chrono::microseconds(rows.integer(4)))});
  }
  return result;
}

}  // namespace sinan::catalog
