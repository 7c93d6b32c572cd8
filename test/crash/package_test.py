"""Model packages that were truncated, changed, lost or written by a newer version are refused, with the file and what to do."""

import json
import unittest

import project
from project import Project

USE = "SELECT * FROM t TO PREDICT out.again.guess USING zoo.m"


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = project.prepared()
        cls.addClassCleanup(cls.before.__exit__)
        cls.names = [file.name for file in cls.before.model_files()]

    def refused(self, name, damage):
        """The model is refused for what `damage` did to its file: the message and its hint name it; the rest works."""
        with self.subTest(file=name), Project(self.before) as copy:
            (file,) = [file for file in copy.model_files() if file.name == name]
            damage(file)
            code, _, errors = copy.run(USE)
            self.assertIn(code, (1, 2), errors)
            self.assertIn("error[", errors)
            self.assertIn("hint:", errors)
            self.assertIn(str(file), errors)
            self.assertEqual(copy.query("SELECT count(*) AS n FROM t"), [[{"n": 200}]])
            # Trained again it is usable again.
            copy.must_run(project.VERSION_2, options=("--no-cache",))
            return errors

    def test_truncated(self):
        for name in self.names:
            for share in (0.0, 0.5, 0.99):
                self.refused(name, lambda file: file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)]))

    def test_bit_flipped(self):
        def flip(share):
            def damage(file):
                content = bytearray(file.read_bytes())
                content[int(share * (len(content) - 1))] ^= 4
                file.write_bytes(content)

            return damage

        for name in self.names:
            for share in (0.0, 0.3, 0.6, 1.0):
                self.refused(name, flip(share))

    def test_lost(self):
        for name in self.names:
            self.refused(name, lambda file: file.unlink())

    def test_newer(self):
        def newer(file):
            document = json.loads(file.read_text())
            document["version"] = 99
            file.write_text(json.dumps(document))

        self.assertIn("newer", self.refused("model.json", newer))


if __name__ == "__main__":
    unittest.main()
