"""Makes the tables of this folder from scikit-learn's, and prints the numbers that test/sql/reference/section_4_numbers.test compares
with (build/deps/python after deps/fetch --groups python; scikit-learn 1.9.1, xgboost 3.4.1, numpy). Run it in this folder."""
import csv
import math

import numpy as np
import xgboost
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, mean_squared_error, r2_score, roc_auc_score
from sklearn.preprocessing import StandardScaler


def write(name, columns, rows):
    with open(name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", *columns])
        writer.writerows([i, *(f"{x:.10g}" if isinstance(x, float) else x for x in row)] for i, row in enumerate(rows))


iris = datasets.load_iris()
write("iris.csv", ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
      [[*map(float, x), iris.target_names[y]] for x, y in zip(iris.data, iris.target)])
cancer = datasets.load_breast_cancer()
write("breast_cancer.csv", [*(n.replace(" ", "_") for n in cancer.feature_names), "malignant"],
      [[*map(float, x), "false" if y else "true"] for x, y in zip(cancer.data, cancer.target)])
diabetes = datasets.load_diabetes(scaled=False)
write("diabetes.csv", [*diabetes.feature_names, "progression"],
      [[*map(float, x), float(y)] for x, y in zip(diabetes.data, diabetes.target)])


def parts(x, y):
    """Every fifth row is a test row."""
    test = np.arange(len(y)) % 5 == 0
    return x[~test], y[~test], x[test], y[test]


def boosted(x, y, test_x, test_y, rounds, **parameters):
    train, test = xgboost.DMatrix(x, y), xgboost.DMatrix(test_x, test_y)
    history = {}
    model = xgboost.train({"seed": 0, **parameters}, train, rounds, evals=[(train, "train"), (test, "test")],
                          evals_result=history, verbose_eval=False)
    last = {f"{part} {name}": values[-1] for part, metrics in history.items() for name, values in metrics.items()}
    return model, test, last


# iris: gbtree multi:softmax, 10 rounds
x, y, test_x, test_y = parts(iris.data, iris.target)
print("iris", boosted(x, y, test_x, test_y, 10, objective="multi:softmax", num_class=3, eval_metric=["merror", "mlogloss"])[2])

# breast cancer: gbtree, logistic regression, score card
x, y, test_x, test_y = parts(cancer.data, 1 - cancer.target)
model, test, last = boosted(x, y, test_x, test_y, 30, objective="binary:logistic", max_depth=3, eta=0.1,
                            eval_metric=["logloss", "auc"])
print("cancer gbtree", last, "accuracy", accuracy_score(test_y, model.predict(test) > 0.5))
scaler = StandardScaler().fit(x)
logistic = LogisticRegression(C=1, tol=1e-10, max_iter=10000).fit(scaler.transform(x), y)
scores = logistic.predict_proba(scaler.transform(test_x))[:, 1]
print("cancer logistic auc", roc_auc_score(test_y, scores), "accuracy", accuracy_score(test_y, scores > 0.5))


def evidence(train, y, values):
    """Weights of evidence in five bins of equally many training rows."""
    bounds = np.unique(np.quantile(train, [0.2, 0.4, 0.6, 0.8]))
    bins, of_values = np.searchsorted(bounds, train, side="right"), np.searchsorted(bounds, values, side="right")
    woe = {}
    for b in range(len(bounds) + 1):
        bad, good = np.sum(y[bins == b] == 1), np.sum(y[bins == b] == 0)
        if bad == 0 or good == 0:
            bad, good = bad + 0.5, good + 0.5
        woe[b] = math.log(bad / np.sum(y == 1)) - math.log(good / np.sum(y == 0))
    return np.array([woe[b] for b in of_values])


woe_x = np.column_stack([evidence(x[:, f], y, x[:, f]) for f in range(4)])
woe_test = np.column_stack([evidence(x[:, f], y, test_x[:, f]) for f in range(4)])
card = LogisticRegression(C=1, tol=1e-10, max_iter=10000).fit(woe_x, y)
print("cancer score card of four columns auc", roc_auc_score(test_y, card.decision_function(woe_test)))

# diabetes: gbtree with SHAP, gain and fscore; least squares
x, y, test_x, test_y = parts(diabetes.data, diabetes.target)
model, test, last = boosted(x, y, test_x, test_y, 30, objective="reg:squarederror", max_depth=6, eta=0.3, base_score=0.5,
                            eval_metric="rmse")
print("diabetes gbtree", last)
shap = model.predict(test, pred_contribs=True)
names = [*diabetes.feature_names, "bias"]
print("diabetes mean |SHAP|", {n: round(float(v), 4) for n, v in zip(names, np.abs(shap).mean(0))})
for kind in "gain", "weight":
    found = model.get_score(importance_type=kind)
    print("diabetes", kind, {diabetes.feature_names[int(f[1:])]: round(v, 2) for f, v in found.items()})
line = LinearRegression().fit(x, y)
print("diabetes least squares rmse", math.sqrt(mean_squared_error(test_y, line.predict(test_x))),
      "r2", r2_score(test_y, line.predict(test_x)))
