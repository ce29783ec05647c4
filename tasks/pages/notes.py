"""Notes: what one case alone has to say in its report."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from casebook import files
from casebook.language import Message, msg
from casebook.store import Ref

NOTES = "notes.json"


class Notes(BaseModel):
    """What one case alone has to say in its report.

    Paragraphs, tables of rows with the same columns, and pictures.

    `pictures` names files without their ending and says what each shows.
    """

    title: Message = msg("Notes")
    paragraphs: tuple[Message, ...] = ()
    tables: tuple[tuple[dict[str, Message | str], ...], ...] = ()
    pictures: tuple[tuple[str, Message], ...] = ()

    def keep(self, out: Path) -> None:
        """Write the notes into a stage's folder.

        Those that depend on how models were judged are a stage's output.
        """
        files.write_json(out / NOTES, self.model_dump(mode="json"))

    @classmethod
    def kept(cls, ref: Ref) -> Notes:
        """Read the notes that a stage wrote."""
        return cls.model_validate_json(ref.path(NOTES).read_text(encoding="utf-8"))
