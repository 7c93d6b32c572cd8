"""Where a benchmark runs: sizes, programs, generated data, and project folders for our side."""

import dataclasses
import json
import os
import shutil
import sqlite3
from pathlib import Path

from harness.measure import BenchError, Run, run

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Sizes:
    number_rows: int  # 28 float columns
    text_rows: int  # 20 text columns
    point_rows: int  # 7 narrow columns
    cloud_rows: int  # 10 float columns, around 8 centres
    turns: int  # repetitions of what takes seconds
    short_turns: int  # of what takes milliseconds


SIZES = {
    "small": Sizes(number_rows=300_000, text_rows=100_000, point_rows=1_000_000, cloud_rows=200_000, turns=3, short_turns=31),
    "full": Sizes(number_rows=5_000_000, text_rows=2_000_000, point_rows=10_000_000, cloud_rows=1_000_000, turns=3,
                  short_turns=101),
}


@dataclasses.dataclass
class Setting:
    size: str
    sinan: Path
    programs: Path  # folder of the benchmark programs
    turns: int | None = None  # instead of the size's own
    work: Path = ROOT / "build/bench"
    python: Path = ROOT / "build/deps/python/bin/python"

    @property
    def sizes(self) -> Sizes:
        sizes = SIZES[self.size]
        return sizes if self.turns is None else dataclasses.replace(sizes, turns=self.turns)

    @property
    def threads(self) -> int:
        return len(os.sched_getaffinity(0))

    def peer(self, name: str, *arguments) -> Run:
        """Runs bench/peers/<name>.py in the environment of the Python packages."""
        return run([self.python, ROOT / "bench/peers" / f"{name}.py", *arguments])

    def data(self, kind: str, rows: int) -> tuple[Path, Path]:
        """Parquet files with rows to learn from and to test on, made at the first use: `floats`, `strings` or `clouds`."""
        folder = self.work / "data"
        folder.mkdir(parents=True, exist_ok=True)
        train, test = (folder / f"{kind}-{rows}.{part}.parquet" for part in ("train", "test"))
        if not (train.exists() and test.exists()):
            scratch = [path.with_suffix(".tmp") for path in (train, test)]
            self.peer("train_data", kind, rows, *scratch)
            for made, path in zip(scratch, (train, test)):
                os.replace(made, path)
        for path in (train, test):  # into the page cache, for both sides
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass
        return train, test

    def project(self, name: str, train: Path | None = None, test: Path | None = None) -> "Project":
        """An empty project folder; its programs find the data as train.parquet and test.parquet."""
        folder = self.work / "projects" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for link, path in (("train.parquet", train), ("test.parquet", test)):
            if path is not None:
                (folder / link).symlink_to(path)
        return Project(self, folder)


@dataclasses.dataclass
class Project:
    setting: Setting
    folder: Path

    def run(self, program: str, **values) -> Run:
        """Runs bench/<program>.sql from the project folder, ${name} replaced by the value of that name."""
        text = (ROOT / "bench" / f"{program}.sql").read_text()
        for name, value in values.items():
            text = text.replace("${" + name + "}", str(value))
        file = self.folder / f"{program}.sql"
        file.write_text(text)
        return run([self.setting.sinan, "run", file.name, "--no-cache", "--quiet"], self.folder)

    def query(self, sql: str) -> list[dict]:
        """Rows of one query."""
        return json.loads(run([self.setting.sinan, "-c", sql, "--format", "json", "--quiet"], self.folder).output)

    def last_step(self) -> dict:
        """The last step of the run record: {"seconds": in all, "stages": {name: seconds}}."""
        catalog = sqlite3.connect(f"file:{self.folder / '.sinan/catalog.db'}?mode=ro", uri=True)
        with catalog:
            duration, details = catalog.execute("SELECT s.duration, s.details FROM step s JOIN run r ON r.id = s.run "
                                                "ORDER BY r.sequence DESC, s.step DESC LIMIT 1").fetchone()
        catalog.close()
        stages: dict[str, float] = {}
        for stage in json.loads(details).get("stages", []):
            stages[stage["stage"]] = stages.get(stage["stage"], 0) + stage["seconds"]
        return {"seconds": duration / 1e9, "stages": stages}

    def last_run(self) -> float:
        """Seconds of all steps of the last run, one after another."""
        catalog = sqlite3.connect(f"file:{self.folder / '.sinan/catalog.db'}?mode=ro", uri=True)
        with catalog:
            (duration,) = catalog.execute("SELECT sum(duration) FROM step WHERE run = (SELECT id FROM run ORDER BY sequence DESC "
                                          "LIMIT 1)").fetchone()
        catalog.close()
        return duration / 1e9

    @property
    def warehouse(self) -> Path:
        return self.folder / ".sinan/warehouse/working.duckdb"

    def model_file(self) -> Path:
        files = list((self.folder / ".sinan/objects").glob("**/xgboost.ubj"))
        if len(files) != 1:
            raise BenchError(f"expected one model in the project, found {len(files)}")
        return files[0]
