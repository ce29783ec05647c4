"""One process of the service: its models and its application.

The models are watched for changes, and the application answers from them.
"""

import gc
from functools import partial

from casebook import places
from serving.app import brief, create_app
from serving.gateway import Gateway
from serving.registry import Registry
from serving.tally import Tally


class Service:
    """The models in production and what answers from them, from now until `close`.

    Parameters
    ----------
    key
        What whoever asks a model must know; empty asks for none.
    """

    def __init__(self, key: str = "") -> None:
        self._registry, self._tally = Registry(places.models()), Tally()
        self._registry.look()
        app = create_app(self._registry, key=key, tally=self._tally)
        self.gateway = Gateway(app, partial(brief, self._registry), key)
        gc.freeze()  # what was loaded is there to stay: no collection need look through it
        self._registry.watch()
        self._tally.watch()

    @property
    def models(self) -> int:
        """How many models serve."""
        return len(self._registry.serving)

    def close(self) -> None:
        """End the watch, and write what was counted."""
        self.gateway.close()
        self._registry.close()
        self._tally.close()
