// ObjectRef names anything Sinan knows about: table, view, file, model, run, and whatever kinds capabilities add.
//
// Plain values, used by the analyser (what a statement reads and writes), the DAG, the catalog and the lineage graph.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinan {

// Kinds are open: a capability adds its own with one more constant.
namespace object_kind {
inline constexpr std::string_view kTable = "table";  // tables and views: nobody can tell them apart by name
inline constexpr std::string_view kSchema = "schema";
inline constexpr std::string_view kDatabase = "database";
inline constexpr std::string_view kFile = "file";
inline constexpr std::string_view kModel = "model";
inline constexpr std::string_view kColumn = "column";
inline constexpr std::string_view kRun = "run";
}  // namespace object_kind

struct ObjectRef {
  std::string kind;      // one of object_kind, or a capability's own
  std::string name;      // canonical: "zoo.model", "main.flights", "data/x.parquet"; case folded for tables and models
  uint32_t version = 0;  // 0 = not pinned to a version

  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
  // "model zoo.m", "model zoo.m version 3"
  std::string to_string() const;
};

// What a statement touches. A barrier runs alone: all before it are finished first, all after it wait for it.
struct Access {
  std::vector<ObjectRef> reads;
  std::vector<ObjectRef> writes;
  std::optional<std::string> barrier;  // the reason, in words for the user
};

}  // namespace sinan
