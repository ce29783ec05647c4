"""The lab's printed values: word index, sequences, padding, and words not seen before."""

from dataclasses import replace
from pathlib import Path

from casebook.words import learned, numbered, padded
from flows.word_encoding import SENTENCES, UNSEEN
from tests.flows.house import House
from tests.rehearsal.notebooks import check_notebook

INDEX = {
    "<OOV>": 1,
    "my": 2,
    "love": 3,
    "dog": 4,
    "i": 5,
    "you": 6,
    "cat": 7,
    "do": 8,
    "think": 9,
    "is": 10,
    "amazing": 11,
}
SEQUENCES = [[5, 3, 2, 4], [5, 3, 2, 7], [6, 3, 2, 4], [8, 6, 9, 2, 4, 10, 11]]
PADDED = [
    [0, 0, 0, 5, 3, 2, 4],
    [0, 0, 0, 5, 3, 2, 7],
    [0, 0, 0, 6, 3, 2, 4],
    [8, 6, 9, 2, 4, 10, 11],
]


def test_the_labs_printed_values() -> None:
    vocabulary = learned(SENTENCES, "word", 100, 10)
    assert vocabulary.index == INDEX
    assert numbered(SENTENCES, vocabulary) == SEQUENCES
    assert padded(SEQUENCES, before=True).tolist() == PADDED
    assert padded(SEQUENCES, 5, before=True).tolist()[-1] == [9, 2, 4, 10, 11]
    assert numbered(UNSEEN, vocabulary) == [[5, 1, 3, 2, 4], [2, 4, 1, 2, 1]]


def test_the_flow_tells_them(empty: House) -> None:
    done = empty.here("flows.word_encoding")
    assert done.code == 0, done.err
    run = empty.runs("word_encoding")[0]
    metrics = empty.record(run, "metrics.json")
    assert metrics["data"]["source"] == "real"
    assert metrics["findings"]["word_index"] == INDEX
    assert metrics["findings"]["sequences"] == SEQUENCES
    assert metrics["findings"]["padded"] == PADDED
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "amazing" in page and "30% of the words" in page


def test_sentences_of_ones_own(empty: House, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("sentence\n영화 최고\n영화 별로\n", encoding="utf-8")
    done = empty.here(
        "flows.word_encoding", "--source", str(tmp_path / "mine.csv"), "--unseen", "연기 최고"
    )
    assert done.code == 0, done.err
    findings = empty.record(empty.runs("word_encoding")[0], "metrics.json")["findings"]
    assert findings["word_index"] == {"<OOV>": 1, "영화": 2, "최고": 3, "별로": 4}
    assert findings["unseen"] == [[1, 3]]


def test_the_notebook_runs_to_its_end_with_a_server_of_its_own(empty: House) -> None:
    alone = {name: text for name, text in empty.environment.items() if name != "PREFECT_API_URL"}
    check_notebook(replace(empty, environment=alone), "word_encoding")
