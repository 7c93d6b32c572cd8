"""MySQL's forms on the embedded engine, against MariaDB: the same text, the same rows."""

import csv
import io
import math
import unittest

from servers import MariaDb, Project

SETUP = """CREATE TABLE iris (`id` BIGINT(20) NOT NULL, `name` VARCHAR(32) DEFAULT "none" COMMENT 'what', `width` DOUBLE(10,2),
  `petals` INT(11) UNSIGNED, `text` TEXT, PRIMARY KEY (`id`), KEY `by_name` (`name`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO iris VALUES (1, "setosa", 0.2, 5, '12'), (2, 'it\\'s "new"', 1.8, 6, '12 apples'), (3, "virginica", NULL, 7, 'apples'),
  (4, 'a-b', 2.5, NULL, '-1.5e1x'), (5, NULL, 3, 9, NULL);
INSERT INTO iris VALUE (6, 'back\\\\slash', 4, 10, '7.25')"""

QUERIES = r'''SELECT id FROM iris ORDER BY id LIMIT 0, 1537
SELECT id, name FROM iris ORDER BY id LIMIT 2, 2
SELECT `id`, `name` FROM `iris` WHERE name = "setosa" OR name = 'it\'s "new"' ORDER BY id
SELECT CONCAT(id, "-", petals) FROM iris WHERE petals IS NOT NULL ORDER BY id
SELECT SUBSTRING_INDEX('www.mysql.com', '.', 2), SUBSTRING_INDEX('www.mysql.com', '.', -2), SUBSTRING_INDEX('www', '.', 5)
SELECT SUBSTRING_INDEX(SUBSTRING_INDEX('a,b,c', ',', 2), ',', -1), SUBSTRING_INDEX('a.b', '.', 0), SUBSTRING_INDEX('a--b--c', '--', 1)
SELECT id, SUBSTRING_INDEX(name, 's', id - 2) FROM iris ORDER BY id
SELECT count(*), min(r >= 0 AND r < 1) + 0 FROM (SELECT RAND() AS r FROM iris) t
SELECT text + 1, text * 2, text - 0.5 FROM iris ORDER BY id
SELECT id FROM iris WHERE text > 11 ORDER BY id
SELECT SUM(text), AVG(text) FROM iris
SELECT -text FROM iris ORDER BY id
SELECT id FROM iris WHERE text BETWEEN 1 AND 12 ORDER BY id
SELECT 7 DIV 2, 7 MOD 4, -7 MOD 4, (1 && 0) + 0, (NULL <=> NULL) + 0, (1 <=> NULL) + 0
SELECT (name REGEXP 'SET') + 0, (name NOT RLIKE '^v') + 0 FROM iris ORDER BY id
SELECT DATE_FORMAT('2024-03-05 06:07:08', '%Y/%m/%d %H:%i:%s'), DATE_FORMAT('2024-03-05 16:07:08', '%e.%c.%y %l %p %W %M')
SELECT DATEDIFF('2024-03-05', '2024-02-28'), UNIX_TIMESTAMP('1970-01-02 00:00:00') - UNIX_TIMESTAMP('1970-01-01 00:00:00')
SELECT CAST('12' AS SIGNED), CONVERT('5', UNSIGNED), ISNULL(NULL) + 0, IFNULL(NULL, "x"), IF(1 > 2, "a", "b")
SELECT GROUP_CONCAT(id ORDER BY id DESC SEPARATOR '|') FROM iris
SELECT LOCATE('b', 'abc'), MID('abcdef', 2, 3), TRUNCATE(1.567, 1)
SELECT 'one' ' two', "say ""hi""", 'c:\\d', LENGTH('a\nb')
SELECT name FROM iris WHERE name LIKE 'back%' # a comment
SELECT id AS `the id`, petals AS "p" FROM iris WHERE id = 1
SELECT id FROM iris ORDER BY id LIMIT 1 FOR UPDATE'''

# Each ends with the query that is compared.
PROGRAMS = [
    "SET @least := 2; SELECT id FROM iris WHERE id > @least ORDER BY id",
    "SET @sum = (SELECT SUM(id) FROM iris); SELECT @sum",
    "CREATE DATABASE IF NOT EXISTS zoo CHARACTER SET utf8; CREATE TABLE zoo.cats (id INT(11), n VARCHAR(10)) ENGINE=InnoDB; "
    "INSERT INTO zoo.cats VALUES (4, 'x'); ALTER TABLE zoo.cats MODIFY COLUMN id VARCHAR(20); "
    "ALTER TABLE zoo.cats ADD COLUMN age TINYINT(3) UNSIGNED AFTER id; COMMIT; SELECT id, age, n FROM zoo.cats",
    "DROP DATABASE zoo; SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'zoo'",
    "CREATE TABLE keyed (id INT(11) PRIMARY KEY, v INT); INSERT INTO keyed VALUES (1, 1); INSERT IGNORE INTO keyed VALUES (1, 5), (2, 2); "
    "REPLACE INTO keyed VALUES (2, 9); SELECT * FROM keyed ORDER BY id",
]


def same(ours, theirs):
    if (ours or "") == (theirs or ""):
        return True
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return {ours, theirs} in ({"true", "1"}, {"false", "0"})


class FormsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maria = MariaDb()
        cls.addClassCleanup(cls.maria.close)
        cls.project = Project()
        cls.addClassCleanup(cls.project.close)
        cls.maria.run(SETUP, "shop")
        done = cls.project.run(SETUP)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def compare(self, program):
        theirs = self.maria.run(f"{program};", "shop")
        done = self.project.run(program)
        self.assertEqual(done.returncode, 0, f"{program}\n{done.stderr}")
        # A line with one missing value is empty.
        ours = [row or [""] for row in list(csv.reader(io.StringIO(done.stdout)))[1:]]
        # A line end or tab in a value would be one of the client's: those queries have none.
        self.assertEqual(len(ours), len(theirs), f"{program}\n{ours}\n{theirs}")
        for our_row, their_row in zip(ours, theirs):
            self.assertEqual(len(our_row), len(their_row), program)
            self.assertTrue(all(same(a, b) for a, b in zip(our_row, their_row)), f"{program}\n{our_row}\n{their_row}")

    def test_queries(self):
        for query in QUERIES.split("\n"):
            with self.subTest(query):
                self.compare(query)

    def test_programs(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.compare(program)

    def test_load_data(self):
        rows = 'id,name\n10,"ten, or so"\n11,\\N\n12,plain\n'
        (self.project.folder / "rows.csv").write_text(rows)
        load = ("CREATE TABLE loaded (id INT(11), name TEXT); LOAD DATA LOCAL INFILE '{}' INTO TABLE loaded FIELDS TERMINATED BY ',' "
                "OPTIONALLY ENCLOSED BY '\"' LINES TERMINATED BY '\\n' IGNORE 1 LINES (id, name); "
                "SELECT id, name, name IS NULL FROM loaded ORDER BY id")
        self.compare(load.format(self.project.folder / "rows.csv"))


if __name__ == "__main__":
    unittest.main()
