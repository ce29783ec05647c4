"""Film reviews in Korean: predict whether the film was liked (lab 300).

Candidates are the lab's BiLSTM on words, and networks on characters.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
import pandas as pd
from keras import layers, ops
from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.device import DeviceChoice
from casebook.errors import CasebookError
from casebook.futures import Future
from casebook.language import Message, msg
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.run import Summary, current
from casebook.stage import stage, uncached_task
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_table
from casebook.words import tokens
from samples.naver_reviews import make_half
from tasks.data.clean import clean
from tasks.data.fetch import fetch
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.pages.notes import Notes
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.texts.baselines import TextPeer, compare_texts
from tasks.texts.blend import blend
from tasks.texts.explore import explore_texts
from tasks.texts.features import encode
from tasks.texts.inputs import Texts
from tasks.texts.nearest import analogies
from tasks.texts.split import REPEATED, split_texts
from tasks.texts.train import TextNetwork, TextSettings, train_texts

TRAIN, TEST = "nsmc_train", "nsmc_test"
TEXT = "document"
PROBLEM = Problem(
    kind="binary",
    takes="text",
    text_column=TEXT,
    target="label",
    labels=("negative", "positive"),
    primary="accuracy",
    shown=("accuracy", "roc_auc", "f1", "log_loss"),
)
PROTOCOL = msg(
    "the set's own test part, whole; a tenth of the training reviews, stratified, for validation"
)

Candidate = Literal["course", "ngrams", "characters", "blend"]


class NaverReviewsParams(CaseParams):
    """What can be set: which networks, and how large ours is."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ngrams", "characters", "blend"),
        min_length=1,
        description="networks: the lab's on words, ours on characters' n-grams, on their order, "
        "and both together",
    )
    peers: tuple[TextPeer, ...] = Field(
        ("dummy", "linear_on_characters", "linear_on_words"),
        description="plain models to compare with",
    )
    device: DeviceChoice = Field("auto", description="where to train")
    sample_rows: Annotated[
        int, Field(ge=400, le=100_000, description="size of the embedded sample")
    ] = 2000


@case
def naver_reviews(params: NaverReviewsParams = NaverReviewsParams()) -> Summary:
    """Classify Korean film reviews as positive or negative by a character network (lab 300)."""
    data = prepare(params)
    profile = explore_texts.submit(data.table, TEXT, PROBLEM)
    peers = compare_texts.submit(data.parts[0], TEXT, PROBLEM.target, params.peers, params.seed)
    by_words = encode.with_label("words")(data.parts[0], TEXT, PROBLEM.target, "word", 9_998, 30)
    by_characters = encode.with_label("characters")(
        data.parts[0], TEXT, PROBLEM.target, "character", KNOWN - 2, 150
    )
    trained = train(by_words, by_characters, params)
    baselines = [peers] if params.peers else []
    case_notes = notes(data.parts[0], trained, by_words)
    refs = {name: [ref] for name, ref in trained.items()}
    data = replace(data, encoded=[by_words])
    return evaluate_and_publish(FittedModels(data, refs, baselines, profile, case_notes))


def prepare(params: NaverReviewsParams) -> PreparedData:
    """Fetch both files, validate the reviews, and split them as the files are."""
    origins = [fetch(name, params.source) for name in (TRAIN, TEST)]
    if len({origin.kind for origin in origins}) > 1 or (
        origins[0].path and origins[0].path == origins[1].path
    ):
        raise CasebookError(
            f"--source {params.source} gives no test part of its own: name a folder that holds "
            "ratings_train and ratings_test, both as .txt or both as .parquet."
        )
    halves = [
        ingest.with_label(origin.dataset)(
            origin, make_half, params.sample_rows, params.seed + number
        )
        for number, origin in enumerate(origins)
    ]
    raw = join(halves[0], halves[1])
    checked = validate(raw, suite_text("nsmc"))
    enforce(checked, "nsmc")
    table = clean(checked, ())
    parts = split_texts(table, TEXT, params.seed)
    return PreparedData(
        PROBLEM,
        ThresholdPolicy(by="likelier"),
        both(origins),
        raw,
        checked,
        table,
        [parts],
        [],
        Texts(TEXT),
        PROTOCOL,
        params.seed,
    )


def both(origins: list[Origin]) -> Origin:
    """Return where the reviews came from.

    They are the training file, whose hash the record names, and the test file.
    """
    train, test = origins
    locations = f"{train.location}, {test.location}" if train.path else train.location
    return train.model_copy(update={"location": locations})


@stage
def join(out: Path, train: Ref, test: Ref) -> Facts:
    """Put both files into one table, whose column `part` says which a review is from."""
    frames = [read_table(ref).assign(part=part) for ref, part in ((train, "train"), (test, "test"))]
    frame = pd.concat(frames, ignore_index=True).astype({"part": "string"})
    write_table(out, frame)
    return {**train.facts, "rows": len(frame), "columns": list(frame.columns)}


def train(by_words: Ref, by_characters: Ref, params: NaverReviewsParams) -> dict[str, Ref]:
    """Train the candidates; `blend` joins `ngrams` and `characters`, which are trained for it."""
    parts: tuple[Candidate, ...] = ("ngrams", "characters")
    needed = {*params.candidates, *(parts if "blend" in params.candidates else ())}
    sent: dict[Candidate, Future] = {}
    for name in ("course", *parts):
        if name in needed:
            encoded = by_words if name == "course" else by_characters
            network = (SMALL if params.profile == "smoke" else NETWORKS).get(name, course_network)
            sent[name] = train_texts.with_label(name).submit(
                encoded, network, settings(name, params), params.seed
            )
    trained: dict[str, Ref] = {name: future.result() for name, future in sent.items()}
    if "blend" in needed:
        trained["blend"] = blend(by_characters, tuple(trained[name] for name in parts))
    return {name: trained[name] for name in params.candidates}


def settings(name: Candidate, params: NaverReviewsParams) -> TextSettings:
    """Return how a candidate is trained; the smoke profile trains for one epoch.

    The values were chosen on validation.
    """
    max_epochs = 1 if params.profile == "smoke" else 100
    common = TextSettings(batch_size=256, learning_rate=2e-3, warm=0.1, device=params.device)
    match name:
        case "ngrams":
            return common.model_copy(update={"epochs": min(4, max_epochs), "refit": True})
        case "characters":
            return common.model_copy(update={"epochs": min(4, max_epochs), "weight_decay": 0.01})
        case _:
            return TextSettings(epochs=min(7, max_epochs), batch_size=128, device=params.device)


def course_network(size: int) -> keras.Model:
    """Return the lab's network: word vectors, a bidirectional LSTM, a dense layer.

    It skips padding.
    """
    inputs = keras.Input((None,), dtype="int32")
    vectors = layers.Embedding(size, 100, mask_zero=True, name="words")(inputs)
    hidden = layers.Dense(64, activation="relu")(layers.Bidirectional(layers.LSTM(64))(vectors))
    return keras.Model(inputs, layers.Dense(1)(hidden), name="course")


KNOWN = 3000  # characters
BUCKETS = {
    2: 262_139,
    3: 1_048_573,
    4: 2_097_143,
    5: 2_097_143,
}  # primes: n-grams share a weight if hashes agree
NEARBY = {2: 65_521, 3: 131_071}  # n-grams that have vectors
# an n-gram's weight is met in few batches, and learns as if the rate were so many times as high
FASTER = 20.0
FACTOR = (
    -1_640_531_535
)  # 2 ** 32 over the golden ratio, as 32 bits have it (Knuth 1998, multiplicative hashing)


def ngrams_network(size: int, buckets: dict[int, int] = BUCKETS) -> keras.Model:
    """Return a linear model of character n-grams.

    Each n-gram of 1 to 5 characters has one weight, and the weights are summed.

    Korean attaches endings to its stems, so words are rare and n-grams of syllables are what
    repeats. Padding has no part in the sum.
    """
    inputs = keras.Input((None,), dtype="int32")
    grams = [
        (inputs, size),
        *((hashed(inputs, n, count), 1 + count) for n, count in buckets.items()),
    ]
    weights = [
        layers.Embedding(input_dim, 1, embeddings_initializer="zeros")(codes) * met(codes)
        for codes, input_dim in grams
    ]
    number = ops.sum(layers.Add()([met(codes) for codes, _ in grams]), axis=1)
    total = ops.sum(layers.Add()(weights), axis=1) / ops.sqrt(1 + number)
    return keras.Model(inputs, FASTER * total, name="ngrams")


def characters_network(
    size: int, width: int = 128, filters: int = 128, nearby: dict[int, int] = NEARBY
) -> keras.Model:
    """Return a network that sees the order of characters.

    It has three convolutions, and takes the maximum and the mean over each text.

    A position has the vector of its character, and those of the bigram and the trigram that begin
    there. In training a tenth of the former and most of the latter are dropped: else n-grams, of
    which many occur once, are memorized within an epoch. Padding has no part in any convolution,
    mean or maximum.
    """
    inputs = keras.Input((None,), dtype="int32")
    there = met(inputs)
    single = layers.Embedding(size, width, name="characters")(inputs)
    vectors = [layers.Dropout(0.1, noise_shape=(None, None, 1))(single)]
    for n, count in nearby.items():
        gram = layers.Embedding(1 + count, width // 4)(hashed(inputs, n, count))
        vectors.append(layers.Dropout(0.6, noise_shape=(None, None, 1))(gram))
    hidden = layers.SpatialDropout1D(0.3)(layers.Concatenate()(vectors) * there)
    near = layers.Conv1D(filters, 3, padding="same", activation="relu")(hidden) * there
    farther = (
        layers.Conv1D(filters, 3, padding="same", activation="relu")(layers.Dropout(0.3)(near))
        * there
    )
    seen = layers.Dropout(0.3)(near + farther)
    far = layers.Conv1D(filters, 3, padding="same", activation="relu")(seen) * there
    # none is below 0, which padding has
    greatest = [ops.max(outputs, axis=1) for outputs in (near, far)]
    mean = ops.sum(near + far, axis=1) / (1e-3 + ops.sum(there, axis=1))
    pooled = layers.Dropout(0.5)(layers.Concatenate()([*greatest, mean]))
    return keras.Model(inputs, layers.Dense(1)(pooled), name="characters")


def small_ngrams(size: int) -> keras.Model:
    """Return the linear model with few weights, for a smoke run."""
    return ngrams_network(size, {2: 4093, 3: 4093})


def small_characters(size: int) -> keras.Model:
    """Return the convolutions with few filters, for a smoke run."""
    return characters_network(size, 16, 32, {2: 4093})


def met(numbers: Any) -> Any:
    """Return 1 where a text has a character or n-gram, 0 on padding, shape (texts, length, 1)."""
    return ops.expand_dims(ops.cast(ops.not_equal(numbers, 0), "float32"), -1)


def hashed(numbers: Any, n: int, buckets: int) -> Any:
    """Return the hash, from 1 to `buckets`, of the n characters that begin at each position.

    It is 0 where fewer are left.

    Products are taken modulo 2 ** 32, as numbers of 32 bits overflow, and `buckets` is a prime: of
    a power of two, only the last bits of each character would count.
    """
    following, code = numbers, numbers
    for _ in range(n - 1):
        following = ops.pad(following[:, 1:], [[0, 0], [0, 1]])
        code = code * FACTOR + following
    remainder = ops.mod(code, buckets)  # of a negative number, ONNX Runtime's is negative
    return ops.where(following > 0, 1 + ops.mod(remainder + buckets, buckets), 0)


NETWORKS: dict[Candidate, TextNetwork] = {
    "ngrams": ngrams_network,
    "characters": characters_network,
}
SMALL: dict[Candidate, TextNetwork] = {"ngrams": small_ngrams, "characters": small_characters}


@uncached_task
def notes(parts: Ref, trained: dict[str, Ref], by_words: Ref) -> Notes:
    """Describe the effect of repeats, the misclassified reviews, and the lab's word vectors."""
    if current().planning:
        return Notes()
    test = read_table(parts, "test")
    right: dict[str, Any] = {
        name: (read_arrays(ref, "scores")["test"] > 0) == (test[PROBLEM.target] == 1)
        for name, ref in trained.items()
    }
    repeated = int(test[REPEATED].sum())
    best = max(trained, key=lambda name: float(str(trained[name].facts["val_accuracy"])))
    paragraphs: tuple[Message, ...] = (
        msg(
            "{repeated:,} of {rows:,} test reviews stand in the training file too, as the "
            "networks read them. The first table tells the accuracy on all test reviews, as "
            "others report it, and without those.",
            repeated=repeated,
            rows=len(test),
        ),
        msg(
            "The second table tells what the errors of {best} on the test part have in common: "
            "how often it is wrong by a review's length, and where there is a word that turns the "
            "sense over, or a sign of irony.",
            best=best,
        ),
    )
    tables = [without_repeats(right, test[REPEATED]), errors(right[best], test)]
    if "course" in trained:
        analogy_table = analogies(trained["course"], QUESTIONS)
        tables += [analogy_table] if analogy_table else []
        paragraphs += (
            msg(
                "The third: the words whose vectors in the lab's network lie nearest (cosine). "
                "They were learned from likes alone, not from what words stand beside, so near is "
                "what is liked alike."
            ),
        ) * bool(analogy_table)
    return Notes(
        title=msg("Repeats, errors and words"), paragraphs=paragraphs, tables=tuple(tables)
    )


QUESTIONS = (("왕", "남자", "여자"), ("최고",), ("지루",), ("재미있다",), ("쓰레기",), ("감동",))


def without_repeats(right: dict[str, pd.Series], repeated: pd.Series) -> tuple[dict[str, str], ...]:
    """Return each candidate's accuracy on all test reviews, on repeats only, and without repeats.

    A repeat is a review that the training part has too.
    """

    def share(values: pd.Series) -> str:
        return f"{values.mean():.4f} of {len(values):,}" if len(values) else "none"

    return tuple(
        {
            "candidate": name,
            "all": share(correct),
            "repeats only": share(correct[repeated]),
            "without repeats": share(correct[~repeated]),
        }
        for name, correct in right.items()
    )


def errors(right: pd.Series, test: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """Return how often a network is wrong on reviews of some kinds."""
    texts = test[TEXT].fillna("")
    words = texts.map(lambda text: len(tokens(text, "word")))
    kinds = {
        "all": words >= 0,
        "up to 2 words": words <= 2,
        "3 to 8 words": words.between(3, 8),
        "9 to 20 words": words.between(9, 20),
        "more than 20 words": words > 20,
        "with 안, 못, 않 or 없": texts.str.contains(r"\b[안못]\b|않|없"),
        "with 지만, 는데 or 그러나": texts.str.contains("지만|는데|그러나"),
        "with ㅋ, ㅎ, ^^ or ~": texts.str.contains(r"[ㅋㅎ~]|\^\^"),
        "without Hangul": ~texts.str.contains("[가-힣]"),
    }
    return tuple(
        {
            "reviews": kind,
            "number": f"{int(which.sum()):,}",
            "wrong": f"{1 - right[which].mean():.3f}",
        }
        for kind, which in kinds.items()
        if which.any()
    )


if __name__ == "__main__":
    raise SystemExit(main("flows.naver_reviews"))
