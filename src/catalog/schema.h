// The tables of catalog.db, as migrations (docs/formats/catalog.md). A released migration never changes: add another.
#pragma once

#include <span>

#include "store/database.h"

namespace sinan::catalog {

std::span<const store::Migration> migrations();

}  // namespace sinan::catalog
