#include "base/object_ref.h"

namespace sinan {

std::string ObjectRef::to_string() const {
  std::string text = kind + " " + name;
  if (version != 0) text += " version " + std::to_string(version);
  return text;
}

}  // namespace sinan
