"""Processes measured from outside: wall and CPU time, peak memory, output."""

import dataclasses
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


class BenchError(Exception):
    """A benchmark could not run, or its two sides disagree."""


@dataclasses.dataclass
class Run:
    wall: float  # seconds
    cpu: float  # seconds, user and system of the process
    peak_memory: int  # bytes, resident
    output: str

    def json(self) -> dict:
        """The last line of the output, as JSON."""
        return json.loads(self.output.strip().splitlines()[-1])


def run(command: list, folder: Path | None = None) -> Run:
    """Runs a command to its end. Raises BenchError with what it said when it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (output, errors):
            stream.seek(0)
        text = output.read().decode()
        if process.returncode != 0:
            said = errors.read().decode().strip() or text.strip()
            raise BenchError(f"{Path(command[0]).name} ended with {process.returncode}: {said[-2000:]}")
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text)


def median(values: list[float]) -> float:
    return statistics.median(values)
