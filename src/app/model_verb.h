// sinan model ...: the words behind it as the statements that do the same. Pure function.
#pragma once

#include <span>
#include <string>

#include "base/error.h"

namespace sinan::app {

//   list [PATTERN]                   SHOW MODELS [LIKE 'PATTERN']
//   get NAME FOLDER                  EXPORT MODEL NAME TO 'FOLDER'
//   release NAME VERSION [ALIAS]     ALTER MODEL NAME SET ALIAS prod TO VERSION VERSION
//   delete NAME                      DROP MODEL NAME
// Errors: kArgument for other words, and for names that would be more than a name.
Result<std::string> model_program(std::span<const std::string> words);

}  // namespace sinan::app
