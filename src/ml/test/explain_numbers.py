#!/usr/bin/env python3
"""Numbers of test/sql/ml/explain_effects.test, by scikit-learn 1.9.1 on the same rows.

    build/deps/python/bin/python src/ml/test/explain_numbers.py
"""

import numpy as np
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

i = np.arange(600)


def part(factor, modulus):
    return ((i * factor) % modulus) / modulus


a = part(7919, 1009).astype(np.float32).astype(float)
b = part(104729, 997).astype(np.float32).astype(float)
d = (i % 7).astype(float)
noise = part(15485863, 983)
price = (3 * a - 2 * b + 0.2 * d + noise / 10).astype(np.float32).astype(float)
yes = (2 * part(7919, 1009) - 1.5 * part(104729, 997) + 0.1 * d + noise > 0.8).astype(int)
X = np.column_stack([a, b, d])

linear = LinearRegression().fit(X, price)
logistic = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(X, yes)

for name, model, y, scoring in [("line", linear, price, "r2"), ("line", linear, price, "neg_mean_squared_error"), ("odds", logistic, yes, "accuracy"), ("odds", logistic, yes, "neg_log_loss")]:
    found = permutation_importance(model, X, y, scoring=scoring, n_repeats=400, random_state=0)
    print(name, scoring, np.round(found.importances_mean, 5), np.round(found.importances_std, 5))
for name, model in [("line", linear), ("odds", logistic)]:
    for feature in (0, 2):
        for kind in ("average", "individual"):
            found = partial_dependence(model, X, [feature], kind=kind, grid_resolution=10, percentiles=(0.1, 0.8), response_method="predict_proba" if name == "odds" else "auto")
            values = found["grid_values"][0]
            lines = found[kind][0]
            shown = lines if kind == "average" else lines[17]
            print(name, "abd"[feature], kind, [(round(float(v), 6), round(float(p), 6)) for v, p in zip(values, shown)])
