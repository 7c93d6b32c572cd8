"""Prints the numbers that test/sql/ml/folds.test compares with: the folds of ml/folds.h dealt again here, models of the xgboost
package, metrics of scikit-learn (build/deps/python after deps/fetch --groups python; xgboost 3.4.1, scikit-learn 1.9.1)."""
import numpy as np
import xgboost
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score

MASK = (1 << 64) - 1
ROWS, FOLDS, SEED = 600, 4, 7


def draw(seed, number):
    x = (seed * 0x9E3779B97F4A7C15 + number + 0x632BE59BD9B4E019) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return ((x ^ (x >> 31)) >> 11) * 2.0**-53


def folds_of(classes):
    out, dealt = np.zeros(len(classes), int), 0
    for c in sorted(set(classes)):
        for row in sorted(np.flatnonzero(classes == c), key=lambda r: draw(SEED, int(r))):
            out[row] = dealt % FOLDS
            dealt += 1
    return out


i = np.arange(ROWS)
a = (i * 7919 % 1009 / 1009).astype(np.float32)
b = (i * 104729 % 997 / 997).astype(np.float32)
noise = i * 3571 % 541 / 541
late = (a + b * b + noise > 1.35).astype(int)
price = (10 * a + 5 * b * b + noise).astype(np.float64)
x = np.column_stack([a, b])


def score(y, objective, metrics):
    fold = folds_of(y if objective == "binary:logistic" else np.zeros(ROWS, int))
    values = {name: [] for name in metrics}
    for k in range(FOLDS):
        train = xgboost.QuantileDMatrix(x[fold != k], y[fold != k])
        settings = {"objective": objective, "max_depth": 3, "eta": 0.3, "seed": SEED, "nthread": 1}
        model = xgboost.train(settings, train, 20)
        predicted = model.inplace_predict(x[fold == k])
        for name, metric in metrics.items():
            values[name].append(metric(y[fold == k], predicted))
    for name, list_ in values.items():
        print(f"{name}: mean {np.mean(list_):.6g} sd {np.std(list_, ddof=1):.6g} folds", [f"{v:.6g}" for v in list_])


score(late, "binary:logistic", {
    "accuracy_score": lambda y, p: accuracy_score(y, p > 0.5),
    "roc_auc_score": roc_auc_score,
    "log_loss": lambda y, p: log_loss(y, p.astype(np.float64)),
})
score(price, "reg:squarederror", {
    "mean_absolute_error": mean_absolute_error,
    "r2_score": r2_score,
})
