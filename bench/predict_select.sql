-- What the predict_select benchmark measures: predict() in a plain SELECT, into a table.
CREATE OR REPLACE TABLE selected AS SELECT *, predict('points_model', p) AS y FROM points p;
