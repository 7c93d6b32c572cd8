"""Writes series to a file and fits them by statsmodels: MSTL of periods 7 and 30, then ARIMA(7,0,2) with a mean.

    series.py FILE      prints {"seconds": processor time of the fits, "log_likelihood": [one a series]}
"""

import json
import sys
import time
import warnings

import numpy as np
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.seasonal import MSTL

warnings.filterwarnings("ignore")
SERIES, POINTS = 5, 300


def make(random):
    noise, t = random.normal(size=POINTS), np.arange(POINTS)
    rest = np.zeros(POINTS)
    for i in range(2, POINTS):
        rest[i] = 0.5 * rest[i - 1] + 0.2 * rest[i - 2] + noise[i] + 0.3 * noise[i - 1]
    return 100 + 0.05 * t + 6 * np.sin(2 * np.pi * t / 7) + 3 * np.cos(2 * np.pi * t / 30) + 2 * rest


random = np.random.default_rng(1)
series = [make(random) for _ in range(SERIES)]
with open(sys.argv[1], "w") as out:
    for values in series:
        out.write(" ".join(repr(float(v)) for v in values) + "\n")
likelihoods = []
begin = time.process_time()
for values in series:
    parts = MSTL(values, periods=(7, 30)).fit()
    likelihoods.append(float(ARIMA(values - parts.seasonal.sum(axis=1), order=(7, 0, 2), trend="c").fit().llf))
print(json.dumps({"seconds": time.process_time() - begin, "log_likelihood": likelihoods}))
