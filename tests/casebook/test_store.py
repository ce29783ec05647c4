"""A stored output is trusted only while its files are what they were."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook import paths, store
from casebook.store import Manifest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    return tmp_path


def make_output(key: str = "1", at: str = "2026-01-01", text: str = "text") -> Path:
    parts = {"code": key}
    folder = paths.store() / "shop" / "clean" / store.key_of(parts)
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text(text, encoding="utf-8")
    (folder / "deep" / "b.txt").write_text("b", encoding="utf-8")
    store.write_manifest(
        folder,
        "shop",
        "clean",
        parts,
        {"rows": 2},
        {"seconds": 1.5, "peak_memory_mb": None, "made_at": at},
    )
    return folder


def manifest_of(folder: Path) -> Manifest:
    manifest = store.read_manifest(folder)
    assert manifest is not None
    return manifest


def test_a_sealed_folder_tells_its_files_size_and_facts() -> None:
    folder = make_output()
    manifest = manifest_of(folder)
    assert set(manifest.files) == {"a.txt", "deep/b.txt"}
    assert (manifest.bytes, manifest.seconds, manifest.ref.facts) == (5, 1.5, {"rows": 2})
    assert manifest.ref.folder == folder
    assert not manifest.ref.pending
    assert store.verify(folder, manifest) is None


def test_a_missing_and_an_altered_file_are_named() -> None:
    folder = make_output()
    (folder / "a.txt").write_text("tixt", encoding="utf-8")
    assert store.verify(folder, manifest_of(folder)) == "a.txt was altered"
    (folder / "a.txt").unlink()
    assert store.verify(folder, manifest_of(folder)) == "a.txt is gone"


def test_the_reference_hashes_the_content_not_the_key() -> None:
    first, same, other = (
        manifest_of(make_output(key, text=text)).ref
        for key, text in (("1", "x"), ("2", "x"), ("3", "y"))
    )
    assert first.sha256 == same.sha256 != other.sha256
    assert first.key != same.key


@pytest.mark.parametrize("content", ["", "{", '{"ref": 1}'])
def test_a_manifest_that_is_cut_short_is_none(content: str) -> None:
    folder = make_output()
    (folder / store.MANIFEST).write_text(content, encoding="utf-8")
    assert store.read_manifest(folder) is None
    assert store.latest("shop", "clean") is None


def test_the_latest_is_the_newest_whatever_its_key() -> None:
    assert store.latest("shop", "clean") is None
    make_output("1", "2026-01-02")
    make_output("2", "2026-01-03")
    make_output("3", "2026-01-01")
    latest = store.latest("shop", "clean")
    assert latest is not None
    assert latest.parts == {"code": "2"}


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
    st.text(max_size=5),
    st.text(max_size=5),
)
def test_any_changed_part_changes_the_key_and_order_does_not(
    parts: dict[str, str], name: str, value: str
) -> None:
    assert store.key_of(dict(reversed(parts.items()))) == store.key_of(parts)
    changed = {**parts, name: value}
    assert (store.key_of(changed) == store.key_of(parts)) == (changed == parts)
