"""Prints the numbers of ts_features_test.cc: what tsfresh 0.21.2 (with numpy and pandas) computes for the same windows.

    python ts_features_numbers.py > ts_features_numbers.h     # in an environment with tsfresh==0.21.2
"""

import math

import tsfresh.feature_extraction.feature_calculators as ts

WINDOWS = {
    "digits": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8],
    "waves": [round(math.sin(i * 0.7) * 3 + i * 0.05 - 0.4, 6) for i in range(40)],
    "pair": [1, -1],
    "one": [7],
    "equal": [0.1, 0.1, 0.1, 0.1, 0.1],
    "ties": [2, 5, 2, 5, 5, -3, -3],
}


def features(x):
    yield from (
        (name, getattr(ts, name)(x))
        for name in (
            "sum_values median mean length standard_deviation variance root_mean_square maximum absolute_maximum minimum "
            "abs_energy absolute_sum_of_changes mean_abs_change mean_change mean_second_derivative_central skewness kurtosis "
            "variation_coefficient count_above_mean count_below_mean longest_strike_above_mean longest_strike_below_mean "
            "first_location_of_maximum last_location_of_maximum first_location_of_minimum last_location_of_minimum "
            "has_duplicate has_duplicate_max has_duplicate_min ratio_value_number_to_time_series_length sample_entropy"
        ).split()
    )
    for lag in (1, 2, 3):
        yield f"autocorrelation__lag_{lag}", ts.autocorrelation(x, lag)
        yield f"c3__lag_{lag}", ts.c3(x, lag)
        yield f"time_reversal_asymmetry_statistic__lag_{lag}", ts.time_reversal_asymmetry_statistic(x, lag)
    yield "cid_ce__normalize_false", ts.cid_ce(x, False)
    yield "cid_ce__normalize_true", ts.cid_ce(x, True)
    yield "number_crossing_m__m_0", ts.number_crossing_m(x, 0)
    for n in (1, 3):
        yield f"number_peaks__n_{n}", ts.number_peaks(x, n)
    for r in (1, 2):
        yield f"ratio_beyond_r_sigma__r_{r}", ts.ratio_beyond_r_sigma(x, r)
    for q in (0.1, 0.25, 0.75, 0.9):
        yield f"quantile__q_{q}", ts.quantile(x, q)
    yield "binned_entropy__max_bins_10", ts.binned_entropy(x, 10)
    if len(x) > 1:
        trend = dict(ts.linear_trend(x, [{"attr": a} for a in ("slope", "intercept", "rvalue")]))
        for attr in ("slope", "intercept", "rvalue"):
            yield f"linear_trend__{attr}", trend[f'attr_"{attr}"']
    yield "approximate_entropy__m_2__r_0.2", ts.approximate_entropy(x, 2, 0.2)
    for name, value in ts.fft_coefficient(x, [{"coeff": k, "attr": "abs"} for k in range(5)]):
        yield "fft_coefficient__abs__coeff_" + name.split("coeff_")[1].split("__")[0], value


def literal(value):
    value = float(value)
    return repr(value) if math.isfinite(value) else "kNone"


def main():
    import numpy as np

    print("// Made by ts_features_numbers.py with tsfresh 0.21.2; kNone is what it has no number for.")
    print("#pragma once\n\n#include <limits>\n#include <string>\n#include <utility>\n#include <vector>\n")
    print("namespace sinan::run {\n\ninline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();\n")
    print("struct ExpectedFeatures {\n  std::string name;\n  std::vector<double> window;")
    print("  std::vector<std::pair<std::string, double>> features;\n};\n")
    print("inline const std::vector<ExpectedFeatures>& expected_features() {")
    print("  static const std::vector<ExpectedFeatures> all = {")
    for name, window in WINDOWS.items():
        x = np.array(window, dtype=float)
        print(f'      {{"{name}",\n       {{{", ".join(repr(float(v)) for v in window)}}},\n       {{')
        for feature, value in features(x):
            print(f'           {{"{feature}", {literal(value)}}},')
        print("       }},")
    print("  };\n  return all;\n}\n\n}  // namespace sinan::run")


main()
