"""A split of the shop's rows."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from casebook.store import Ref


@pytest.fixture
def parts(keep_tables: Callable[..., Ref]) -> Ref:
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], [40, 160])
    frame = pd.DataFrame(
        {"price": rng.normal(size=200) + 2.0 * y, "other": rng.normal(size=200), "sold": y}
    )
    return keep_tables(train=frame, validation=frame, test=frame)
