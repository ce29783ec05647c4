"""One process of the service: it loads the models itself, watches over them, and serves."""

import socket
from collections.abc import Callable, Sequence

from casebook import places


def serve(listening: Sequence[socket.socket], ready: Callable[[int], object]) -> None:
    """Answer requests until told to stop.

    Parameters
    ----------
    listening
        The sockets to accept connections from, perhaps together with other processes.
    ready
        Called with the number of models as soon as requests are answered.
    """
    from serving.app import create_app
    from serving.listen import Server
    from serving.registry import Registry

    models = Registry(places.models())
    models.look()
    server = Server(create_app(models), listening)
    models.watch()
    ready(len(models.serving))
    server.run()
    models.close()
