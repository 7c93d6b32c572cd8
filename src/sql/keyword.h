// The keywords that the parser of standard SQL asks for, and which of them a person may use as a name.
//
// Finding one is a hash and one comparison, so that the lexer can do it for every word. Word classes follow DuckDB: a
// reserved word is no name at all, a `kNoAlias` word is a name but never an alias without AS (`FROM a LEFT JOIN b`).
#pragma once

#include <cstdint>
#include <string_view>

namespace sinan::sql {

// X(word, class): K plain, R reserved, A no alias.
// clang-format off
#define SINAN_SQL_KEYWORDS(X) \
  X(ADD, K) X(ALL, R) X(ALTER, K) X(ALWAYS, K) X(ANALYZE, R) X(AND, R) X(ANTI, A) X(ANY, R) X(ARRAY, R) X(AS, R) \
  X(ASC, R) X(ASOF, A) X(AT, A) X(ATTACH, K) X(BEGIN, K) X(BETWEEN, K) X(BY, K) X(CALL, K) X(CASCADE, K) X(CASE, R) \
  X(CAST, R) X(CHECK, R) X(CHECKPOINT, K) X(COLLATE, R) X(COLUMN, R) X(COLUMNS, K) X(COMMENT, K) X(COMMIT, K) \
  X(CONCURRENTLY, A) X(CONFLICT, K) X(CONSTRAINT, R) X(COPY, K) X(CREATE, R) X(CROSS, A) X(CUBE, K) X(CURRENT, K) \
  X(DATA, K) X(DATABASE, K) X(DATABASES, K) X(DAY, K) X(DEALLOCATE, K) X(DEFAULT, R) X(DELETE, K) X(DESC, R) \
  X(DESCRIBE, R) X(DETACH, K) X(DISTINCT, R) X(DO, R) X(DROP, K) X(ELSE, R) X(END, R) X(ENUM, K) X(ESCAPE, K) \
  X(EXCEPT, R) X(EXCLUDE, K) X(EXECUTE, K) X(EXISTS, K) X(EXPLAIN, K) X(EXPORT, K) X(EXTRACT, K) X(FALSE, R) \
  X(FETCH, R) X(FILTER, K) X(FOLLOWING, K) X(FOR, R) X(FORCE, K) X(FOREIGN, R) X(FROM, R) X(FULL, A) X(FUNCTION, K) \
  X(GENERATED, A) X(GLOB, A) X(GLOBAL, K) X(GROUP, R) X(GROUPING, K) X(GROUPS, K) X(HAVING, R) X(HOUR, K) X(IF, K) \
  X(IGNORE, K) X(ILIKE, A) X(IMPORT, K) X(IN, R) X(INCLUDE, K) X(INDEX, K) X(INNER, A) X(INSERT, K) X(INSTALL, K) \
  X(INTERSECT, R) X(INTERVAL, K) X(INTO, R) X(IS, A) X(ISNULL, A) X(JOIN, A) X(KEY, K) X(LAMBDA, R) X(LATERAL, R) \
  X(LEFT, A) X(LIKE, A) X(LIMIT, R) X(LOAD, K) X(LOCAL, K) X(MACRO, K) X(MAP, A) X(MATCHED, K) X(MATERIALIZED, K) \
  X(MERGE, K) X(MINUTE, K) X(MONTH, K) X(NAME, K) X(NATURAL, A) X(NO, K) X(NOT, R) X(NOTHING, K) X(NOTNULL, A) \
  X(NULL, R) X(NULLS, K) X(OF, K) X(OFFSET, R) X(ON, R) X(OR, R) X(ORDER, R) X(ORDINALITY, K) X(OUTER, A) X(OVER, K) \
  X(OVERLAY, K) X(OVERWRITE, K) X(PARTITION, K) X(PERCENT, K) X(PERSISTENT, K) X(PIVOT, R) X(POSITION, K) \
  X(POSITIONAL, A) X(PRAGMA, K) X(PRECEDING, K) X(PREPARE, K) X(PRIMARY, R) X(QUALIFY, R) X(RANGE, K) \
  X(RECURSIVE, K) X(REFERENCES, R) X(RENAME, K) X(REPEATABLE, K) X(REPLACE, K) X(RESET, K) X(RESPECT, K) \
  X(RESTRICT, K) X(RETURNING, R) X(RIGHT, A) X(ROLLBACK, K) X(ROLLUP, K) X(ROW, K) X(ROWS, K) X(SAMPLE, K) \
  X(SCHEMA, K) X(SECOND, K) X(SECRET, K) X(SELECT, R) X(SEMI, A) X(SEQUENCE, K) X(SESSION, K) X(SET, K) X(SETS, K) \
  X(SHOW, R) X(SIMILAR, A) X(SOURCE, K) X(START, K) X(STRUCT, A) X(SUBSTRING, K) X(SUMMARIZE, R) X(TABLE, R) \
  X(TABLES, K) X(TABLESAMPLE, A) X(TARGET, K) X(TEMP, K) X(TEMPORARY, K) X(THEN, R) X(TIES, K) X(TO, R) \
  X(TRANSACTION, K) X(TRIM, K) X(TRUE, R) X(TRUNCATE, K) X(TRY_CAST, A) X(TYPE, K) X(UNBOUNDED, K) X(UNION, R) \
  X(UNIQUE, R) X(UNLOGGED, K) X(UNPIVOT, R) X(UPDATE, K) X(USE, K) X(USING, R) X(VACUUM, K) X(VALUES, K) \
  X(VARIABLE, K) X(VARYING, K) X(VIEW, K) X(WHEN, R) X(WHERE, R) X(WINDOW, R) X(WITH, R) X(WITHIN, K) X(WITHOUT, K) \
  X(WORK, K) X(YEAR, K) X(ZONE, K)
// clang-format on

// Enumerators are the words themselves, upper case as in the SQL standard, with a `k` before.
enum class Keyword : uint8_t {
  kNone,
#define SINAN_SQL_ENUMERATOR(word, word_class) k##word,
  SINAN_SQL_KEYWORDS(SINAN_SQL_ENUMERATOR)
#undef SINAN_SQL_ENUMERATOR
};

enum class KeywordClass : uint8_t { kPlain, kReserved, kNoAlias };

// The keyword that `word` (any case) spells; kNone otherwise.
Keyword find_keyword(std::string_view word);
KeywordClass class_of(Keyword keyword);
// Upper case; empty for kNone.
std::string_view to_string(Keyword keyword);

}  // namespace sinan::sql
