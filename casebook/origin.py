"""Origin: where a run's data came from."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["real", "sample", "simulated"]


class Origin(BaseModel):
    """Where a run's data came from.

    Only what the data is, not where it was stored, decides whether stages are reused.

    `kind` distinguishes real data from the embedded sample, and from what a case simulates because
    chance itself is its subject; `path` is None for what is made in code, and while a plan can't
    know it; `rows` is the number of rows in the file according to the catalog.
    """

    model_config = ConfigDict(frozen=True)
    dataset: str
    kind: Kind
    sha256: str = ""
    note: str = ""
    rows: int | None = None
    path: Path | None = Field(None, exclude=True)
    location: str = Field("", exclude=True)
