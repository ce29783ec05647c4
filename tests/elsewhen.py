"""A plugin of pytest: it is another day.

`python -m pytest -p tests.elsewhen` shows every module a clock that is 1,000 days ahead.
"""

from __future__ import annotations

import datetime
import time

import pandas  # noqa: F401  (first: its compiled parts crash with another clock than the real one)

LATER = 1_000 * 86_400 + 12_345.678  # seconds


class Clock(type):
    """What the real class made is of the shifted one as well."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])


class Datetime(datetime.datetime, metaclass=Clock):
    """The time of a later day."""

    __slots__ = ()  # compiled modules refuse a class that is larger than the real one

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Datetime:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Datetime:
        return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


class Date(datetime.date, metaclass=Clock):
    """A later day."""

    __slots__ = ()

    @classmethod
    def today(cls) -> Date:
        return cls.fromtimestamp(time.time())


def shift() -> None:
    """Show every module that is imported from now on the other clock."""
    seconds, nanoseconds, local, universal = time.time, time.time_ns, time.localtime, time.gmtime
    time.time = lambda: seconds() + LATER
    time.time_ns = lambda: nanoseconds() + int(LATER * 1e9)
    time.localtime = lambda at=None: local(time.time() if at is None else at)
    time.gmtime = lambda at=None: universal(time.time() if at is None else at)
    datetime.datetime = Datetime  # type: ignore[misc]
    datetime.date = Date  # type: ignore[misc]


shift()
