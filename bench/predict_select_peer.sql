-- The other side of the predict_select benchmark: the same rows with their predictions, by TO PREDICT.
SELECT * FROM points TO PREDICT predicted.y USING points_model;
