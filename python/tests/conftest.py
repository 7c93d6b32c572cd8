"""Tests run against the real program: SINAN_BINARY, or what find_binary() finds."""

from __future__ import annotations

from pathlib import Path

import pytest

import sinan

PARCELS = """
CREATE OR REPLACE TABLE parcels AS
SELECT i AS id, (i * 7) % 40 AS weight, (i * 13) % 100 AS distance, ((i * 7) % 40 + (i * 13) % 100 > 80)::INT AS late
FROM range(600) AS t(i);
SELECT * FROM parcels WHERE id < 500
TO TRAIN xgboost.gbtree WITH objective = "binary:logistic", train.num_boost_round = 20
COLUMN weight, distance LABEL late INTO zoo.parcel_late;
SELECT * FROM parcels WHERE id >= 500 TO EVALUATE zoo.parcel_late LABEL late INTO out.quality;
SELECT * FROM parcels WHERE id >= 500 TO PREDICT out.guesses.late USING zoo.parcel_late;
SELECT g.id, g.late AS guess, p.late AS truth FROM out.guesses AS g JOIN parcels AS p USING (id) ORDER BY g.id
"""

# Hours, if nobody stops it.
ENDLESS = "CREATE TABLE big AS SELECT sum(a.range * b.range) AS s FROM range(1000000) a, range(1000000) b"


@pytest.fixture
def project(tmp_path: Path) -> sinan.Connection:
    return sinan.connect(tmp_path)
