"""What the server in front of the application allows, and what it says where that is passed."""

ARRIVAL = 30.0  # seconds that a request has to arrive in full
CONNECTIONS = 1000  # open at once in one process, if it may have as many descriptors
REFUSED = 16  # connections beyond these that are told why they are refused, at once
HEAD = 2**18  # bytes of a request before its body
STALLED = 30.0  # seconds in which a client that is sent an answer may read nothing of it
LINGER = 5.0  # seconds that a client has to read the last answer before the connection is cut
IDLE = 75  # seconds that a connection is kept without a request: longer than proxies keep theirs
PATIENCE = 10.0  # seconds that requests in flight have to end after a stop

BODY = 8 * 2**20  # bytes of a body; the application refuses a larger one
ABSURD = 32 * 2**20  # bytes of a body that the application is not even told of
DIGITS = 20  # of a chunk's size
AT_ONCE = 256  # requests that threads of one process have, or that wait for one; more are refused
HELD = 128 * 2**20  # bytes of bodies in one process, arriving ones included; more are refused
SMALL = 64 * 1024  # bytes of a body that are taken all the same, so that large ones crowd out none

LATE = f"the request did not arrive in full within {ARRIVAL:.0f} seconds"
BUSY = "the service has as much to do as it can hold; try again in a second"
TOO_LONG = f"the body is longer than {BODY} bytes"
CUT = "the request ended before its body did"
NO_HOST = "a request of HTTP/1.1 needs the header Host"
CLOSE = "casebook.close"  # where a server that can puts what closes the connection after the answer
# the environment variable that names the folder in which all processes count
COUNTS = "PROMETHEUS_MULTIPROC_DIR"
