#!/usr/bin/env python3
"""Imported configurations answer as the platforms' own published SDKs do: thousands of contexts for each document of documents/.

    deps/fetch --groups core,importers && build/deps/importers/bin/python test/importers/importers_test.py

SINAN_ANSWERS names the program that imports and answers (build/release/test/import_answers). Needs Node.js. With --write the answers
to a few contexts become the expectations that `make test` compares with, src/experiment/importers/test/data/*.json.
"""

import collections
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from contexts import make_contexts
from random_documents import Documents

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ANSWERS = os.environ.get("SINAN_ANSWERS", str(ROOT / "build/release/test/import_answers"))
EXPECTATIONS = ROOT / "src/experiment/importers/test/data"
DOCUMENTS = int(os.environ.get("IMPORT_DOCUMENTS", "300"))  # random ones of each platform
CONTEXTS = int(os.environ.get("IMPORT_CONTEXTS", "4000"))

# What a caller would bring along where the platform leaves it to callers.
OPTIONS = {
    "growthbook": {"defaults": {"gated": "blocked"}},
    "eppo": {"defaults": {"limits": 7, "factor": 0.25}},
    "planout": {"salt": "exp-alpha"},
}
# Payloads of no variant.
NO_PAYLOAD = {"colors.payload": "", "by-strategy.payload": None}


def flags_of(platform, document):
    if platform == "growthbook":
        return list(document["features"])
    if platform == "unleash":
        flags = []
        for feature in document["features"]:
            flags.append(feature["name"])
            variants = feature.get("variants", []) + [v for s in feature["strategies"] for v in s.get("variants", [])]
            flags += [feature["name"] + ".variant"] if variants else []
            flags += [feature["name"] + ".payload"] if any("payload" in v for v in variants) else []
        return flags
    if platform == "planout":
        return ["color", "size", "shape", "seen", "level", "text", "list", "extra"]
    return [key for key, flag in document["flags"].items() if flag.get("state") != "DISABLED" and flag.get("enabled", True)]


class Answers:
    """A program that answers a request a line."""

    def __init__(self, command, **environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})

    def __call__(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.process.args} ended without an answer")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


def expected(platform, flag, answer):
    """The SDK's answer, or what its caller would have in its place."""
    if answer.get(flag) is not None:
        return answer[flag]
    defaults = {**OPTIONS.get(platform, {}).get("defaults", {}), **(NO_PAYLOAD if platform == "unleash" else {})}
    if flag not in defaults:
        raise KeyError(flag)
    return defaults[flag]


class Importers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ours = Answers([ANSWERS])

    @classmethod
    def tearDownClass(cls):
        assert cls.ours.close() == 0

    def sdk(self, platform):
        if platform in ("planout", "eppo"):
            return Answers([sys.executable, str(HERE / "sdk.py"), platform], PYTHONPATH=str(ROOT / "build/deps/planout"))
        return Answers(["node", str(HERE / "sdk.mjs"), platform])

    def compare(self, platform):
        document = json.loads((HERE / "documents" / f"{platform}.json").read_text())
        flags = flags_of(platform, document)
        contexts = make_contexts(platform, CONTEXTS, f"{platform} 1")
        request = {"platform": platform, "document": document, "contexts": contexts, "flags": flags,
                   "options": OPTIONS.get(platform, {})}
        sdk = self.sdk(platform)
        theirs = sdk(request)["answers"]
        self.assertEqual(sdk.close(), 0)
        ours = self.ours(request)
        self.assertNotIn("error", ours, ours)
        differences = []
        seen = {flag: set() for flag in flags}
        compared = 0
        for context, one, other in zip(contexts, ours["answers"], theirs, strict=True):
            for flag in flags:
                try:
                    value = expected(platform, flag, other)
                except KeyError:
                    continue  # a variable that the script did not set
                compared += 1
                seen[flag].add(json.dumps(value))
                if one[flag] != value or isinstance(one[flag], bool) != isinstance(value, bool):
                    differences.append((flag, context, one[flag], value))
        self.assertEqual(differences[:5], [], f"{len(differences)} of {compared} differ: flag, context, ours, the SDK's")
        single = [flag for flag, values in seen.items() if len(values) < 2]
        self.assertLessEqual(set(single), {"constant", "static", "off", "off.variant", "always"}, "asked for one value only")
        print(f"{platform}: {compared} answers compared")
        if "--write" in sys.argv:
            few = {"platform": platform, "options": OPTIONS.get(platform, {}), "document": document, "contexts": contexts[:40],
                   "answers": [{flag: one[flag] for flag in flags} for one in ours["answers"][:40]]}
            (EXPECTATIONS / f"{platform}.json").write_text(json.dumps(few, ensure_ascii=False, separators=(",", ":")) + "\n")

    def compare_random(self, platform):
        """Documents of random rules: what is imported answers as the SDK does."""
        options = {"eppo": {"defaults": {"f": "none"}}, "growthbook": {"lists": ["tags"]}}.get(platform, {})
        sdk, refused, compared = self.sdk(platform), collections.Counter(), 0
        for seed in range(DOCUMENTS):
            document = getattr(Documents(f"{platform} {seed}"), platform)()
            contexts = make_contexts(platform, 60, f"{platform} {seed}")
            if platform == "flagd":  # what its core hashes without these depends on where a rule stands
                contexts = [{"targetingKey": "user-1", "company": "c1", **context} for context in contexts]
            flags = flags_of(platform, document)
            request = {"platform": platform, "document": document, "contexts": contexts, "flags": flags, "options": options}
            ours = self.ours(request)
            if "error" in ours:
                self.assertEqual(ours["error"], "unsupported", f"{ours}\n{json.dumps(document)}")
                refused[ours["message"].split(": ")[2].split(" at ")[0]] += 1
                continue
            theirs = sdk(request)["answers"]
            for context, one, other in zip(contexts, ours["answers"], theirs, strict=True):
                for flag in flags:
                    value = other[flag] if other.get(flag) is not None else options.get("defaults", {}).get(flag)
                    compared += 1
                    self.assertEqual(one[flag], value, f"{flag} of document {seed} for {context}\n{json.dumps(document)}")
        self.assertEqual(sdk.close(), 0)
        print(f"{platform}: {compared} answers compared, {sum(refused.values())} of {DOCUMENTS} random documents refused: {dict(refused)}")
        self.assertLess(sum(refused.values()), DOCUMENTS / 3)

    def test_random_documents(self):
        for platform in ("growthbook", "flagd", "unleash", "eppo"):
            with self.subTest(platform):
                self.compare_random(platform)

    def test_growthbook(self):
        self.compare("growthbook")

    def test_flagd(self):
        self.compare("flagd")

    def test_unleash(self):
        self.compare("unleash")

    def test_eppo(self):
        self.compare("eppo")

    def test_planout(self):
        self.compare("planout")


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--write"])
