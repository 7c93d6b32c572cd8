"""A project folder driven through the real program, and what a crash may not change about it.

A Project is prepared with VERSION_1 of everything; tests then run VERSION_2 and break it. state() opens the project again and
reads all of it: each part has to be the one of version 1 or the one of version 2, and nothing else.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAM = os.environ["SINAN_PROGRAM"]

# The two versions differ in every part: rows of the tables, the trees, predictions and measures.
_TEMPLATE = """
CREATE OR REPLACE TABLE t AS SELECT i AS x, (i * {step}) % 7 AS z, i % {modulus} = 0 AS y FROM range({rows}) r(i);
CREATE OR REPLACE TABLE apart AS SELECT {rows} AS n;
SELECT x, z, y FROM t TO TRAIN xgboost.gbtree WITH objective="binary:logistic", train.num_boost_round={rounds}
LABEL y INTO zoo.m;
SELECT * FROM t TO PREDICT out.p.guess WITH predict.output="probability" USING zoo.m;
SELECT * FROM t TO EVALUATE zoo.m LABEL y INTO out.q;
"""
VERSION_1 = _TEMPLATE.format(step=3, modulus=2, rows=200, rounds=2)
VERSION_2 = _TEMPLATE.format(step=5, modulus=3, rows=300, rounds=4)

# Says that it runs, and then takes minutes.
LONG_QUERY = """SELECT 1 AS started;
SELECT sum(hash(range)) AS n FROM range(1000000000000)"""

_TABLES = {
    "t": "SELECT * FROM t ORDER BY ALL",
    "apart": "SELECT * FROM apart",
    "predictions": "SELECT * FROM out.p ORDER BY ALL",
    "measures": "SELECT * FROM out.q",
}
_MODEL_PROBE = """SELECT i AS x, i % 7 AS z FROM range(40) r(i) TO PREDICT check_table.guess
WITH predict.output="probability" USING zoo.m; SELECT * FROM check_table ORDER BY ALL"""


class Project:
    def __init__(self, source=None, parent=None):
        """A copy of `source`, in a new folder of `parent`."""
        self.folder = Path(tempfile.mkdtemp(prefix="sinan_crash_", dir=parent))
        if source is not None:
            shutil.copytree(source.folder, self.folder, dirs_exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments):
        return [PROGRAM, "--project", str(self.folder), *arguments]

    def start(self, program, fault=None, options=()):
        """The running program; its source is the project's program.sql."""
        (self.folder / "program.sql").write_text(program)
        environment = {name: value for name, value in os.environ.items() if name != "SINAN_FAULT"}
        if fault is not None:
            environment["SINAN_FAULT"] = fault
        return subprocess.Popen(self.command("run", str(self.folder / "program.sql"), *options), env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, program, fault=None, options=()):
        """(exit code, standard output, standard error)"""
        process = self.start(program, fault, options)
        output, errors = process.communicate()
        return process.returncode, output, errors

    def must_run(self, program, options=()):
        code, output, errors = self.run(program, options=options)
        if code != 0:
            raise AssertionError(f"exit code {code} of\n{program}\n{errors}")
        return output

    def query(self, *statements):
        """One list of rows a statement."""
        output = self.must_run(";\n".join(statements), options=("--format", "json"))
        results, at = [], output.find("[")
        while at >= 0:
            result, end = json.JSONDecoder().raw_decode(output, at)
            results.append(result)
            at = output.find("[", end)
        return results

    def state(self):
        """Everything a user sees of the project, by part."""
        rows = self.query(*_TABLES.values(), "SHOW MODELS")
        parts = {name: json.dumps(value) for name, value in zip(_TABLES, rows)}
        models = [(row["model"], row["version"], row["rows"], row["metric"]) for row in rows[-1]]
        parts["model"] = json.dumps([models, self.query(_MODEL_PROBE)[-1]])
        return parts

    def model_versions(self):
        """Of zoo.m: its folders, each as a digest of its files."""
        digests = {}
        for folder in sorted((self.folder / ".sinan/objects/model/zoo.m").iterdir()):
            digest = hashlib.sha256()
            for file in sorted(folder.iterdir()):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
            digests[folder.name] = digest.hexdigest()
        return digests

    def model_files(self):
        """Of the only version of zoo.m."""
        (folder,) = (self.folder / ".sinan/objects/model/zoo.m").iterdir()
        return sorted(folder.iterdir())


def prepared():
    project = Project()
    project.must_run(VERSION_1)
    return project


def both_states(before):
    """What the parts are before and after VERSION_2, which `before` is not changed by."""
    with Project(before) as after:
        old = Project(before)
        with old:
            first = old.state()
        after.must_run(VERSION_2)
        second = after.state()
    for part in first:
        if first[part] == second[part]:
            raise AssertionError(f"version 2 does not change {part}")
    return first, second


def check_whole(test, project, first, second, what):
    """Each part is as before or as after, with no files of anything else. Returns the parts that are as after."""
    state = project.state()
    changed = set()
    for part, value in state.items():
        test.assertIn(value, (first[part], second[part]), f"{what}: {part} is neither as before nor as after")
        if value == second[part]:
            changed.add(part)
    # What reads from another part comes after it.
    if "model" in changed:
        test.assertIn("t", changed, what)
    if changed & {"predictions", "measures"}:
        test.assertIn("model", changed, what)
    test.assertEqual(len(project.model_versions()), 2 if "model" in changed else 1, f"{what}: folders of models")
    leftovers = [str(path) for path in project.folder.rglob("tmp_*")]
    test.assertEqual(leftovers, [], what)
    return changed
