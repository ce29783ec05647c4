"""Film reviews in Korean: predict whether the film was liked (lab 300).

Candidates are the lab's BiLSTM on words, networks on characters, and linear models on jamo.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.run import Summary
from samples.naver_reviews import make_half
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.stories.naver_reviews.errors import notes
from tasks.stories.naver_reviews.networks import (
    characters_network,
    course_network,
    ngrams_network,
    small_characters,
    small_ngrams,
)
from tasks.texts.case import Encoding, TextCase, TextModel, TextParams
from tasks.texts.explore import explore_texts
from tasks.texts.linear import LinearModel
from tasks.texts.ngrams import NGrams
from tasks.texts.train import TextSettings

Candidate = Literal["course", "ngrams", "characters", "jamo", "jamo_by_ratio", "blend"]


class NaverReviewsParams(TextParams):
    """What can be set: which models are trained."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ngrams", "characters", "jamo", "jamo_by_ratio", "blend"),
        min_length=1,
        description="models to train: the lab's network on words, ours on characters' n-grams and "
        "on their order, logistic regression on n-grams of jamo, the same by log-count ratios "
        "(NB-SVM), and all but the lab's together",
    )


# chosen on validation
OURS = TextSettings(epochs=4, batch_size=256, learning_rate=2e-3, warm=0.1)
JAMO = NGrams(shortest=2, longest=7, buckets=4_194_301)

CASE = TextCase(
    dataset="nsmc",
    halves=("nsmc_train", "nsmc_test"),
    problem=Problem(
        problem_type="binary",
        input_kind="text",
        text_column="document",
        target="label",
        labels=("negative", "positive"),
        primary_metric="accuracy",
        metrics=("accuracy", "roc_auc", "f1", "log_loss"),
    ),
    protocol=msg(
        "the set's own test part, whole; a tenth of the training reviews, stratified, for "
        "validation"
    ),
    sample=make_half,
    encodings={
        "words": Encoding("word", tokens=9_998, length=30),
        "characters": Encoding("character", tokens=2_998, length=150),
    },
    models={
        "course": TextModel(course_network, TextSettings(epochs=7, batch_size=128), "words"),
        "ngrams": TextModel(
            ngrams_network, OURS.model_copy(update={"refit": True}), "characters", small_ngrams
        ),
        "characters": TextModel(
            characters_network,
            OURS.model_copy(update={"weight_decay": 0.01}),
            "characters",
            small_characters,
        ),
    },
    linear={
        "jamo": LinearModel("characters", JAMO, C=4.0),
        "jamo_by_ratio": LinearModel("characters", JAMO, C=6.0, by_ratio=True),
    },
    blends={"blend": ("ngrams", "characters", "jamo", "jamo_by_ratio")},
)


@case
def naver_reviews(params: NaverReviewsParams = NaverReviewsParams()) -> Summary:
    """Classify Korean film reviews as positive or negative (lab 300)."""
    data = CASE.prepare(params)
    profile = explore_texts.submit(data.table, CASE.problem.text_column, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    case_notes = notes(data.parts[0], trained, CASE.problem)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, case_notes))


if __name__ == "__main__":
    raise SystemExit(main("flows.naver_reviews"))
