-- The answer that the TRAIN benchmarks compare.
SELECT * FROM 'test.parquet' TO EVALUATE bench_model WITH validation.metrics="roc_auc_score" LABEL y INTO quality;
