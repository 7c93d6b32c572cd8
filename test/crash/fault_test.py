"""Every operation of the commit protocol is broken once: the process ends there, the operation fails, or the disk is full.

Afterwards each table and model is exactly as before or exactly as after, and the same program then succeeds
(docs/formats/commit.md). SINAN_FAULT is described in src/io/fault.h.
"""

import unittest
from concurrent.futures import ThreadPoolExecutor

import project
from project import VERSION_2, Project, check_whole

KILLED = 137
WORKERS = 2
# Far more than a run of VERSION_2 has; reaching it means that the fault never stops striking.
MOST_OPERATIONS = 400
# Operations that are broken at the most, spread evenly over all of them.
BROKEN = 45


def spread(count, most):
    step = max(1.0, count / most)
    return sorted({1 + int(i * step) for i in range(int(count / step))} | {count})


class FaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = project.prepared()
        cls.addClassCleanup(cls.before.__exit__)
        cls.first, cls.second = project.both_states(cls.before)
        cls.operations = cls.count_operations()

    @classmethod
    def count_operations(cls):
        """The last operation at which a run is killed, found by bisection."""
        low, high = 0, MOST_OPERATIONS
        while high - low > 1:
            middle = (low + high) // 2
            with Project(cls.before) as copy:
                killed = copy.run(VERSION_2, f"any:{middle}:kill")[0] == KILLED
            low, high = (middle, high) if killed else (low, middle)
        return low

    def strike(self, fault, codes):
        """Runs VERSION_2 with the fault; returns the parts that it changed."""
        with Project(self.before) as copy:
            code, _, errors = copy.run(VERSION_2, fault)
            self.assertIn(code, codes, f"{fault}\n{errors}")
            # An error says what it met; a killed process says nothing.
            if code == 1:
                self.assertIn("error[", errors, fault)
            changed = check_whole(self, copy, self.first, self.second, fault)
            if code == 0:
                self.assertEqual(changed, set(self.second), fault)
            copy.must_run(VERSION_2, options=("--no-cache",))
            again = copy.state()
            for part in again:
                if part != "model":  # it is version 3, when the second one had been made
                    self.assertEqual(again[part], self.second[part], f"{fault}: run again, {part}")
            return changed

    def strike_all(self, faults, codes):
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(lambda fault: self.strike(fault, codes), faults))

    def test_killed_at_every_operation(self):
        self.assertGreater(self.operations, 20)
        faults = [f"any:{at}:kill" for at in spread(self.operations, BROKEN)]
        changed = self.strike_all(faults, (KILLED, 0))
        # The faults reach from before the first commit to after the last one.
        self.assertEqual(changed[0], set())
        self.assertGreaterEqual(len(changed[-1]), 4)

    def test_failing_from_every_operation_on(self):
        faults = [f"any:{at}:fail" for at in spread(self.operations, BROKEN)]
        changed = self.strike_all(faults, (1, 0))
        self.assertEqual(changed[0], set())

    def test_full_disk(self):
        faults = [f"write:{size}:full" for size in (0, 1, 100, 1000, 3000, 6000, 10000, 30000)]
        changed = self.strike_all(faults, (1, 0))
        self.assertNotIn("model", changed[0])

    def test_recovery_is_killed_too(self):
        """Killed at a checkpoint, and again at the first operations of the next start."""
        for checkpoint in ("staged", "prepared", "engine_committed", "recorded"):
            # Of the steps 3 and 4 only the one that trains reaches "staged".
            at = 1 if checkpoint == "staged" else 3
            for again in (1, 2, 3):
                with self.subTest(checkpoint=checkpoint, again=again), Project(self.before) as copy:
                    self.assertEqual(copy.run(VERSION_2, f"{checkpoint}:{at}:kill")[0], KILLED)
                    copy.run("SHOW MODELS", f"any:{again}:kill")
                    check_whole(self, copy, self.first, self.second, f"{checkpoint}, then {again}")
                    copy.must_run(VERSION_2)


if __name__ == "__main__":
    unittest.main()
