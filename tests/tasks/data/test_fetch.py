"""Where the data comes from.

The tests check the order of places, the hash, and the plain message where nothing is found.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Run, under_way
from tasks.data.fetch import fetch, own
from tasks.data.ingest import ingest

NOWHERE = "http://127.0.0.1:9/shop.csv"  # the discard port: nobody answers


def catalog(home: Path, *lines: str) -> None:
    """Add the data set `net`, with one file and these lines about it."""
    path = home / "cases" / "data" / "catalog.toml"
    entry = [
        "",
        "[net]",
        'title = "Net"',
        'folder = "net"',
        'licence = "none"',
        'citation = "none"',
    ]
    file = [
        "[[net.files]]",
        'name = "net.csv"',
        *lines,
        "[net.columns]",
        'price = { type = "float" }',
    ]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join([*entry, *file]), encoding="utf-8")


def put(path: Path, text: str = "price\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def web(home: Path) -> Iterator[str]:
    """Serve the folder `web` on the loopback address."""
    (home / "web").mkdir()
    with serving(partial(Quiet, directory=str(home / "web"))) as url:
        yield url


@contextmanager
def serving(handler: Callable[..., Quiet]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


pytestmark = pytest.mark.usefixtures("run")


def test_the_sample_is_taken_when_asked_for_although_there_is_a_file(home: Path) -> None:
    put(home / "raw" / "shop" / "shop.csv")
    origin = fetch("shop", "sample")
    assert (origin.kind, origin.path, origin.sha256) == ("sample", None, "")


@pytest.mark.parametrize("source", ["auto", "real"])
def test_the_cache_comes_before_the_mirror(
    home: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("CASEBOOK_DATA_MIRROR", str(home / "mirror"))
    mirrored = put(home / "mirror" / "shop" / "shop.csv")
    assert fetch("shop", source).path == mirrored
    cached = put(home / "raw" / "shop" / "shop.parquet")
    origin = fetch("shop", source)
    assert (origin.path, origin.kind, origin.note) == (cached, "real", "as parquet")
    assert "the cache" in origin.location


def test_files_of_one_place_are_tried_in_the_catalogs_order(home: Path) -> None:
    put(home / "raw" / "shop" / "shop.parquet")
    first = put(home / "raw" / "shop" / "shop.csv", "first")
    assert fetch("shop", "auto").path == first
    assert fetch("shop", "auto").sha256 == sha256("first")


def test_auto_takes_the_sample_when_nothing_is_found(home: Path) -> None:
    catalog(home, f'url = "{NOWHERE}"')
    assert fetch("net", "auto").kind == "sample"
    assert fetch("shop", "auto").kind == "sample"


def test_real_fails_and_names_every_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_DATA_MIRROR", str(home / "mirror"))
    catalog(home, f'url = "{NOWHERE}"')
    with pytest.raises(CasebookError) as error:
        fetch("net", "real")
    for place in (
        str(home / "raw" / "net"),
        str(home / "mirror"),
        NOWHERE,
        "net.csv",
        "--source sample",
    ):
        assert place in str(error.value)


def test_a_file_with_another_hash_than_the_catalogs_is_refused(home: Path) -> None:
    catalog(home, f'sha256 = "{sha256("right")}"', "bytes = 1234")
    path = put(home / "raw" / "net" / "net.csv", "wrong")
    with pytest.raises(
        CasebookError, match=r"is not the one the catalog knows.*\(5 bytes, expected 1,234\)"
    ) as error:
        fetch("net", "auto")
    assert str(path) in str(error.value)
    put(path, "right")
    assert fetch("net", "auto").sha256 == sha256("right")


def read(home: Path) -> None:
    """Fetch the data set and read it, as a run does."""
    ingest.fn(home, fetch("net", "real"), no_sample, 0, 0)


def no_sample(rows: int, seed: int) -> Any:
    raise AssertionError("no sample is asked for")


def test_a_file_without_a_known_hash_is_held_to_the_one_that_was_read(home: Path) -> None:
    catalog(home, f'url = "{NOWHERE}"')
    path = put(home / "raw" / "net" / "net.csv", "price\n1\n")
    fetch("net", "auto")
    put(path, "price\n2\n")
    read(home)
    put(path, "price\n3\n")
    with pytest.raises(
        CasebookError,
        match=r"was read here before .*first_seen\.json .* Delete it to fetch it again",
    ):
        fetch("net", "auto")


def test_a_file_that_could_not_be_read_is_not_remembered(home: Path) -> None:
    catalog(home, f'url = "{NOWHERE}"', "rows = 2")
    path = put(home / "raw" / "net" / "net.csv", "price\n1\n")
    with pytest.raises(CasebookError, match="cut short"):
        read(home)
    put(path, "price\n1\n2\n")
    read(home)


def test_a_file_that_was_deleted_is_fetched_anew_and_held_to_nothing(home: Path, web: str) -> None:
    catalog(home, f'url = "{web}/net.csv"')
    source = put(home / "web" / "net.csv", "price\n1\n")
    read(home)
    (home / "raw" / "net" / "net.csv").unlink()
    put(source, "price\n2\n")
    read(home)
    assert fetch("net", "real").sha256 == sha256("price\n2\n")


def test_files_of_one_name_in_two_data_sets_are_told_apart(home: Path) -> None:
    catalog(home, f'url = "{NOWHERE}"')
    put(home / "raw" / "first_seen.json", '{"net.csv": "0123", "other/net.csv": "4567"}')
    put(home / "raw" / "net" / "net.csv")
    read(home)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", r"first_seen\.json can't be read as JSON: .*line 1.* Delete it"),
        ("[1]", r"holds no names .* Delete it"),
    ],
    ids=["broken", "no-names"],
)
def test_a_damaged_file_of_hashes_is_named_with_the_remedy(
    home: Path, text: str, words: str
) -> None:
    catalog(home, f'url = "{NOWHERE}"')
    put(home / "raw" / "first_seen.json", text)
    put(home / "raw" / "net" / "net.csv")
    with pytest.raises(CasebookError, match=words):
        fetch("net", "auto")


PAGES = {
    "error page": b"<!DOCTYPE html>\n<html><body>Service is being maintained</body></html>",
    "login page": b"\xef\xbb\xbf\n  <HTML><head><title>Sign in</title>",
    "message of a store": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "nothing": b"",
}


@pytest.mark.parametrize("source", ["auto", "real"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_the_place_of_a_file_is_told_and_not_kept(
    home: Path, web: str, page: str, source: str
) -> None:
    (home / "web" / "net.csv").write_bytes(PAGES[page])
    catalog(home, f'url = "{web}/net.csv"')
    with pytest.raises(
        CasebookError, match=r"/net\.csv answered with (a web page|nothing).* Nothing was kept"
    ):
        fetch("net", source)
    assert not list((home / "raw").rglob("*"))[1:]
    put(home / "web" / "net.csv")
    read(home)


def test_what_begins_otherwise_than_its_kind_is_not_kept(
    home: Path, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_DATA_MIRROR", web)
    put(home / "web" / "shop" / "shop.parquet", '{"error": "not found"}')
    with pytest.raises(
        CasebookError, match=r"shop\.parquet answered with what is no \.parquet file"
    ):
        fetch("shop", "auto")
    assert not list((home / "raw").rglob("*.parquet"))


def test_a_mirror_that_answers_all_with_a_page_leaves_the_way_to_the_public_source(
    home: Path, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_DATA_MIRROR", f"{web}/mirror")
    (home / "web" / "mirror" / "net").mkdir(parents=True)
    (home / "web" / "mirror" / "net" / "net.csv").write_bytes(PAGES["login page"])
    put(home / "web" / "net.csv")
    catalog(home, f'url = "{web}/net.csv"')
    assert fetch("net", "real").location.startswith(f"{web}/net.csv")


def test_a_page_that_lies_in_the_cache_or_is_named_is_told(home: Path) -> None:
    catalog(home, f'url = "{NOWHERE}"')
    path = home / "raw" / "net" / "net.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(PAGES["error page"])
    for source in ("auto", str(path)):
        with pytest.raises(CasebookError, match=r"net\.csv is a web page"):
            fetch("net", source)


def test_an_answer_that_breaks_off_is_no_file(home: Path) -> None:
    class Broken(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"price\n1\n")

    with serving(Broken) as url:
        catalog(home, f'url = "{url}/net.csv"')
        with pytest.raises(
            CasebookError, match=r"not to be had from .*net\.csv \(ChunkedEncodingError\)"
        ):
            fetch("net", "real")
    assert not list((home / "raw").rglob("*.csv"))


def test_an_address_that_is_none_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for mirror in ("ftp://127.0.0.1:9", "nothing://here", "http://[", "http://127.0.0.1:99999"):
        monkeypatch.setenv("CASEBOOK_DATA_MIRROR", mirror)
        with pytest.raises(CasebookError, match="not to be had from"):
            fetch("shop", "real")
        with under_way(Run("shop", CaseParams(), planning=True)):
            assert fetch("shop", "real").note == "to be found"


def test_an_empty_file_is_refused(home: Path) -> None:
    put(home / "raw" / "shop" / "shop.csv", "")
    with pytest.raises(CasebookError, match=r"shop\.csv is empty"):
        fetch("shop", "auto")


def test_a_path_names_a_file_or_its_folder_and_no_hash_is_asked_for(home: Path) -> None:
    catalog(home, f'sha256 = "{sha256("right")}"', "rows = 7")
    mine = put(home / "mine" / "net.csv", "mine")
    other = put(home / "mine" / "other.csv", "other")
    for source in (mine, mine.parent):
        origin = fetch("net", str(source))
        assert (origin.path, origin.sha256, origin.rows, origin.kind) == (
            mine,
            sha256("mine"),
            None,
            "real",
        )
    assert fetch("net", str(other)).note == "your file"


def test_a_path_that_is_not_there_is_refused(home: Path) -> None:
    with pytest.raises(
        CasebookError, match=r"there is no such file. Allowed are auto, real, sample, or a path"
    ):
        fetch("shop", str(home / "nowhere.csv"))


def test_a_folder_without_the_file_is_refused_with_the_names_to_look_for(home: Path) -> None:
    with pytest.raises(CasebookError, match=r"holds no shop\.csv or shop\.parquet"):
        fetch("shop", str(home))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_what_is_no_plain_file_is_refused(home: Path) -> None:
    os.mkfifo(home / "pipe.csv")
    with pytest.raises(CasebookError, match="can't be read"):
        fetch("shop", str(home / "pipe.csv"))


def test_an_unknown_data_set_is_refused() -> None:
    with pytest.raises(CasebookError, match="no data set 'nothing'; it has creditcard"):
        fetch("nothing", "auto")


def test_a_download_goes_into_the_cache_and_is_found_there_the_next_time(
    home: Path, web: str
) -> None:
    (home / "web" / "net.csv").write_text("price\n1\n", encoding="utf-8")
    catalog(
        home, f'url = "{web}/net.csv"', f'sha256 = "{sha256(chr(10).join(["price", "1", ""]))}"'
    )
    origin = fetch("net", "real")
    assert origin.path == home / "raw" / "net" / "net.csv"
    assert origin.location.startswith(web)
    (home / "web" / "net.csv").unlink()
    assert "the cache" in fetch("net", "real").location


def test_a_download_of_another_file_is_refused_and_not_kept(home: Path, web: str) -> None:
    (home / "web" / "net.csv").write_text("price\n2\n", encoding="utf-8")
    catalog(home, f'url = "{web}/net.csv"', f'sha256 = "{sha256("right")}"')
    with pytest.raises(CasebookError, match="answered with another file than the catalog knows"):
        fetch("net", "auto")
    assert not list((home / "raw").rglob("*.csv"))


def test_a_mirror_may_be_an_address(home: Path, web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_DATA_MIRROR", f"{web}/")
    put(home / "web" / "shop" / "shop.parquet", "PAR1 mirrored")
    origin = fetch("shop", "auto")
    assert (origin.sha256, origin.path) == (
        sha256("PAR1 mirrored"),
        home / "raw" / "shop" / "shop.parquet",
    )


def test_a_plan_downloads_nothing_and_writes_nothing(home: Path, web: str) -> None:
    (home / "web" / "net.csv").write_text("price\n1\n", encoding="utf-8")
    catalog(home, f'url = "{web}/net.csv"')
    with under_way(Run("shop", CaseParams(), planning=True)):
        origin = fetch("net", "auto")
        assert (origin.kind, origin.path, origin.note) == ("real", None, "to be fetched")
        assert not (home / "raw").exists()
        put(home / "raw" / "net" / "net.csv")
        assert fetch("net", "auto").path == home / "raw" / "net" / "net.csv"
    assert not (home / "raw" / "first_seen.json").exists()


def test_what_a_case_brings_along_is_taken_unless_a_file_is_named(home: Path) -> None:
    for source in ("auto", "real"):
        assert own("shop", source, "its own").kind == "real"
        assert own("shop", source, "drawn", kind="simulated").kind == "simulated"
    assert own("shop", "sample", "its own").kind == "sample"
    mine = own("shop", str(put(home / "mine.csv")), "drawn", kind="simulated")
    assert mine.kind == "real" and mine.path == home / "mine.csv"
    with pytest.raises(CasebookError, match="no such file"):
        own("shop", str(home / "none.csv"), "its own")
