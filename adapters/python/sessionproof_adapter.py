"""The adapter protocol of sessionproof, version 1, in one file.

Copy this file beside your adapter, or import it from here. It needs Python 3.6 or newer and nothing else. It reads requests,
checks them, decodes session values, keeps one object per configuration, encodes the answers, and guards standard output. What is
left to write is what your implementation does::

    from sessionproof_adapter import accepted, raised, rejected, serve
    import mysessions

    def build(config):                        # once for each distinct configuration
        return mysessions.Signer(config["secret_key"], max_age=config["lifetime"])

    def verify(signer, now, cookie):
        try:
            return accepted(signer.open(cookie, now=now))
        except mysessions.Invalid:
            return rejected()

    def sign(signer, now, session):
        return signer.seal(session, now=now)

    if __name__ == "__main__":
        serve(name="mysessions", version=mysessions.__version__, build=build, verify=verify, sign=sign,
              members={"secret_key", "lifetime"}, values=["json", "integers", "floats"])

The rule that keeps results honest: an exception that leaves ``build``, ``verify``, ``sign`` or ``exchange`` is an *error of the
adapter* (the case is inconclusive). When the implementation itself raised on what it was given, say so with ``raised(exc)``.
``raise Unsupported("...")`` for what the implementation does not have. An implementation that takes no ``now`` gets
:data:`CLOCK` in place of the module ``time``.

It knows nothing about Flask, signatures or cookies.
"""

import base64
import binascii
import collections
import decimal
import enum
import hashlib
import json
import math
import os
import platform
import re
import sys
import time
import traceback
import uuid
import zlib
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from itertools import repeat

try:
    from markupsafe import Markup
except ImportError:

    class Markup(str):
        """Text that is safe as HTML, where markupsafe is not installed."""

        def __html__(self):
            return self


PROTOCOL = 1
KEPT_CONFIGS = 128
MAX_REPLY = 4 * 1024 * 1024
MAX_CALLS = 1_000_000_000
#: In seconds, as far as ``timedelta`` goes.
SHORTEST_LIFETIME, LONGEST_LIFETIME = -86_399_999_913_600, 86_400_000_000_000
KINDS = ["json", "integers", "floats", "surrogates", "tuple", "bytes", "uuid", "datetime", "markup", "map"]


class Unsupported(Exception):
    """The implementation does not have this. The case is skipped and counted in sight."""


class BadRequest(Exception):
    """The request makes no sense. The case is inconclusive."""


class HeldTime:
    """Stands where a module expects `time`. Every function in it that tells the time tells that of the call, local time in the zone
    of the machine. Whatever would ask another clock is not there."""

    now = 0
    struct_time = time.struct_time
    mktime, strptime = staticmethod(time.mktime), staticmethod(time.strptime)

    def __getattr__(self, name):
        # Of the zone, which `tzset` may change.
        if name in ("timezone", "altzone", "daylight", "tzname", "tzset") and hasattr(time, name):
            return getattr(time, name)
        raise AttributeError(f"the held clock has no {name}")

    def time(self):
        return float(self.now)

    def time_ns(self):
        return microseconds(self.now) * 1000

    def gmtime(self, secs=None):
        return time.gmtime(self.now if secs is None else secs)

    def localtime(self, secs=None):
        return time.localtime(self.now if secs is None else secs)

    def strftime(self, format, t=None):
        return time.strftime(format, self.localtime() if t is None else t)

    def asctime(self, t=None):
        return time.asctime(self.localtime() if t is None else t)

    def ctime(self, secs=None):
        return self.asctime(self.localtime(secs))


#: The clock of whatever asks ``time.time()``: put it where the implementation's module has ``time``, as in
#: ``mysessions.time = CLOCK``. Every call sets it to its ``now``.
CLOCK = HeldTime()


# What a handler returns.


def accepted(session):
    """A ``verify`` that took the cookie: ``session`` is the mapping that it held."""
    return {"accepted": True, "session": encode(dict(session))}


def rejected(reason=None):
    """A ``verify`` that put an empty session in its place. ``reason`` is one of the protocol's words, or None."""
    return {"accepted": False} if reason is None else {"accepted": False, "reason": reason}


def session_of(payload):
    """A ``verify`` that took the signature, and what Python makes of the payload: a map, or of what is none, a rejection."""
    try:
        return accepted({} if payload is None else payload)
    except (TypeError, ValueError):
        return rejected()


def raised(error):
    """A ``verify`` or ``sign`` out of which the *implementation* let an error come."""
    return {"raised": _message(f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error)}


def _message(error):
    """A message that JSON can hold: half of a surrogate pair is written as its escape."""
    return _SURROGATES.sub(lambda half: f"\\u{ord(half[0]):04x}", str(error))


def whole_seconds(lifetime):
    """A lifetime as a ``max_age``, for what has no ``timedelta``, and so no longest lifetime either."""
    if not SHORTEST_LIFETIME <= lifetime < LONGEST_LIFETIME:
        raise Unsupported("a lifetime beyond timedelta")
    return int(lifetime)


def this_python():
    """What the implementation runs on, for reports."""
    return f"{platform.python_implementation().lower()} {platform.python_version()}"


def installed(package):
    """The release of an installed package, or None."""
    try:
        from importlib.metadata import PackageNotFoundError, version
    except ImportError:  # before Python 3.8
        from pkg_resources import DistributionNotFound as PackageNotFoundError, get_distribution

        def version(name):
            return get_distribution(name).version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def runtime_with(*packages):
    """What runs together, for reports: Python, those of the packages that are installed, and zlib."""
    releases = [(package, installed(package)) for package in packages]
    named = [f"{package} {release}" for package, release in releases if release is not None]
    return ", ".join([this_python(), *named, f"zlib {zlib.ZLIB_RUNTIME_VERSION}"])


#: SHA-256 of what stock zlib makes of the probe at its default level. Other deflate libraries find other matches.
STOCK_ZLIB = "d005c52d5484d0595e8b43873edb503079d3ea08041c416b4640ccb3cb9c9d0f"


def compression():
    """Whether this Python compresses as stock zlib does."""
    probe = ",".join(f'"{number * number % 9973}":"{hex(number * 2654435761 % 2**32)}"' for number in range(4000)).encode()
    return "zlib" if hashlib.sha256(zlib.compress(probe)).hexdigest() == STOCK_ZLIB else "any"


def serve(**options):
    """Answer requests until standard input ends. Options are those of :class:`Adapter`."""
    Adapter(**options).run()


class Adapter:
    """One implementation behind the protocol.

    :param name, version, runtime: text for reports.
    :param build: ``build(config) -> target``; ``config`` is a :class:`Configuration`. Called once per distinct configuration.
    :param verify: ``verify(target, now, cookie)`` returns :func:`accepted`, :func:`rejected` or :func:`raised`.
    :param sign: ``sign(target, now, session)`` returns the cookie's text, or :func:`raised`.
    :param exchange: ``exchange(target, now, request)`` gets an :class:`ExchangeRequest` and returns the ``ok`` object of the
        protocol, its session values encoded with :func:`encode` *when they were seen*.
    :param bench: ``bench(target, now, cookie, part)`` returns a function without arguments that reads the cookie once, and returns
        whether it counts. ``part`` is ``"load"`` or ``"signature"``; raise :class:`Unsupported` for what cannot be measured.
    :param values: the kinds of session value that survive; :data:`KINDS` names them all.
    :param choices: what the implementation decides where the specification leaves it open.
    :param members: the config members that it can serve; another one with a value that is not the default is unsupported.
    """

    def __init__(self, *, name, version, build, verify=None, sign=None, exchange=None, bench=None, values=("json",),
                 choices=None, members=None, runtime=None):
        self.build = build
        self.handlers = {"verify": verify, "sign": sign, "exchange": exchange, "bench": bench and _timed(bench)}
        self.handlers = {op: handler for op, handler in self.handlers.items() if handler is not None}
        self.values = frozenset(values)
        self.members = frozenset(CONFIG if members is None else members)
        self.targets = OrderedDict()
        self.description = {
            "name": name,
            "version": version,
            "runtime": runtime or this_python(),
            "ops": list(self.handlers),
            "values": [kind for kind in KINDS if kind in self.values],
            "choices": dict(choices or {}),
        }

    def run(self):
        """Serve standard input until it ends. From here on whatever prints goes to standard error."""
        sys.stdout.flush()
        replies = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        try:
            for line in sys.stdin.buffer:
                replies.write(self.reply_line(line))
                replies.flush()
        except BrokenPipeError:
            self.leave()

    def leave(self):
        """Nobody listens any more, and closing what replies are written to would fail again."""
        os._exit(0)

    def reply_line(self, line):
        """The reply to one line, as bytes with the newline."""
        reply = self.answer(line)
        try:
            text = json.dumps(reply, separators=(",", ":"), allow_nan=False)
            if "\\ud" in text:
                json.dumps(reply, ensure_ascii=False).encode()  # fails if it has half of a surrogate pair
        except (TypeError, ValueError) as error:
            error = _message(f"the handler returned what JSON cannot hold: {error}")
            text = json.dumps({"id": reply["id"], "error": error})
        if len(text) >= MAX_REPLY:
            text = json.dumps({"id": reply["id"], "error": "the reply is longer than 4 MiB"})
        return text.encode("ascii") + b"\n"

    def answer(self, line):
        """The reply to one line, as an object. Never raises."""
        ident = None
        try:
            request = parse_line(line)
            ident = request.pop("id", None)
            if type(ident) is not int:
                ident = None
                raise BadRequest("id: an integer is needed")
            return {"id": ident, "ok": self.dispatch(request)}
        except Unsupported as missing:
            return {"id": ident, "unsupported": _message(missing)}
        except BadRequest as problem:
            return {"id": ident, "error": _message(problem)}
        except Exception as error:
            traceback.print_exc()
            return {"id": ident, "error": _message(f"{type(error).__name__}: {error}")}

    def dispatch(self, request):
        op = request.pop("op", None)
        if op == "hello":
            if request.pop("protocol", None) != PROTOCOL:
                raise Unsupported(f"a protocol other than version {PROTOCOL}")
            no_more(request, "member")
            return self.description
        handler = self.handlers.get(op) if isinstance(op, str) else None
        if handler is None:
            raise Unsupported(f"op {op}")
        now = read_now(request.pop("now", None))
        raw_config = request.pop("config", {})
        arguments = getattr(self, f"read_{op}")(request)
        no_more(request, "member")
        CLOCK.now = now
        result = handler(self.target(raw_config), now, arguments)
        return {"cookie": result} if op == "sign" and isinstance(result, str) else result

    def target(self, raw):
        """The object built for this configuration; the least recently used one goes when there are too many."""
        key = json.dumps(raw, sort_keys=True)
        if key in self.targets:
            self.targets.move_to_end(key)
            return self.targets[key]
        target = self.targets[key] = self.build(read_config(raw, self.members))
        if len(self.targets) > KEPT_CONFIGS:
            self.targets.popitem(last=False)
        return target

    def read_verify(self, request):
        return read_text(request.pop("cookie", None), "cookie")

    def read_sign(self, request):
        session = decode(request.pop("session", None), self.values)
        if not isinstance(session, dict):
            raise BadRequest("session: a map is needed")
        return session

    def read_exchange(self, request):
        return ExchangeRequest(request, self.values)

    def read_bench(self, request):
        cookie = read_text(request.pop("cookie", None), "cookie")
        calls, part = request.pop("calls", None), request.pop("part", "load")
        if type(calls) is not int or not 1 <= calls <= MAX_CALLS:
            raise BadRequest(f"calls: an integer from 1 to {MAX_CALLS} is needed")
        if part not in ("load", "signature"):
            raise Unsupported(f"part {part}")
        return cookie, calls, part


def _timed(bench):
    """The handler of ``bench``: the loop and the clock are here, so that all adapters measure alike."""

    def handler(target, now, arguments):
        cookie, calls, part = arguments
        work = bench(target, now, cookie, part)
        is_accepted = bool(work())
        start = time.perf_counter()
        for _ in repeat(None, calls):
            work()
        return {"seconds": time.perf_counter() - start, "accepted": is_accepted}

    return handler


class ExchangeRequest:
    """One HTTP request: ``cookie_header`` (text of U+0000 to U+00FF, or None), ``method``, ``path``, ``actions``."""

    def __init__(self, request, kinds):
        self.cookie_header = request.pop("cookie_header", None)
        if self.cookie_header is not None and max(read_text(self.cookie_header, "cookie_header"), default="") > "\xff":
            raise BadRequest("cookie_header: one character of U+0000 to U+00FF for each byte is needed")
        self.method = read_text(request.pop("method", "GET"), "method")
        self.path = read_text(request.pop("path", "/"), "path")
        actions = request.pop("actions", [])
        if not isinstance(actions, list):
            raise BadRequest("actions: a list is needed")
        self.actions = [Action(action, kinds) for action in actions]
        if any(action.do == "stream_get" for action in self.actions[:-1]):
            raise BadRequest("stream_get: only the last action may be one")


#: The members of each action. `default` is the only optional one.
ACTIONS = {
    "get": ["key"], "contains": ["key"], "len": [], "bool": [], "iterate": [], "items": [],
    "set": ["key", "value"], "setdefault": ["key", "value"], "delete": ["key"], "pop": ["key", "default"], "popitem": [],
    "update": ["values"], "union": ["values"], "clear": [],
    "permanent": [], "set_permanent": ["value"], "set_permanent_to": ["value"], "set_made": ["key", "of", "value"], "modified": [], "set_modified": ["value"],
    "mutate": ["key", "path", "value"], "append": ["key", "value"],
    "nothing": [], "raise": [], "not_found": [], "stream_get": ["key"],
}


class Html:
    """No text, and shows itself as HTML."""

    def __init__(self, text):
        self.text = text

    def __html__(self):
        return self.text


class HtmlText(str):
    """Text of a type of its own, which shows itself as HTML."""

    def __html__(self):
        return str.__str__(self)


def _dataclass(members):
    # Python 3.6 has none, and the releases that run on it ask for none.
    import dataclasses

    made = dataclasses.make_dataclass("Made", list(members))
    return made(**members)


def _subclass(value):
    return type("Made", (type(value),), {})(value)


#: What an application puts into a session besides the types of a session, by the protocol's words.
MAKERS = {
    "dataclass": _dataclass,
    "date": lambda text: datetime.strptime(text, "%Y-%m-%d").date(),
    "decimal": decimal.Decimal,
    "enum": lambda value: enum.Enum("Made", {"MEMBER": value}).MEMBER,
    "html": Html,
    "html_text": HtmlText,
    "int_enum": lambda value: enum.IntEnum("Made", {"MEMBER": value}).MEMBER,
    "named_tuple": lambda members: collections.namedtuple("Made", list(members))(**members),
    "set": set,
    "subclass": _subclass,
    "text_enum": lambda value: enum.Enum("Made", {"MEMBER": value}, type=str).MEMBER,
}


def make(of, value):
    """A value of another type than a session has."""
    if not isinstance(of, str) or of not in MAKERS:
        raise Unsupported(f"values of {of}")
    try:
        return MAKERS[of](value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise BadRequest(f"set_made: {of}: {error}") from None


class Action:
    """One thing that the view does. ``do`` names it; its members are decoded values. ``default`` is absent when not given."""

    def __init__(self, raw, kinds):
        if not isinstance(raw, dict):
            raise BadRequest("actions: objects are needed")
        raw = dict(raw)
        self.do = raw.pop("do", None)
        if not isinstance(self.do, str) or self.do not in ACTIONS:
            raise Unsupported(f"action {self.do}")
        for member in ACTIONS[self.do]:
            if member in raw:
                setattr(self, member, decode(raw.pop(member), kinds))
            elif member != "default":
                raise BadRequest(f"{self.do}: {member} is missing")
        no_more(raw, f"member of {self.do}")
        if self.do == "union" and sys.version_info < (3, 9):
            raise Unsupported("union-update before Python 3.9")
        if self.do in ("update", "union") and not isinstance(self.values, dict):
            raise BadRequest(f"{self.do}: values is a map")
        if self.do in ("set_permanent", "set_modified") and not isinstance(self.value, bool):
            raise BadRequest(f"{self.do}: value is a boolean")
        if self.do == "set_made":
            self.value = make(self.of, self.value)
        if self.do == "mutate" and not (isinstance(self.path, list) and self.path):
            raise BadRequest("mutate: path is a list of at least one step")

    def act(self, session):
        """Do it to a mapping with ``permanent`` and ``modified``, and give the result.

        ``raise``, ``not_found`` and ``stream_get`` are the business of the framework, and so of the adapter.
        """
        return getattr(self, f"_{self.do}")(session)

    def _get(self, session):
        return session.get(self.key)

    def _contains(self, session):
        return self.key in session

    def _len(self, session):
        return len(session)

    def _bool(self, session):
        return bool(session)

    def _iterate(self, session):
        return list(session)

    def _items(self, session):
        return dict(session.items())

    def _set(self, session):
        session[self.key] = self.value

    def _setdefault(self, session):
        return session.setdefault(self.key, self.value)

    def _delete(self, session):
        del session[self.key]

    def _pop(self, session):
        return session.pop(self.key, self.default) if hasattr(self, "default") else session.pop(self.key)

    def _popitem(self, session):
        return list(session.popitem())

    def _update(self, session):
        session.update(self.values)

    def _union(self, session):
        session |= self.values

    def _clear(self, session):
        session.clear()

    def _permanent(self, session):
        return session.permanent

    def _set_permanent(self, session):
        session.permanent = self.value

    _set_permanent_to = _set_permanent
    _set_made = _set

    def _modified(self, session):
        return session.modified

    def _set_modified(self, session):
        session.modified = self.value

    def _mutate(self, session):
        target = session[self.key]
        for step in self.path[:-1]:
            target = target[step]
        target[self.path[-1]] = self.value

    def _append(self, session):
        session[self.key].append(self.value)

    def _nothing(self, session):
        pass


# Requests.


def parse_line(line):
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except ValueError as error:
        raise BadRequest(f"the line is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise BadRequest("the line is not a JSON object")
    return request


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def no_more(members, what):
    for name in members:
        raise Unsupported(f"{what} {name}")


def read_now(now):
    if type(now) not in (int, float) or not math.isfinite(now):
        raise BadRequest("now: a number is needed")
    return now


def microseconds(now):
    """Whole microseconds since the epoch: `now` has at most six decimals, and a float close by stands for them."""
    whole = math.floor(now)
    return whole * 1_000_000 + round((now - whole) * 1_000_000)


def read_text(value, name):
    if not isinstance(value, str):
        raise BadRequest(f"{name}: text is needed")
    return value


# Configuration: each member with its reader and Flask's default.


def _text(value, name):
    return read_text(value, name)


def _text_or_null(value, name):
    return None if value is None else read_text(value, name)


def _boolean(value, name):
    if not isinstance(value, bool):
        raise BadRequest(f"{name}: a boolean is needed")
    return value


def _seconds(value, name):
    if type(value) not in (int, float):
        raise BadRequest(f"{name}: a number of seconds is needed")
    return value


def _key(value, name):
    value = decode(value)
    if not isinstance(value, (str, bytes)):
        raise BadRequest(f"{name}: text or bytes are needed")
    return value


def _key_or_null(value, name):
    return None if value is None else _key(value, name)


def _keys(value, name):
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise BadRequest(f"{name}: a list of keys is needed")
    return [_key(key, name) for key in value]


def _one_of(*words):
    def read(value, name):
        if value not in words:
            raise Unsupported(f"{name} {value}")
        return value

    return read


CONFIG = {
    "secret_key": (_key_or_null, None),
    "fallback_keys": (_keys, None),
    "lifetime": (_seconds, 2678400),
    "refresh_each_request": (_boolean, True),
    "cookie_name": (_text, "session"),
    "cookie_domain": (_text_or_null, None),
    "cookie_path": (_text_or_null, None),
    "application_root": (_text, "/"),
    "cookie_httponly": (_boolean, True),
    "cookie_secure": (_boolean, False),
    "cookie_samesite": (_text_or_null, None),
    "cookie_partitioned": (_boolean, False),
    "salt": (_text, "cookie-session"),
    "digest": (_one_of("sha1", "sha224", "sha256", "sha384", "sha512"), "sha1"),
    "key_derivation": (_one_of("hmac", "concat", "django-concat", "none"), "hmac"),
}


class Configuration(dict):
    """Every config member with its value, Flask's default for what the request does not name. ``given`` has the names that it does.

    An adapter of something that has defaults of its own configures what was given, and nothing else: a default that is set from here
    hides that the implementation has another.
    """

    given = frozenset()


def given(config):
    """The members that a request named. A plain mapping is taken to name all that it holds."""
    return config.given if isinstance(config, Configuration) else frozenset(config)


def read_config(raw, members=frozenset(CONFIG)):
    """The whole configuration: what was given, and defaults for the rest."""
    if not isinstance(raw, dict):
        raise BadRequest("config: an object is needed")
    no_more([name for name in raw if name not in CONFIG], "config member")
    config = Configuration()
    config.given = frozenset(raw)
    for name, (read, default) in CONFIG.items():
        config[name] = read(raw[name], name) if name in raw else default
        if name not in members and config[name] != default:
            raise Unsupported(f"config member {name}")
    return config


# Session values.

EXACT_INTEGERS = 2**53
_SURROGATES = re.compile("[\ud800-\udfff]")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?([+-]\d\d:\d\d(:\d\d)?)?", re.ASCII)


def encode(value):
    """A session value as it crosses the protocol."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < EXACT_INTEGERS else {"$int": str(int(value))}
    if isinstance(value, float):
        return value if math.isfinite(value) and not value.is_integer() else {"$float": float.__repr__(value)}
    if hasattr(value, "__html__"):
        return {"$markup": _encode_text(str(value.__html__()))}
    if isinstance(value, str):
        return _encode_text(value)
    if isinstance(value, dict):
        return _encode_map(value)
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, uuid.UUID):
        return {"$uuid": str(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    raise TypeError(f"a session value of type {type(value).__name__} has no encoding")


def _encode_text(text):
    text = str.__str__(text)
    if not _SURROGATES.search(text):
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return {"$utf16": [int.from_bytes(units[at:at + 2], "little") for at in range(0, len(units), 2)]}


def _encode_map(value):
    plain = all(type(key) is str and not _SURROGATES.search(key) for key in value)
    if plain and not (len(value) == 1 and next(iter(value)).startswith("$")):
        return {key: encode(item) for key, item in value.items()}
    return {"$map": [[encode(key), encode(item)] for key, item in value.items()]}


def decode(value, kinds=frozenset(KINDS)):
    """The session value that an encoding stands for. Kinds that the adapter did not offer are unsupported."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) >= EXACT_INTEGERS:
            raise BadRequest('integers from 2^53 on are written {"$int":"..."}')
        return value
    if isinstance(value, float):
        if not math.isfinite(value) or value.is_integer():
            raise BadRequest('floats without a fraction are written {"$float":"..."}')
        return value
    if isinstance(value, list):
        return [decode(item, kinds) for item in value]
    if len(value) == 1:
        (form, content), = value.items()
        if form.startswith("$"):
            return _decode_form(form, content, kinds)
    return {key: decode(item, kinds) for key, item in value.items()}


def _decode_form(form, content, kinds):
    if form not in _FORMS:
        raise BadRequest(f"{form} is not a form of value")
    kind, read = _FORMS[form]
    if kind not in kinds:
        raise Unsupported(f"values of kind {kind}")
    try:
        return read(content, kinds)
    except (TypeError, ValueError, KeyError, binascii.Error) as error:
        raise BadRequest(f"{form}: {error}") from None


def _need(condition, what):
    if not condition:
        raise ValueError(f"{what} needed")


def _decode_int(content, kinds):
    _need(isinstance(content, str) and re.fullmatch("-?(0|[1-9][0-9]*)", content), "decimal digits are")
    return int(content)


def _decode_float(content, kinds):
    number = float(content) if isinstance(content, str) else None
    _need(number is not None and repr(number) == content, "the repr of a float is")
    return number


def _decode_utf16(content, kinds):
    _need(isinstance(content, list) and all(type(unit) is int for unit in content), "a list of code units is")
    _need(all(0 <= unit <= 0xFFFF for unit in content), "code units of 0 to 65535 are")
    return b"".join(unit.to_bytes(2, "little") for unit in content).decode("utf-16-le", "surrogatepass")


def _decode_tuple(content, kinds):
    _need(isinstance(content, list), "a list is")
    return tuple(decode(item, kinds) for item in content)


def _decode_bytes(content, kinds):
    return base64.b64decode(content, validate=True)


def _decode_uuid(content, kinds):
    value = uuid.UUID(read_text(content, "$uuid"))
    _need(str(value) == content, "the canonical form is")
    return value


def _decode_datetime(content, kinds):
    _need(isinstance(content, str) and _DATETIME.fullmatch(content), "YYYY-MM-DDTHH:MM:SS[.ffffff][+HH:MM] is")
    return datetime.fromisoformat(content) if hasattr(datetime, "fromisoformat") else _datetime(content)


def _datetime(text):
    """What ``datetime.fromisoformat`` gives, which Python 3.6 has not."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    seconds, microsecond = numbers[:6], numbers[6] if text[19:20] == "." else 0
    offset = re.search(r"([+-])(\d\d):(\d\d)(?::(\d\d))?\Z", text[19:])
    if offset is None:
        return datetime(*seconds, microsecond)
    hours, minutes, rest = (int(number or 0) for number in offset.groups()[1:])
    delta = timedelta(hours=hours, minutes=minutes, seconds=rest)
    return datetime(*seconds, microsecond, timezone(-delta if offset[1] == "-" else delta))


def _decode_markup(content, kinds):
    text = decode(content, kinds)
    _need(isinstance(text, str), "text is")
    return Markup(text)


def _decode_map(content, kinds):
    _need(isinstance(content, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in content), "a list of pairs is")
    if "map" not in kinds and not (len(content) == 1 and isinstance(content[0][0], str)):
        raise Unsupported("values of kind map")
    return {decode(key, kinds): decode(item, kinds) for key, item in content}


#: Each form with the kind of value that it belongs to.
_FORMS = {
    "$int": ("integers", _decode_int),
    "$float": ("floats", _decode_float),
    "$utf16": ("surrogates", _decode_utf16),
    "$tuple": ("tuple", _decode_tuple),
    "$bytes": ("bytes", _decode_bytes),
    "$uuid": ("uuid", _decode_uuid),
    "$datetime": ("datetime", _decode_datetime),
    "$markup": ("markup", _decode_markup),
    "$map": ("json", _decode_map),
}
