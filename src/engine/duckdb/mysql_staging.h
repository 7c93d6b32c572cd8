// MySqlStaging: tables of a MySQL source that appear whole or not at all. MySQL commits at every CREATE TABLE, so rows go into a
// table beside the one that is meant, and one RENAME TABLE, which MySQL does as a whole, puts all of a transaction in place.
//
// Of one session, which it uses; what a killed process leaves is a table named __sinan_new_.. or __sinan_old_.. in that schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/dialect.h"
#include "engine/engine.h"

namespace sinan::engine {

class MySqlStaging {
 public:
  MySqlStaging(Session& session, const Dialect& dialect) : session_(session), dialect_(dialect) {}

  // The table to create and fill. `table` has all its parts; its schema is made if it is missing.
  // Errors: kExists when the table is there and may not be replaced.
  Result<TableName> open(const TableName& table, bool may_replace);
  // Before COMMIT: puts what was written since the last time in place.
  Status publish();
  // After COMMIT and ROLLBACK: removes what is left over. What cannot be removed is logged.
  void clean();

 private:
  struct Swap {
    TableName table;
    std::string staged;
    std::string old;  // what the table's former content is called until it is dropped
    bool replaces = false;
  };
  // On the server, as it stands.
  Status send(const std::string& source, const std::string& sql);
  Result<bool> finds(const std::string& source, const std::string& sql);
  void drop(const TableName& table, const std::string& name);

  Session& session_;
  const Dialect& dialect_;
  std::vector<Swap> swaps_;
  std::vector<Swap> published_;
};

// `a``b`: a name as MySQL quotes it.
std::string mysql_name(std::string_view name);
std::string mysql_table(const TableName& name);

}  // namespace sinan::engine
