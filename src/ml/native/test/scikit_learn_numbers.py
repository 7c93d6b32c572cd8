#!/usr/bin/env python3
"""Numbers of test/sql/ml/{linear,kmeans,score_card,one_class_svm}.test, by scikit-learn 1.9.1 and numpy on the same rows.

    build/deps/python/bin/python src/ml/native/test/scikit_learn_numbers.py

Features are float32, as Sinan's are; categories are one column each, in the vocabulary's order (count, then bytes).
"""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, log_loss, roc_auc_score, silhouette_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

i = np.arange(600)


def part(factor, modulus):
    return ((i * factor) % modulus) / modulus


# CREATE TABLE rows of the tests.
a = part(7919, 1009).astype(np.float32).astype(float)
b = part(104729, 997).astype(np.float32).astype(float)
c = (100 * part(1299709, 991)).astype(np.float32).astype(float)
noise = part(15485863, 983)
price = (3 * part(7919, 1009) - 2 * part(104729, 997) + part(1299709, 991) ** 2 + noise / 10).astype(np.float32).astype(float)
yes = (2 * part(7919, 1009) - 1.5 * part(104729, 997) + 1.2 * noise > 0.8).astype(int)
three = (3 * (part(7919, 1009) + 0.5 * noise) / 1.5).astype(int)
X = np.column_stack([a, b, c])


def show(name, values):
    print(f"{name}: " + ", ".join(f"{v:.5f}" for v in np.ravel(values)))


def show_linear(name, model):
    show(name, np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)]))


tight = dict(tol=1e-12, max_iter=100000)
model = LinearRegression().fit(X, price)
show_linear("LinearRegression", model)
show("r2", [model.score(X, price)])
show_linear("Ridge alpha 10", Ridge(alpha=10).fit(X, price))
show_linear("Lasso alpha .01", Lasso(alpha=0.01, **tight).fit(X, price))
show_linear("ElasticNet alpha .05 l1_ratio .3", ElasticNet(alpha=0.05, l1_ratio=0.3, **tight).fit(X, price))
model = LogisticRegression(C=1, **tight).fit(X, yes)
show_linear("LogisticRegression C 1", model)
p = model.predict_proba(X)[:, 1]
show("log loss, auc", [log_loss(yes, p), roc_auc_score(yes, p)])
show("probabilities of rows 0, 1, 2", p[:3])
show_linear("LogisticRegression l1 C .1", LogisticRegression(C=0.1, l1_ratio=1, solver="saga", tol=1e-10, max_iter=1000000).fit(StandardScaler().fit_transform(X), yes))
show_linear("LogisticRegression three", LogisticRegression(C=1, **tight).fit(X, three))
show_linear("balanced", LogisticRegression(C=1, class_weight="balanced", **tight).fit(X, yes))
scaled = LogisticRegression(C=1, **tight).fit(StandardScaler().fit_transform(X), yes)
show("standardized", np.concatenate([scaled.coef_.ravel() / X.std(axis=0)]))

# Missing values: b is NULL in every 11th row; categories.
missing = i % 11 == 0
g = np.array(["x", "y", "z"])[((i * 31) % 7) % 3]
filled = np.where(missing, np.float32(b[~missing].mean()), b)
one_hot = [(g == name).astype(float) for name in sorted(set(g), key=lambda n: (-(g == n).sum(), n))]
print("order", sorted(set(g), key=lambda n: (-(g == n).sum(), n)))
show_linear("Ridge alpha 1, missing and categories", Ridge(alpha=1).fit(np.column_stack([a, filled, missing, *one_hot]), price))

# k-means: three clouds.
blob = i % 3
px = (10 * blob + 4 * part(7919, 1009)).astype(np.float32).astype(float)
py = (5 * (blob == 1) + 3 * part(104729, 997)).astype(np.float32).astype(float)
points = np.column_stack([px, py])
kmeans = KMeans(3, n_init=10, random_state=0).fit(points)
show("KMeans inertia", [kmeans.inertia_])
show("centres", kmeans.cluster_centers_[np.argsort(kmeans.cluster_centers_[:, 0])])
show("silhouette, calinski, davies", [silhouette_score(points, kmeans.labels_), calinski_harabasz_score(points, kmeans.labels_), davies_bouldin_score(points, kmeans.labels_)])

# One-class SVM; nu * rows is no whole number, so that a vector lies on the border and rho is unique.
for kernel in ({"kernel": "rbf"}, {"kernel": "linear"}, {"kernel": "poly", "degree": 2, "coef0": 1}, {"kernel": "sigmoid", "gamma": 0.01}):
    svm = OneClassSVM(nu=0.1234, tol=1e-8, **kernel).fit(points)
    show(str(kernel), svm.decision_function(points)[:4])
    print("outliers", (svm.predict(points) < 0).sum(), "vectors", len(svm.support_))
show("auto", OneClassSVM(nu=0.5, gamma="auto", tol=1e-8).fit(points).decision_function(points)[:3])

# Score card: quantile bins, weight of evidence, logistic regression with C = 1.
def woe_of(bins):
    out = np.zeros(len(bins))
    table = []
    for value in sorted(set(bins)):
        bad = yes[bins == value].sum()
        good = (bins == value).sum() - bad
        if bad == 0 or good == 0:
            bad, good = bad + 0.5, good + 0.5
        woe = np.log((bad / yes.sum()) / (good / (1 - yes).sum()))
        out[bins == value] = woe
        table.append(woe)
    return out, table


woes, tables = [], []
for column in (a, b, c):
    edges = np.quantile(column, [0.2, 0.4, 0.6, 0.8])
    bins = np.searchsorted(edges, column, side="left")
    woe, table = woe_of(bins)
    woes.append(woe)
    tables.append(table)
W = np.column_stack(woes)
card = LogisticRegression(C=1, **tight).fit(W, yes)
factor, offset = 20 / np.log(2), 600 - 20 * np.log2(20)
for name, table, weight in zip("abc", tables, card.coef_.ravel()):
    show(f"woe {name}", table)
    show(f"points {name}", [(offset - factor * card.intercept_[0]) / 3 - factor * weight * woe for woe in table])
score = offset - factor * (W @ card.coef_.ravel() + card.intercept_[0])
show("scores of rows 0, 1, 2", score[:3])
show("auc", [roc_auc_score(yes, card.predict_proba(W)[:, 1])])
print("iv", [f"{sum((yes[w == v].mean() * (w == v).sum() / yes.sum() - (1 - yes[w == v]).sum() / (1 - yes).sum()) * v for v in set(w)):.5f}" for w in woes])
