"""How the families write their cases down: one call for each, with the reason in it.

Instants are Unix seconds. `T` is the present of most cases; what matters about a case's own instants stands in its comment.
"""

from typing import NamedTuple

from sessionproof_adapter import encode

#: 2023-11-14T22:13:20Z: a round number that everybody who works with Unix time knows by sight.
T = 1_700_000_000
DAY = 86_400
#: Flask's default lifetime, 31 days.
MONTH = 31 * DAY
#: The secret key of every case that is not about keys.
KEY = "a key for test vectors"


class Case(NamedTuple):
    id: str
    rules: list
    comment: str
    kind: str
    input: dict


def config(**members):
    """A configuration of the protocol: the usual key, and what is given."""
    return {name: _plain(value) for name, value in {"secret_key": KEY, **members}.items()}


def _plain(value):
    """Configured numbers are themselves; bytes need their encoding."""
    if isinstance(value, bytes):
        return encode(value)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def verify(ident, rules, comment, cookie, *, now=T, **members):
    return Case(ident, rules.split(), comment, "verify", {"config": config(**members), "now": now, "cookie": cookie})


def sign(ident, rules, comment, session, *, now=T, **members):
    return Case(ident, rules.split(), comment, "sign", {"config": config(**members), "now": now, "session": encode(session)})


def exchange(ident, rules, comment, *actions, cookie=None, header=None, method="GET", path="/", now=T, **members):
    """`cookie` is a value that is sent under the configured name; `header` is a whole Cookie header."""
    if cookie is not None:
        header = f"{members.get('cookie_name', 'session')}={cookie}"
    given = {"config": config(**members), "now": now, "cookie_header": header}
    if method != "GET":
        given["method"] = method
    if path != "/":
        given["path"] = path
    return Case(ident, rules.split(), comment, "exchange", {**given, "actions": list(actions)})


def sequence(ident, rules, comment, *steps, **members):
    return Case(ident, rules.split(), comment, "sequence", {"config": config(**members), "steps": list(steps)})


def step(now, *actions, cookie=None, method=None, path=None, **members):
    """One request of a sequence; `members` change the configuration for this step only."""
    given = {"now": now}
    if members:
        given["config"] = {name: _plain(value) for name, value in members.items()}
    for name, value in (("cookie", cookie), ("method", method), ("path", path)):
        if value is not None:
            given[name] = value
    return {**given, "actions": list(actions)}


def sent_by(number):
    """The cookie that the step of this number set: a copy that somebody kept."""
    return {"from": number}


def do(name, **members):
    """An action of the view. Members are ordinary Python values."""
    path = {"path": members.pop("path")} if "path" in members else {}
    return {"do": name, **path, **{member: encode(value) for member, value in members.items()}}


def put(key, value):
    return do("set", key=key, value=value)


def get(key):
    return do("get", key=key)


def permanent(value=True):
    return do("set_permanent", value=value)


def modified(value=True):
    return do("set_modified", value=value)
