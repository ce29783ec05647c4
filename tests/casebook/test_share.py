"""Folders on shared storage are complete or count as missing.

What is read from shared storage is what was written to it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from casebook import files, paths, prefect_runtime, share
from casebook.errors import CasebookError
from casebook.remote import at
from casebook.untrusted import Untrusted

Machine = Callable[[str], None]


@pytest.fixture(params=["s3", "file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a URL of each kind: an object store over HTTP, a folder, and this process's memory."""
    if request.param == "s3":
        return f"s3://{request.getfixturevalue('bucket')}/deep/prefix"
    return (
        f"file://{tmp_path}/disk" if request.param == "file" else f"memory://{tmp_path.name}/prefix"
    )


@pytest.fixture
def machine(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return what makes this process one machine or another: each has a local copy of its own."""

    def become(name: str) -> None:
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / name))

    monkeypatch.setenv("CASEBOOK_ARTIFACTS", url)
    become("first")
    return become


def make_folder(name: str = "1", text: str = "a") -> Path:
    """Make a finished folder, as a version is."""
    folder = paths.models("shop") / name
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text(text, encoding="utf-8")
    (folder / "deep" / "b.bin").write_bytes(bytes(300_000))
    hashes = {name: {"sha256": files.sha256(folder / name)} for name in ("a.txt", "deep/b.bin")}
    (folder / "manifest.json").write_text(json.dumps({"files": hashes}), encoding="utf-8")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_what_one_machine_shares_another_has(machine: Machine) -> None:
    share.push(make_folder())
    before = content(paths.models("shop") / "1")
    machine("second")
    folder = paths.models("shop") / "1"
    assert not folder.exists()
    share.pull(folder)
    assert content(folder) == before
    assert share.manifests(folder.parent) == {"1": before["manifest.json"]}


def test_a_folder_without_its_manifest_counts_as_not_there(machine: Machine) -> None:
    folder = make_folder()
    share.push(folder)
    remove(folder / "manifest.json")
    machine("second")
    folder = paths.models("shop") / "1"
    share.pull(folder)
    assert not folder.exists()
    assert share.names(folder.parent) == ["1"]
    assert share.manifests(folder.parent) == {}


@pytest.mark.parametrize(
    ("content", "what"), [(b"tampered", "a.txt was altered"), (None, "a.txt is gone")]
)
def test_what_is_not_as_its_manifest_says_stays_away(
    machine: Machine, content: bytes | None, what: str
) -> None:
    folder = make_folder()
    share.push(folder)
    if content:
        share.write(folder / "a.txt", content)
    else:
        remove(folder / "a.txt")
    machine("second")
    folder = paths.models("shop") / "1"
    with pytest.raises(share.Altered, match=what):
        share.pull(folder)
    assert not list(folder.parent.iterdir())


def test_a_manifest_that_can_not_be_read_is_told(machine: Machine) -> None:
    share.write(paths.models("shop") / "1" / "manifest.json", b"{")
    with pytest.raises(share.Altered, match=r"manifest\.json was altered"):
        share.pull(paths.models("shop") / "1")


def test_settling_shares_what_only_is_here_and_else_takes_what_is_there(machine: Machine) -> None:
    share.sync(make_folder("1", "of the first"))
    machine("second")
    share.sync(make_folder("1", "of the second"))
    share.sync(make_folder("2"))
    assert (paths.models("shop") / "1" / "a.txt").read_text() == "of the first"
    assert set(share.manifests(paths.models("shop"))) == {"1", "2"}
    share.sync(paths.models("shop") / "3")
    assert share.names(paths.models("shop")) == ["1", "2"]


def test_a_folder_without_a_manifest_has_one_once_it_is_shared(machine: Machine) -> None:
    folder = paths.runs("shop") / "1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    share.push(folder)
    assert list(json.loads((folder / "manifest.json").read_text())["files"]) == ["run.json"]
    machine("second")
    share.pull(paths.runs("shop") / "1")
    assert set(content(paths.runs("shop") / "1")) == {"run.json", "manifest.json"}


def test_a_folder_may_be_empty(machine: Machine) -> None:
    (paths.models("shop") / "1").mkdir(parents=True)
    share.push(paths.models("shop") / "1")
    machine("second")
    share.pull(paths.models("shop") / "1")
    assert set(content(paths.models("shop") / "1")) == {"manifest.json"}


def test_a_small_file_is_replaced_there_and_followed_here(machine: Machine) -> None:
    pointer = paths.models("shop") / "production"
    assert share.read(pointer) is None
    for text in (b"1\n", b"2\n"):
        share.write(pointer, text)
        assert share.read(pointer) == text
        share.get(pointer)
        assert pointer.read_bytes() == text
    remove(pointer)
    share.get(pointer)
    assert not pointer.exists()


def test_what_is_dropped_is_gone_and_its_neighbours_stay(machine: Machine) -> None:
    for name in ("1", "10"):
        share.push(make_folder(name))
    size = sum(map(len, content(paths.models("shop") / "1").values()))
    manifest = len((paths.models("shop") / "1" / "manifest.json").read_bytes())
    assert share.drop(paths.models("shop") / "1") == size - manifest
    assert share.drop(paths.models("shop") / "1") == 0
    assert share.names(paths.models("shop")) == ["10"]


def test_a_number_is_taken_once(machine: Machine) -> None:
    assert share.claim(paths.models("shop"), 3) == 3
    machine("second")
    assert [share.claim(paths.models("shop"), 3) for _ in range(2)] == [4, 5]
    share.drop(paths.models("shop") / "4")
    assert share.claim(paths.models("shop"), 3) == 4


def test_a_number_that_many_want_at_once_is_taken_once(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: share.claim(paths.models("shop"), 1), range(8)))
    assert sorted(taken) == list(range(1, 9))


def test_a_push_that_is_killed_leaves_nothing_that_counts_as_whole(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}/x")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path))
    folder = make_folder()
    share.push(folder)  # it was whole there, and is pushed anew
    for number in range(200):
        (folder / f"{number}.bin").write_bytes(os.urandom(50_000))
    files.write_json(
        folder / "manifest.json", {"files": {p.name: files.sha256(p) for p in folder.glob("*.bin")}}
    )
    code = (
        "import sys; from pathlib import Path; from casebook import share; "
        "share.push(Path(sys.argv[1]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=paths.project()
    ) as pushing:
        while share.read(folder / "0.bin") is None:
            assert pushing.poll() is None
        pushing.kill()
    assert share.read(folder / "0.bin") is not None
    assert share.manifests(folder.parent) == {}
    share.sync(folder)
    assert set(share.manifests(folder.parent)) == {"1"}


def test_a_lost_network_is_told_and_the_next_run_shares_what_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: dict[str, str], bucket: str
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}/x")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{prefect_runtime.free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    folder = make_folder()
    with fresh(), pytest.raises(CasebookError, match="AWS_ENDPOINT_URL") as error:
        share.push(folder)
    assert f"s3://{bucket}/x" in str(error.value)
    assert str(paths.artifacts()) in str(error.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3["AWS_ENDPOINT_URL"])
    with fresh():
        share.sync(folder)
        assert set(share.manifests(folder.parent)) == {"1"}


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("s3://casebook-no-such-bucket/x", "Make the bucket"),
        ("gs://bucket/x", "Install what it needs"),
        ("nonsense://bucket", "a URL that fsspec knows"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_storage_that_can_not_be_used_is_told_with_a_remedy(
    url: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", url)
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path))
    for operation in (share.push, share.sync, share.pull, share.names, share.get):
        with pytest.raises(CasebookError, match=remedy) as error:
            operation(make_folder(operation.__name__))
        assert url in str(error.value)


@pytest.mark.usefixtures("bucket")
def test_missing_credentials_are_asked_for(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"s3://{bucket}")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with fresh(), pytest.raises(CasebookError, match="Give credentials"):
        share.read(paths.runs("shop") / "run.json")


def test_without_a_url_nothing_is_done_and_no_library_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from casebook import paths, share; folder = "
        "paths.models('shop');share.push(folder), share.pull(folder), share.sync(folder), "
        "share.get(folder), share.write(folder, b'');print(share.claim(folder, 7), "
        "share.names(folder), share.manifests(folder), share.read(folder),share.drop(folder), "
        "folder.exists(), [name for name in ('upath', 'fsspec') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=paths.project(),
        env={**os.environ, "CASEBOOK_ARTIFACTS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "7 [] {} None 0 False []\n"


def remove(path: Path) -> None:
    """Remove a file at the URL, as somebody with its console could."""
    there = at(path)
    there.fs.rm_file(there.path)


@contextmanager
def fresh() -> Iterator[None]:
    """Have the environment read again: fsspec keeps a file system per URL and process."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


NAMES = {
    "above": "../victim.txt",
    "far_above": "deep/../../../victim.txt",
    "absolute": "/victim.txt",
    "backslashes": "..\\victim.txt",
    "null": "a\0b",
    "empty": "",
}


@pytest.mark.parametrize("label", NAMES)
def test_a_manifest_writes_nothing_outside_its_folder(machine: Machine, label: str) -> None:
    folder = make_folder()
    share.push(folder)
    named = {"files": {"a.txt": files.sha256(folder / "a.txt"), NAMES[label]: "0" * 64}}
    share.write(folder / "manifest.json", json.dumps(named).encode())
    machine("second")
    before = content(paths.artifacts())
    with pytest.raises(share.Altered, match="is not a file inside the folder"):
        share.pull(paths.models("shop") / "1")
    assert content(paths.artifacts()) == before == {}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[]", '{"files": 1}', '{"files": {"a": {}}}', "", "\0"], ids=range(6)
)
def test_a_manifest_that_is_none_is_told(machine: Machine, text: str) -> None:
    share.push(make_folder())
    share.write(paths.models("shop") / "1" / "manifest.json", text.encode())
    machine("second")
    with pytest.raises(share.Altered, match=r"manifest\.json was altered"):
        share.pull(paths.models("shop") / "1")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are POSIX")
@pytest.mark.parametrize("name", ["a.txt", "manifest.json"])
def test_a_pipe_in_a_shared_folder_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    share.push(make_folder())
    there = tmp_path / "disk" / "models" / "shop" / "1" / name
    there.unlink()
    os.mkfifo(there)
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "second"))
    with pytest.raises(Untrusted, match=f"{name} is no regular file"):
        share.pull(paths.models("shop") / "1")


def test_names_that_lead_elsewhere_are_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"memory://{tmp_path.name}/odd")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    for name in ("sound", "back\\slash", "a\nline", "nul"):
        share.write(paths.models() / name, b"1")
    assert share.names(paths.models()) == ["sound"]
