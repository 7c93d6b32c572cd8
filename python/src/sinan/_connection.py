"""Runs programs through the binary and reads what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any, Callable, List, Mapping, Optional, Union

from ._binary import find_binary
from ._errors import Error
from ._results import Chart, Progress, Run, Step, Table

# How long a cancelled program has to undo its steps before it is ended for good.
_GRACE_SECONDS = 20.0


class Connection:
    """A project folder and the program that works in it. Nothing runs between calls, so there is nothing to close.

    Each :meth:`sql` is a run of its own: temporary tables, ``USE`` and ``SET`` last until its end. Threads may share a
    connection, but a project has one run at a time: another gets an :class:`Error` with the code ``busy``.
    """

    def __init__(self, project: Union[str, os.PathLike[str]], binary: Path) -> None:
        self.project = Path(project)
        self.binary = binary

    def __repr__(self) -> str:
        return f"sinan.connect(project={str(self.project)!r})"

    def sql(
        self,
        program: str,
        *,
        progress: Optional[Callable[[Progress], None]] = None,
        seed: Optional[int] = None,
        cache: bool = True,
        output: Optional[Union[str, os.PathLike[str]]] = None,
    ) -> Run:
        """Runs a program: one statement, or several separated by ``;``.

        Args:
            program: the text; it goes through a pipe, never through a shell.
            progress: called in this thread, now and then, with what a running step does.
            seed: of everything random (42).
            cache: False runs every step, also those whose inputs have not changed.
            output: the folder for charts, rather than the run's own in ``.sinan/runs/``.

        Raises:
            Error: the program is wrong (nothing ran), or a step failed (``error.run`` holds what had been done).
            KeyboardInterrupt: after the program was told to stop (SIGINT) and has undone its running steps.
        """
        command = [str(self.binary), "run", "-", "--project", str(self.project)]
        command += ["--format", "jsonl", "--error-format", "json", "--color", "never"]
        if seed is not None:
            command += ["--seed", str(int(seed))]
        if not cache:
            command += ["--no-cache"]
        if output is not None:
            command += ["--output", os.fspath(output)]
        source = program.encode()
        with tempfile.TemporaryFile() as errors:
            # A session of its own: Ctrl-C on a terminal reaches Python only, which passes it on once.
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
            try:
                run = _converse(process, source, progress)
                code = process.wait()
            except BaseException:
                _stop(process)
                raise
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        return _concluded(run, code, said, program)


def connect(
    project: Union[str, os.PathLike[str]] = ".", *, binary: Optional[Union[str, os.PathLike[str]]] = None
) -> Connection:
    """A connection to a project: the folder that holds ``sinan.toml`` and ``.sinan/``, which is made when it is missing.

    Raises :class:`Error` (``not_found``) when there is no program ``sinan`` (see :func:`find_binary`) or no such folder.
    """
    folder = Path(project).expanduser()
    if not folder.is_dir():
        raise Error("not_found", f'no folder "{folder}"', hint="create it first")
    return Connection(folder.absolute(), find_binary(binary))


def _converse(process: subprocess.Popen[bytes], source: bytes, progress: Optional[Callable[[Progress], None]]) -> Run:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(source)
        process.stdin.close()
    except BrokenPipeError:  # it ended before it read: its exit code and errors say why
        pass
    with process.stdout as lines:
        return _read(lines, progress)


def _read(lines: IO[bytes], progress: Optional[Callable[[Progress], None]]) -> Run:
    run = Run()
    rows: List[List[Any]] = []
    head: Mapping[str, Any] = {}
    for line in lines:
        if line.startswith(b"["):
            rows.append(json.loads(line))
            continue
        event = json.loads(line)
        kind = event["event"]
        if kind == "result":
            head, rows = event, []
        elif kind == "end":
            run.tables.append(Table(head["title"], head["columns"], rows))
        elif kind == "progress":
            if progress is not None:
                progress(_progress(event))
        elif kind == "step":
            run.steps.append(
                Step(event["step"], event["title"], event["status"], event["seconds"], _known(event["rows"]))
            )
        elif kind == "message":
            run.messages.append(event["text"])
        elif kind == "pictures":
            run.charts += [Chart(Path(name).stem, Path(event["folder"]) / name) for name in event["files"]]
    return run


def _known(number: Any) -> Any:
    return None if number is None or number < 0 else number


def _progress(event: Mapping[str, Any]) -> Progress:
    return Progress(
        step=event["step"],
        title=event["title"],
        stage=event["stage"],
        fraction=_known(event["fraction"]),
        rows=_known(event["rows"]),
        note=event["note"],
        left=event["left"],
    )


def _concluded(run: Run, code: int, said: str, program: str) -> Run:
    """The run, or the exception that its errors and exit code stand for."""
    errors: List[Error] = []
    rest: List[str] = []
    for line in said.splitlines():
        try:
            fields = json.loads(line)
            error = Error.from_json(fields, program)
        except (ValueError, AttributeError):
            rest.append(line)
            continue
        (run.warnings if fields.get("severity") == "warning" else errors).append(error)
    if code == 0 and not errors:
        return run
    if not errors:
        errors.append(_unexplained(code, "\n".join(rest[-10:])))
    first = errors[0]
    first.errors = tuple(errors)
    first.run = run if run.steps or run.tables else None
    raise first


def _unexplained(code: int, said: str) -> Error:
    if code == 130:
        return Error("cancelled", "the program was cancelled")
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return Error("internal", f"sinan ended with {how}{': ' + said if said else ''}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the program to undo what runs and end; insists when it does not, or when the person presses Ctrl-C again."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            if process.stdin is not None and not process.stdin.closed:
                try:
                    process.stdin.close()
                except BrokenPipeError:
                    pass
            process.wait(_GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
