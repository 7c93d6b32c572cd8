"""The shared vectors (docs/formats/vectors.md) through the package, and what the package adds to them."""

import json
import math
import os
import threading
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from sinan_experiment import Context, Evaluator, SnapshotError

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def value_of(kind, texts):
    if kind == "bool":
        return texts[0] == "true"
    if kind == "int":
        return int(texts[0])
    if kind == "double":
        return float(texts[0])
    if kind == "time":
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(texts[0]))
    return list(texts) if kind == "list" else texts[0]


def context_of(entries):
    attributes, groups, now = {}, {}, None
    for name, kind, *texts in entries:
        if kind == "force":
            groups[name] = texts[0]
        elif kind == "now":
            now = int(texts[0])
        else:
            attributes[name] = value_of(kind, texts)
    return Context(attributes, groups=groups, now=now)


def as_text(details):
    value = details.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def evaluator_of(suite):
    evaluator = Evaluator()
    evaluator.load_file(VECTORS / f"{suite}.snapshot")
    return evaluator


class Vectors(unittest.TestCase):
    def check(self, details, expected, asked):
        self.assertEqual(details.reason, expected["reason"])
        if "problem" in expected:
            self.assertEqual((details.value, details.error_code), ("mine", expected["problem"]))
            return
        self.assertIsNone(details.error_code)
        self.assertEqual(details.type, expected["type"])
        told = expected["value"]
        if expected["type"] == "json":
            self.assertEqual(details.value, json.loads(told))
        elif "double" in (expected["type"], asked):
            self.assertEqual(details.value, float(told))
            self.assertEqual(math.copysign(1, details.value), math.copysign(1, float(told)))
        else:
            self.assertEqual(as_text(details), told)
        self.assertEqual(details.missing_unit, expected.get("missing_unit", False))
        self.assertEqual(details.experiment, expected.get("experiment"))
        self.assertEqual(details.group, expected.get("group"))
        self.assertEqual(details.bucket, expected.get("bucket"))
        self.assertEqual(";".join(map(":".join, details.exposures)), expected.get("exposures", ""))

    def test_all(self):
        cases = 0
        for path in sorted(VECTORS.glob("*.json")):
            suite = json.loads(path.read_text())
            evaluator = evaluator_of(path.stem)
            self.assertEqual(evaluator.version, int(suite["version"]))
            contexts = [context_of(entries) for entries in suite["contexts"]]
            for index, parameter, asked, expected in suite["cases"]:
                with self.subTest(suite=path.stem, context=suite["contexts"][index], parameter=parameter, asked=asked):
                    kind = None if asked == "any" else asked
                    details = evaluator.details(parameter, "mine", contexts[index], kind, prefetch=True)
                    self.check(details, expected, asked)
                    cases += 1
        self.assertGreater(cases, 1500)


class Local(unittest.TestCase):
    def setUp(self):
        self.evaluator = evaluator_of("buttons")
        self.user = {"user_id": "u42", "city": "San Francisco", "app_version": "3.4.1"}

    def test_getters_never_fail(self):
        empty = Evaluator()
        for evaluator in (empty, self.evaluator, evaluator_of("values")):
            for context in (None, {}, {"": None, "x": object(), "y": {}, "n": 10**400, "\ud800": "\ud800"}, {f"a{i}": i for i in range(2000)}):
                self.assertIs(evaluator.boolean("no.such\ud800", True, context), True)
                self.assertEqual(evaluator.string("no.such", "mine", context), "mine")
                self.assertEqual(evaluator.json("no.such", [1], context), [1])
        self.assertEqual(self.evaluator.integer("traffic_slice", 7, self.user), 7)
        many = self.evaluator.details("traffic_slice", "mine", {f"a{i}": i for i in range(2000)})
        self.assertEqual((many.value, many.error_code), ("mine", "INVALID_CONTEXT"))

    def test_every_type(self):
        values = evaluator_of("values")
        self.assertIs(values.boolean("v1", False), True)
        self.assertEqual(values.integer("v4", 0), 9007199254740993)
        self.assertEqual(values.number("v5", 0.0), float(2**63 - 1))
        self.assertEqual(values.number("v9", 0.0), 0.1)
        self.assertEqual(len(values.string("v35", "")), 5000)
        self.assertEqual(values.json("v39", None), {"a": {"b": [1, 2.5, True, None, "ü"]}, "": "x"})

    def test_prefetch_counts_nothing_until_it_is_read(self):
        exposed = []
        self.evaluator = Evaluator(on_exposure=lambda details, _: exposed.append((details.parameter, details.exposures)))
        self.evaluator.load_file(VECTORS / "buttons.snapshot")
        fetched = self.evaluator.prefetch(self.user)
        self.assertEqual((self.evaluator.accesses("traffic_slice"), exposed), (0, []))
        value = fetched.value("traffic_slice", "mine")
        self.assertIn(value, ("A", "B"))
        self.assertEqual(self.evaluator.accesses("traffic_slice"), 1)
        self.assertEqual(exposed, [("traffic_slice", (("slices", value.lower()),))])
        self.assertEqual(fetched.value("no.such", "mine"), "mine")
        self.assertEqual(self.evaluator.string("traffic_slice", "mine", self.user), value)
        self.assertEqual((self.evaluator.accesses("traffic_slice"), len(exposed)), (2, 2))

    def test_what_a_listener_raises_is_dropped(self):
        def fail(*_):
            raise RuntimeError("no")

        evaluator = Evaluator(on_exposure=fail)
        evaluator.load_file(VECTORS / "buttons.snapshot")
        self.assertIn(evaluator.string("traffic_slice", "mine", self.user), ("A", "B"))

    def test_overrides(self):
        with self.evaluator.override({"traffic_slice": "C", "new": 3}):
            self.assertEqual(self.evaluator.string("traffic_slice", "mine", self.user), "C")
            self.assertEqual(self.evaluator.integer("new", 0), 3)
        self.assertIn(self.evaluator.string("traffic_slice", "mine", self.user), ("A", "B"))
        forced = Context(self.user, groups={"slices": "a", "button_black": "t2"})
        self.assertEqual(self.evaluator.string("checkout.button_color", "mine", forced), "blue")

    def test_explain(self):
        self.assertIn("has no unit: the context lacks user_id", self.evaluator.explain("traffic_slice"))

    def test_a_clock_that_is_wrong_is_corrected_for_schedules(self):
        planned = evaluator_of("typed_texts")
        context = {"user_id": "u42"}
        self.assertIn(planned.string("planned", "", context), "AB")
        planned.clock_offset = 3_000_000 - int(datetime.now().timestamp() * 1e6)  # at the server it is 1970: between the windows
        self.assertEqual(planned.string("planned", "", context), "none")
        self.assertIn(planned.string("planned", "", Context(context, now=1_500_000)), "AB")

    def test_what_is_no_successor_is_refused(self):
        for snapshot, message in (
            (b"", "damaged"),
            ((VECTORS / "texts.snapshot").read_bytes(), "older"),
            ((VECTORS / "buttons.snapshot").read_bytes()[:-1] + b"?", "damaged"),
        ):
            with self.assertRaisesRegex(SnapshotError, message):
                self.evaluator.load(snapshot)
        self.assertEqual(self.evaluator.version, 7)

    def test_threads_read_while_snapshots_are_replaced(self):
        evaluator = evaluator_of("texts")
        snapshots = [(VECTORS / f"{name}.snapshot").read_bytes() for name in ("hashes", "typed_texts", "buttons", "values")]
        stop, wrong = threading.Event(), []

        def read():
            while not stop.is_set():
                details = evaluator.details("traffic_slice", "mine", self.user)
                if (details.error_code is None) != (details.version == 7):
                    wrong.append(details)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for snapshot in snapshots:
            for _ in range(50):
                evaluator.load(snapshot)
        stop.set()
        for reader in readers:
            reader.join()
        self.assertEqual(wrong, [])

    def test_a_child_goes_on(self):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.evaluator.load_file(VECTORS / "values.snapshot")
                os.write(writer, str(self.evaluator.integer("v4", 0)).encode())
            finally:
                os._exit(0)
        os.close(writer)
        self.assertEqual(os.read(reader, 100), b"9007199254740993")
        os.close(reader)
        os.waitpid(child, 0)
        self.assertEqual(self.evaluator.version, 7)


if __name__ == "__main__":
    unittest.main()
