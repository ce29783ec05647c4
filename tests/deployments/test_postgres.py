"""PostgreSQL as the rehearsal runs it: the distribution's own, in a folder."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from casebook.errors import CasebookError
from tests import needs
from tests.rehearsal import postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another account may enter, which pytest's own are not."""
    parent = Path(tempfile.mkdtemp())
    parent.chmod(0o755)
    yield parent / "postgres"
    shutil.rmtree(parent)


def ask(url: str, question: str) -> object:
    async def query() -> object:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(query())


def test_it_answers_whoever_has_the_address_and_ends_with_the_block(folder: Path) -> None:
    needs.postgresql()
    with postgres.postgres(folder) as url:
        assert ask(url, "select current_user") == "prefect"
        password = url.split(":")[2].split("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(url.replace(password, "guessed"), "select 1")
        assert not [path for path in folder.iterdir() if path.name == "password"]
    with pytest.raises(OSError):
        ask(url, "select 1")


def test_its_lack_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "PLACES", ("nowhere/*/bin",))
    with pytest.raises(CasebookError, match=r"/nowhere/.*apt install postgresql"):
        postgres.programs()
