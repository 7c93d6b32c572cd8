#include "engine/function_host.h"

namespace sinan::engine {

std::string FunctionHandle::call(const std::vector<std::string>& arguments) const {
  std::string sql = name_ + "(" + std::to_string(number_);
  for (const std::string& argument : arguments) sql += ", " + argument;
  return sql + ")";
}

}  // namespace sinan::engine
