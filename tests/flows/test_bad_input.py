import os
from pathlib import Path

import pandas as pd
import pytest

from samples.fraud import make_payments
from tests.flows.house import Finished, House

FAST = ("--profile", "smoke", "--candidates", "course", "--peers")


def fails(house: House, source: Path | str, *words: str) -> Finished:
    done = house.here("flows.fraud", "--source", str(source), *FAST)
    done.complains(*words)
    assert not list(house.artifacts.rglob(".tmp-*"))
    assert not (house.artifacts / "models").exists()
    return done


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def payments() -> pd.DataFrame:
    return make_payments(2000, seed=0)


def test_an_empty_file(empty: House, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    fails(empty, tmp_path / "empty.csv", "empty.csv", "is empty")


def test_a_missing_column(empty: House, tmp_path: Path, payments: pd.DataFrame) -> None:
    fails(
        empty,
        write(payments.drop(columns="V7"), tmp_path / "a.csv"),
        "a.csv",
        "lacks the column V7",
    )


def test_text_in_a_number_column(empty: House, tmp_path: Path, payments: pd.DataFrame) -> None:
    frame = payments.astype({"Amount": object})
    frame.loc[4, "Amount"] = "12 euro"
    fails(empty, write(frame, tmp_path / "a.csv"), "Amount", "row 5", "'12 euro'")


def test_all_of_one_class(empty: House, tmp_path: Path, payments: pd.DataFrame) -> None:
    fails(empty, write(payments.assign(Class=0), tmp_path / "a.csv"), "Class", "validation.html")
    assert (empty.runs()[0] / "validation.html").is_file()


def test_fewer_positives_than_folds(empty: House, tmp_path: Path, payments: pd.DataFrame) -> None:
    few = pd.concat([payments[payments.Class == 0], payments[payments.Class == 1].head(4)])
    fails(empty, write(few, tmp_path / "a.csv"), "Only 4 rows have Class = 1", "at least 10")


def test_a_download_that_was_cut_short(
    empty: House, tmp_path: Path, payments: pd.DataFrame
) -> None:
    payments.to_parquet(tmp_path / "whole.parquet")
    cut = tmp_path / "cut.parquet"
    cut.write_bytes((tmp_path / "whole.parquet").read_bytes()[:5000])
    fails(empty, cut, "cut.parquet", "can't be read as parquet")


def test_a_wrong_hash(empty: House, tmp_path: Path, payments: pd.DataFrame) -> None:
    (tmp_path / "raw" / "fraud").mkdir(parents=True)
    payments.to_parquet(tmp_path / "raw" / "fraud" / "creditcard_subset.parquet")
    fails(empty, "auto", "creditcard_subset.parquet", "sha256", "Delete it")


def test_a_path_that_is_not_there(empty: House, tmp_path: Path) -> None:
    fails(empty, tmp_path / "nowhere.csv", "nowhere.csv", "no such file")


@pytest.mark.mounts
def test_no_space_on_the_disk(empty: House, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    assert os.system(f"mount -t tmpfs -o size=400k tmpfs {disk}") == 0
    try:
        house = House(disk, {**empty.environment, "CASEBOOK_ARTIFACTS": str(disk)})
        fails(house, "sample", "No space is left on the disk")
    finally:
        os.system(f"umount {disk}")


def test_no_permission_to_write(empty: House, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    # a folder can't be made below a file, whoever asks; root may write anywhere else
    blocked.touch()
    house = House(
        blocked / "artifacts",
        {**empty.environment, "CASEBOOK_ARTIFACTS": str(blocked / "artifacts")},
    )
    fails(house, "sample", "a-file", "CASEBOOK_ARTIFACTS")


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--epochs", "-1"), "--epochs -1"),
        (("--epochs", "many"), "--epochs many"),
        (("--colour", "red"), "--colour"),
        (("--profile", "huge"), "--profile huge"),
        (("--candidates", "course", "nothing"), "--candidates"),
        (("--candidates",), "--candidates"),
    ],
)
def test_bad_arguments_exit_with_2(empty: House, flags: tuple[str, ...], word: str) -> None:
    done = empty.here("flows.fraud", *flags)
    assert done.code == 2
    assert word in done.err
    assert "Traceback" not in done.err
    assert not empty.artifacts.exists()
