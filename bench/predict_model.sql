-- The model of the PREDICT benchmark: 100 trees of depth 6, learnt from some of the rows.
SELECT * FROM 'train.parquet' LIMIT 300000 TO TRAIN xgboost.gbtree
  WITH objective="reg:squarederror", train.num_boost_round=100, max_depth=6
  LABEL y INTO bench_model;
