// A tree model as one SELECT in plain SQL: every tree a CASE over the input columns, their sum the margin, the objective's link
// around it. The text runs in DuckDB and PostgreSQL; it uses nothing but CASE, CAST, EXTRACT, COALESCE, GREATEST, EXP and the like.
//
//     SELECT scored.*, <link of margin> AS probability, CASE .. END AS prediction
//     FROM (SELECT input.*, <trees> AS margin FROM "flights" AS input) AS scored
//
// NULL and NaN are missing, as in training; the sum is taken in double precision.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "ml/exchange/export_model.h"

namespace sinan::ml {

// "model.sql" and "export.json". `table` is the rows' source, a dotted name.
Result<std::vector<ExportedFile>> export_sql(const ExportModel& model, std::string_view table);

}  // namespace sinan::ml
