"""The magics in a real kernel: notebooks are executed as Jupyter executes them."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from conftest import ENDLESS, PARCELS


def execute(folder: Path, *cells: str) -> list[Any]:
    """The outputs of each cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in ("%load_ext sinan", *cells)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [cell.outputs for cell in notebook.cells[1:]]
    # An object that cannot be shown leaves an error among the outputs, and the cell goes on.
    assert not [output for cell in outputs for output in cell if output["output_type"] == "error"]
    return outputs


def texts(outputs: Any, kind: str) -> str:
    return "\n".join(output["data"][kind] for output in outputs if kind in output.get("data", {}))


def test_a_program_in_a_cell(tmp_path: Path) -> None:
    shown, kept = execute(
        tmp_path,
        f"%%sinan late\n{PARCELS}",
        "print(type(late).__module__.split('.')[0], late.shape, (late['guess'] == late['truth']).mean() > 0.9)",
    )
    page = texts(shown, "text/html")
    assert "<th title=\"int64\">id</th>" in page and "first 20 of 100 rows" in page
    assert "5 steps, " in page and "zoo.parcel_late" in page
    pictures = [output["data"]["image/svg+xml"] for output in shown if "image/svg+xml" in output.get("data", {})]
    assert len(pictures) >= 4 and all("<svg" in picture for picture in pictures)
    name, rest = kept[0]["text"].split(" ", 1)
    assert name == "pandas" and rest.startswith("(100, 3)") and rest.endswith("True\n")


def test_options_of_a_cell(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    shown, kept = execute(
        tmp_path,
        f"%%sinan --project 'a b' --seed 7 --no-cache --no-charts x\n{PARCELS}",
        "print(len(x))",
    )
    assert (tmp_path / "a b" / ".sinan").is_dir() and not (tmp_path / ".sinan").exists()
    assert not any("image/svg+xml" in output.get("data", {}) for output in shown)
    assert kept[0]["text"] == "100\n"


def test_a_line_gives_its_table(tmp_path: Path) -> None:
    shown, kept = execute(tmp_path, "%sinan SELECT '<i>' AS a, 42 AS b", "t = %sinan SELECT 6 * 7 AS n\nprint(t.rows())")
    assert "&lt;i&gt;" in texts(shown, "text/html") and "<i>" not in texts(shown, "text/html")
    assert any(output.get("text") == "[(42,)]\n" for output in kept)


def test_an_error_shows_the_caret_and_stops_the_notebook(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError) as caught:
        execute(tmp_path, "%%sinan\nCREATE TABLE flights AS SELECT 1 AS x;\nSELECT * FROM fligts", "print('not reached')")
    said = str(caught.value)
    lines = said.split("\n")
    source = next(i for i, line in enumerate(lines) if line.startswith(" 2 | SELECT * FROM fligts"))
    assert lines[source].index("fligts") == lines[source + 1].index("^^^^^^")
    assert 'did you mean "flights"?' in said
    assert "Traceback" not in said and "_connection.py" not in said


@pytest.mark.parametrize("line", ["--sed 1", "--seed x", "two names", "1x", "'open"])
def test_wrong_options_are_told(tmp_path: Path, line: str) -> None:
    with pytest.raises(CellExecutionError, match="%%sinan: "):
        execute(tmp_path, f"%%sinan {line}\nSELECT 1")


def test_the_stop_button_stops_the_program(tmp_path: Path) -> None:
    """The kernel is interrupted as Jupyter does it; afterwards the project is free."""
    cell = nbformat.v4.new_code_cell(f"%%sinan\n{ENDLESS}")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("%load_ext sinan"), cell, nbformat.v4.new_code_cell("%sinan SELECT 1 AS free")]
    )
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )

    def interrupt() -> None:
        while not any("CREATE TABLE big" in str(output) for output in cell.outputs):  # the line of progress
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)
        client.km.provisioner.process.send_signal(signal.SIGINT)  # type: ignore[union-attr]

    deadline = time.monotonic() + 60
    thread = threading.Thread(target=interrupt)
    thread.start()
    started = time.monotonic()
    client.execute()
    thread.join()
    assert time.monotonic() - started < 100
    assert any(output.get("ename") == "KeyboardInterrupt" for output in cell.outputs)
    assert "<th title=\"int32\">free</th>" in texts(notebook.cells[2].outputs, "text/html")
