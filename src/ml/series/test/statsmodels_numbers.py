"""Prints the numbers that series_test.cc compares with: statsmodels 0.15.0 (build/deps/python after deps/fetch --groups python)."""
import warnings

import numpy as np
from statsmodels.datasets import nile as nile_data
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.seasonal import MSTL, STL
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.stattools import kpss

warnings.filterwarnings("ignore")


def noise(n, x):
    """The sum of twelve uniform numbers of a congruential generator, less six: the same in series_sample.cc."""
    out = []
    for _ in range(n):
        total = 0.0
        for _ in range(12):
            x = (x * 1103515245 + 12345) % 2147483648
            total += x / 2147483648.0
        out.append(total - 6.0)
    return out


def sample(n):
    """Trend, a week and an ARMA(1,1)."""
    e, w = noise(n, 1), []
    for t in range(n):
        w.append(e[t] + (0.6 * w[t - 1] + 0.4 * e[t - 1] if t else 0.0))
    week = [0, 1, 2, 3, 1, -3, -4]
    return np.array([100 + 0.05 * t + 5.0 * week[t % 7] + 2 * w[t] for t in range(n)])


def numbers(values):
    return ", ".join(f"{float(v):.10g}" for v in values)


def arima(name, y, order, trend="n", exog=None):
    """The maximum that the optimiser is sent to with a small tolerance; differences taken before the filter are exact."""
    if order[1] == 0:
        model = ARIMA(y, order=order, trend=trend, exog=exog)
    else:
        model = SARIMAX(y, order=order, trend="n" if trend == "n" else "c", exog=exog, simple_differencing=True)
    fit = model.fit(disp=0) if order[1] else model.fit()
    fit = model.fit(start_params=fit.params, method="bfgs", gtol=1e-9, maxiter=2000, disp=0) if order[1] else model.fit(
        start_params=fit.params, method_kwargs=dict(method="bfgs", gtol=1e-9, maxiter=2000, disp=0))
    print(name, order, trend, "llf", repr(float(fit.llf)), "aic", fit.aic, "aicc", fit.aicc, "bic", fit.bic)
    print("  params", numbers(fit.params))
    if exog is None and order[1] == 0:
        ahead = fit.get_forecast(3)
        print("  mean", numbers(ahead.predicted_mean), "variance", numbers(ahead.var_pred_mean))
        print("  fitted", numbers(fit.fittedvalues[[1, 2, 50]]))


nile = nile_data.load_pandas().data["volume"].to_numpy()
y = sample(200)
arima("nile", nile, (1, 0, 1), "c")
arima("nile", nile, (0, 1, 1))
arima("nile", nile, (3, 1, 2))
arima("nile", nile, (1, 2, 1))
arima("sample", y, (2, 0, 1), "c")
gaps = y.copy()
gaps[[20, 21, 22, 60, 100, 150]] = np.nan
arima("gaps", gaps, (2, 0, 1), "c")
x = np.array([float(i * 7 % 11) for i in range(200)])
arima("regressor", y + 0.7 * x, (1, 0, 1), "c", exog=x)
season = SARIMAX(y, order=(1, 0, 0), seasonal_order=(1, 1, 0, 7), simple_differencing=True)
fit = season.fit(disp=0)
fit = season.fit(start_params=fit.params, method="bfgs", gtol=1e-9, maxiter=2000, disp=0)
print("season", repr(float(fit.llf)), numbers(fit.params))

at = [0, 1, 100, 198, 199]
for robust in (False, True):
    z = y.copy()
    z[30] += 60
    stl = STL(z, period=7, robust=robust).fit()
    print("stl", robust, "seasonal", numbers(stl.seasonal[at]), "trend", numbers(stl.trend[at]), "weights", numbers(stl.weights[[29, 30]]))
stl = STL(nile, period=12, seasonal=13, trend=25).fit()
print("stl nile", numbers(stl.seasonal[[0, 50, 99]]), numbers(stl.trend[[0, 50, 99]]))
two = MSTL(y, periods=(7, 30)).fit()
print("mstl", numbers(two.seasonal[at, 0]), "|", numbers(two.seasonal[at, 1]), "|", numbers(two.trend[at]), "|", numbers(two.resid[at]))
print("kpss", kpss(nile, nlags=2)[0], kpss(np.diff(nile), nlags=2)[0], kpss(y, nlags=5)[0])
