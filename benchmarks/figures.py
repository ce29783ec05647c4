"""Figures with all their measured values, the machine they are from, their table and their file."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

LIBRARIES = (
    "prefect",
    "great-expectations",
    "pandas",
    "scikit-learn",
    "keras",
    "tensorflow",
    "onnxruntime",
    "flask",
)


@dataclass(frozen=True)
class Figure:
    """One measured quantity with every value seen, in the order they were seen."""

    section: str
    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)


@dataclass(frozen=True)
class Options:
    """Options of a benchmark run.

    `quick` shrinks everything until the figures mean nothing, to see that it all works.
    """

    repeats: int
    quick: bool
    bare: str | None


def ratio(section: str, name: str, over: Sequence[float], under: Sequence[float]) -> Figure:
    """Return the ratio of each pair of measurements.

    The two of a pair ran one after the other, under the same load.
    """
    return Figure(section, name, "x", tuple(a / b for a, b in zip(over, under, strict=True)))


def machine() -> dict[str, object]:
    """Return what the figures depend on besides the code."""
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_end": [round(load, 2) for load in psutil.getloadavg()],
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def show(figure: Figure) -> None:
    """Print a figure as one row of the table."""
    values = figure.values
    spread = f"{_short(min(values))} to {_short(max(values))}" if len(values) > 1 else ""
    row = (
        f"{figure.section:8} {figure.name:62} {_short(figure.median):>9} {figure.unit:5} "
        f"{spread:>20} {len(values):3}"
    )
    print(row, flush=True)


def show_head() -> None:
    """Print the table's head."""
    print(
        f"{'section':8} {'figure':62} {'median':>9} {'unit':5} {'lowest to highest':>20} {'n':>3}",
        flush=True,
    )


def write(folder: Path, options: Options, figures: Iterable[Figure]) -> Path:
    """Write all values with the machine's facts into a new file of `folder` and return its path."""
    now = datetime.now(UTC)
    rows = [asdict(figure) | {"median": figure.median} for figure in figures]
    content = {
        "measured_at": now.isoformat(),
        "options": asdict(options),
        "machine": machine(),
        "figures": rows,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
