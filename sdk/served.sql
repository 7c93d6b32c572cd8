-- What the tests of the clients serve.
CREATE PARAMETER button.color STRING DEFAULT 'green' VALUES ('green', 'black', 'blue');
CREATE PARAMETER search.fast BOOL DEFAULT FALSE;
CREATE PARAMETER search.results INT DEFAULT 20;
CREATE PARAMETER search.weight DOUBLE DEFAULT 3;
CREATE PARAMETER search.layout JSON DEFAULT '{"columns": 2, "names": ["a", "b"]}';
ALTER PARAMETER search.results ADD RULE WHEN device = 'phone' THEN 10;
CREATE EXPERIMENT colors ON UNIT user_id GROUPS control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])
  WHEN city = 'Oslo' AND app_version >= '3.2.0'
  SET button.color = CASE GROUP WHEN control THEN 'green' WHEN t1 THEN 'black' WHEN t2 THEN 'blue' END;
START EXPERIMENT colors;
