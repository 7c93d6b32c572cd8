#!/usr/bin/env python3
"""The proof of no overlap against z3: random pairs of experiments over large domains. A DISJOINT of ours must be unsatisfiable, an
OVERLAP satisfiable; UNKNOWN is allowed, with its reason, and must be rare.

    deps/fetch --groups core,z3 && build/deps/z3/bin/python test/z3/overlap_z3_test.py

SINAN_VERDICTS names the program that gives verdicts (build/release/test/overlap_verdicts), Z3_PAIRS the number of pairs, Z3_SEED the
first seed.
"""

import collections
import json
import os
import random
import subprocess
import unittest
from pathlib import Path

import z3
from formulas import ATTRIBUTES, Conditions, Context

ROOT = Path(__file__).resolve().parents[2]
VERDICTS = os.environ.get("SINAN_VERDICTS", str(ROOT / "build/release/test/overlap_verdicts"))
PAIRS = int(os.environ.get("Z3_PAIRS", "3000"))
SEED = int(os.environ.get("Z3_SEED", "1"))
SLICES = ["none", "A", "B"]


def groups_of(draw, names, buckets):
    cuts = sorted(draw.sample(range(1, buckets), len(names) - 1))
    return [{"name": name, "first": first, "last": last - 1} for name, first, last in zip(names, [0] + cuts, cuts + [buckets])]


def inside(bucket, groups, names):
    return z3.Or([z3.And(bucket >= group["first"], bucket <= group["last"]) for group in groups if group["name"] in names])


class Pair:
    """Two experiments on the parameter p, perhaps behind a traffic slice: as our configuration, and as z3's constraints."""

    def __init__(self, seed):
        draw = self.draw = random.Random(seed)
        context = Context()
        self.constraints = context.bounds
        self.now = z3.Int("now")
        self.buckets = {}
        parameters, self.experiments = {}, []
        self.parameters = [{"name": "p", "type": "string", "default": "green"}]
        if draw.random() < 0.4:
            # Who is in a slice is decided by an experiment of its own. Its ramp may move anybody back to the default.
            slice_value = z3.String("slice_value")
            self.constraints.append(z3.Or([slice_value == value for value in SLICES]))
            text, true, _ = Conditions(draw, context, {}).make(1)
            groups = groups_of(draw, ["a", "b", "rest"], 100)
            self.add_experiment("slices", "slices", groups, [(text, {"slice": {"a": "A", "b": "B"}})])
            bucket = self.bucket("slices", 100)
            self.constraints += [z3.Implies(slice_value == value, z3.And(true, inside(bucket, groups, [group])))
                                 for group, value in (("a", "A"), ("b", "B"))]
            self.parameters.append({"name": "slice", "type": "string", "default": "none", "values": SLICES})
            parameters = {"slice": (slice_value, SLICES)}
        salts = ["shared", "shared"] if draw.random() < 0.3 else ["first", "second"]
        conditions = Conditions(draw, context, parameters)
        for name, salt in zip(("one", "two"), salts):
            self.constraints.append(self.region(name, salt, conditions))

    def bucket(self, salt, buckets):
        name = f"{salt}_{buckets}"
        if name not in self.buckets:
            self.buckets[name] = z3.Int(name)
            self.constraints.append(z3.And(self.buckets[name] >= 0, self.buckets[name] < buckets))
        return self.buckets[name]

    def region(self, name, salt, conditions):
        """Where the experiment gives p a value."""
        draw, groups = self.draw, groups_of(self.draw, ["x", "y", "z"], 100)
        bucket = self.bucket(salt, 100)
        branches, parts, before = [], [], []
        for _ in range(draw.choice([1, 1, 2])):
            text, true, _ = conditions.make(2)
            names = draw.choice([["x"], ["x", "y"], ["y", "z"], ["x", "y", "z"]])
            branches.append((text, {"p": {group: "blue" for group in names}}))
            parts.append(z3.And([z3.Not(other) for other in before] + [true, inside(bucket, groups, names)]))
            before.append(true)
        windows, scheduled = [], z3.BoolVal(True)
        if draw.random() < 0.3:
            begin = draw.randint(0, 20)
            end = begin + draw.randint(1, 6)
            windows = [{"begin": f"2026-01-{begin + 1:02}T00:00:00Z", "end": f"2026-01-{end + 1:02}T00:00:00Z"}]
            scheduled = z3.And(self.now >= begin, self.now < end)
        most = draw.choice([100, 100, 100, 5])
        self.add_experiment(name, salt, groups, branches, windows, most)
        return z3.And(z3.Or(parts), scheduled)

    def add_experiment(self, name, salt, groups, branches, windows=(), most=100):
        experiment = {"name": name, "state": "running", "unit": ["user_id"], "buckets": 100, "hash": "sinan", "salt": salt, "epoch": 1,
                      "rollout": most, "max_rollout": most, "groups": groups,
                      "branches": [{"when": text, "set": values} for text, values in branches]}
        if windows:
            experiment["schedule"] = list(windows)
        self.experiments.append(experiment)

    def configuration(self):
        return {"format": 1, "version": 1, "attributes": {"user_id": "string", **ATTRIBUTES}, "segments": [],
                "parameters": self.parameters, "experiments": self.experiments}

    def solve(self):
        solver = z3.Solver()
        solver.set("timeout", 3000)
        solver.add(*self.constraints)
        return str(solver.check())


class OverlapAgainstZ3(unittest.TestCase):
    def test_verdicts_agree(self):
        process = subprocess.Popen([VERDICTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        counts, reasons = collections.Counter(), collections.Counter()
        for seed in range(SEED, SEED + PAIRS):
            pair = Pair(seed)
            process.stdin.write(json.dumps(pair.configuration()) + "\n")
            process.stdin.flush()
            ours = json.loads(process.stdout.readline())
            self.assertNotIn("error", ours, f"seed {seed}: {ours} {pair.experiments}")
            theirs = pair.solve()
            counts[ours["verdict"], theirs] += 1
            if ours["verdict"] == "UNKNOWN":
                self.assertNotEqual(ours["reason"], "", f"seed {seed}")
                reasons[ours["reason"].split(":")[0]] += 1
            wrong = {("DISJOINT", "sat"), ("OVERLAP", "unsat")}
            self.assertNotIn((ours["verdict"], theirs), wrong, f"seed {seed}: {ours}\n{json.dumps(pair.experiments, indent=1)}")
        process.stdin.close()
        process.stdout.close()
        self.assertEqual(process.wait(), 0)
        for (ours, theirs), count in sorted(counts.items()):
            print(f"{ours}, z3 {theirs}: {count}")
        print(f"reasons of UNKNOWN: {dict(reasons)}")
        decided = sum(count for (ours, theirs), count in counts.items() if ours != "UNKNOWN" and theirs != "unknown")
        print(f"{decided} of {PAIRS} pairs decided by both, in agreement")
        self.assertGreaterEqual(decided, 0.9 * PAIRS)
        self.assertGreater(counts["DISJOINT", "unsat"], PAIRS / 20)
        self.assertGreater(counts["OVERLAP", "sat"], PAIRS / 20)


if __name__ == "__main__":
    unittest.main()
