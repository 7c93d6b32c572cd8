"""What was measured: one line each on the terminal, and all of it in a JSON file."""

import dataclasses
import datetime
import json
import os
import platform
from pathlib import Path


@dataclasses.dataclass
class Measurement:
    """One row of the table. The target limits the ratio ours / peer, or ours itself where there is no peer."""

    name: str
    ours: float
    peer: float | None
    target: float
    at_least: bool = False  # the target is a lower limit: rates
    unit: str = "s"
    more: dict = dataclasses.field(default_factory=dict)  # further fields of the JSON

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool:
        value = self.ours if self.peer is None else self.ratio
        return value >= self.target if self.at_least else value <= self.target

    def line(self) -> str:
        ratio = "-" if self.ratio is None else f"{self.ratio:.3f}"
        limit = f"{self.target:g}" if self.peer is not None else amount(self.target, self.unit)
        return _row(self.name, amount(self.ours, self.unit), amount(self.peer, self.unit), ratio,
                    f"{'>=' if self.at_least else '<='} {limit}", f"met: {'yes' if self.met else 'no'}")

    def record(self) -> dict:
        return {"name": self.name, "ours": self.ours, "peer": self.peer, "ratio": self.ratio, "target": self.target,
                "met": self.met, "target_is": "at least" if self.at_least else "at most", "unit": self.unit, **self.more}


def _row(name: str, ours: str, peer: str, ratio: str, target: str, met: str) -> str:
    return f"{name:<53} {ours:>19} {peer:>16} {ratio:>7} {target:>22}  {met}"


HEADING = _row("name", "ours", "peer", "ratio", "target", "met")


def amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "bytes":
        return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"
    if unit == "s" and value < 1e-3:
        return f"{value * 1e6:.2f} µs"
    if unit == "s" and value < 0.1:
        return f"{value * 1e3:.2f} ms"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.4g} {unit}"


def machine() -> dict:
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "memory": memory, "system": platform.release()}


def write(path: Path, measurements: list[Measurement], size: str) -> None:
    """Replaces the file's measurements of these names and keeps the others."""
    shared = {"size": size, "machine": machine(), "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}
    records = {m.name: {**m.record(), **shared} for m in measurements}
    try:
        kept = [record for record in json.loads(path.read_text()) if record["name"] not in records]
    except (OSError, ValueError):
        kept = []
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(kept + list(records.values()), indent=1) + "\n")
    os.replace(scratch, path)
