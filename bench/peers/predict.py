"""The peer of PREDICT: XGBoost's in-place prediction in Python, written to a DuckDB table with the rows it was made from.

    predict.py WAY MODEL.ubj ROWS.parquet OUT.duckdb THREADS

WAY: pandas (columns as they are) or numpy (one array of rows). Replaces the table `scored` of OUT: the columns of ROWS
without the label y, and the prediction as FLOAT. Prints {"load": s, "predict": s, "write": s, "total": s,
"total_cpu": processor time of the total, "rows": n}; importing packages and loading the model are not counted.
"""

import json
import sys
import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

LABEL = "y"


def main() -> None:
    way, model, rows, out, threads = *sys.argv[1:5], int(sys.argv[5])
    booster = xgb.Booster({"nthread": threads}, model_file=model)
    connection = duckdb.connect(out, config={"threads": threads})

    begin, cpu = time.perf_counter(), time.process_time()
    table = pq.read_table(rows).drop_columns([LABEL])
    loaded = time.perf_counter()
    frame = table.to_pandas()
    values = frame if way == "pandas" else frame.to_numpy()
    predicted = booster.inplace_predict(values, validate_features=False)
    done = time.perf_counter()
    scored = table.append_column("prediction", pa.array(predicted))
    connection.execute("CREATE OR REPLACE TABLE scored AS SELECT * FROM scored")
    end = time.perf_counter()
    print(json.dumps({"load": loaded - begin, "predict": done - loaded, "write": end - done, "total": end - begin,
                      "total_cpu": time.process_time() - cpu, "rows": len(predicted)}))


main()
