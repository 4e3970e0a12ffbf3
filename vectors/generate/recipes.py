#!/usr/bin/env python3
"""Record what becomes of users when an application gives each a lifetime of their own.

    python vectors/generate/recipes.py --out vectors/recipes

The recordings are about one application and what its requests leave behind on it, which no single call of the adapter protocol can
show. Two small Flask applications (adapters/python/per_user_lifetime.py) go through the same days: one with the hook that is
often recommended, one with a session interface of its own. As with the vectors, the instants are inputs, and nothing else
matters but the installed Python, Flask, Werkzeug and itsdangerous. The format is described in spec/vector-format.md.
"""

import argparse
import json
import re
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "adapters" / "python")]
sys.dont_write_bytecode = True

import flask_adapter  # noqa: E402
import generate  # noqa: E402
import per_user_lifetime  # noqa: E402
from families import forge  # noqa: E402
from families.case import MONTH, T, config, do, get, permanent, put, sent_by  # noqa: E402
from sessionproof_adapter import ExchangeRequest, read_config  # noqa: E402

per_user_lifetime.datetime = flask_adapter.HeldDatetime

NAME = "per_user_lifetime"
DESCRIPTION = "A lifetime per user, by a hook that sets the application's lifetime and by a session interface that asks the session."
FOUND = "found_by_search"
FOUND_DESCRIPTION = "The shortest runs in which one user's request changes another's, as the search of the model found them."
#: The steps of those runs, which a test holds against the search (tests/exploration.rs).
FOUND_STEPS = HERE.parent / "inputs" / "found_steps.json"
LIFETIMES = {role: int(lifetime.total_seconds()) for role, lifetime in per_user_lifetime.LIFETIMES.items()}
MINUTE, HOUR = 60, 3600


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to, made if missing")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = {NAME: (DESCRIPTION, list(stories())), FOUND: (FOUND_DESCRIPTION, list(found()))}
    check([one for _, told in files.values() for one in told])
    for name, (description, told) in files.items():
        recordings = [recording(variant, one) for one in told for variant in VARIANTS]
        generate.write(options.out / f"{name}.json", document(name, description, recordings))
        print(f"{len(recordings):5}  {name}", file=sys.stderr)


# The stories. Every one is told to both applications.


class Story(NamedTuple):
    id: str
    rules: list
    #: What is shown, under each application.
    comments: dict
    steps: list


def story(ident, rules, hook, interface, *steps):
    return Story(ident, rules.split(), {"hook": hook, "interface": interface}, list(steps))


def step(now, browser, *actions, cookie=None, restart=False):
    """One request. `restart` starts the application anew before it; `cookie` is another than the browser's: a copy, or a whole header."""
    given = {"now": now, "browser": browser}
    if restart:
        given["restart"] = True
    if cookie is not None:
        given["cookie"] = cookie
    return {**given, "actions": list(actions)}


def log_in(role):
    return [permanent(), put("role", role)]


WHO = get("role")


def stories():
    yield story(
        "alone", "EXP-6 SYS-1",
        "one user alone from the second request on: all is as it should be, and a test with one user shows nothing",
        "one user alone: in at half an hour, out a second later, in the browser and for a copy",
        step(T, "user", *log_in("user")), step(T + 1, "user", WHO), step(T + 1 + 30 * MINUTE, "user", WHO),
        step(T + 2 + 60 * MINUTE, "user", WHO), step(T + 2 + 60 * MINUTE, "copy", WHO, cookie=sent_by(2)),
    )
    yield story(
        "idle-user-lives-on", "EXP-6 SYS-1",
        "a user is away for two hours, and an admin's request before lets the session live on",
        "a user is away for two hours, and is out, whatever an admin does",
        step(T, "admin", *log_in("admin")), step(T + 1, "admin", WHO), step(T + 10, "user", *log_in("user")),
        step(T + HOUR, "admin", WHO), step(T + 10 + 2 * HOUR, "user", WHO),
    )
    yield story(
        "copied-cookie-lives-on", "EXP-6 SYS-4",
        "a copy of a user's cookie is refused after half an hour, and accepted again when an admin has come by",
        "a copy of a user's cookie is refused after half an hour for good",
        step(T, "user", *log_in("user")), step(T + 1, "user", WHO), step(T + 2 + 30 * MINUTE, "thief", WHO, cookie=sent_by(1)),
        step(T + HOUR, "admin", *log_in("admin")), step(T + HOUR + 1, "admin", WHO),
        step(T + 2 * HOUR, "thief", WHO, cookie=sent_by(1)),
    )
    yield story(
        "idle-admin-out", "EXP-6 SYS-1",
        "an admin is away for an hour, and a user's request before logs the admin out",
        "an admin is away for an hour, and is in, whatever a user does",
        step(T, "admin", *log_in("admin")), step(T + 1, "admin", WHO), step(T + 10, "user", *log_in("user")),
        step(T + 11, "user", WHO), step(T + HOUR, "admin", WHO),
    )
    yield story(
        "in-and-out", "EXP-6 DEL-6",
        "one cookie of an admin is in or out by who came before it, since nothing is deleted",
        "one cookie of an admin is in until its eight hours are over",
        step(T, "admin", *log_in("admin")), step(T + 1, "admin", WHO), step(T + 2, "user", *log_in("user")), step(T + 3, "user", WHO),
        step(T + HOUR, "copy", WHO, cookie=sent_by(1)), step(T + HOUR + 1, "other", *log_in("admin")),
        step(T + HOUR + 2, "other", WHO), step(T + HOUR + 3, "copy", WHO, cookie=sent_by(1)),
        step(T + 2 + 8 * HOUR, "copy", WHO, cookie=sent_by(1)),
    )
    yield story(
        "first-login-after-a-start", "EXP-6 PERM-3",
        "the login itself has no role yet: its Expires, and the next request, go by the configured default of 31 days",
        "the login has the user's half hour from the start",
        step(T, "user", *log_in("user")), step(T + 2 * HOUR, "user", WHO),
    )
    yield story(
        "restart", "EXP-6 SYS-5",
        "a cookie of two hours ago is refused, and accepted by the first request after a restart, which goes by the default",
        "a cookie of two hours ago is refused, before a restart and after",
        step(T, "user", *log_in("user")), step(T + 1, "user", WHO), step(T + 2 * HOUR, "copy", WHO, cookie=sent_by(1)),
        step(T + 2 * HOUR + 1, "copy", WHO, cookie=sent_by(1), restart=True),
    )
    yield story(
        "restart-logs-nobody-in", "EXP-6 EXP-2",
        "beyond the default lifetime nothing is accepted after a restart either",
        "beyond every lifetime nothing is accepted",
        step(T, "user", *log_in("user")), step(T + MONTH + 1, "copy", WHO, cookie=sent_by(0), restart=True),
    )
    yield story(
        "visitor", "EXP-6 EXP-4",
        "a visitor without a role, who should keep a cart for 31 days, loses it to a user's half hour",
        "a visitor without a role keeps a cart for the configured default",
        step(T, "visitor", permanent(), put("cart", ["tea"])), step(T + 1, "user", *log_in("user")), step(T + 2, "user", WHO),
        step(T + HOUR, "visitor", get("cart")), step(T + 2 * HOUR, "visitor", get("cart")),
    )
    yield story(
        "login-without-the-flag", "PERM-2 PERM-4",
        "a login that leaves the flag to the hook: the flag comes with the next request, and until then there is no Expires",
        "a login that does not set the flag stays a browser session, with the user's age limit all the same",
        step(T, "user", put("role", "user")), step(T + 1, "user", WHO), step(T + 2 + 30 * MINUTE, "copy", WHO, cookie=sent_by(0)),
    )
    yield story(
        "promotion", "EXP-6 PERM-3",
        "a user becomes an admin: Expires still says half an hour in that answer",
        "a user becomes an admin: the same answer gives the eight hours",
        step(T, "user", *log_in("user")), step(T + 1, "user", put("role", "admin")), step(T + 2 + HOUR, "user", WHO),
    )
    yield story(
        "clock-set-back", "EXP-3 SYS-8",
        "a cookie from the future is refused",
        "a cookie from the future is refused, whatever its role",
        step(T + 1, "user", *log_in("user")), step(T, "user", WHO), step(T + 1, "user", WHO),
    )
    yield story(
        "odd-payload", "PAY-14 EXP-1",
        "signed long ago around what is no session: too old, and never read",
        "signed long ago around what is no session: read to see whose it is, which raises",
        step(T + 2 * MONTH, "visitor", WHO, cookie={"header": f"session={forge.of_json('5')}"}),
    )
    yield story(
        "not-looked-at", "VARY-1 VARY-3",
        "the hook looks at every session, so every answer varies, also for those who have none",
        "nothing varies for those who have no session",
        step(T, "visitor"), step(T + 1, "visitor", put("cart", [])), step(T + 2, "visitor"), step(T + 3, "visitor", do("nothing")),
    )


def found():
    """Each run as it was found, and with the requests of the last step's user alone: between the two, nothing may differ."""
    runs = json.loads(FOUND_STEPS.read_text(encoding="utf-8"))
    for ident, rules, what in (
        ("found-expiry-of-another", ["EXP-6", "PERM-3"], "the Expires of the last answer"),
        ("found-in-or-out", ["EXP-6", "SYS-1"], "whether the last user is in"),
    ):
        steps = runs[ident]
        alone = [one for one in steps if one["browser"] == steps[-1]["browser"]]
        yield Story(ident, rules, {"hook": f"another user changes {what}", "interface": f"nobody else changes {what}"}, steps)
        same = f"without the other user's requests: {what} as it should be"
        yield Story(f"{ident}-alone", rules, {"hook": same, "interface": same}, alone)


# The applications.


class NotingLifetimePerUser(flask_adapter.SessionInterface, per_user_lifetime.LifetimePerUser):
    """The recipe's interface, behind the one that notes each session as it was opened."""


def with_hook(application):
    per_user_lifetime.set_lifetime_in_a_hook(application.app)


def with_interface(application):
    application.interface = application.app.session_interface = NotingLifetimePerUser()


VARIANTS = {"hook": with_hook, "interface": with_interface}


def application(variant):
    made = flask_adapter.Application(read_config(config()))
    VARIANTS[variant](made)
    return made


def recording(variant, told):
    return {
        "id": f"{variant}-{told.id}",
        "rules": told.rules,
        "comment": told.comments[variant],
        "application": variant,
        "config": config(),
        "lifetimes": LIFETIMES,
        "input": {"steps": told.steps},
        "output": {"steps": run(variant, told.steps)},
    }


def run(variant, steps):
    running, browsers, was_set, outputs = application(variant), {}, [], []
    for given in steps:
        if given.get("restart"):
            running = application(variant)
        browser = browsers.setdefault(given["browser"], Browser())
        header = header_of(given["cookie"], was_set) if "cookie" in given else browser.cookie_header(given["now"])
        before = lifetime_of(running)
        ok = running.exchange(given["now"], ExchangeRequest({"cookie_header": header, "actions": given["actions"]}, flask_adapter.KINDS))
        was_set.append(generate.set_cookie_pair(ok["headers"], "session"))
        browser.receive(ok["headers"])
        outputs.append({**ok, "cookie_header": header, "lifetime_before": before, "lifetime_after": lifetime_of(running)})
    return outputs


def header_of(cookie, was_set):
    return was_set[cookie["from"]] if "from" in cookie else cookie["header"]


def lifetime_of(running):
    """What stands on the application, in seconds."""
    return int(running.app.permanent_session_lifetime.total_seconds())


class Browser:
    """Keeps the session's cookie until the date in it, which real browsers do and a client that was stolen from need not."""

    def __init__(self):
        self.pair = self.until = None

    def cookie_header(self, now):
        if self.until is not None and now > self.until:
            self.pair = self.until = None
        return self.pair

    def receive(self, headers):
        for value in (value for name, value in headers if name == "Set-Cookie"):
            pair, *attributes = value.split("; ")
            dates = [attribute[len("Expires="):] for attribute in attributes if attribute.startswith("Expires=")]
            self.pair = None if pair.endswith("=") else pair
            self.until = parsedate_to_datetime(dates[0]).timestamp() if dates else None


# The file.


def check(told):
    rules, seen = generate.known_rules(), set()
    for one in told:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one.id) or one.id in seen:
            sys.exit(f"{one.id}: an id is lower-case words with hyphens, and used once")
        seen.add(one.id)
        if not set(one.rules) <= rules:
            sys.exit(f"{one.id}: unknown rules")


def document(name, description, recordings):
    head = {"format": 1, "spec": "flask-3.1", "recipe": name, "description": description, "provenance": generate.provenance()}
    lines = [f"{generate.compact(name)}:{generate.compact(value)},\n" for name, value in head.items()]
    return "{" + "".join(lines) + '"recordings":[\n' + ",\n".join(map(generate.compact, recordings)) + "\n]}\n"


if __name__ == "__main__":
    main()
