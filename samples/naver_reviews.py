"""Film reviews in Korean, liked or not: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_half(rows: int, seed: int) -> pd.DataFrame:
    """Make one file of the embedded sample.

    Reviews are composed of stems, endings and signs; some are missing.
    """
    rng = np.random.default_rng(seed)
    stems = (
        ("지루하", "아깝", "별로", "최악이", "실망스럽", "재미없"),
        ("최고", "감동적이", "재미있", "훌륭하", "멋지", "완벽하"),
    )
    things = ("영화", "연기", "스토리", "배우들", "결말", "음악", "더빙", "마지막 장면")
    endings = ("네요", "다", "었어요", "고 또 보고 싶", "지만 볼 만했다", "음", "더라구요")
    signs = ("", ".", "!!!!", "ㅋㅋㅋㅋ", "ㅠㅠ", "^^", " 10점", "...")
    labels = rng.integers(0, 2, rows)

    def part(label: int) -> str:
        stem = stems[label if rng.random() > 0.12 else 1 - label]
        return (
            f"{rng.choice(things)} {rng.choice(('정말 ', '너무', '', '진짜 '))}"
            f"{rng.choice(stem)}{rng.choice(endings)}"
        )

    texts = [
        " ".join(part(label) for _ in range(rng.integers(1, 4))) + str(rng.choice(signs))
        for label in labels
    ]
    documents = pd.Series(texts, dtype="string").mask(rng.random(rows) < 0.003)
    return pd.DataFrame(
        {"id": rng.permutation(rows) + rows * seed, "document": documents, "label": labels}
    )
