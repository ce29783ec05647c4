"""Counts never stand in an answer's way, whatever becomes of the folder they are written to."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving import counts_file, limits
from serving.app import create_app
from serving.counts import Counts
from serving.counts_file import REQUESTS
from serving.registry import Registry
from tests.serving.site import Site, started

pytestmark = pytest.mark.skipif(not hasattr(os, "pwrite"), reason="several processes need POSIX")
FRAUD = (REQUESTS, "fraud", "200")
WEIGHT = {"instances": [{"Weight": 3000.0}]}


def requests_in(counts: Counts) -> int:
    return sum(counts.summed().counts[FRAUD].bins)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "counts"


def test_processes_see_each_others_counts_at_once(folder: Path) -> None:
    one, other = Counts(folder), Counts(folder)
    for place in range(5):
        one.add(FRAUD, place, 0.5)
        other.add(FRAUD, 2, 0.25)
        other.add((REQUESTS, "", "404"))
        assert requests_in(one) == requests_in(other) == 2 * (place + 1)
    count = one.summed().counts[FRAUD]
    assert (count.bins[:6], count.total) == ([1, 1, 6, 1, 1, 0], 3.75)
    assert one.summed().unreadable == 0


def test_counts_of_a_process_that_is_gone_stay(folder: Path) -> None:
    Counts(folder).add(FRAUD)
    again = Counts(folder)
    assert requests_in(again) == 1
    again.add(FRAUD)
    assert requests_in(again) == 2


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 100, b"x" * 4096, None], ids=["empty", "short", "long", "pipe"]
)
def test_what_else_lies_there_is_left_out_and_told(
    folder: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = Counts(folder), Counts(folder)
    one.add(FRAUD)
    other.add(FRAUD)
    foreign = folder / "counter_999999.db"
    if content is None:
        os.mkfifo(foreign)
    else:
        foreign.write_bytes(content)
    for _ in range(2):
        assert (requests_in(one), one.summed().unreadable) == (2, 1)
    assert caplog.text.count("counter_999999.db") == 1


def test_a_damaged_line_takes_only_itself(folder: Path) -> None:
    one, other = Counts(folder), Counts(folder)
    other.add((REQUESTS, "mpg", "200"))
    other.add(FRAUD)
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    summed = one.summed()
    assert ([*summed.counts], summed.unreadable) == ([FRAUD], 1)


@pytest.mark.parametrize(
    "key", [[], ["requests"], ["surprise", "x"], ["requests", "a", "b", "c"], ["requests", "a", 1]]
)
def test_a_line_of_another_kind_is_left_out(folder: Path, key: list[object]) -> None:
    one, other = Counts(folder), Counts(folder)
    other.add(FRAUD)
    (path,) = folder.iterdir()
    odd = counts_file.Count.model_construct(key=key, bins=[1], total=0.0)
    path.write_bytes(path.read_bytes() + counts_file.line(odd))
    assert (requests_in(one), one.summed().unreadable) == (1, 1)


def test_a_folder_that_a_cleaner_removed_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_file, "SEEN", -1.0)
    one, other = Counts(folder), Counts(folder)
    for counts in (one, other):
        counts.add((REQUESTS, "mpg", "200"))
        counts.add(FRAUD)
    shutil.rmtree(folder)
    assert requests_in(one) == 1
    one.add(FRAUD)
    other.add(FRAUD)
    assert requests_in(one) == requests_in(other) == 4
    assert sum(one.summed().counts[(REQUESTS, "mpg", "200")].bins) == 2


def test_a_full_disk_is_told_once_and_caught_up_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    one, other = Counts(folder), Counts(folder)
    one.add((REQUESTS, "mpg", "200"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        for _ in range(3):
            one.add(FRAUD)
    assert requests_in(one) == 3
    assert caplog.text.count("No space left") == 1
    one.close()
    assert requests_in(other) == 3


def test_a_short_write_counts_as_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Counts(folder), Counts(folder)
    with monkeypatch.context() as patch:
        write = os.pwrite
        patch.setattr(
            os, "pwrite", lambda descriptor, line, place: write(descriptor, line[:100], place)
        )
        one.add(FRAUD)
    assert other.summed().unreadable == 1
    one.add(FRAUD)
    assert (requests_in(other), other.summed().unreadable) == (2, 0)


def test_a_folder_that_cannot_be_made_takes_no_answer_away(
    publish: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setenv(limits.COUNTS, str(tmp_path / "no-folder" / "counts"))
    publish("mpg", 1, 0.01)
    models = Registry(paths.models())
    models.look()
    client = create_app(models).test_client()
    assert client.post("/v1/models/mpg:predict", json=WEIGHT).status_code == 200
    assert 'casebook_requests_total{case="mpg",code="200"} 1' in client.get("/metrics").text


def test_refused_versions_are_counted_by_case(
    client: FlaskClient, models: Registry, publish: Callable[..., Path]
) -> None:
    for slope in (0.02, 0.03):
        folder = publish("mpg", int(1000 * slope), slope)
        (folder / "card.md").write_text("other")
        models.look()
    assert 'casebook_load_failures_total{case="mpg"} 2' in client.get("/metrics").text


@pytest.fixture
def running(
    publish: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """Serve `mpg` by two processes, whose counts lie in a folder below `tmp`."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    publish("mpg", 1, 0.01)
    with started("--port", "0", "--processes", "2") as site:
        yield site
        site.process.terminate()
        assert site.process.wait(60) == 0


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def littered(folder: Path) -> None:
    (folder / "counter_999999.db").touch()
    (folder / "histogram_1.db").write_bytes(b"\xff" * 100)


@pytest.mark.parametrize("spoil", [removed, replaced, littered])
def test_a_service_answers_whatever_becomes_of_its_counts(
    running: Site, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    (folder,) = (tmp_path / "tmp").glob("casebook-counts-*")
    for _ in range(5):
        assert running.predict("mpg", {"Weight": 1.0})["predictions"]
    spoil(folder)
    for _ in range(5):
        assert running.predict("mpg", {"Weight": 1.0})["predictions"]
        with urlopen(f"{running.url}/metrics", timeout=60) as response:
            assert b"casebook_requests_total" in response.read()
    if folder.is_file():
        folder.unlink()
