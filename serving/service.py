"""One process of the service: its models and its application.

The models are watched for changes, and the application answers from them.
"""

import gc
from functools import partial

from casebook import paths
from casebook.errors import CasebookError
from serving.app import create_app, is_fast
from serving.gateway import Gateway
from serving.registry import Registry
from serving.request_histogram import RequestHistogram


class Service:
    """The models in production and what answers from them, from now until `close`.

    Parameters
    ----------
    key
        What whoever asks a model must know; empty asks for none.
    """

    def __init__(self, key: str = "") -> None:
        self._registry, self._histogram = Registry(paths.models()), RequestHistogram()
        self._registry.look()
        self._need_memory()
        app = create_app(self._registry, key=key, histogram=self._histogram)
        self.gateway = Gateway(app, partial(is_fast, self._registry), key)
        gc.freeze()  # what was loaded is there to stay: no collection need look through it
        self._registry.watch()
        self._histogram.watch()

    def _need_memory(self) -> None:
        """Refuse to begin where no model could be loaded for want of memory.

        Raises
        ------
        CasebookError
            There is too little of it.
        """
        failures = self._registry.failures.values()
        if not self._registry.serving and any(failure.out_of_memory for failure in failures):
            cases = ", ".join(failure.case for failure in failures)
            raise CasebookError(
                f"There is not enough memory to load any published model ({cases}). Give the "
                "service more memory, or fewer processes (--processes 1)."
            )

    @property
    def models(self) -> int:
        """How many models serve."""
        return len(self._registry.serving)

    def close(self) -> None:
        """End the watch, and write what was counted."""
        self.gateway.close()
        self._registry.close()
        self._histogram.close()
