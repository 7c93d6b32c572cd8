-- What the benchmark psi measures: newer rows cut at the boundaries of older ones, and the stability index of both.
SELECT * FROM 'new.parquet' TO RUN any/image CMD "binning.py", "--columns=bell,tail", "--bin_input_table=bins" INTO new_bins;
SELECT * FROM new_bins TO RUN any/image CMD "psi.py", "--refer_stats_table=bins" INTO stability;
