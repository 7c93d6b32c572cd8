#include "catalog/schema.h"

namespace sinan::catalog {
namespace {

constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  newest INTEGER NOT NULL,             -- version numbers go on after a drop
  dropped INTEGER NOT NULL DEFAULT 0,  -- versions up to this one are out of sight
  UNIQUE (kind, name)
) STRICT;
CREATE TABLE object_version (
  object INTEGER NOT NULL REFERENCES object (id),
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,            -- microseconds since 1970 UTC
  run TEXT NOT NULL,
  step INTEGER NOT NULL,
  folder TEXT NOT NULL,                -- relative to .sinan
  payload TEXT NOT NULL,               -- JSON
  PRIMARY KEY (object, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_version_folder ON object_version (folder);
CREATE TABLE alias (
  object INTEGER NOT NULL REFERENCES object (id),
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (object, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  sequence INTEGER PRIMARY KEY,        -- order of beginning
  id TEXT NOT NULL UNIQUE,
  program_name TEXT NOT NULL,
  program TEXT NOT NULL,
  started INTEGER NOT NULL,
  duration INTEGER,                    -- nanoseconds
  status TEXT NOT NULL
) STRICT;
CREATE INDEX run_unfinished ON run (status) WHERE status = 'running';
CREATE TABLE step (
  run TEXT NOT NULL,
  step INTEGER NOT NULL,
  statement TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  fingerprint TEXT,
  started INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  rows_read INTEGER NOT NULL,
  rows_written INTEGER NOT NULL,
  peak_memory INTEGER NOT NULL,
  error TEXT NOT NULL,
  details TEXT NOT NULL,               -- JSON
  access TEXT NOT NULL,                -- JSON
  PRIMARY KEY (run, step)
) STRICT;
CREATE INDEX step_fingerprint ON step (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE TABLE step_output (
  run TEXT NOT NULL,
  step INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (run, step, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE lineage (
  to_kind TEXT NOT NULL,
  to_name TEXT NOT NULL,
  to_column TEXT NOT NULL,
  from_kind TEXT NOT NULL,
  from_name TEXT NOT NULL,
  from_column TEXT NOT NULL,
  how TEXT NOT NULL,
  to_version INTEGER NOT NULL,
  from_version INTEGER NOT NULL,
  run TEXT NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (to_kind, to_name, to_column, from_kind, from_name, from_column, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_from ON lineage (from_kind, from_name);
CREATE TABLE usage (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  reads INTEGER NOT NULL,
  writes INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE pending_commit (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  record TEXT NOT NULL                 -- JSON
) STRICT;
CREATE TABLE note (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::string_view kVersion2 = R"sql(
ALTER TABLE object ADD COLUMN comment TEXT NOT NULL DEFAULT '';
ALTER TABLE object_version ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;  -- 1: this version alone is out of sight
)sql";

constexpr store::Migration kMigrations[] = {{1, kVersion1}, {2, kVersion2}};

}  // namespace

std::span<const store::Migration> migrations() { return kMigrations; }

}  // namespace sinan::catalog
