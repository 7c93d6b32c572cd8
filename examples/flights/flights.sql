-- Will a flight out of New York arrive 15 minutes or more late? Said before departure, learnt from 2013's flights.
--
--     sinan run examples/flights/flights.sql            from the repository's root; `make demo` fetches the data first
--     sinan run --plan examples/flights/flights.sql     what it will do, without doing it
--
-- Data: nycflights13 (CC0): 336,776 flights with their weather, planes and airlines.

-- 1. Load and clean. "NA" is how the files spell a missing value; one weather row reports a wind of 1,048 miles an hour.
CREATE OR REPLACE TABLE flights AS
  SELECT * FROM read_csv('examples/flights/data/flights.csv', nullstr = 'NA');
CREATE OR REPLACE TABLE weather AS
  SELECT * REPLACE (CASE WHEN wind_speed < 200 THEN wind_speed END AS wind_speed)
  FROM read_csv('examples/flights/data/weather.csv', nullstr = 'NA');
CREATE OR REPLACE TABLE planes AS
  SELECT * FROM read_csv('examples/flights/data/planes.csv', nullstr = 'NA');
CREATE OR REPLACE TABLE airlines AS
  SELECT * FROM read_csv('examples/flights/data/airlines.csv', nullstr = 'NA');

-- 2. What is known before departure. `scheduled` is the local clock; departure and arrival times, delays and air time are
--    known only afterwards, and stay out of every feature but the yesterday ones.
CREATE OR REPLACE TABLE departures AS
  SELECT make_timestamp(year, month, day, hour, minute, 0.0) AS scheduled, make_date(year, month, day) AS day_of_flight,
         time_hour, carrier, flight, tailnum, origin, dest, distance,
         (sched_arr_time // 100) * 60 + sched_arr_time % 100 AS arrival_minute,
         arr_delay >= 15 AS late
  FROM flights
  WHERE arr_delay IS NOT NULL;  -- cancelled and diverted flights never arrived

-- How yesterday went, by airport and by airline.
CREATE OR REPLACE TABLE airport_days AS
  SELECT origin, day_of_flight + 1 AS day_of_flight, avg(late::INT) AS airport_late_yesterday
  FROM departures GROUP BY ALL;
CREATE OR REPLACE TABLE airline_days AS
  SELECT carrier, day_of_flight + 1 AS day_of_flight, avg(late::INT) AS airline_late_yesterday
  FROM departures GROUP BY ALL;

-- How full the schedule is: departures planned at that airport in that hour.
CREATE OR REPLACE TABLE schedule AS
  SELECT origin, time_hour, count(*) AS departures_this_hour FROM flights GROUP BY ALL;

-- 3. One row a flight. The weather is what was measured two hours before the scheduled departure.
CREATE OR REPLACE TABLE features AS
  SELECT d.flight, d.tailnum, d.day_of_flight, d.scheduled,
         dayname(d.scheduled) AS weekday, d.scheduled::TIME AS departs, d.arrival_minute, d.carrier, d.origin, d.dest, d.distance,
         s.departures_this_hour, a.airport_late_yesterday, l.airline_late_yesterday,
         w.temp, w.dewp, w.humid, w.wind_dir, w.wind_speed, w.wind_gust, w.precip, w.pressure, w.visib,
         p.year AS plane_built, p.seats AS plane_seats, p.manufacturer AS plane_maker, p.engine AS plane_engine,
         d.late
  FROM departures d
  JOIN schedule s USING (origin, time_hour)
  LEFT JOIN airport_days a USING (origin, day_of_flight)
  LEFT JOIN airline_days l USING (carrier, day_of_flight)
  LEFT JOIN weather w ON w.origin = d.origin AND w.time_hour = d.time_hour - INTERVAL 2 HOUR
  LEFT JOIN planes p USING (tailnum);

-- 4. Learn on January to August, stop by September, judge on October to December. The date itself is left out: the model
--    would learn months that never come back.
CREATE OR REPLACE VIEW learn AS
  SELECT * EXCLUDE (flight, tailnum, day_of_flight, scheduled) FROM features WHERE day_of_flight < DATE '2013-09-01';
CREATE OR REPLACE VIEW tune AS
  SELECT * EXCLUDE (flight, tailnum, day_of_flight, scheduled) FROM features
  WHERE day_of_flight BETWEEN DATE '2013-09-01' AND DATE '2013-09-30';
CREATE OR REPLACE VIEW later AS
  SELECT * FROM features WHERE day_of_flight >= DATE '2013-10-01';

SELECT * FROM learn
TO TRAIN xgboost.gbtree
WITH objective = "binary:logistic", eval_metric = "auc", eta = 0.05, max_depth = 6, subsample = 0.8, colsample_bytree = 0.8,
     train.num_boost_round = 300, early_stopping_rounds = 30, validation.select = "SELECT * FROM tune"
LABEL late
INTO zoo.late_arrival;

-- 5. How good is it on months it has never seen?
SELECT * FROM later
TO EVALUATE zoo.late_arrival
WITH validation.metrics = "roc_auc_score,average_precision_score,accuracy_score,brier_score_loss"
LABEL late
INTO out.late_quality;

-- 6. What does it go by?
SELECT * FROM later
TO EXPLAIN zoo.late_arrival WITH summary.plot_type = "dot"
USING TreeExplainer;

-- 7. Predict, and keep the probability.
SELECT * FROM later
TO PREDICT out.late_predictions.late WITH predict.extra_outputs = "probability"
USING zoo.late_arrival;

-- 8. Does the predicted share hold for each airline?
SELECT airlines.name AS airline, count(*) AS flights, round(100 * avg(p.probability), 1) AS "predicted late %",
       round(100 * avg(f.late::INT), 1) AS "really late %"
FROM out.late_predictions p
JOIN features f USING (day_of_flight, scheduled, carrier, flight, origin, dest)
JOIN airlines USING (carrier)
GROUP BY ALL ORDER BY flights DESC;

-- 9. And the riskiest departures of a December Friday, as a traveller would ask.
SELECT strftime(scheduled, '%H:%M') AS departs, carrier || flight AS flight, origin, dest, round(probability, 2) AS risk
FROM out.late_predictions
WHERE day_of_flight = DATE '2013-12-20'
ORDER BY probability DESC LIMIT 10;
