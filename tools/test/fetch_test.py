"""deps/fetch on packages made here: what is taken, what a wrong hash does, and that a second run does nothing."""

import hashlib
import importlib.machinery
import importlib.util
import io
import os
import shutil
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

FETCH = Path(__file__).resolve().parent.parent.parent / "deps" / "fetch"


def load():
    loader = importlib.machinery.SourceFileLoader("fetch", str(FETCH))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch", loader))
    loader.exec_module(module)
    return module


def tar_gz(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


class FetchTest(unittest.TestCase):
    def setUp(self):
        self.fetch = load()
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.fetch.ROOT, self.fetch.BUILD = self.root, self.root / "build"
        before = os.environ.get("SINAN_DEPS_CACHE")
        os.environ["SINAN_DEPS_CACHE"] = str(self.root / "cache")
        self.addCleanup(lambda: os.environ.pop("SINAN_DEPS_CACHE") if before is None
                        else os.environ.update(SINAN_DEPS_CACHE=before))
        self.asked = 0

    def package(self, file, content, take, **more):
        def client(package, work):
            self.asked += 1
            (Path(work) / package["file"]).write_bytes(content)
            return 0, ""

        self.fetch.CLIENTS["made"] = client
        return {"name": "thing", "version": "1.0", "groups": ["core"], "source": "made", "spec": "thing", "file": file,
                "sha256": hashlib.sha256(content).hexdigest(), "take": take, **more}

    def test_takes_files_patterns_and_nested_archives(self):
        inner = zipped({"flights.csv": b"a,b\n", "other.csv": b"no"})
        content = tar_gz({"p/lib/libx.so": b"ELF", "p/data/a.csv": b"1", "p/data/b.csv": b"2", "p/f.zip": inner})
        package = self.package("p.tgz", content, [
            {"from": "p/lib/libx.so", "to": "lib/libx.so"},
            {"from": "p/data/*.csv", "to": ""},
            {"from": "p/f.zip!flights.csv", "to": "data/flights.csv"},
        ])
        self.fetch.fetch(package)
        place = self.fetch.place_of(package)
        found = {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}
        self.assertEqual(found, {"lib/libx.so": b"ELF", "a.csv": b"1", "b.csv": b"2", "data/flights.csv": b"a,b\n"})

    def test_wrong_hash_names_both_and_leaves_nothing(self):
        package = self.package("p.tgz", tar_gz({"a": b"evil"}), [{"from": "a", "to": "a"}])
        right = package["sha256"]
        package["sha256"] = "0" * 64
        with self.assertRaises(self.fetch.FetchError) as caught:
            self.fetch.fetch(package)
        self.assertIn(right, str(caught.exception))
        self.assertIn("0" * 64, str(caught.exception))
        self.assertEqual(list((self.root / "cache").iterdir()), [])

    def test_a_missing_member_leaves_nothing(self):
        package = self.package("p.whl", zipped({"a": b"1"}), [{"from": "a", "to": "a"}, {"from": "b", "to": "b"}])
        with self.assertRaisesRegex(self.fetch.FetchError, "holds no b"):
            self.fetch.fetch(package)
        self.assertEqual(list((self.root / "cache").iterdir()), [])

    def test_a_target_outside_the_cache_is_refused(self):
        package = self.package("p.whl", zipped({"a": b"1"}), [{"from": "a", "to": "../../a"}])
        with self.assertRaisesRegex(self.fetch.FetchError, "out of the cache"):
            self.fetch.fetch(package)

    def test_what_is_taken_is_part_of_the_place(self):
        content = zipped({"a": b"1"})
        one = self.package("p.whl", content, [{"from": "a", "to": "a"}])
        two = self.package("p.whl", content, [{"from": "a", "to": "b"}])
        self.assertNotEqual(self.fetch.place_of(one), self.fetch.place_of(two))

    def test_cmake_file_is_written_only_when_it_changes(self):
        package = self.package("p.whl", zipped({"a": b"1"}), [{"from": "a", "to": "a"}], cmake={"THING": "a"})
        self.fetch.fetch(package)
        self.fetch.write_cmake([package])
        file = self.root / "build" / "deps.cmake"
        self.assertIn(f'set(THING "{self.fetch.place_of(package)}/a")', file.read_text())
        before = file.stat().st_ino
        self.fetch.write_cmake([package])
        self.assertEqual(file.stat().st_ino, before)

    def test_unknown_names_are_errors(self):
        package = self.package("p.whl", b"", [])
        with self.assertRaisesRegex(self.fetch.FetchError, "no package 'thin'"):
            self.fetch.select([package], ["thin"], ["core"])
        with self.assertRaisesRegex(self.fetch.FetchError, "no group 'cor'"):
            self.fetch.select([package], None, ["cor"])


if __name__ == "__main__":
    unittest.main()
