from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import sinan
from conftest import ENDLESS, PARCELS


def test_a_program_from_rows_to_predictions(project: sinan.Connection) -> None:
    run = project.sql(PARCELS)
    truth = [int((i * 7) % 40 + (i * 13) % 100 > 80) for i in range(500, 600)]
    assert [row[2] for row in run.rows()] == truth
    hits = sum(guess == late for _, guess, late in run.rows())
    assert 90 <= hits <= 100
    assert [step.status for step in run.steps] == ["done"] * 5
    assert [step.number for step in run.steps] == [1, 2, 3, 4, 5]
    assert run.steps[0].rows == 600 and run.steps[0].seconds > 0
    assert any("zoo.parcel_late" in message for message in run.messages)
    assert len(run.tables) > 1  # what TRAIN and EVALUATE show


def test_charts_are_files_of_the_run(project: sinan.Connection, tmp_path: Path) -> None:
    charts = {chart.name: chart for chart in project.sql(PARCELS).charts}
    assert {"roc", "confusion", "steps"} <= set(charts)
    assert charts["roc"].svg().lstrip().startswith("<svg")
    assert tmp_path / ".sinan" / "runs" in charts["roc"].path.parents
    other = tmp_path / "pictures"
    again = project.sql(PARCELS, cache=False, output=other)
    assert {chart.path.parent for chart in again.charts} == {other}


def test_unchanged_steps_are_not_run_again(project: sinan.Connection) -> None:
    project.sql(PARCELS)
    assert "cached" in {step.status for step in project.sql(PARCELS).steps}
    assert "cached" not in {step.status for step in project.sql(PARCELS, cache=False).steps}


def test_seed_is_passed_on(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error):
        project.sql("SELECT 1", seed=-1)
    assert project.sql("SELECT 1 AS one", seed=7).rows() == [(1,)]


def test_progress_is_told_of_each_step(project: sinan.Connection) -> None:
    told: list[sinan.Progress] = []
    project.sql(PARCELS, progress=told.append)
    assert {progress.step for progress in told} == {1, 2, 3, 4, 5}
    assert "TRAIN" in str(next(progress for progress in told if progress.step == 2))
    assert all(progress.fraction is None or 0 <= progress.fraction <= 1 for progress in told)


def test_an_exception_of_the_callback_stops_the_program(project: sinan.Connection) -> None:
    def refuse(progress: sinan.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        project.sql(ENDLESS, progress=refuse)
    assert project.sql("SELECT 1 AS free").rows() == [(1,)]


def test_a_wrong_program_tells_the_place(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error) as caught:
        project.sql("CREATE TABLE flights AS SELECT 1 AS x;\nSELECT 'ü', x FROM fligts")
    error = caught.value
    assert (error.code, error.line, error.column, error.length) == ("not_found", 2, 20, 6)
    assert "flights" in error.hint
    assert error.run is None
    lines = str(error).split("\n")
    source = next(i for i, line in enumerate(lines) if "SELECT 'ü'" in line)
    assert lines[source].index("fligts") == lines[source + 1].index("^^^^^^")


def test_every_mistake_is_there(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error) as caught:
        project.sql("SELECT * FROM nowhere; SELECT * FROM nobody")
    assert len(caught.value.errors) == 2
    assert "nowhere" in str(caught.value) and "nobody" in str(caught.value)


def test_a_failed_step_keeps_what_was_done(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error) as caught:
        project.sql("SELECT 7 AS seven; SELECT CAST(s AS INT) FROM (SELECT 'x' || range AS s FROM range(3))")
    run = caught.value.run
    assert run is not None
    assert run.tables[0].rows() == [(7,)]
    assert [step.status for step in run.steps] == ["done", "failed"]


def test_errors_can_be_pickled(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error) as caught:
        project.sql("SELEC 1")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value) and copy.column == 1


def test_no_table_is_an_error(project: sinan.Connection) -> None:
    with pytest.raises(sinan.Error, match="no table"):
        project.sql("CREATE TABLE t AS SELECT 1 AS x").rows()


def test_nothing_of_the_program_is_for_a_shell(project: sinan.Connection, tmp_path: Path) -> None:
    text = f"$(touch {tmp_path}/made) `touch {tmp_path}/made`"
    assert project.sql(f"SELECT '{text}' AS t").rows() == [(text,)]
    assert not (tmp_path / "made").exists()


def test_a_program_larger_than_a_pipe(project: sinan.Connection) -> None:
    program = "SELECT 1 AS one" + " " * 300_000 + "; SELECT 2 AS two"
    assert project.sql(program).rows() == [(2,)]


def test_folders_and_binaries_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sinan.Error) as caught:
        sinan.connect(tmp_path / "none")
    assert caught.value.code == "not_found"
    monkeypatch.setenv("SINAN_BINARY", str(tmp_path / "sinan"))
    with pytest.raises(sinan.Error, match="SINAN_BINARY"):
        sinan.connect(tmp_path)


def test_the_binary_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("named", "path"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sinan").write_text("#!/bin/sh\n")
        (tmp_path / folder / "sinan").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("SINAN_BINARY", str(tmp_path / "named" / "sinan"))
    assert sinan.find_binary() == tmp_path / "named" / "sinan"
    assert sinan.find_binary(tmp_path / "path" / "sinan") == tmp_path / "path" / "sinan"
    monkeypatch.delenv("SINAN_BINARY")
    assert sinan.find_binary() == tmp_path / "path" / "sinan"


@pytest.mark.parametrize("script, words", [("exit 3", "exit code 3"), ("kill -9 $$", "signal 9")])
def test_a_binary_that_dies(tmp_path: Path, script: str, words: str) -> None:
    binary = tmp_path / "sinan"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    with pytest.raises(sinan.Error, match=words) as caught:
        sinan.connect(tmp_path, binary=binary).sql("SELECT 1")
    assert caught.value.code == "internal"


def test_an_interrupt_asks_with_sigint_first(tmp_path: Path) -> None:
    binary = tmp_path / "sinan"
    binary.write_text(
        f"#!{sys.executable}\n"
        + textwrap.dedent("""
        import pathlib, signal, sys, time
        def note(number, frame):
            with open(pathlib.Path(sys.argv[0]).parent / "signals", "a") as file:
                file.write(signal.Signals(number).name + "\\n")
            sys.exit(130)
        signal.signal(signal.SIGINT, note)
        signal.signal(signal.SIGTERM, note)
        print('{"event":"progress","step":1,"title":"T","stage":"","fraction":-1,"rows":-1,"note":"","left":null}', flush=True)
        time.sleep(60)
        """)
    )
    binary.chmod(0o755)

    def interrupt(progress: sinan.Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sinan.connect(tmp_path, binary=binary).sql("SELECT 1", progress=interrupt)
    assert (tmp_path / "signals").read_text() == "SIGINT\n"


def test_ctrl_c_undoes_the_running_step(tmp_path: Path, project: sinan.Connection) -> None:
    script = (
        "import sinan, sys\n"
        "try:\n"
        f"    sinan.connect(sys.argv[1]).sql({ENDLESS!r}, progress=lambda p: print(p, flush=True))\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stdout is not None
    assert "big" in child.stdout.readline()
    started = time.monotonic()
    os.killpg(child.pid, signal.SIGINT)
    rest, _ = child.communicate(timeout=60)
    assert rest.endswith("interrupted\n") and time.monotonic() - started < 30
    with pytest.raises(sinan.Error):  # the project is free again, and the table is not there
        project.sql("SELECT * FROM big")


def test_threads_may_share_a_connection(project: sinan.Connection, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = sinan.connect(tmp_path / "other")
    results: dict[int, int] = {}

    def work(number: int) -> None:
        results[number] = (project if number == 0 else other).sql(f"SELECT {number} AS n").rows()[0][0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {0: 0, 1: 1}
