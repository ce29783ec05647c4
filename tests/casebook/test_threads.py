"""One thread: also of libraries that are first used inside."""

import subprocess
import sys

FIT = """
from sklearn import ensemble
from casebook.threads import one_thread

with one_thread():
    ensemble.HistGradientBoostingRegressor(max_iter=1).fit([[0.0], [1.0]] * 20, [0.0, 1.0] * 20)
    import threadpoolctl
    print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""


def test_a_library_that_is_first_used_inside_has_one_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import casebook\n{FIT}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "{1}\n"
