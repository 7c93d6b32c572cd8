#include "arrow/value_width.h"

namespace sinan::arrow {

size_t value_width(const Type& type) {
  switch (type.id) {
    case TypeId::kInt8:
    case TypeId::kUInt8:
      return 1;
    case TypeId::kInt16:
    case TypeId::kUInt16:
      return 2;
    case TypeId::kInt32:
    case TypeId::kUInt32:
    case TypeId::kFloat:
    case TypeId::kDate:
      return 4;
    case TypeId::kInt64:
    case TypeId::kUInt64:
    case TypeId::kDouble:
    case TypeId::kTimestamp:
      return 8;
    case TypeId::kTime:
      return type.unit <= TimeUnit::kMilli ? 4 : 8;
    case TypeId::kDecimal:
      return 16;
    default:
      return 0;
  }
}

}  // namespace sinan::arrow
