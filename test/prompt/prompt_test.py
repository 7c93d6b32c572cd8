"""The prompt as a person meets it: `sinan` in a terminal, typed at, read from the screen."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from terminal import (BACKSPACE, CONTROL_C, CONTROL_D, CONTROL_R, DOWN, HOME, LEFT, TAB, UP, Terminal,
                      width_of)

PROGRAM = os.environ["SINAN_PROGRAM"]
PROMPT, MORE = "sinan>", "   ..>"
# Takes minutes, and can be cancelled.
LONG = "SELECT sum(hash(range)) AS n FROM range(1000000000000);"
SETUP = """
CREATE TABLE flights AS SELECT i AS dep_delay, i % 7 AS departed_day, i % 2 = 0 AS late FROM range(200) r(i);
CREATE TABLE airports AS SELECT 'JFK' AS code;
SELECT dep_delay, late FROM flights TO TRAIN xgboost.gbtree WITH objective="binary:logistic", train.num_boost_round=1
LABEL late INTO zoo.lateness;
"""


def columns_of(line):
    return sum(width_of(character) for character in line)


class PromptTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = Path(tempfile.mkdtemp(prefix="sinan_prompt_"))
        cls.addClassCleanup(shutil.rmtree, cls.template, ignore_errors=True)
        subprocess.run([PROGRAM, "--project", str(cls.template), "--quiet", "-c", SETUP], check=True, capture_output=True)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sinan_prompt_")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def use_tables(self):
        """The project holds what SETUP makes."""
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)

    def open(self, arguments=(), **options):
        terminal = Terminal([PROGRAM, *arguments], self.folder, **options)
        self.addCleanup(terminal.__exit__)
        self.ready(terminal)
        return terminal

    def ready(self, terminal):
        """The prompt waits, with nothing typed."""
        terminal.until(lambda screen: screen.line() == PROMPT)
        self.assertEqual(terminal.screen.unknown, [])

    def enter(self, terminal, statement):
        """Types it, waits for the prompt after it, and returns the lines of the answer."""
        before = len(terminal.screen.lines())
        terminal.type(statement + "\n")
        # A line with the time it took stands below every answer.
        terminal.until(lambda screen: len(screen.lines()) > before and screen.line() == PROMPT)
        return terminal.screen.lines()[before:-1]

    def leave(self, terminal):
        terminal.type(CONTROL_D)
        self.assertEqual(terminal.ends(), 0, terminal.screen.text())

    # Entering and leaving

    def test_welcome_and_leaving(self):
        for last in (CONTROL_D, "EXIT\n", "quit;\n", "\\q\n", "Exit ;\n"):
            with self.subTest(last=last):
                terminal = self.open()
                self.assertRegex(terminal.screen.lines()[0], r"^sinan \d+\.\d+")
                self.assertIn("Tab completes", terminal.screen.text())
                terminal.type(last)
                self.assertEqual(terminal.ends(), 0)

    def test_end_of_input_on_a_half_written_line_does_not_leave(self):
        terminal = self.open()
        terminal.type("SELECT 1" + CONTROL_D)
        terminal.type(" AS still_here;\n")
        terminal.until(lambda screen: "│ still_here │" in screen.text())
        self.ready(terminal)
        self.leave(terminal)

    def test_a_lost_terminal_ends_the_program(self):
        terminal = self.open()
        os.kill(terminal.process, signal.SIGHUP)
        self.assertEqual(terminal.ends(), 0)

    def test_terminate(self):
        terminal = self.open()
        os.kill(terminal.process, signal.SIGTERM)
        self.assertEqual(terminal.ends(), 0)

    # Statements

    def test_several_lines_until_the_semicolon(self):
        terminal = self.open()
        terminal.type("SELECT\n")
        terminal.until(lambda screen: screen.line() == MORE)
        terminal.type("  ';' AS x -- no end yet;\n")
        terminal.until(lambda screen: screen.line() == MORE and "no end yet" in screen.text())
        answer = self.enter(terminal, ";")
        self.assertIn("│ x │", answer)
        self.assertIn("│ ; │", answer)

    def test_several_statements_in_one_line(self):
        terminal = self.open()
        answer = "\n".join(self.enter(terminal, "CREATE TABLE a AS SELECT 7 AS seven; SELECT seven + 1 AS eight FROM a;"))
        self.assertIn("│ eight │", answer)
        self.assertIn("│     8 │", answer)

    def test_pasted_lines(self):
        """What is pasted while a statement runs is not lost."""
        terminal = self.open()
        terminal.type("SELECT 1 AS first;\nSELECT\n2 AS second;\nSELECT 3 AS third;\n")
        terminal.until(lambda screen: all(f"│ {name} │" in screen.text() for name in ("first", "second", "third")))
        self.ready(terminal)

    def test_an_error_keeps_the_prompt(self):
        self.use_tables()
        terminal = self.open()
        answer = "\n".join(self.enter(terminal, "SELECT * FROM fligts;"))
        self.assertIn('error[not_found]: unknown table "fligts"', answer)
        self.assertIn('did you mean "flights"?', answer)
        self.assertIn("^^^^^^", answer)
        answer = "\n".join(self.enter(terminal, "SELECT FROM WHERE;"))
        self.assertIn("error[program]", answer)
        answer = "\n".join(self.enter(terminal, "SELECT CAST(code AS INT) FROM airports;"))
        self.assertIn("error[data]", answer)
        self.assertIn("200", "\n".join(self.enter(terminal, "SELECT count(*) AS n FROM flights;")))

    def test_transactions_settings_and_temporary_tables_live_on(self):
        terminal = self.open()
        self.enter(terminal, "CREATE TEMP TABLE kept AS SELECT 5 AS five;")
        self.assertIn("│    5 │", self.enter(terminal, "SELECT * FROM kept;"))

    # Ctrl-C

    def test_interrupt_cancels_only_the_statement(self):
        terminal = self.open()
        self.enter(terminal, "CREATE TABLE kept AS SELECT 42 AS answer;")
        terminal.type(LONG + "\n")
        terminal.until(lambda screen: re.search(r"^. 1 SELECT.* s", screen.line()))  # its progress
        terminal.type(CONTROL_C)
        terminal.until("cancelled")
        self.ready(terminal)
        self.assertNotRegex(terminal.screen.text(), r"(?m)^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]")  # the progress is gone
        self.assertIn("│     42 │", self.enter(terminal, "SELECT answer FROM kept;"))
        self.leave(terminal)

    def test_interrupts_one_after_another(self):
        terminal = self.open()
        for number in range(3):
            terminal.type(LONG + "\n")
            terminal.until(lambda screen: re.search(r"^. 1 SELECT.* s", screen.line()))
            terminal.type(CONTROL_C)
            terminal.until(lambda screen: screen.text().count("cancelled") == number + 1)
            self.ready(terminal)

    def test_interrupt_forgets_a_half_written_statement(self):
        terminal = self.open()
        terminal.type("SELECT 'never\n")
        terminal.until(lambda screen: screen.line() == MORE)
        terminal.type("ending")
        terminal.until("ending")
        terminal.type(CONTROL_C)
        self.ready(terminal)
        terminal.type("SELECT garb")
        terminal.until("garb")
        terminal.type(CONTROL_C)
        terminal.until("SELECT garb^C")
        self.ready(terminal)
        self.assertIn("│ 1 │", self.enter(terminal, "SELECT 1 AS x;"))

    # Completion

    def completes(self, terminal, typed, completed):
        terminal.type(typed + TAB)
        terminal.until(lambda screen: screen.line() == f"{PROMPT} {completed}".rstrip())
        terminal.type(CONTROL_C)
        self.ready(terminal)

    def test_completion(self):
        self.use_tables()
        terminal = self.open()
        self.completes(terminal, "SELECT * FROM flig", "SELECT * FROM flights")
        self.completes(terminal, "SELECT * FROM airports WHERE co", "SELECT * FROM airports WHERE co")  # several
        self.completes(terminal, "SELECT * FROM flights WHERE dep_", "SELECT * FROM flights WHERE dep_delay")
        self.completes(terminal, "SELECT * FROM flights WHERE flights.depa", "SELECT * FROM flights WHERE flights.departed_day")
        self.completes(terminal, "DESCRIBE MODEL zoo.", "DESCRIBE MODEL zoo.lateness")
        self.completes(terminal, "sel", "select")
        self.completes(terminal, "SHOW MOD", "SHOW MODELS")
        self.completes(terminal, "SELECT * FROM flights TO TRA", "SELECT * FROM flights TO TRAIN")
        self.completes(terminal, "SELECT * FROM flights TO TRAIN xgboost.gbt", "SELECT * FROM flights TO TRAIN xgboost.gbtree")
        self.completes(terminal, "SELECT * FROM flights TO TRAIN xgboost.gbtree WITH train.num_b",
                       "SELECT * FROM flights TO TRAIN xgboost.gbtree WITH train.num_boost_round")

    def test_completion_uses_the_lines_before(self):
        self.use_tables()
        terminal = self.open()
        terminal.type("SELECT * FROM flights\n")
        terminal.until(lambda screen: screen.line() == MORE)
        terminal.type("WHERE dep_" + TAB)
        terminal.until(lambda screen: screen.line() == MORE + " WHERE dep_delay")
        terminal.type("> 198;\n")
        terminal.until("│       199 │")

    def test_completion_lists_what_there_is(self):
        self.use_tables()
        terminal = self.open(columns=50)
        terminal.type("SELECT * FROM flights WHERE dep" + TAB)
        terminal.until(lambda screen: screen.text().count("SELECT * FROM flights WHERE dep") == 2)
        lines = terminal.screen.lines()
        self.assertIn("dep_delay", lines[-2])
        self.assertIn("departed_day", lines[-2])
        # The line is drawn again below the list, and goes on.
        terminal.type("_" + TAB)
        terminal.until(lambda screen: screen.line() == PROMPT + " SELECT * FROM flights WHERE dep_delay")

    def test_completion_inside_a_line(self):
        self.use_tables()
        terminal = self.open()
        terminal.type("SELECT * FROM flig LIMIT 3;" + LEFT * len(" LIMIT 3;") + TAB)
        terminal.until(lambda screen: screen.line() == PROMPT + " SELECT * FROM flights  LIMIT 3;")

    # History

    def test_history(self):
        terminal = self.open()
        self.enter(terminal, "SELECT 1 AS first;")
        self.enter(terminal, "SELECT 2 AS second;")
        terminal.type(UP)
        terminal.until(lambda screen: screen.line() == PROMPT + " SELECT 2 AS second;")
        terminal.type(UP)
        terminal.until(lambda screen: screen.line() == PROMPT + " SELECT 1 AS first;")
        terminal.type(DOWN)
        terminal.until(lambda screen: screen.line() == PROMPT + " SELECT 2 AS second;")
        self.assertIn("│      2 │", self.enter(terminal, ""))
        self.leave(terminal)

    def test_history_is_kept(self):
        terminal = self.open()
        self.enter(terminal, "SELECT 'über ⌘ 東京' AS cities;")
        terminal.type("SELECT\n2\nAS several_lines;\n")
        terminal.until("│ several_lines │")
        self.ready(terminal)
        self.enter(terminal, "SELECT * FROM misspelt;")  # also what was wrong: to mend it
        self.leave(terminal)

        again = self.open()
        again.type(UP)
        again.until(lambda screen: screen.line() == PROMPT + " SELECT * FROM misspelt;")
        again.type(UP)
        again.until(lambda screen: screen.line() == PROMPT + " SELECT 2 AS several_lines;")
        again.type(UP)
        again.until(lambda screen: screen.line() == PROMPT + " SELECT 'über ⌘ 東京' AS cities;")
        self.assertIn("über ⌘ 東京", "\n".join(self.enter(again, "")))
        self.leave(again)

    def test_history_survives_a_kill(self):
        terminal = self.open()
        self.enter(terminal, "SELECT 'remember me' AS x;")
        os.kill(terminal.process, signal.SIGKILL)
        self.assertEqual(terminal.ends(), -signal.SIGKILL)
        again = self.open()
        again.type(UP)
        again.until(lambda screen: screen.line() == PROMPT + " SELECT 'remember me' AS x;")

    def test_history_search(self):
        terminal = self.open()
        self.enter(terminal, "SELECT 11 AS eleven;")
        self.enter(terminal, "SELECT 12 AS twelve;")
        terminal.type(CONTROL_R + "ele")
        terminal.until(lambda screen: "bck:ele" in screen.text() or "eleven;" in screen.line())
        self.assertIn("│     11 │", self.enter(terminal, ""))

    def test_a_damaged_history_is_no_obstacle(self):
        (Path(self.folder) / ".sinan").mkdir()
        (Path(self.folder) / ".sinan/history").write_bytes(b"\x00\xff\\garbage\n" * 10)
        terminal = self.open()
        self.assertIn("│ 1 │", self.enter(terminal, "SELECT 1 AS x;"))
        self.leave(terminal)

    # The screen

    def test_long_results_are_cut(self):
        terminal = self.open()
        answer = self.enter(terminal, "SELECT range AS n FROM range(10000);")
        self.assertLess(len(answer), 60)
        self.assertIn("first 40 of 10,000 rows", "\n".join(answer))

    def test_wide_results_are_cut(self):
        terminal = self.open(columns=40)
        names = ", ".join(f"'value number {i}' AS column_{i}" for i in range(12))
        answer = self.enter(terminal, f"SELECT {names};")
        self.assertLessEqual(max(map(columns_of, answer)), 40)
        self.assertIn("more columns", "\n".join(answer))

    def test_wide_characters(self):
        terminal = self.open(columns=60)
        answer = self.enter(terminal, "SELECT * FROM (VALUES ('東京', 1), ('Zürich', 22), ('e\u0301té 👍', 333)) t(city, n);")
        table = [line for line in answer if line and line[0] in "┌│├└"]
        self.assertEqual(len(table), 7)
        self.assertEqual({columns_of(line) for line in table}, {columns_of(table[0])}, "\n".join(table))

    def test_typing_more_than_a_line_of_wide_characters(self):
        terminal = self.open(columns=40)
        text = "漢字" * 25
        answer = self.enter(terminal, f"SELECT length('{text}') AS characters;")
        self.assertIn("│         50 │", answer)

    def test_editing_a_line_longer_than_the_terminal(self):
        terminal = self.open(columns=40)
        terminal.type("SELECT 'abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz' AS lettersx;")
        terminal.type(LEFT + BACKSPACE + HOME)
        terminal.until(lambda screen: "AS letters;" in screen.text().replace("\n", ""))
        self.assertIn("│ abcdefghijklmnopqrstuvwxyz abcdefgh… │", self.enter(terminal, ""))

    def test_controls_in_results_do_not_reach_the_terminal(self):
        terminal = self.open()
        answer = "\n".join(self.enter(terminal, "SELECT chr(27) || '[2J' || chr(7) AS evil, 'a' || chr(10) || 'b' AS lines;"))
        self.assertIn("\\x1b[2J\\x07", answer)
        self.assertIn("a\\nb", answer)

    def test_resize(self):
        terminal = self.open(columns=100)
        wide = self.enter(terminal, "SELECT repeat('x', 200) AS x;")
        self.assertEqual(max(map(columns_of, wide)), 100)
        terminal.resize(50)
        narrow = self.enter(terminal, "SELECT repeat('y', 200) AS y;")
        self.assertEqual(max(columns_of(line) for line in narrow if "y" in line or line.startswith("┌")), 50)

    def test_resize_while_typing(self):
        terminal = self.open(columns=100)
        terminal.type("SELECT 'typed before'")
        terminal.until("typed before'")
        terminal.resize(60)
        os.kill(terminal.process, signal.SIGWINCH)
        terminal.type(" || ' and after the window was made smaller' AS both_of_them;\n")
        terminal.until("│ typed before and after the window was made smaller │")
        self.ready(terminal)

    def test_resize_while_a_statement_runs(self):
        terminal = self.open(columns=100)
        terminal.type(LONG + "\n")
        terminal.until(lambda screen: re.search(r"^. 1 SELECT.* s", screen.line()))
        terminal.resize(30)
        terminal.until(lambda screen: re.search(r"^. 1 SEL.*…$", screen.line()) and columns_of(screen.line()) < 30)
        terminal.type(CONTROL_C)
        terminal.until("cancelled")
        self.ready(terminal)
        # No remains of lines that were wider than the terminal had become.
        self.assertEqual([line for line in terminal.screen.lines()[-4:] if line.startswith("⠋")], [])

    def test_progress_leaves_results_alone(self):
        self.use_tables()
        terminal = self.open(rows=60)
        answer = self.enter(terminal,
                            "SELECT 1 AS one; SELECT i, late FROM flights f, range(2000) r(i) TO TRAIN xgboost.gbtree "
                            "WITH objective=\"binary:logistic\", train.num_boost_round=40 LABEL late INTO zoo.slow; "
                            "SELECT 2 AS two;")
        text = "\n".join(answer)
        for table in ("┌─────┐\n│ one │\n├─────┤\n│   1 │\n└─────┘\n1 row", "┌─────┐\n│ two │\n├─────┤\n│   2 │\n└─────┘\n1 row"):
            self.assertIn(table, text)
        self.assertNotRegex(text, r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏█░]")
        self.assertEqual([line for line in answer if line.startswith("█")], [])

    # Terminals that can do less

    def test_dumb_terminal(self):
        terminal = Terminal([PROGRAM], self.folder, environment={"TERM": "dumb"})
        self.addCleanup(terminal.__exit__)
        terminal.until(PROMPT)
        terminal.type("SELECT 1 AS x;\n")
        terminal.until("| 1 |")
        terminal.type("EXIT\n")
        self.assertEqual(terminal.ends(), 0)
        self.assertNotIn("│", terminal.screen.text())

    def test_plain_locale(self):
        terminal = self.open(environment={"LANG": "C", "LC_ALL": "C"})
        answer = self.enter(terminal, "SELECT 'Zürich' AS city;")
        self.assertIn("| Zürich |", answer)

    def test_quiet(self):
        terminal = self.open(arguments=("--quiet", "--format", "csv"))
        self.assertEqual(terminal.screen.lines(), [PROMPT])
        self.assertEqual(self.enter(terminal, "SELECT 1 AS x;"), ["x", "1"])

    # Help

    def test_help(self):
        terminal = self.open(rows=80)
        self.assertIn("SHOW MODELS", "\n".join(self.enter(terminal, "\\h")))
        self.assertIn("Synopsis", "\n".join(self.enter(terminal, "\\h TO TRAIN")))
        self.assertIn("Synopsis", "\n".join(self.enter(terminal, "help to train;")))
        self.assertIn("no such statement", "\n".join(self.enter(terminal, "\\h trian")))
        self.assertIn('unknown command "\\x"', "\n".join(self.enter(terminal, "\\x")))


if __name__ == "__main__":
    unittest.main()
