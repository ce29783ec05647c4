import os
import random
import signal
import subprocess

from tests.flows.house import SMOKE, House

KILLS = int(os.environ.get("CASEBOOK_KILLS", "3"))  # the longer proof: CASEBOOK_KILLS=20


def test_a_run_killed_at_random_moments_ends_with_the_same_metrics(smoke: House, empty: House) -> None:
    rng = random.Random(0)
    for _ in range(KILLS):
        process = empty.start("flows.fraud", *SMOKE)
        try:
            process.wait(timeout=rng.uniform(3, 25))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    done = empty.run("flows.fraud", *SMOKE)
    assert done.code == 0, done.err
    disturbed = empty.record(empty.runs()[-1], "metrics.json")
    undisturbed = smoke.record(smoke.runs()[0], "metrics.json")
    assert disturbed["champion"] == undisturbed["champion"]
    assert disturbed["candidates"] == undisturbed["candidates"]
