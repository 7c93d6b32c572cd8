"""Writes the corpus of arrow_ipc_fuzzer, which arrow_ipc_test.cc reads as well: streams made by pyarrow (build/deps/python after
deps/fetch --groups python; pyarrow 26.0.1).

    python arrow_ipc_corpus.py corpus/arrow_ipc_fuzzer
"""

import datetime
import decimal
import pathlib
import sys

import pyarrow as pa


def table() -> pa.Table:
    day = datetime.date(2024, 2, 29)
    return pa.table({
        "b": pa.array([True, None, False]),
        "i8": pa.array([-1, 2, None], pa.int8()),
        "u64": pa.array([0, 2**63, 7], pa.uint64()),
        "f": pa.array([0.5, None, -1.5], pa.float32()),
        "d": pa.array([0.1, 1e300, None]),
        "money": pa.array([decimal.Decimal("-12.50"), None, decimal.Decimal("999.99")], pa.decimal128(5, 2)),
        "text": pa.array(["é", None, ""]),
        "large": pa.array(["a", "bc", None], pa.large_string()),
        "bytes": pa.array([b"\0\xff", None, b""], pa.binary()),
        "day": pa.array([day, None, day]),
        "time": pa.array([datetime.time(1, 2, 3), None, datetime.time(23, 59, 59)], pa.time64("us")),
        "at": pa.array([datetime.datetime(2024, 2, 29, 1), None, None], pa.timestamp("ms", "UTC")),
        "none": pa.nulls(3),
    })


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    rows = table()
    with pa.ipc.new_stream(str(folder / "stream"), rows.schema) as writer:
        writer.write_table(rows)
        writer.write_table(rows.slice(1), max_chunksize=1)
    with pa.ipc.new_file(str(folder / "file"), rows.schema) as writer:
        writer.write_table(rows)
    for name, data, options in (
        ("compressed", {"a": list(range(100))}, pa.ipc.IpcWriteOptions(compression="lz4")),
        ("dictionary", {"a": pa.array(["x", "y"]).dictionary_encode()}, None),
        ("list", {"a": [[1], [2, 3]]}, None),
    ):
        rows = pa.table(data)
        with pa.ipc.new_stream(str(folder / name), rows.schema, options=options) as writer:
            writer.write_table(rows)


main()
