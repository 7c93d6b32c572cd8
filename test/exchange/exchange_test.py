#!/usr/bin/env python3
"""Models that leave Sinan and come into it, against the systems they go to and come from: exports run in ONNX Runtime, JPMML, DuckDB
and a PostgreSQL server started here, imports are compared with the Python packages that wrote the files. Every answer must be
the model's own, as TO PREDICT gives it.

    deps/fetch --groups core,exchange && build/deps/exchange/bin/python test/exchange/exchange_test.py

SINAN_BINARY names the program (bin/sinan). Needs Java for JPMML, and Debian's PostgreSQL.
"""

import csv
import glob
import io
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import onnxruntime
import pandas as pd
import xgboost

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SINAN_BINARY", str(ROOT / "bin" / "sinan"))
TOLERANCE = 1e-5

# Missing values, categories with awkward names, all parts of dates and times, zeros.
ROWS = """
SELECT i AS id,
  CASE WHEN i % 11 = 0 THEN NULL ELSE (hash(i) % 1000) / 100.0 - 5 END::DOUBLE AS x,
  (hash(i + 1) % 50)::INTEGER - 10 AS n,
  CASE WHEN i % 17 = 0 THEN NULL ELSE hash(i + 2) % 2 = 0 END AS b,
  ((hash(i + 3) % 10000) / 100)::DECIMAL(10,2) AS d,
  CASE WHEN i % 13 = 0 THEN NULL ELSE ['O''Hare', 'a "b"', 'x, y', '<&>', 'plain', 'Zürich', ''][1 + (hash(i + 4) % 7)::INTEGER] END AS city,
  DATE '1969-06-01' + (hash(i + 5) % 20000)::INTEGER AS day,
  TIMESTAMP '2001-02-03 04:05:06' + to_seconds((hash(i + 6) % 100000000)::BIGINT) AS moment,
  TIME '00:00:00' + to_seconds((hash(i + 7) % 86400)::BIGINT) AS clock,
  CASE WHEN hash(i + 8) % 3 = 0 THEN 0 ELSE hash(i + 8) % 20 END::DOUBLE AS zeros
FROM range({first}, {last}) t(i)
"""
LABELS = """
SELECT *, coalesce(x, 1) + n / 10 + CASE city WHEN 'O''Hare' THEN 3 WHEN '<&>' THEN -2 ELSE 0 END
    + month(day) / 6 + hour(moment) / 12 - hour(clock) / 12 + zeros / 10 + CASE WHEN b THEN 1 ELSE 0 END AS score
FROM r
"""
TRAINING = f"""
CREATE TABLE r AS {ROWS.format(first=0, last=3000)};
CREATE TABLE labelled AS {LABELS};
CREATE TABLE probe AS {ROWS.format(first=5000, last=5400)};
UPDATE probe SET city = 'never seen' WHERE id % 7 = 0;
UPDATE probe SET x = NULL, n = NULL, b = NULL, d = NULL, city = NULL, day = NULL, moment = NULL, clock = NULL, zeros = NULL
  WHERE id = 5001;
"""
FEATURES = "x, n, b, d, city, day, moment, clock, zeros"
LABEL_SQL = {
    "yes": "score > 3 AS yes",
    "kind": "CASE WHEN score < 1 THEN 'low \"1\"' WHEN score < 4 THEN 'mid' ELSE 'high' END AS kind",
    "level": "CASE WHEN score < 2 THEN 0 ELSE 1 END AS level",
    "price": "score AS price",
    "visits": "greatest(0, floor(score))::INTEGER AS visits",
}
# name, estimator, attributes, label
CASES = [
    ("xgb_binary", "xgboost.gbtree", 'objective="binary:logistic", train.num_boost_round=15', "yes"),
    ("xgb_numbers", "xgboost.gbtree", 'objective="binary:logistic", train.num_boost_round=5', "level"),
    ("xgb_multi", "xgboost.gbtree", 'objective="multi:softprob", train.num_boost_round=8', "kind"),
    ("xgb_value", "xgboost.gbtree", 'objective="reg:squarederror", train.num_boost_round=15', "price"),
    ("xgb_poisson", "xgboost.gbtree", 'objective="count:poisson", train.num_boost_round=10', "visits"),
    ("xgb_dart", "xgboost.dart", 'objective="binary:logistic", rate_drop=0.3, train.num_boost_round=10', "yes"),
    ("lgb_binary", "lightgbm.gbdt", 'objective="binary", train.num_boost_round=15', "yes"),
    ("lgb_multi", "lightgbm.gbdt", 'objective="multiclass", train.num_boost_round=8', "kind"),
    ("lgb_zero", "lightgbm.gbdt", 'objective="regression", zero_as_missing=true, train.num_boost_round=15', "price"),
    ("lgb_poisson", "lightgbm.gbdt", 'objective="poisson", train.num_boost_round=10', "visits"),
]
CLASSES = {"yes": ["false", "true"], "level": ["0", "1"], "kind": ["high", 'low "1"', "mid"]}


def run(project, program, *arguments):
    done = subprocess.run([BINARY, "--project", project, *arguments, "-c", program], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{program}\n{done.stdout}{done.stderr}")
    return done.stdout


def table(project, query):
    return pd.read_csv(io.StringIO(run(project, query, "--format", "csv")), keep_default_na=False, na_values=[""])


def column_list(name, classes):
    return [name] if len(classes) <= 2 else [f"{name}_{text}" for text in classes]


class Model:
    """One trained model, with what Sinan answers for the probe rows: margins, values or probabilities, predictions."""

    def __init__(self, project, name, estimator, attributes, label):
        self.name, self.label, self.classes = name, label, CLASSES.get(label, [])
        run(project, f"SELECT {FEATURES}, {LABEL_SQL[label]} FROM labelled TO TRAIN {estimator} WITH {attributes} LABEL {label} INTO {name}")
        extra = "margin, probabilities" if self.classes else "margin"
        run(project, f'SELECT * FROM probe TO PREDICT scored_{name}.{label} WITH predict.extra_outputs="{extra}" USING {name}')
        self.answers = table(project, f"SELECT * FROM scored_{name} ORDER BY id")
        margins = [c for c in self.answers.columns if c.startswith("margin")]
        self.margins = self.answers[margins].to_numpy(dtype=float)
        self.predictions = self.answers[label]
        probabilities = [c for c in self.answers.columns if c.startswith("probability")]
        self.probabilities = self.answers[probabilities].to_numpy(dtype=float)


class ExchangeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="sinan-exchange-")
        cls.project = os.path.join(cls.folder, "project")
        os.mkdir(cls.project)
        run(cls.project, TRAINING)
        cls.models = [Model(cls.project, *case) for case in CASES]
        cls.database = duckdb.connect()
        run(cls.project, "COPY (FROM probe ORDER BY id) TO 'probe.parquet'")
        cls.database.execute(f"CREATE TABLE input AS FROM '{cls.project}/probe.parquet'")
        cls.parts = cls.database.execute("""
          SELECT id, x, n, CASE WHEN b THEN 1 WHEN NOT b THEN 0 END AS b, d::DOUBLE AS d, city, zeros,
            year(day) AS day_year, month(day) AS day_month, day(day) AS day_day, isodow(day) AS day_weekday,
            day - DATE '1970-01-01' AS day_epoch,
            year(moment) AS moment_year, month(moment) AS moment_month, day(moment) AS moment_day,
            isodow(moment) AS moment_weekday, hour(moment) AS moment_hour, minute(moment) AS moment_minute,
            epoch(moment) / 86400.0 AS moment_epoch,
            hour(clock) AS clock_hour, minute(clock) AS clock_minute, epoch(clock) AS clock_epoch
          FROM input ORDER BY id""").df()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def export(self, model, form):
        folder = os.path.join(self.folder, f"{model.name}_{form}")
        run(self.project, f"EXPORT MODEL {model.name} TO '{folder}' FORMAT {form} OVERWRITE")
        return folder

    def close(self, found, wanted, what):
        found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
        self.assertEqual(found.shape, wanted.shape, what)
        error = np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted)))
        self.assertLessEqual(error, TOLERANCE, what)

    def same_classes(self, found, model, what):
        wanted = [str(v) for v in model.predictions]
        self.assertEqual([str(v) for v in found], wanted, what)

    def check_sql(self, rows, model, what):
        names = column_list("margin", model.classes)
        self.close(rows[names], model.margins, f"{what}: margin")
        if not model.classes:
            self.close(rows["prediction"], model.predictions, f"{what}: prediction")
            return
        if len(model.classes) == 2:
            self.close(rows["probability"], model.probabilities[:, 1], f"{what}: probability")
        else:
            self.close(rows[column_list("probability", model.classes)], model.probabilities, f"{what}: probabilities")
        self.same_classes(rows["prediction"], model, what)

    def test_sql_in_duckdb(self):
        for model in self.models:
            text = Path(self.export(model, "sql"), "model.sql").read_text()
            rows = self.database.execute(f"SELECT * FROM ({text}) ORDER BY id").df()
            self.check_sql(rows, model, f"DuckDB, {model.name}")

    def test_sql_in_postgres(self):
        server = Postgres(self.folder)
        try:
            server.load(self.database)
            for model in self.models:
                text = Path(self.export(model, "sql"), "model.sql").read_text()
                rows = server.query(f"SELECT * FROM ({text}) AS answers ORDER BY id")
                rows["prediction"] = rows["prediction"].replace({"t": True, "f": False})
                self.check_sql(rows, model, f"PostgreSQL, {model.name}")
        finally:
            server.stop()

    def test_onnx(self):
        for model in self.models:
            folder = self.export(model, "onnx")
            session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"))
            told = json.loads(Path(folder, "export.json").read_text())
            feed = {}
            for given in told["inputs"]:
                column = self.parts[given.get("part", given["column"])]
                if given["type"] == "string":
                    # No vocabulary of these models holds this text: it stands for NULL.
                    feed[given["name"]] = np.array([[v if isinstance(v, str) else "\0"] for v in column], dtype=object)
                else:
                    feed[given["name"]] = column.astype("float64").to_numpy(dtype=np.float32, na_value=np.nan).reshape(-1, 1)
            answers = dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))
            self.close(answers["margin"], model.margins, f"ONNX, {model.name}: margin")
            if not model.classes:
                self.close(answers["prediction"][:, 0], model.predictions, f"ONNX, {model.name}")
                continue
            wanted = model.probabilities[:, 1:] if len(model.classes) == 2 else model.probabilities
            self.close(answers["probability"], wanted, f"ONNX, {model.name}: probability")
            found = answers["prediction"][:, 0]
            if model.label == "yes":
                found = [text == "true" for text in found]
            self.same_classes(found, model, f"ONNX, {model.name}")

    def test_pmml(self):
        from jpmml_evaluator import make_evaluator

        for model in self.models:
            if model.name == "lgb_zero":
                with self.assertRaisesRegex(AssertionError, "PMML has no form for zeros"):
                    self.export(model, "pmml")
                continue
            folder = self.export(model, "pmml")
            evaluator = make_evaluator(os.path.join(folder, "model.pmml")).verify()
            told = json.loads(Path(folder, "export.json").read_text())
            names = {given["name"]: given.get("part", given["column"]) for given in told["inputs"]}
            rows = pd.DataFrame({name: self.parts[column] for name, column in names.items()})
            rows = rows.astype(object).where(rows.notna(), None)
            answers = evaluator.evaluateAll(rows)
            if model.classes:
                found = answers[[f"probability_{text}" for text in model.classes]]
                self.close(found, model.probabilities, f"PMML, {model.name}: probabilities")
                found = answers[model.label]
                if model.label == "yes":
                    found = [text == "true" for text in found]
                self.same_classes(found, model, f"PMML, {model.name}")
            else:
                self.close(answers[model.label], model.predictions, f"PMML, {model.name}")

    def test_round_trips(self):
        """What is exported as a package or as ONNX and imported again answers the same."""
        for model in self.models:
            for form in ["native", "onnx"]:
                folder = self.export(model, form)
                path = folder if form == "native" else os.path.join(folder, "model.onnx")
                name = f"back_{model.name}_{form}"
                run(self.project, f"IMPORT MODEL {name} FROM '{path}'")
                source = "probe"
                if form == "onnx":
                    self.database.register("parts", self.parts)
                    self.database.execute(f"COPY (FROM parts ORDER BY id) TO '{self.folder}/parts.parquet'")
                    source = f"'{self.folder}/parts.parquet'"
                run(self.project, f'SELECT * FROM {source} TO PREDICT s_{name}.a WITH predict.extra_outputs="margin" USING {name}')
                rows = table(self.project, f"SELECT * FROM s_{name} ORDER BY id")
                margins = rows[[c for c in rows.columns if c.startswith("margin")]]
                self.close(margins, model.margins, f"{form} and back, {model.name}")
                run(self.project, f"SELECT * FROM {source} LIMIT 10 TO EXPLAIN {name} INTO shap_{name}")


class ImportTest(unittest.TestCase):
    """Files that the Python packages wrote."""

    def setUp(self):
        self.project = tempfile.mkdtemp(prefix="sinan-import-")
        generator = np.random.default_rng(7)
        rows = 600
        self.frame = pd.DataFrame({
            "size": generator.normal(size=rows),
            "count": generator.integers(0, 9, rows).astype(float),
            "color": pd.Categorical(generator.choice(["red", "green", "blue"], rows)),
        })
        self.frame.loc[generator.random(rows) < 0.1, "size"] = np.nan
        score = self.frame["size"].fillna(0.5) + (self.frame["color"] == "red") - self.frame["count"] / 9
        self.binary = (score > 0.2).astype(int)
        self.multi = np.digitize(score, [-0.5, 0.5])
        self.value = score * 3 + 100
        self.frame.assign(id=range(rows)).to_csv(os.path.join(self.project, "rows.csv"), index=False)
        run(self.project, "CREATE TABLE rows AS FROM read_csv('rows.csv', types = {'color': 'VARCHAR', 'size': 'DOUBLE'})")

    def tearDown(self):
        shutil.rmtree(self.project, ignore_errors=True)

    def predicted(self, name, extra):
        run(self.project, f'SELECT * FROM rows TO PREDICT s_{name}.answer WITH predict.extra_outputs="{extra}" USING {name}')
        return table(self.project, f"SELECT * FROM s_{name} ORDER BY id")

    def check(self, name, wanted, is_classifier):
        rows = self.predicted(name, "probabilities" if is_classifier else "margin")
        if is_classifier:
            found = rows[[c for c in rows.columns if c.startswith("probability")]].to_numpy()
            found = found[:, 1] if wanted.ndim == 1 else found
        else:
            found = rows["answer"].to_numpy()
        self.assertLessEqual(np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted))), 1e-6, name)

    def test_xgboost(self):
        for objective, label, extra in [("binary:logistic", self.binary, {}), ("multi:softprob", self.multi, {"num_class": 3}),
                                        ("reg:squarederror", self.value, {}), ("reg:gamma", self.value, {})]:
            data = xgboost.DMatrix(self.frame, label, enable_categorical=True)
            booster = xgboost.train({"objective": objective, "max_depth": 4, **extra}, data, 12)
            for ending in ["json", "ubj"]:
                name = f"{objective.replace(':', '_')}_{ending}"
                booster.save_model(os.path.join(self.project, f"m.{ending}"))
                run(self.project, f"IMPORT MODEL {name} FROM 'm.{ending}'")
                self.check(name, booster.predict(data), ":log" in objective or "multi" in objective)
                run(self.project, f"SELECT * FROM rows LIMIT 20 TO EXPLAIN {name} INTO shap")

    def test_lightgbm(self):
        for objective, label, extra in [("binary", self.binary, {}), ("multiclass", self.multi, {"num_class": 3}),
                                        ("regression", self.value, {})]:
            booster = lightgbm.train({"objective": objective, "verbose": -1, "num_leaves": 15, **extra},
                                     lightgbm.Dataset(self.frame, label), 12)
            booster.save_model(os.path.join(self.project, "m.txt"))
            run(self.project, f"IMPORT MODEL lgb_{objective} FROM 'm.txt'")
            self.check(f"lgb_{objective}", booster.predict(self.frame), objective != "regression")

    def test_shap_of_an_imported_model_is_the_librarys(self):
        data = xgboost.DMatrix(self.frame, self.value, enable_categorical=True)
        booster = xgboost.train({"objective": "reg:squarederror", "max_depth": 4}, data, 10)
        booster.save_model(os.path.join(self.project, "m.json"))
        run(self.project, "IMPORT MODEL m FROM 'm.json'; SELECT * FROM rows ORDER BY id TO EXPLAIN m INTO shap")
        found = table(self.project, "SELECT size, count, color FROM shap").to_numpy(dtype=float)
        wanted = booster.predict(data, pred_contribs=True)[:, :3]
        self.assertLessEqual(np.max(np.abs(found - wanted)), 1e-4)


class Postgres:
    """A server of its own on a Unix socket, gone with the test."""

    def __init__(self, folder):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder = os.path.join(folder, "postgres")
        os.mkdir(self.folder)
        self.prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            os.chmod(folder, 0o755)
            self.prefix = ["runuser", "-u", "postgres", "--"]
        data = os.path.join(self.folder, "data")
        self.command("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.command("pg_ctl", "-D", data, "-w", "-s", "-l", os.path.join(self.folder, "log"), "-o",
                     f"-k {self.folder} -c listen_addresses='' -c fsync=off", "start")
        self.data = data

    def command(self, name, *arguments, text=None):
        done = subprocess.run([*self.prefix, f"{self.bin}/{name}", *arguments], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def psql(self, text):
        return self.command("psql", "-h", self.folder, "-U", "test", "-d", "postgres", "-q", "-X", "-v", "ON_ERROR_STOP=1", "--csv",
                            "-f", "-", text=text)

    def load(self, database):
        self.psql("CREATE TABLE input (id BIGINT, x DOUBLE PRECISION, n INTEGER, b BOOLEAN, d NUMERIC(10,2), city TEXT, day DATE, "
                  "moment TIMESTAMP, clock TIME, zeros DOUBLE PRECISION)")
        rows = database.execute("SELECT COLUMNS(*)::VARCHAR FROM input").fetchall()
        text = "".join(f"({', '.join('NULL' if v is None else quoted(v) for v in row)}),\n" for row in rows)
        self.psql(f"INSERT INTO input VALUES {text[:-2]}")

    def query(self, text):
        return pd.read_csv(io.StringIO(self.psql(text)))

    def stop(self):
        self.command("pg_ctl", "-D", self.data, "-m", "immediate", "-s", "stop")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    unittest.main()
