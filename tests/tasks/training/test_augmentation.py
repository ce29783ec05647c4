"""Augmented pictures keep their labels, and what is done to them is what was asked."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.training.augmentation import (
    Augmentation,
    ahead,
    covered,
    cropped,
    epoch,
    shifted,
    warped,
)

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (40, 8, 8, 3)).astype("uint8")
LABELS = np.arange(40)


@given(st.integers(1, 50), st.integers(0, 3), st.integers(0, 5))
def test_an_epoch_shows_every_picture_once_but_for_those_left_over(
    batch: int, number: int, seed: int
) -> None:
    batches = list(epoch(PICTURES, LABELS, batch, Augmentation(), number, seed))
    shown = np.concatenate([y for _, y in batches])
    assert len(shown) == 40 - 40 % min(batch, 40)
    assert len(set(shown.tolist())) == len(shown)
    for x, y in batches:
        assert np.array_equal(x, PICTURES[y])


def test_two_epochs_show_both_sides() -> None:
    first, second = (
        {
            int(label): x
            for xs, ys in epoch(PICTURES, LABELS, 8, Augmentation(flip=True), number, 0)
            for x, label in zip(xs, ys, strict=True)
        }
        for number in (0, 1)
    )
    for label in range(40):
        assert np.array_equal(first[label], second[label][:, ::-1])
    assert any(np.array_equal(first[label], PICTURES[label]) for label in range(40))


def test_a_seed_and_a_number_fix_an_epoch() -> None:
    how = Augmentation(shift=2, flip=True, cover=3, turn=10, zoom=0.1)
    one, same, other = (
        next(iter(epoch(PICTURES, LABELS, 40, how, number, 0)))[0] for number in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_batches_made_ahead_are_the_same_and_fail_alike() -> None:
    def broken() -> Iterator[int]:
        yield 0
        raise ValueError("no second one")

    assert list(ahead(iter(range(5)))) == [0, 1, 2, 3, 4]
    assert list(ahead(iter(()))) == []
    coming = ahead(broken())
    with pytest.raises(ValueError, match="no second one"):
        list(coming)


def test_a_shift_moves_and_mirrors_the_rim() -> None:
    moved = shifted(PICTURES, 2, np.random.default_rng(1))
    padded = np.pad(PICTURES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for picture, wide in zip(moved, padded, strict=True):
        assert any(
            np.array_equal(picture, wide[i : i + 8, j : j + 8]) for i in range(5) for j in range(5)
        )


def test_what_is_covered_is_the_mean() -> None:
    hidden = covered(PICTURES, 40, np.random.default_rng(1))
    assert np.array_equal(
        hidden,
        np.broadcast_to(PICTURES.mean(axis=(1, 2), keepdims=True), PICTURES.shape).astype(int),
    )


def test_a_cover_hides_one_square() -> None:
    hidden = (covered(PICTURES, 4, np.random.default_rng(1)) != PICTURES).any(axis=3)
    assert 0 < hidden.sum(axis=(1, 2)).max() <= 16
    assert hidden.any(axis=2).sum(axis=1).max() <= 4


def test_without_angle_and_zoom_nothing_is_warped() -> None:
    assert np.array_equal(warped(PICTURES, Augmentation(), np.random.default_rng(0)), PICTURES)


def test_a_turn_leaves_the_middle_in_place() -> None:
    picture = np.zeros((1, 9, 9, 1), "uint8")
    picture[0, 4, 4], picture[0, 4, 5:] = 200, 100
    turned = warped(np.repeat(picture, 20, axis=0), Augmentation(turn=45), np.random.default_rng(0))
    assert (turned[:, 4, 4, 0] == 200).all()
    assert (turned != picture).any()
    assert turned.sum(axis=(1, 2, 3)).mean() == pytest.approx(picture.sum(), rel=0.1)


def test_a_crop_has_the_size_and_shows_a_part() -> None:
    ramp = np.broadcast_to(np.arange(64, dtype="uint8")[None, None, :, None] * 4, (30, 64, 64, 3))
    crops = cropped(ramp, 0.25, np.random.default_rng(0))
    assert crops.shape == ramp.shape
    seen = crops.max(axis=(1, 2, 3)).astype(int) - crops.min(axis=(1, 2, 3))
    assert seen.min() >= 0.45 * 252 and seen.max() <= 252
    assert np.array_equal(cropped(ramp, 1.0, np.random.default_rng(0)), ramp)
