"""Bad requests of every kind that the benchmark sends, over real connections.

None is answered with a 5xx, and the service goes on answering.
"""

from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.attacks import ATTACKS, Place
from benchmarks.models import in_production
from benchmarks.siege import siege
from benchmarks.storm import CUT, send
from tests.serving import test_workers as workers
from tests.serving.site import started

COUNT, ROUNDS = 400, 2


def test_a_storm_is_weathered(
    publish: Callable[..., Path], publish_pictures: Callable[..., Path]
) -> None:
    publish("fraud", 1, -1.0)
    publish_pictures("mnist")
    models = {model.takes: model for model in in_production()}
    with started() as site:
        port = int(site.url.rpartition(":")[2])
        statuses = send(port, models["columns"], models["picture"], COUNT, seed=2)
        assert statuses.total() == COUNT
        assert {"200", "400", "404", "405", "413", "415", "422", CUT} <= statuses.keys()
        answer = site.predict("fraud", models["columns"].instances[0])
        assert answer["model"]["version"] == 1
        assert psutil.pid_exists(site.process.pid)
        site.process.terminate()
        assert site.process.wait(timeout=60) == 0
        assert site.process.stderr is not None
        assert "Traceback" not in site.process.stderr.read()


def test_a_siege_takes_no_answer_from_others(publish: Callable[..., Path]) -> None:
    """Of nine kinds of attack at once; processes are killed and hang meanwhile."""
    publish("fraud", 1, -1.0)
    (model,) = in_production()
    with workers.started("import serving.supervisor; serving.supervisor.HUNG = 2") as service:
        counts, seconds = siege(
            Place(service.port, service.process.pid, model), lambda done: done < ROUNDS
        )
        for attack in ATTACKS:
            assert (
                counts[f"{attack.__name__}: rounds"] + counts[f"{attack.__name__}: cut off"]
                == ROUNDS
            )
        assert len(seconds) == counts["sound requests: answered"] > 0
        assert workers.post(service.connect())[0] == 200
        service.process.terminate()
        _, err = service.process.communicate(timeout=workers.LIMIT)
    assert service.process.returncode == 0 and "Traceback" not in err
