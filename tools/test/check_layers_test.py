"""Each rule of tools/check_layers, broken once in a small tree of its own."""

import importlib.machinery
import importlib.util
import shutil
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent


def load_tool(name):
    loader = importlib.machinery.SourceFileLoader(name, str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


check_layers = load_tool("check_layers")


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tools").mkdir()
        shutil.copy(TOOLS / "layers.toml", self.root / "tools" / "layers.toml")
        self.room("base", "")
        self.write("src/base/error.h", "// Errors.\n#pragma once\n#include <string>\n")
        self.room("store", "DEPS base")
        self.write("src/store/database.h", '// The store.\n#pragma once\n#include "base/error.h"\n')
        self.write("src/store/database.cc",
                   '#include "store/database.h"\n\n#include <sqlite3.h>\n#include <fmt/format.h>\n#include <unistd.h>\n')

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def room(self, name, arguments):
        self.write(f"src/{name}/CMakeLists.txt", f"sinan_room({name} {arguments})\n")
        self.write(f"src/{name}/README.md", f"# {name}\n")

    def findings(self):
        return check_layers.Checker(self.root).run()

    def assert_one_finding(self, *parts):
        findings = self.findings()
        self.assertEqual(len(findings), 1, findings)
        for part in parts:
            self.assertIn(part, findings[0])

    def test_a_tree_in_order_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    def test_upward_include_names_file_line_rule_and_way_out(self):
        self.write("src/base/error.cc", '#include "base/error.h"\n\n#include "store/database.h"\n')
        self.assert_one_finding("src/base/error.cc:3:", "base (level 0) must not include store (level 1)", "lower level")

    def test_same_level_include(self):
        self.room("io", "DEPS base")
        self.write("src/io/file.h", "// Files.\n#pragma once\n")
        self.write("src/store/more.cc", '#include "io/file.h"\n')
        self.assert_one_finding("src/store/more.cc:1:", "store (level 1) must not include io (level 1)")

    def test_same_level_in_deps(self):
        self.room("io", "DEPS base store")
        self.assert_one_finding("src/io/CMakeLists.txt:1:", "io (level 1) must not use store (level 1)")

    def test_test_deps_may_be_of_the_same_level_but_only_for_tests(self):
        self.room("io", "DEPS base TEST_DEPS store")
        self.write("src/io/test/file_test.cc", '#include "store/database.h"\n')
        self.assertEqual(self.findings(), [])
        self.write("src/io/file.cc", '#include "store/database.h"\n')
        self.assert_one_finding("src/io/file.cc:1:")

    def test_lower_room_that_deps_does_not_name(self):
        self.room("catalog", "DEPS base")
        self.write("src/catalog/catalog.cc", '#include "base/error.h"\n#include "store/database.h"\n')
        self.assert_one_finding("src/catalog/catalog.cc:2:", "catalog does not name store", "src/catalog/CMakeLists.txt")

    def test_nested_room_may_use_the_room_around_it(self):
        self.room("engine", "DEPS base")
        self.write("src/engine/engine.h", "// Engines.\n#pragma once\n")
        self.room("engine/duckdb", "DEPS base engine")
        self.write("src/engine/duckdb/a.cc", '#include <duckdb.h>\n#include "engine/engine.h"\n')
        self.assertEqual(self.findings(), [])
        self.write("src/engine/b.cc", '#include "engine/duckdb/a.h"\n')
        self.write("src/engine/duckdb/a.h", "// A.\n#pragma once\n#include <vector>\n")
        self.write("src/engine/duckdb/a.cc", '#include "engine/duckdb/a.h"\n')
        self.assert_one_finding("src/engine/b.cc:1:", "engine (level 2) must not include engine/duckdb (level 2)")

    def test_circle_of_capabilities(self):
        self.room("ml", "DEPS base lake")
        self.room("lake", "DEPS base ml")
        self.assert_one_finding("in a circle", "lake -> ml -> lake")

    def test_capabilities_may_use_each_other_one_way(self):
        self.room("ml", "DEPS base")
        self.room("lake", "DEPS base ml")
        self.assertEqual(self.findings(), [])

    def test_third_party_header_outside_its_room(self):
        self.write("src/base/log.cc", "#include <vector>\n#include <sqlite3.h>\n")
        self.assert_one_finding("src/base/log.cc:2:", "<sqlite3.h> is not for base (allowed: store)", "go through store/database.h")

    def test_heavy_header_in_a_header(self):
        self.write("src/store/database.h", "// The store.\n#pragma once\n#include <sqlite3.h>\n")
        self.assert_one_finding("src/store/database.h:3:", "<sqlite3.h> is for .cc files")

    def test_more_files_than_allowed(self):
        self.write("src/base/json.cc", "#include <simdjson.h>\n")
        self.assertEqual(self.findings(), [])
        self.write("src/base/json_two.cc", "#include <simdjson.h>\n")
        self.assert_one_finding("simdjson.h is included by 2 files, 1 allowed", "base/json.h")

    def test_unknown_library(self):
        self.write("src/base/log.cc", "#include <glog/logging.h>\n")
        self.assert_one_finding("<glog/logging.h> is a library that tools/layers.toml does not know", "[[border]]")

    def test_test_headers_outside_tests(self):
        self.write("src/base/log.cc", "#include <gtest/gtest.h>\n")
        self.assert_one_finding("allowed: tests only")

    def test_tests_may_include_the_real_library(self):
        self.write("src/base/test/json_test.cc", "#include <gtest/gtest.h>\n#include <sqlite3.h>\n")
        self.assertEqual(self.findings(), [])

    def test_include_not_by_path(self):
        self.write("src/store/database.cc", '#include "database.h"\n')
        findings = self.findings()
        self.assertTrue(any('include "store/database.h"' in finding for finding in findings), findings)

    def test_own_header_is_not_first(self):
        self.write("src/store/database.cc", '#include <sqlite3.h>\n#include "store/database.h"\n')
        self.assert_one_finding("src/store/database.cc:1:", "the own header is not the first include")

    def test_header_without_pragma_once(self):
        self.write("src/base/clock.h", "// Clock.\n")
        self.assert_one_finding("src/base/clock.h:1:", "no #pragma once")

    def test_room_without_readme(self):
        (self.root / "src/store/README.md").unlink()
        self.assert_one_finding("src/store/CMakeLists.txt:1:", "no README.md")

    def test_room_without_level(self):
        self.room("utils", "DEPS base")
        self.assert_one_finding("room utils has no level", "tools/layers.toml")

    def test_dependency_that_is_no_room(self):
        self.room("io", "DEPS base bsae")
        self.assert_one_finding("names bsae, which is no room")

    def test_file_outside_any_room(self):
        self.write("src/stray/a.cc", "#include <vector>\n")
        self.assert_one_finding("src/stray/a.cc:1:", "in no room")


if __name__ == "__main__":
    unittest.main()
