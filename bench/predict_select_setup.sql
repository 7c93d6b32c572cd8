-- The rows and the model of the predict_select benchmark: few narrow columns, so that ten million rows fit anywhere.
CREATE OR REPLACE TABLE points AS
  SELECT i AS id, CAST(hash(i) % 1000 AS FLOAT) / 10 AS a, CAST(hash(i + 1) % 1000 AS FLOAT) / 10 AS b, CAST(hash(i, 2) % 100 AS FLOAT) AS c,
         CAST(hash(i, 3) % 50 AS INTEGER) AS d, CAST(hash(i, 4) % 7 AS INTEGER) AS e, CAST(hash(i, 5) % 9973 AS FLOAT) AS f
  FROM range(${rows}) t(i);
SELECT a, b, c, d, e, f, a * b / 10 - c * d + e * f / 100 AS y FROM points LIMIT 100000
TO TRAIN xgboost.gbtree WITH objective="reg:squarederror", train.num_boost_round=100, max_depth=6 LABEL y INTO points_model;
