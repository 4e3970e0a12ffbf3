"""`datetime` by the clock of the request, for what asks `datetime.now()`."""

from datetime import datetime, timedelta, timezone

from sessionproof_adapter import CLOCK, microseconds

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class LikeDatetime(type):
    """Old releases ask for the kind of a value by the name that :class:`HeldDatetime` stands for."""

    def __instancecheck__(cls, value):
        return isinstance(value, datetime)


class HeldDatetime(datetime, metaclass=LikeDatetime):
    """Stands where a framework's module of sessions expects `datetime`. Without a zone it is the machine's local time."""

    @classmethod
    def now(cls, tz=None):
        instant = EPOCH + timedelta(microseconds=microseconds(CLOCK.now))
        return instant.astimezone(tz) if tz is not None else instant.astimezone().replace(tzinfo=None)

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def utcnow(cls):
        return cls.now(timezone.utc).replace(tzinfo=None)
