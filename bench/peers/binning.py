"""The peer of TO RUN with binning.py and psi.py: pandas and numpy on Parquet files.

    binning.py cut|histogram binning|psi OLD.parquet NEW.parquet

`cut` is pd.cut with counts of its categories, `histogram` numpy's. binning: statistics and ten even bins of each column of the old
rows. psi: both tables' shares in the old rows' bins, of which only the new rows' are timed: the old ones are there already.

Prints {"total": s, "columns": {name: {"min", "max", "mean", "median", "std", "prob", "psi"}}}. Importing is not counted.
"""

import json
import sys
import time

import numpy as np
import pandas as pd

BINS = 10


def shares(values: pd.Series, edges: np.ndarray, way: str) -> np.ndarray:
    clipped = values.clip(edges[0], edges[-1])
    if way == "cut":
        codes = pd.cut(clipped, edges, include_lowest=True)
        counts = codes.groupby(codes, observed=False).count().to_numpy()
    else:
        counts = np.histogram(clipped.to_numpy(), edges)[0]
    return counts / counts.sum()


def statistics(values: pd.Series) -> dict:
    return {"min": values.min(), "max": values.max(), "mean": values.mean(), "median": values.median(), "std": values.std()}


def edges_of(values: pd.Series) -> np.ndarray:
    return np.linspace(values.min(), values.max(), BINS + 1)


def psi(expected: np.ndarray, actual: np.ndarray) -> float:
    e, a = np.where(expected == 0, 0.001, expected), np.where(actual == 0, 0.001, actual)
    return float(((e - a) * np.log(e / a)).sum())


def main() -> None:
    way, task, old_path, new_path = sys.argv[1:5]
    edges, before = {}, {}
    if task == "psi":
        old = pd.read_parquet(old_path)
        edges = {name: edges_of(old[name]) for name in old}
        before = {name: shares(old[name], edges[name], way) for name in old}
        del old
    begin, begin_cpu = time.perf_counter(), time.process_time()
    rows = pd.read_parquet(old_path if task == "binning" else new_path)
    columns = {}
    for name in rows:
        column = statistics(rows[name])
        prob = shares(rows[name], edges_of(rows[name]) if task == "binning" else edges[name], way)
        column["prob"] = prob.tolist()
        if task == "psi":
            column["psi"] = psi(before[name], prob)
        columns[name] = {key: value if isinstance(value, list) else float(value) for key, value in column.items()}
    print(json.dumps({"total": time.perf_counter() - begin, "total_cpu": time.process_time() - begin_cpu, "columns": columns}))


main()
