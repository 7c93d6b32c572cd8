#include "arrow/map_column.h"

#include <memory>
#include <utility>

#include "arrow/builder.h"
#include "base/check.h"

namespace sinan::arrow {
namespace {

// What the array owns. It is handed out when all its addresses are known.
struct Map {
  std::vector<int32_t> begins;
  ArrowArray entries{};
  ArrowArray* entries_of_map = &entries;
  ArrowArray map{};
  ArrowArray* map_of_batch = &map;
  const void* map_buffers[2] = {nullptr, nullptr};
  const void* no_validity = nullptr;
};

void release_map(ArrowArray* array) {
  auto* const map = static_cast<Map*>(array->private_data);
  if (map->entries.release != nullptr) map->entries.release(&map->entries);
  delete map;
  array->release = nullptr;
}

}  // namespace

Type map_type(Type value) {
  Type type(TypeId::kMap);
  type.children.push_back(Field{"key", string_type(), false});
  type.children.push_back(Field{"value", std::move(value), true});
  return type;
}

Batch map_column(std::string name, const Batch& entries, std::vector<int32_t> begins) {
  CHECK(!begins.empty() && begins.front() == 0 && static_cast<size_t>(begins.back()) == entries.rows());
  CHECK(entries.columns() == 2);
  auto owned = std::make_unique<Map>();
  owned->begins = std::move(begins);
  entries.export_to(&owned->entries);
  owned->map_buffers[1] = owned->begins.data();
  owned->map.length = static_cast<int64_t>(owned->begins.size() - 1);
  owned->map.n_buffers = 2;
  owned->map.buffers = owned->map_buffers;
  owned->map.n_children = 1;
  owned->map.children = &owned->entries_of_map;
  ArrowArray array{};
  array.length = owned->map.length;
  array.n_buffers = 1;
  array.buffers = &owned->no_validity;
  array.n_children = 1;
  array.children = &owned->map_of_batch;
  array.release = release_map;
  array.private_data = owned.release();
  auto schema = std::make_shared<const Schema>(Schema{{{std::move(name), map_type(entries.schema()[1].type)}}});
  auto batch = Batch::import(std::move(schema), std::move(array));
  CHECK(batch.has_value());
  return *std::move(batch);
}

}  // namespace sinan::arrow
