#!/usr/bin/env python3
"""Installs the component `experiment` into an empty folder and builds programs in C and C++ against it, outside of the sources, through
the CMake package and through pkg-config.

SINAN_BUILD names the build folder.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = os.environ.get("SINAN_BUILD", str(ROOT / "build" / "release"))
SNAPSHOT = ROOT / "src/experiment/test/data/button.snapshot"


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Path(tempfile.mkdtemp())
        output("cmake", "--install", BUILD, "--component", "experiment", "--prefix", cls.place / "prefix")
        # Moved afterwards: nothing in it may remember where it was installed.
        (cls.place / "prefix").rename(cls.place / "moved")
        cls.prefix = cls.place / "moved"
        shutil.copytree(ROOT / "test/install/program", cls.place / "program")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def check(self, program):
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self.prefix / "lib")}
        self.assertEqual(output(program, SNAPSHOT, env=environment), "A slices a 7\n")
        missing = subprocess.run([program, "/no/such"], env=environment, capture_output=True, text=True)
        self.assertIn("cannot read snapshot", missing.stderr)

    def test_nothing_but_the_component_is_installed(self):
        self.assertEqual(sorted(p.name for p in self.prefix.iterdir()), ["include", "lib"])
        self.assertTrue((self.prefix / "include/sinan_experiment.h").exists())

    def test_cmake_package(self):
        build = self.place / "build"
        output("cmake", "-S", self.place / "program", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        output("cmake", "--build", build)
        self.check(build / "program_c")
        self.check(build / "program_cc")
        self.check(build / "program_client")

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig")}

        def flags(package):
            return output("pkg-config", "--cflags", "--libs", package, env=environment).split()

        for compiler, source, package in (
            (["cc"], "program.c", "sinan_experiment"),
            (["c++", "-std=c++23"], "program.cc", "sinan_experiment_static"),
            (["c++", "-std=c++23"], "client.cc", "sinan_experiment_client"),
        ):
            program = self.place / f"by_pkg_config_{package}"
            output(*compiler, self.place / "program" / source, "-o", program, *flags(package))
            self.check(program)


if __name__ == "__main__":
    unittest.main()
