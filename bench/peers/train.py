"""The peer of TRAIN: XGBoost's Python package on a Parquet file, one way of loading it a process.

    train.py WAY TRAIN.parquet TEST.parquet ROUNDS THREADS

WAY is <source>_<matrix>: pandas or arrow into dmatrix or quantile for numbers; categories (pandas' astype) or dictionary
(dictionary-encoded as it is read) into dmatrix or quantile for text. Source `frequency` is for comparing answers on text, not
times: categories are ordered as ours are, by count and bytes, and a value that training has not seen is one more category,
where the others take it for missing. The label is column y.

Prints {"load": s, "matrix": s, "rounds": [s, ...], "total": s, "outside": s, "outside_cpu": s, "peak_memory": bytes,
"auc": on TEST}. The first round also sets up what the matrix put off, so the rounds are counted as n times the mean of the
later ones and all else is outside. Importing packages is not counted.
"""

import json
import resource
import sys
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

LABEL = "y"
TEXT_SOURCES = ("categories", "dictionary", "frequency")
UNSEEN = "\0unseen"


def load(source: str, path: str):
    if source == "pandas":
        frame = pd.read_parquet(path)
        return frame, frame.pop(LABEL)
    if source == "arrow":
        table = pq.read_table(path)
        return table.drop_columns([LABEL]), table[LABEL].to_numpy()
    if source == "categories":
        frame = pd.read_parquet(path)
        label = frame.pop(LABEL)
        return frame.astype("category"), label
    if source == "frequency":
        frame = pd.read_parquet(path)
        label = frame.pop(LABEL)
        for name in frame.columns:
            counts = frame[name].value_counts()
            ordered = sorted(counts.index, key=lambda text: (-counts[text], text))
            frame[name] = pd.Categorical(frame[name], categories=ordered + [UNSEEN])
        return frame, label
    if source == "dictionary":
        text = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
        frame = pq.read_table(path, read_dictionary=text).to_pandas()
        return frame, frame.pop(LABEL)
    raise SystemExit(f"unknown source: {source}")


def build(matrix: str, data, label, threads: int) -> xgb.DMatrix:
    kind = {"dmatrix": xgb.DMatrix, "quantile": xgb.QuantileDMatrix}[matrix]
    return kind(data, label=label, nthread=threads, enable_categorical=True)


def inside(times: list[float]) -> float:
    return sum(times[1:]) * len(times) / (len(times) - 1)


def main() -> None:
    way, train_path, test_path = sys.argv[1:4]
    rounds, threads = int(sys.argv[4]), int(sys.argv[5])
    source, matrix = way.split("_")

    begin, begin_cpu = time.perf_counter(), time.process_time()
    data, label = load(source, train_path)
    loaded = time.perf_counter()
    train = build(matrix, data, label, threads)
    vocabularies = {name: data[name].cat.categories for name in data.columns} if source in TEXT_SOURCES else {}
    del data, label
    built = time.perf_counter()
    parameters = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 6, "nthread": threads}
    booster = xgb.Booster(parameters, [train])
    times, cpu_times = [], []
    for number in range(rounds):
        before, before_cpu = time.perf_counter(), time.process_time()
        booster.update(train, number)
        times.append(time.perf_counter() - before)
        cpu_times.append(time.process_time() - before_cpu)
    total, total_cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    # The area under the curve, by the library's own metric.
    booster.set_param({"eval_metric": "auc"})
    data, label = load(source, test_path)
    for name, vocabulary in vocabularies.items():
        data[name] = data[name].cat.set_categories(vocabulary)  # what training has not seen is missing
        if UNSEEN in vocabulary:
            data[name] = data[name].fillna(UNSEEN)
    test = build("dmatrix", data, label, threads)
    area = float(booster.eval(test).rsplit(":", 1)[1])
    print(json.dumps({"load": loaded - begin, "matrix": built - loaded, "rounds": times, "total": total,
                      "outside": total - inside(times), "outside_cpu": total_cpu - inside(cpu_times), "peak_memory": peak,
                      "auc": area}))


main()
