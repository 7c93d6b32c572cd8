"""The examples of docs/python.md run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sinan

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_example_of_the_page(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    environment = {**os.environ, "SINAN_BINARY": str(sinan.find_binary())}
    done = subprocess.run(
        [sys.executable, "-c", blocks[0]], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert 'did you mean "' in done.stdout and "not_found 1 15" in done.stdout
    guesses, hits = re.search(r"^\[\((\d+), ([\d.]+)\)\]$", done.stdout, re.MULTILINE).groups()  # type: ignore[union-attr]
    assert guesses == "100" and float(hits) > 0.9
