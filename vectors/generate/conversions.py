#!/usr/bin/env python3
"""What real Flask makes of values that are none of the session's types, as the table of `PAY-5`.

    python vectors/generate/conversions.py

Each value is written by Flask's own serializer within an application, and read back by it. A test compares the printed rows with
those of spec/session-lifetime.md.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid

import flask
import flask.sessions
from markupsafe import Markup


class Html:
    """It is no markup, and shows itself as HTML."""

    def __html__(self):
        return "<b>"


class HtmlText(str):
    def __html__(self):
        return f"<i>{self}</i>"


class HtmlNumber(int):
    def __html__(self):
        return "<u>7</u>"


class Text(str):
    pass


class Number(int):
    def __str__(self):
        return "seven"


class Real(float):
    def __repr__(self):
        return "half"


class Mapping(dict):
    pass


class Items(list):
    pass


class Bytes(bytes):
    pass


class Identity(uuid.UUID):
    pass


class Moment(datetime.datetime):
    pass


class Plain(enum.Enum):
    RED = "red"


class Whole(enum.IntEnum):
    TWO = 2


class Word(str, enum.Enum):
    RED = "red"


class Flags(enum.IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class Cart:
    size: int
    item: tuple


@dataclasses.dataclass
class Page:
    title: str

    def __html__(self):
        return f"<h1>{self.title}</h1>"


Point = collections.namedtuple("Point", "x y")

#: What an application puts in, in words, and the value.
VALUES = [
    ("a `Decimal` `1.10`", decimal.Decimal("1.10")),
    ("a `date` 2024-02-29", datetime.date(2024, 2, 29)),
    ("a `time` 12:30", datetime.time(12, 30)),
    ("a `timedelta` of a day", datetime.timedelta(days=1)),
    ("a `Fraction`", fractions.Fraction(1, 3)),
    ("a complex number", 1j),
    ("a `Path`", pathlib.PurePosixPath("/a")),
    ("a dataclass `(size=1, item=(2,))`", Cart(1, (2,))),
    ("a dataclass with `__html__`", Page("x")),
    ("a named tuple `(x=1, y=(2,))`", Point(1, (2,))),
    ("an object with `__html__`", Html()),
    ("text with `__html__` of its own", HtmlText("x")),
    ("an integer with `__html__`", HtmlNumber(7)),
    ("a member of `Enum`", Plain.RED),
    ("a member of `IntEnum` that is 2", Whole.TWO),
    ("two flags of `IntFlag`, together 3", Flags.A | Flags.B),
    ("a member of an enumeration of text", Word.RED),
    ("an instance of a subclass of `str`", Text("x")),
    ("of a subclass of `int`, with a `__str__` of its own", Number(7)),
    ("of a subclass of `float`, with a `__repr__` of its own", Real(0.5)),
    ("of a subclass of `bytes`", Bytes(b"x")),
    ("of a subclass of `list`", Items([1, (2,)])),
    ("of a subclass of `dict`", Mapping(a=(1,))),
    ("an `OrderedDict` of `b` and `a`", collections.OrderedDict([("b", 1), ("a", 2)])),
    ("a `Counter`", collections.Counter("aab")),
    ("a `deque`", collections.deque([1])),
    ("a set", {1}),
    ("a frozen set", frozenset([1])),
    ("a `bytearray`", bytearray(b"x")),
    ("a `memoryview`", memoryview(b"x")),
    ("a range", range(2)),
    ("a generator", (n for n in range(2))),
    ("a function", len),
    ("a class with `__html__`", Html),
    ("of a subclass of `UUID`", Identity(int=1)),
    ("of a subclass of `datetime`", Moment(2024, 2, 29, 12, 30)),
    ("markup under a key that is markup", {Markup("k"): Markup("<b>")}),
    ("a map whose key is a member of `IntEnum`", {Whole.TWO: 1}),
    ("a map whose key is a member of an enumeration of text", {Word.RED: 1}),
    ("a map whose key is a `Decimal`", {decimal.Decimal(1): 1}),
    ("a dataclass within a list", [Cart(1, (2,))]),
]


def rows():
    app = flask.Flask("conversions")
    app.secret_key = "a key for test vectors"
    with app.app_context():
        serializer = flask.sessions.SecureCookieSessionInterface().get_signing_serializer(app).serializer
        for words, value in VALUES:
            try:
                text = serializer.dumps({"v": value})
                back = told(serializer.loads(text)["v"])
                yield f"| {words} | `{text[5:-1]}` | {back} |"
            except Exception as error:
                yield f"| {words} | raises | `{type(error).__name__}` |"


def told(value):
    """A value that comes back, with its type where JSON does not show it."""
    names = {tuple: "tuple", bytes: "bytes", Markup: "markup", uuid.UUID: "UUID", datetime.datetime: "datetime"}
    plain = {str: "text", int: "integer", float: "float", dict: "map", list: "list"}
    return {**names, **plain}[type(value)]


if __name__ == "__main__":
    print("\n".join(rows()))
