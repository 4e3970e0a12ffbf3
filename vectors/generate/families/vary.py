"""Vary: Cookie, which keeps caches from giving one user's page to another."""

from . import forge
from .case import T, do, exchange, get, modified, permanent, put

NAME = "vary"
DESCRIPTION = "Each way to touch a session alone, on empty and filled ones, and reads that come too late."

HELD = forge.of({"_permanent": True, "a": 1})
SESSIONS = [
    ("none", {}, "no cookie"),
    ("filled", {"cookie": forge.of({"a": 1})}, "a session that is not permanent"),
    ("rejected", {"cookie": "junk"}, "a cookie that is rejected"),
]
TOUCHES = [
    ("get", [get("a")], "get"), ("get-missing", [get("missing")], "get of a missing key"), ("contains", [do("contains", key="a")], "in"), ("len", [do("len")], "len"),
    ("bool", [do("bool")], "bool"), ("iterate", [do("iterate")], "iteration"), ("items", [do("items")], "items"), ("permanent", [do("permanent")], "the permanent flag"),
    ("modified", [do("modified")], "the modified flag"), ("flag-off", [modified(False)], "the modified flag taken back"),
    ("setdefault-there", [do("setdefault", key="a", value=1), modified(False)], "setdefault, the flag taken back"),
    ("pop-default", [do("pop", key="missing", default=1)], "a missing key popped with a default"), ("missing", [do("delete", key="missing")], "a missing key deleted, which raises"),
]


def cases():
    yield from touched()
    yield from written()
    yield from not_touched()
    yield from streamed()


def touched():
    for name, actions, why in TOUCHES:
        for kind, how, words in SESSIONS:
            if kind == "rejected" and name != "get":
                continue
            yield exchange(f"vary-{name}-{kind}", "VARY-1", f"{why}: {words}", *actions, **how)
    yield exchange("vary-get-raise", "VARY-1", "a read before an error", get("a"), do("raise"))
    yield exchange("vary-get-not-found", "VARY-1", "a read before a 404", get("a"), do("not_found"))
    yield exchange("vary-get-head", "VARY-1", "a read in answer to HEAD", get("a"), method="HEAD")
    yield exchange("vary-get-post", "VARY-1", "a read in answer to POST", get("a"), method="POST")
    yield exchange("vary-get-still", "VARY-1 REN-2", "a read of a permanent session, refresh off", get("a"), cookie=HELD, refresh_each_request=False)


def written():
    for name, actions, how, why in [
        ("set", [put("a", 1)], {}, "a session that is set"), ("renewed", [], {"cookie": HELD}, "one that is renewed though nobody looked"),
        ("renewed-404", [], {"cookie": HELD, "path": "/missing"}, "renewed with a 404"), ("renewed-static", [], {"cookie": HELD, "path": "/static/file.txt"}, "renewed with a static file"),
        ("renewed-options", [], {"cookie": HELD, "method": "OPTIONS"}, "renewed with OPTIONS"), ("deleted", [do("clear")], {"cookie": HELD}, "one that is deleted"),
        ("set-raise", [permanent(), do("raise")], {}, "one that is set before an error"),
    ]:
        yield exchange(f"vary-written-{name}", "VARY-2", why, *actions, **how)


def not_touched():
    filled = SESSIONS[1][1]
    for name, actions, how, why in [
        ("nothing-none", [do("nothing")], {}, "a view that does not look, no cookie"), ("nothing-filled", [do("nothing")], filled, "a view that does not look, a session"),
        ("nothing-rejected", [], {"cookie": "junk"}, "a view that does not look, a cookie that is rejected"), ("raise", [do("raise")], filled, "an error before a look"),
        ("not-found", [do("not_found")], filled, "a 404 before a look"), ("404", [], {"path": "/missing", **filled}, "a path that is not there"),
        ("405", [], {"method": "PUT", **filled}, "a method that is not allowed"), ("options", [], {"method": "OPTIONS", **filled}, "OPTIONS"),
        ("static", [], {"path": "/static/file.txt", **filled}, "a static file: caches may keep it"),
        ("permanent-still", [], {"cookie": HELD, "refresh_each_request": False}, "a permanent session, refresh off"),
        ("raise-then-get", [do("raise"), get("a")], filled, "a look that was not reached"),
    ]:
        yield exchange(f"vary-not-{name}", "VARY-3", why, *actions, **how)


def streamed():
    late = do("stream_get", key="a")
    for name, actions, how, rules, why in [
        ("none", [late], {}, "VARY-4", "an empty session read while the body streams: too late for Vary"),
        ("filled", [late], SESSIONS[1][1], "VARY-4", "a session read while the body streams: its value is in the page, and Vary is not"),
        ("still", [late], {"cookie": HELD, "refresh_each_request": False}, "VARY-4", "a permanent session, refresh off"),
        ("renewed", [late], {"cookie": HELD}, "VARY-4 VARY-2", "a permanent session, refresh on: the renewal gives Vary"),
        ("after-get", [get("a"), late], SESSIONS[1][1], "VARY-4 VARY-1", "read before and while the body streams"),
        ("after-set", [put("a", 2), late], SESSIONS[1][1], "VARY-4 VARY-2", "set before, and read while the body streams"),
        ("head", [late], {"method": "HEAD", **SESSIONS[1][1]}, "VARY-4", "HEAD has no body to stream"),
        ("no-key", [late], {"secret_key": None}, "VARY-4 KEY-5", "without a secret key"),
        ("expired", [late], {"cookie": HELD, "now": T + 61, "lifetime": 60}, "VARY-4", "an expired session"),
    ]:
        yield exchange(f"vary-stream-{name}", rules, why, *actions, **how)
