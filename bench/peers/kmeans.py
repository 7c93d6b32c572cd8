"""The peer of TRAIN KMeans: scikit-learn on a Parquet file.

    kmeans.py WAY TRAIN.parquet CLUSTERS SEED THREADS

WAY is float32 or float64: what the values are when KMeans sees them. Starts and stops are scikit-learn's defaults, which
are ours: one start of k-means++, at most 300 iterations, tolerance 1e-4.

Prints {"load": s, "fit": s, "fit_cpu": s, "total": s, "inertia": .., "iterations": ..}. Importing is not counted.
"""

import json
import sys
import time

import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits


def main() -> None:
    way, path, clusters, seed, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    begin = time.perf_counter()
    values = pd.read_parquet(path).to_numpy(dtype=way)
    loaded, loaded_cpu = time.perf_counter(), time.process_time()
    with threadpool_limits(threads):
        model = KMeans(clusters, random_state=seed).fit(values)
    end, end_cpu = time.perf_counter(), time.process_time()
    print(json.dumps({"load": loaded - begin, "fit": end - loaded, "fit_cpu": end_cpu - loaded_cpu, "total": end - begin,
                      "inertia": float(model.inertia_), "iterations": int(model.n_iter_)}))


main()
