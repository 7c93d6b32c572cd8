#include "flow/object_scope.h"

namespace sinan::flow {

std::vector<std::string> CatalogScope::known_names(std::string_view kind) const {
  std::vector<std::string> names;
  if (auto objects = catalog_.objects(kind)) {
    for (const auto& object : *objects) names.push_back(object.ref.name);
  }
  return names;
}

}  // namespace sinan::flow
