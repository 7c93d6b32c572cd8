"""Makes the training data of the TRAIN benchmarks as Parquet files, with DuckDB and a fixed seed.

    train_data.py floats  ROWS TRAIN.parquet TEST.parquet    28 float columns and a label y
    train_data.py clouds  ROWS TRAIN.parquet TEST.parquet    10 float columns, 8 overlapping clouds
    train_data.py strings ROWS TRAIN.parquet TEST.parquet    20 text columns of 10 to 10,000 values and a label y
"""

import sys

import duckdb

FLOATS = 28
STRINGS = 20
CLOUDS = 8
CLOUD_COLUMNS = 10
TEST_ROWS = 100_000


def distinct_values(column: int) -> int:
    """10, ..., 10000 in equal ratios."""
    return round(10 * 1000 ** (column / (STRINGS - 1)))


def floats_query(rows: int, first: int) -> str:
    # hash() of row and column is a random number that does not depend on threads.
    def uniform(column: int) -> str:
        return f"(hash(i * 64 + {column}) / 18446744073709551616.0)"

    columns = []
    for f in range(FLOATS):
        # A third uniform, a third bell-shaped, a third long-tailed.
        value = [uniform(f), f"({uniform(f)} + {uniform(f + 32)} + hash(i * 7 + {f}) / 18446744073709551616.0 - 1.5)",
                 f"(-ln(1 - {uniform(f)} * 0.999999))"][f % 3]
        columns.append(f"({value} * {f + 1})::FLOAT AS f{f}")
    inner = f"SELECT i, {', '.join(columns)} FROM range({first}, {first + rows}) t(i)"
    score = "3 * f0 + f1 - f2 / 3 + 2 * (f3 / 4) * (f4 / 5) - (f6 / 7) * (f7 / 8) + sin(f9) + (f10 > 3)::INT - 1.5"
    return (f"SELECT * EXCLUDE (i), (hash(i * 64 + 63) / 18446744073709551616.0 < 1 / (1 + exp(-({score}))))::INT AS y "
            f"FROM ({inner}) ORDER BY i")


def strings_query(rows: int, first: int) -> str:
    columns, score = [], []
    for c in range(STRINGS):
        n = distinct_values(c)
        # Zipf-like: small numbers are more frequent.
        number = f"(({n} ** (hash(i * 64 + {c}) / 18446744073709551616.0))::INT - 1)"
        columns.append(f"{number} AS n{c}")
        score.append(f"(hash(n{c} * 31 + {c}) % 1000 / 1000.0 - 0.5)")
    inner = f"SELECT i, {', '.join(columns)} FROM range({first}, {first + rows}) t(i)"
    texts = ", ".join(f"'{['item', 'city ', 'v', 'customer-'][c % 4]}' || n{c} AS s{c}" for c in range(STRINGS))
    return (f"SELECT {texts}, (hash(i * 64 + 63) / 18446744073709551616.0 < 1 / (1 + exp(-({' + '.join(score)}))))::INT AS y "
            f"FROM ({inner}) ORDER BY i")


def clouds_query(rows: int, first: int) -> str:
    columns = []
    for c in range(CLOUD_COLUMNS):
        # The sum of three uniform numbers is bell-shaped enough; centres are 0 to 10 apart in each column.
        spread = " + ".join(f"hash(i * 64 + {c + 10 * k}) / 18446744073709551616.0" for k in range(3))
        columns.append(f"(hash(i % {CLOUDS} * 100 + {c}) % 1000 / 100.0 + 2 * ({spread}))::FLOAT AS c{c}")
    return f"SELECT {', '.join(columns)} FROM range({first}, {first + rows}) t(i) ORDER BY i"


def main() -> None:
    kind, rows, train, test = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    query = {"floats": floats_query, "strings": strings_query, "clouds": clouds_query}[kind]
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(f"COPY ({query(rows, 0)}) TO '{train}' (FORMAT parquet)")
    connection.execute(f"COPY ({query(TEST_ROWS, rows)}) TO '{test}' (FORMAT parquet)")


main()
