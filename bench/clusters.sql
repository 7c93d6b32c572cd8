-- What the benchmark kmeans measures: the rows of a Parquet file into clusters.
SELECT * FROM 'train.parquet' TO TRAIN KMeans WITH center_count=8, seed=${seed} INTO bench_clusters;
