"""The errors a user is meant to read."""


class CasebookError(Exception):
    """Something a user can mend.

    The message is one paragraph that says what, where, and what to do.

    The command line prints it without a traceback and exits with 1.
    """


class NoSample(CasebookError):
    """A case needs real data, for which no sample can stand, and there is none."""
