"""SIGKILL at random moments, and SIGINT while training, predicting and querying: nothing is half-written."""

import os
import random
import signal
import time
import unittest

import project
from project import LONG_QUERY, VERSION_2, Project, check_whole

ROUNDS = 15
SEED = 20130101

# Statements that take minutes: an interrupt always finds them running.
_MANY_ROWS = "SELECT i % 1000 AS x, i % 7 AS z, (i * 7919) % 13 > 6 AS y FROM range(20000) r(i)"
TRAIN = f"""SELECT 1 AS started;
{_MANY_ROWS} TO TRAIN xgboost.gbtree WITH objective="binary:logistic", train.num_boost_round=1000000 LABEL y INTO zoo.m"""
PREDICT = """SELECT 1 AS started;
SELECT i % 1000 AS x, i % 7 AS z FROM range(100000000000) r(i) TO PREDICT out.p.guess USING zoo.m"""
EVALUATE = """SELECT 1 AS started;
SELECT i % 1000 AS x, i % 7 AS z, i % 2 = 0 AS y FROM range(100000000000) r(i) TO EVALUATE zoo.m LABEL y INTO out.q"""
WRITE = """SELECT 1 AS started;
CREATE OR REPLACE TABLE apart AS SELECT range AS n, hash(range) AS h FROM range(100000000000)"""


class SignalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = project.prepared()
        cls.addClassCleanup(cls.before.__exit__)
        cls.first, cls.second = project.both_states(cls.before)

    def interrupted(self, program, step):
        with Project(self.before) as copy:
            process = copy.start(program, options=("--format", "csv"))
            # The first statement's rows tell that the program runs.
            self.assertEqual(process.stdout.readline(), "started\n")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
            self.assertEqual(process.returncode, 130, errors)
            self.assertIn("cancelled", errors)
            self.assertIn(step, errors)
            changed = check_whole(self, copy, self.first, self.second, step)
            self.assertEqual(changed, set())
            copy.must_run(VERSION_2)

    def test_interrupt_while_training(self):
        self.interrupted(TRAIN, "TRAIN zoo.m")

    def test_interrupt_while_predicting(self):
        self.interrupted(PREDICT, "PREDICT out.p")

    def test_interrupt_while_evaluating(self):
        self.interrupted(EVALUATE, "EVALUATE")

    def test_interrupt_while_writing_a_table(self):
        self.interrupted(WRITE, "CREATE TABLE apart")

    def test_interrupt_while_reading(self):
        self.interrupted(LONG_QUERY, "SELECT")

    def test_interrupt_while_planning(self):
        # A CSV file without an end: its first lines are inspected before anything runs, and no read of it is interrupted.
        for option in (), ("--plan",):
            with self.subTest(option=option), Project(self.before) as copy:
                os.mkfifo(copy.folder / "endless.csv")
                process = copy.start("SELECT 1 AS started; SELECT * FROM 'endless.csv'", options=option)
                # Opening waits for the reader.
                with open(copy.folder / "endless.csv", "w"):
                    process.send_signal(signal.SIGINT)
                    output, errors = process.communicate()
                self.assertEqual((process.returncode, output, errors), (130, "", "cancelled\n"))
                (copy.folder / "endless.csv").unlink()
                self.assertEqual(check_whole(self, copy, self.first, self.second, "planning"), set())
                copy.must_run(VERSION_2)

    def test_kill_at_random_moments(self):
        started = time.monotonic()
        with Project(self.before) as copy:
            copy.must_run(VERSION_2)
        usual = time.monotonic() - started
        moments = random.Random(SEED)
        for number in range(ROUNDS):
            moment = moments.uniform(0, usual)
            with self.subTest(number=number, moment=moment), Project(self.before) as copy:
                process = copy.start(VERSION_2)
                try:
                    process.communicate(timeout=moment)
                except project.subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                self.assertIn(process.returncode, (0, -signal.SIGKILL))
                check_whole(self, copy, self.first, self.second, f"killed after {moment:.3f} s")
                copy.must_run(VERSION_2)


if __name__ == "__main__":
    unittest.main()
