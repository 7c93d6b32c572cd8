-- What the TRAIN benchmarks measure: the rows of a Parquet file into a model.
SELECT * FROM 'train.parquet' TO TRAIN xgboost.gbtree
  WITH objective="binary:logistic", train.num_boost_round=${rounds}, max_depth=6
  LABEL y INTO bench_model;
