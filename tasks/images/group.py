"""Group: find pictures that are nearly the same, so that a split can keep them together.

A burst of shots, or one photo uploaded twice in two sizes, would otherwise be learnt from on one
side of the split and asked for on the other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy import typing as npt
from PIL import Image
from scipy import sparse

from casebook.array_types import BoolArray, UInt8Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.images.read import pictures_of

SIDE = 8  # the hash has so many bits squared
BLOCK = 500  # pictures at once


@stage
def group_pictures(out: Path, table: Ref, raw: Ref, distance: int) -> Facts:
    """Number the groups of near-duplicate images in a column `group`.

    Images that belong together have the same number.

    The rule: two images are near-duplicates if their difference hashes (`hashes`, 64 bits) differ
    in at most `distance` bits, whatever their labels are; and near-duplicates of one image are in
    one group. A pair that merely looks alike costs nothing, as its images are only put into the
    same split.

    Writes `table`, the table with the column.
    """
    frame = read_table(table)
    rows = frame["picture"].to_numpy()
    blocks = [hashes(pictures_of(raw, rows[i : i + BLOCK])) for i in range(0, len(rows), BLOCK)]
    frame["group"] = groups(np.concatenate(blocks), distance)
    write_table(out, frame)
    sizes = frame["group"].value_counts()
    several = sizes[sizes > 1]
    return {
        "rows": len(frame),
        "groups": len(several),
        "grouped": int(several.sum()),
        "distance": distance,
    }


def hashes(pictures: UInt8Array) -> BoolArray:
    """Return each picture's difference hash, shape (pictures, 64).

    A picture is brought to 9 x 8 grey pixels; a bit says whether it gets lighter from one to the
    next in its row. Size, sharpness and contrast hardly change it (Krawetz 2013, "Kind of like
    that").
    """
    bits = np.empty((len(pictures), SIDE, SIDE), bool)
    for i, pixels in enumerate(pictures):
        image = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0]).convert("L")
        small = np.asarray(image.resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS))
        bits[i] = small[:, 1:] > small[:, :-1]
    return bits.reshape(len(pictures), -1)


def groups(hashed: BoolArray, distance: int) -> npt.NDArray[np.int32]:
    """Return the group number of each hash, shape (pictures,).

    Hashes that are connected by chains of near hashes form a group.

    Examples
    --------
    The first and the third differ in two bits, but the second is near both.

    >>> hashed = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1]], bool)
    >>> groups(hashed, distance=1).tolist()
    [0, 0, 0]
    """
    bits = hashed.astype("float32")
    apart = [
        part @ (1 - bits).T + (1 - part) @ bits.T
        for part in np.array_split(bits, -(-len(bits) // BLOCK))
    ]
    near = sparse.csr_matrix(np.concatenate([part <= distance for part in apart]))
    numbers: npt.NDArray[np.int32] = sparse.csgraph.connected_components(near, directed=False)[1]
    return numbers
