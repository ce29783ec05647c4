"""One process of the service: it loads the models itself, watches over them, and serves."""

import gc
import socket
from collections.abc import Callable, Sequence
from functools import partial

from casebook import places


def serve(listening: Sequence[socket.socket], ready: Callable[[int], object], key: str = "") -> None:
    """Answer requests until told to stop.

    Parameters
    ----------
    listening
        The sockets to accept connections from, perhaps together with other processes.
    ready
        Called with the number of models as soon as requests are answered.
    key
        What whoever asks a model must know; empty asks for none.
    """
    from serving.app import brief, create_app
    from serving.listen import Server
    from serving.registry import Registry
    from serving.tally import Tally

    models, tally = Registry(places.models()), Tally()
    models.look()
    server = Server(create_app(models, key=key, tally=tally), listening, partial(brief, models))
    gc.freeze()  # what was loaded is there to stay: no collection need look through it
    models.watch()
    tally.watch()
    ready(len(models.serving))
    server.run()
    models.close()
    tally.close()
