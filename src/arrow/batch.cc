#include "arrow/batch.h"

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/check.h"

namespace sinan::arrow {
namespace {

size_t size_of(int64_t value) { return static_cast<size_t>(value); }

Failure malformed(std::string_view what) { return fail(Code::kData, fmt::format("malformed Arrow array: {}", what)); }

// Buffers that the specification gives a type; views have more.
int64_t least_buffers(const Type& type) {
  switch (type.id) {
    case TypeId::kNull:
      return 0;
    case TypeId::kStruct:
      return 1;
    case TypeId::kList:
      return type.layout == Layout::kFixed ? 1 : 2;
    case TypeId::kString:
    case TypeId::kBinary:
      return type.layout == Layout::kFixed ? 2 : 3;
    default:
      return 2;
  }
}

template <class Offset>
Status check_offsets(const ArrowArray& array, const int64_t* limit) {
  if (array.length == 0) return {};  // an empty array may have no offsets at all
  const auto* offsets = static_cast<const Offset*>(array.buffers[1]);
  const Offset first = offsets[array.offset];
  const Offset last = offsets[array.offset + array.length];
  if (first < 0 || last < first || (limit && last > *limit)) return malformed("offsets outside the values");
  return {};
}

Status check_array(const Type& type, const ArrowArray& array, int64_t rows);

Status check_offsets_of(const Type& type, const ArrowArray& array) {
  const bool is_list = type.id == TypeId::kList || type.id == TypeId::kMap;
  if (!is_list && type.id != TypeId::kString && type.id != TypeId::kBinary) return {};
  const int64_t* limit = is_list ? &array.children[0]->length : nullptr;
  if (type.layout == Layout::kLarge) return check_offsets<int64_t>(array, limit);
  if (type.layout == Layout::kPlain) return check_offsets<int32_t>(array, limit);
  if (type.layout == Layout::kFixed && is_list && (array.offset + array.length) * type.width > *limit) {
    return malformed("too few values for its lists");
  }
  return {};
}

Status check_children(const Type& type, const ArrowArray& array) {
  if (type.id == TypeId::kDictionary) {
    if (!array.dictionary) return malformed("no dictionary");
    return check_array(type.children[0].type, *array.dictionary, 0);
  }
  const size_t expected = type.id == TypeId::kMap ? 1 : type.children.size();
  if (array.n_children < 0 || size_of(array.n_children) != expected || (expected > 0 && !array.children)) {
    return malformed(fmt::format("{} children where {} belong", array.n_children, expected));
  }
  for (size_t i = 0; i < expected; ++i) {
    if (!array.children[i]) return malformed("a child is missing");
  }
  if (type.id == TypeId::kMap) {
    Type entries(TypeId::kStruct);
    entries.children = type.children;
    return check_array(entries, *array.children[0], 0);
  }
  const int64_t rows = type.id == TypeId::kStruct ? array.offset + array.length : 0;
  for (size_t i = 0; i < expected; ++i) TRY(check_array(type.children[i].type, *array.children[i], rows));
  return {};
}

// What can be seen without knowing the sizes of the buffers: counts, missing parts, and the ends of the offsets.
Status check_array(const Type& type, const ArrowArray& array, int64_t rows) {
  constexpr int64_t kMost = int64_t{1} << 48;
  if (array.length < 0 || array.offset < 0 || array.length > kMost || array.offset > kMost)
    return malformed("length out of range");
  if (array.length < rows) return malformed(fmt::format("a column of {} rows where {} belong", array.length, rows));
  if (array.null_count < -1 || array.null_count > array.length) return malformed("null count out of range");
  if (array.n_buffers < least_buffers(type) || (array.n_buffers > 0 && !array.buffers))
    return malformed("buffers are missing");
  if (array.null_count > 0 && type.id != TypeId::kNull && !array.buffers[0]) return malformed("nulls without a bitmap");
  const bool has_values = least_buffers(type) >= 2 && array.length > 0;
  const bool is_empty_binary = type.layout == Layout::kFixed && type.width == 0;
  if (has_values && !is_empty_binary && !array.buffers[1]) return malformed("no values");
  TRY(check_children(type, array));
  return check_offsets_of(type, array);
}

uint64_t bytes_of(const ColumnView& column) {
  const uint64_t rows = column.size();
  const uint64_t validity = column.validity() ? rows / 8 : 0;
  const Type& type = column.type();
  switch (type.id) {
    case TypeId::kNull:
      return 0;
    case TypeId::kBool:
      return validity + rows / 8;
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return validity + rows;
    case TypeId::kInt16:
    case TypeId::kUInt16:
      return validity + 2 * rows;
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat:
    case TypeId::kDate:
      return validity + 4 * rows;
    case TypeId::kDecimal:
    case TypeId::kInterval:
    case TypeId::kOther:
      return validity + 16 * rows;
    case TypeId::kString:
    case TypeId::kBinary: {
      uint64_t text = 0;
      for (size_t i = 0; i < rows; ++i) text += column.string(i).size();
      return validity + text + (type.layout == Layout::kPlain ? 4 : 8) * rows;
    }
    case TypeId::kList:
      return validity + 8 * rows + bytes_of(column.list_values());
    case TypeId::kMap:
      return validity + 8 * rows + bytes_of(column.child(0)) + bytes_of(column.child(1));
    case TypeId::kDictionary:
      return validity + 4 * rows + bytes_of(column.dictionary());
    case TypeId::kStruct: {
      uint64_t members = 0;
      for (size_t i = 0; i < type.children.size(); ++i) members += bytes_of(column.child(i));
      return validity + members;
    }
    default:
      return validity + 8 * rows;
  }
}

}  // namespace

// An imported array, or (when `kept` is not empty) a struct put together from the children of others.
struct Batch::Owner {
  Owner() = default;
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    if (array.release) array.release(&array);
  }

  ArrowArray array{};
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  const void* no_validity = nullptr;
  std::vector<std::shared_ptr<const Owner>> kept;

  // Adds a column of another batch; the structs are copied without their release, which stays with `from`. A column
  // that starts elsewhere than its array's null count was taken of, gets it counted again.
  void add_child(const Batch& from, size_t i, size_t begin, size_t rows) {
    const ArrowArray& root = from.owner_->array;
    ArrowArray child = *root.children[i];
    child.release = nullptr;
    child.private_data = nullptr;
    const bool whole = child.length == static_cast<int64_t>(rows) && root.offset == 0 && begin == 0;
    if (!whole && child.null_count != 0)
      child.null_count = from.schema()[i].type.id == TypeId::kNull ? static_cast<int64_t>(rows) : -1;
    child.offset += root.offset + static_cast<int64_t>(begin);
    child.length = static_cast<int64_t>(rows);
    children.push_back(child);
  }
  void finish(size_t rows) {
    for (ArrowArray& child : children) child_pointers.push_back(&child);
    array.length = static_cast<int64_t>(rows);
    array.n_buffers = 1;
    array.buffers = &no_validity;
    array.n_children = static_cast<int64_t>(children.size());
    array.children = child_pointers.data();
  }
};

Batch::Batch(std::shared_ptr<const Schema> schema, std::shared_ptr<const Owner> owner)
    : schema_(std::move(schema)), owner_(std::move(owner)) {}

Result<Batch> Batch::import(std::shared_ptr<const Schema> schema, ArrowArray&& array) {
  auto owner = std::make_shared<Owner>();
  owner->array = std::exchange(array, ArrowArray{});
  if (!owner->array.release) return malformed("it was released");
  Type type(TypeId::kStruct);
  type.children = schema->fields;
  TRY(check_array(type, owner->array, 0));
  const ArrowArray& root = owner->array;
  if (root.null_count != 0 && ColumnView(type, root, size_of(root.offset), size_of(root.length)).has_nulls()) {
    return malformed("a row as a whole is null");
  }
  return Batch(std::move(schema), std::move(owner));
}

size_t Batch::rows() const { return size_of(owner_->array.length); }

ColumnView Batch::column(size_t i) const {
  const ArrowArray& root = owner_->array;
  const ArrowArray& child = *root.children[i];
  return ColumnView((*schema_)[i].type, child, size_of(child.offset + root.offset), rows());
}

Batch Batch::slice(size_t begin, size_t rows) const {
  CHECK(begin <= this->rows() && rows <= this->rows() - begin);
  auto owner = std::make_shared<Owner>();
  for (size_t i = 0; i < columns(); ++i) owner->add_child(*this, i, begin, rows);
  owner->kept = {owner_};
  owner->finish(rows);
  return Batch(schema_, std::move(owner));
}

Result<Batch> with_columns(const Batch& left, const std::vector<size_t>& keep, const Batch& right) {
  if (left.rows() != right.rows()) {
    return fail(Code::kInternal, fmt::format("batches of different row counts: {} and {}", left.rows(), right.rows()));
  }
  auto schema = std::make_shared<Schema>();
  auto owner = std::make_shared<Batch::Owner>();
  for (const size_t i : keep) {
    CHECK(i < left.columns());
    schema->fields.push_back(left.schema()[i]);
    owner->add_child(left, i, 0, left.rows());
  }
  for (size_t i = 0; i < right.columns(); ++i) {
    schema->fields.push_back(right.schema()[i]);
    owner->add_child(right, i, 0, right.rows());
  }
  owner->kept = {left.owner_, right.owner_};
  owner->finish(left.rows());
  return Batch(std::move(schema), std::move(owner));
}

uint64_t Batch::bytes() const {
  uint64_t total = 0;
  for (size_t i = 0; i < columns(); ++i) total += bytes_of(column(i));
  return total;
}

namespace {

// A copy of an array's structs, buffers shared. Each node has its own release, as the specification asks: a consumer
// may move a child out of its parent and release the parent.
struct ExportedNode {
  std::shared_ptr<const void> memory;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};
};

void release_exported(ArrowArray* array) {
  const std::unique_ptr<ExportedNode> node(static_cast<ExportedNode*>(array->private_data));
  for (ArrowArray& child : node->children) {
    if (child.release) child.release(&child);
  }
  if (node->dictionary.release) node->dictionary.release(&node->dictionary);
  array->release = nullptr;
}

void export_array(const ArrowArray& array, const std::shared_ptr<const void>& memory, ArrowArray* out) {
  auto node = std::make_unique<ExportedNode>();
  node->memory = memory;
  node->children.resize(size_of(array.n_children));
  for (size_t i = 0; i < node->children.size(); ++i) {
    export_array(*array.children[i], memory, &node->children[i]);
    node->child_pointers.push_back(&node->children[i]);
  }
  if (array.dictionary) export_array(*array.dictionary, memory, &node->dictionary);
  *out = array;
  out->children = node->child_pointers.data();
  out->dictionary = array.dictionary ? &node->dictionary : nullptr;
  out->release = release_exported;
  out->private_data = node.release();
}

}  // namespace

void Batch::export_to(ArrowArray* out) const { export_array(owner_->array, owner_, out); }

}  // namespace sinan::arrow
