-- What the benchmark binning measures: statistics and ten bins of two columns of a Parquet file.
SELECT * FROM 'old.parquet' TO RUN any/image CMD "binning.py", "--columns=bell,tail", "--bin_num=10" INTO bins;
