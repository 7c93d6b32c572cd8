-- The rows of the benchmarks binning and psi: a column like a bell, one with a long tail; the new ones have moved a little.
COPY (SELECT sqrt(-2 * ln(u)) * cos(2 * pi() * v) AS bell, -ln(u) AS tail
      FROM (SELECT (hash(i) % 1000003 + 1) / 1000004 AS u, (hash(i, 1) % 1000003 + 1) / 1000004 AS v FROM range(${rows}) t(i)))
  TO 'old.parquet';
COPY (SELECT 1.1 * sqrt(-2 * ln(u)) * cos(2 * pi() * v) + 0.2 AS bell, -1.2 * ln(u) AS tail
      FROM (SELECT (hash(i, 2) % 1000003 + 1) / 1000004 AS u, (hash(i, 3) % 1000003 + 1) / 1000004 AS v FROM range(${rows}) t(i)))
  TO 'new.parquet';
