"""The errors a user is meant to read."""


class CasebookError(Exception):
    """An error that the user can fix.

    The message is one paragraph that says what is wrong, where, and what to do. The command line
    prints it without a traceback and exits with 1.
    """


class NoSample(CasebookError):
    """A case needs real data, for which no sample can stand, and there is none."""
