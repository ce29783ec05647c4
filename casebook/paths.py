"""Where everything lives on disk; no other module builds an artifact path.

Environment variables move what a run writes: `CASEBOOK_ARTIFACTS` and `CASEBOOK_RAW`. Where
`CASEBOOK_ARTIFACTS` is a URL, such as `s3://bucket/prefix`, the artifacts' folder is a local copy
of what machines share there, in `CASEBOOK_CACHE` or the user's own cache. `CASEBOOK_CASES` adds
folders, laid out as this checkout (flows/, expectations/, data/), whose cases join ours.
"""

import hashlib
import os
from pathlib import Path


def project() -> Path:
    """Return the checkout's root folder."""
    return Path(__file__).resolve().parent.parent


def roots() -> list[Path]:
    """Return the folders that hold cases.

    These are this checkout, those named in `CASEBOOK_CASES`, and that of drafted cases.
    """
    drafted = [drafts()] if drafts().is_dir() else []
    return [*written_roots(), *drafted]


def written_roots() -> list[Path]:
    """Return the folders of cases that people keep: this checkout, and those they name."""
    extra = [
        Path(part).resolve()
        for part in os.environ.get("CASEBOOK_CASES", "").split(os.pathsep)
        if part
    ]
    return [project(), *extra]


def drafts() -> Path:
    """Return the folder of the cases that `flows.table` drafted, laid out as a checkout."""
    return artifacts() / "cases"


def shared() -> str | None:
    """Return the URL of the artifacts that machines share, or None where they are in a folder."""
    url = os.environ.get("CASEBOOK_ARTIFACTS", "")
    return url if "://" in url else None


def artifacts() -> Path:
    """Return the folder of everything that runs write.

    Where machines share their artifacts, this is the local copy.
    """
    if url := shared():
        cache = os.environ.get("CASEBOOK_CACHE") or Path.home() / ".cache" / "casebook"
        return Path(cache).resolve() / hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
    return Path(os.environ.get("CASEBOOK_ARTIFACTS") or project() / "artifacts").resolve()


def store() -> Path:
    """Return the folder of stage outputs, by case, stage and key."""
    return artifacts() / "store"


def runs(case: str) -> Path:
    """Return the folder that holds one folder per run of `case`."""
    return artifacts() / "runs" / case


def ledger(case: str) -> Path:
    """Return the folder of what each run of a case noted of the test part that it read."""
    return artifacts() / "ledger" / case


def models(case: str | None = None) -> Path:
    """Return the folder of all published models, or that of one case's versions."""
    folder = artifacts() / "models"
    return folder / case if case else folder


def served(case: str) -> Path:
    """Return the folder of what the service counted for a case.

    It has a folder per version, with a file per hour and process.
    """
    return artifacts() / "served" / case


def prefect_home() -> Path:
    """Return the project's own Prefect home, so that no user's settings or history are touched."""
    return artifacts() / "prefect"


def raw() -> Path:
    """Return the cache of downloaded source files."""
    return Path(os.environ.get("CASEBOOK_RAW") or project() / "data" / "raw").resolve()
