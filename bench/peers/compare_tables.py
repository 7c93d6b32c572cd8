"""Compares a column of two tables in two DuckDB files, or in one, row by row in their order.

    compare_tables.py A.duckdb TABLE B.duckdb TABLE COLUMN

Prints {"rows_a": n, "rows_b": n, "same_columns": bool, "largest": greatest difference (null where one is NULL), "other":
rows in which another column differs}.
"""

import json
import sys

import duckdb


def main() -> None:
    file_a, table_a, file_b, table_b, column = sys.argv[1:6]
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{file_a}' AS a (READ_ONLY)")
    if file_b != file_a:
        connection.execute(f"ATTACH '{file_b}' AS b (READ_ONLY)")

    def one(query: str):
        return connection.execute(query).fetchone()

    def columns(table: str) -> list[str]:
        return [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]

    a, b = f"a.{table_a}", f"{'a' if file_b == file_a else 'b'}.{table_b}"
    names = columns(a)
    others = [name for name in names if name != column]
    differs = " OR ".join(f'x."{name}" IS DISTINCT FROM y."{name}"' for name in others) or "false"
    largest, nulls, other = one(
        f'SELECT max(abs(x."{column}" - y."{column}")), count(*) FILTER (x."{column}" IS NULL OR y."{column}" IS NULL), '
        f"count(*) FILTER ({differs}) FROM {a} x POSITIONAL JOIN {b} y")
    print(json.dumps({"rows_a": one(f"SELECT count(*) FROM {a}")[0], "rows_b": one(f"SELECT count(*) FROM {b}")[0],
                      "same_columns": names == columns(b), "largest": None if nulls else largest, "other": other}))


main()
