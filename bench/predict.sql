-- What the PREDICT benchmark measures: the rows of a Parquet file with their predictions into a table.
SELECT * FROM 'train.parquet' TO PREDICT scored.prediction USING bench_model;
