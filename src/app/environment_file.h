// Files of KEY=VALUE lines, which say what the environment would: SINAN_DATA_SOURCE, SQLFLOW_DATASOURCE, or variables that URLs
// of data sources name. A variable that the environment already has is left as it is.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace sinan::app {

// Lines "KEY=VALUE", also "export KEY=VALUE"; empty ones and those that begin with '#' are skipped. A value may stand in quotes.
// Errors (kArgument): a line that is none of these, by its number; its text, which may be secret, is not shown.
Result<std::vector<std::pair<std::string, std::string>>> parse_environment(std::string_view text,
                                                                           std::string_view file_name);

// Reads each file and sets what it names. Before any thread is started.
Status load_environment(const std::vector<std::string>& files);

// The unnamed data source of the environment (SINAN_DATA_SOURCE, else SQLFLOW_DATASOURCE); empty: none.
std::string data_source_of_environment();

}  // namespace sinan::app
