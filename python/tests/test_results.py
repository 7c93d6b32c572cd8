from __future__ import annotations

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sinan

# Every type that a column can have, with the extremes that JSON or pandas would lose, and NULL.
TYPES = """
SELECT * FROM (VALUES
  (9223372036854775807::BIGINT, 18446744073709551615::UBIGINT, 1::TINYINT, 12345678901234567890.12::DECIMAL(30,2), 0.1::DOUBLE, 0.1::FLOAT,
   true, 'a<b>"ü' || chr(10), '\\x00\\x5C\\x41'::BLOB, DATE '2024-02-29', TIME '23:59:59.000001', TIMESTAMP '1969-12-31 23:59:59.5',
   TIMESTAMPTZ '2024-01-01 00:00:00+02', TIMESTAMP_NS '2024-01-01 00:00:00.123456789', [1, NULL, 3], {'k': DATE '2024-01-01', 'b': [1.50]},
   MAP {'x': DATE '2020-01-01'}, 'sad'::ENUM('sad', 'ok')),
  (NULL, NULL, NULL, NULL, 'nan'::DOUBLE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('-9223372036854775808'::BIGINT, 0::UBIGINT, (-128)::TINYINT, (-0.01)::DECIMAL(30,2), '-inf'::DOUBLE, 1e30::FLOAT,
   false, '', ''::BLOB, DATE '0001-01-01', TIME '00:00:00', TIMESTAMP '9999-12-31 23:59:59.999999',
   TIMESTAMPTZ '1900-01-01 00:00:00+00', TIMESTAMP_NS '1969-12-31 23:59:59.999999999', [], {'k': NULL, 'b': []},
   MAP {}, 'ok'::ENUM('sad', 'ok'))
) AS t(big, ubig, tiny, dec, dbl, flt, yes, txt, bin, day, clock, stamp, zoned, nano, list, struct, map, mood)
"""


def test_types_are_those_of_the_same_rows_in_parquet(project: sinan.Connection) -> None:
    """Parquet is written by the engine and read by pyarrow: nothing of it went through this package."""
    path = project.project / "types.parquet"
    project.sql(f"COPY ({TYPES}) TO '{path}' (FORMAT parquet)")
    expected = pq.read_table(path)
    table = project.sql(TYPES).to_arrow()
    assert table.column_names == expected.column_names
    assert table.num_rows == 3
    for name in table.column_names:
        got, want = table[name], expected[name]
        if name == "mood":  # Parquet has no ENUM
            assert pa.types.is_dictionary(got.type)
            got = got.cast(pa.string())
        if name in ("dbl",):  # NaN is not equal to itself
            assert [str(value) for value in got.to_pylist()] == [str(value) for value in want.to_pylist()]
            continue
        assert got.to_pylist() == want.to_pylist() if name != "nano" else got.cast(pa.int64()).equals(want.cast(pa.int64())), name
        if name not in ("mood", "list", "struct", "map", "zoned"):
            assert got.type == want.type, name


def test_rows_are_python_objects(project: sinan.Connection) -> None:
    first, second, third = project.sql(TYPES).rows()
    assert first[:4] == (2**63 - 1, 2**64 - 1, 1, Decimal("12345678901234567890.12"))
    assert first[7] == 'a<b>"ü\n' and first[8] == b"\x00\\A"
    assert first[9:11] == (datetime.date(2024, 2, 29), datetime.time(23, 59, 59, 1))
    assert first[11] == datetime.datetime(1969, 12, 31, 23, 59, 59, 500000)
    assert first[12] == datetime.datetime(2023, 12, 31, 22, tzinfo=datetime.timezone.utc)
    assert first[14] == [1, None, 3]
    assert first[15] == {"k": datetime.date(2024, 1, 1), "b": [Decimal("1.50")]}
    assert first[16] == {"x": datetime.date(2020, 1, 1)} and first[17] == "sad"
    assert second[4] != second[4] and second[:4] == (None,) * 4  # NaN, which is not NULL
    assert third[4] == float("-inf") and third[7] == "" and third[8] == b"" and third[14] == []


def test_pandas_loses_no_digit(project: sinan.Connection) -> None:
    frame = project.sql(TYPES).to_pandas()
    assert frame["big"].dtype == "Int64" and frame["ubig"].dtype == "UInt64" and frame["tiny"].dtype == "Int8"
    assert frame["big"].tolist() == [2**63 - 1, pd.NA, -(2**63)]
    assert frame["ubig"][0] == 2**64 - 1
    assert frame["yes"].dtype == "boolean" and frame["mood"].dtype == "category"
    assert frame["nano"][0].nanosecond == 789
    assert project.sql("SELECT range AS i FROM range(3)").to_pandas()["i"].dtype == "int64"


def test_no_rows_still_have_columns(project: sinan.Connection) -> None:
    run = project.sql("SELECT 1::SMALLINT AS a, 2.5::DECIMAL(4,1) AS b, 'x' AS c WHERE false")
    assert run.rows() == [] and len(run.table) == 0
    assert [(column.name, column.type) for column in run.table.columns] == [
        ("a", "int16"), ("b", "decimal(4,1)"), ("c", "string")
    ]  # fmt: skip
    assert run.to_arrow().schema.types == [pa.int16(), pa.decimal128(4, 1), pa.string()]
    assert list(run.to_pandas().columns) == ["a", "b", "c"]


def test_names_may_repeat(project: sinan.Connection) -> None:
    run = project.sql("SELECT 1 AS a, NULL::INT AS a, 3 AS a")
    assert run.rows() == [(1, None, 3)]
    assert run.to_arrow().column_names == ["a", "a", "a"]
    assert run.to_pandas().columns.tolist() == ["a", "a", "a"]


def test_many_rows(project: sinan.Connection) -> None:
    table = project.sql("SELECT range AS i, range * 0.5::DOUBLE AS x FROM range(200000)").to_arrow()
    assert table["i"].to_pylist() == list(range(200_000))
    assert table["x"].to_pylist() == [i * 0.5 for i in range(200_000)]


def test_results_of_parallel_steps_keep_their_order(project: sinan.Connection) -> None:
    program = "; ".join(f"SELECT {i} AS step, range AS r FROM range({i * 20_000})" for i in range(6, 0, -1))
    tables = project.sql(program).tables
    assert [len(table) for table in tables] == [i * 20_000 for i in range(6, 0, -1)]
    for i, table in zip(range(6, 0, -1), tables):
        assert {row[0] for row in table.rows()} == {i}


@pytest.mark.parametrize("text", ["DATE 'infinity'", "TIMESTAMP '-infinity'", "DATE '20000-01-01'", "DATE '0044-03-15 (BC)'"])
def test_what_python_has_no_date_for_is_refused(project: sinan.Connection, text: str) -> None:
    run = project.sql(f"SELECT {text} AS d")
    for convert in (run.rows, run.to_arrow, run.to_pandas):
        with pytest.raises(sinan.Error) as caught:
            convert()
        assert caught.value.code == "data" and "VARCHAR" in caught.value.hint


def test_html_is_escaped(project: sinan.Connection) -> None:
    table = project.sql("""SELECT '<script>alert(1)</script>' AS "<b>", NULL AS n FROM range(30)""").table
    shown = table._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown
    assert "&lt;script&gt;" in shown and "first 20 of 30 rows" in shown
    assert shown.count("<tr>") == 21
