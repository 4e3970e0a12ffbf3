"""Permanent or not, and the Expires that says so."""

from . import forge
from .case import DAY, MONTH, T, do, exchange, get, permanent, put, sequence, step

NAME = "permanence"
DESCRIPTION = "The flag under _permanent, how it travels, and Expires to the second."

HELD = {"_permanent": True, "user": "ann"}


#: Values that are no booleans.
TRUTHS = [
    ("text", "yes"), ("text-false", "false"), ("text-zero", "0"), ("text-empty", ""), ("one", 1), ("two", 2), ("minus-one", -1), ("zero", 0), ("half", 0.5),
    ("float-zero", 0.0), ("minus-zero", -0.0), ("nan", float("nan")), ("null", None), ("list", [0]), ("list-empty", []), ("map", {"a": 0}), ("map-empty", {}),
    ("tuple-empty", ()), ("bytes", b"\0"), ("bytes-empty", b""), ("large", 2**70),
]


def set_to_any_value():
    """The setter keeps the truth of whatever it is given."""
    for name, value in TRUTHS:
        yield exchange(f"permanence-set-to-{name}", "PERM-1 PERM-2 MOD-10", "permanent set to what is no boolean: its truth is kept, as true or false",
                       do("set_permanent_to", value=value), do("permanent"), do("items"), put("user", 1))
    yield exchange("permanence-set-to-no-key", "KEY-5", "without a secret key that raises", do("set_permanent_to", value="yes"), secret_key=None)
    yield exchange("permanence-set-to-boolean", "PERM-1", "a boolean is itself", do("set_permanent_to", value=True), do("permanent"))


def cases():
    yield from set_to_any_value()
    yield from flag()
    yield from expires()
    yield from given_up()
    yield from travels()


def flag():
    for name, actions, rules, why in [
        ("new", [permanent()], "PERM-2 PERM-1", "a new session made permanent holds nothing but the flag, and is set"),
        ("new-off", [permanent(False)], "PERM-2 PERM-4", "made not permanent it holds a false flag, which is not nothing"),
        ("on-off", [permanent(), permanent(False)], "PERM-2 PERM-5", "on and off in one request: the last word counts"),
        ("off-on", [permanent(False), permanent()], "PERM-2 PERM-3", "off and on"),
        ("by-key", [put("_permanent", True)], "PERM-1", "the key set by hand is the flag"),
        ("by-update", [do("update", values={"_permanent": True, "a": 1})], "PERM-1", "so is the key in an update"),
        ("by-setdefault", [do("setdefault", key="_permanent", value=True)], "PERM-1", "and by setdefault"),
        ("by-other-key", [put("permanent", True)], "PERM-1 PERM-4", "a key of another name is not"),
        ("truth-of-text", [put("_permanent", "no")], "PERM-1 PERM-3", "any text that is not empty is true"),
        ("read-new", [do("permanent")], "PERM-1", "a new session is not permanent"),
    ]:
        yield exchange(f"permanence-flag-{name}", rules, why, *actions, lifetime=60)
    for name, session, actions, rules, why in [
        ("same", HELD, [permanent()], "PERM-2", "permanent already: setting the flag is a modification all the same"),
        ("popped", HELD, [do("pop", key="_permanent")], "PERM-1 PERM-4", "the flag popped: no longer permanent"),
        ("deleted", HELD, [do("delete", key="_permanent")], "PERM-1 PERM-4", "the flag deleted"),
        ("cleared-and-set", HELD, [do("clear"), put("a", 1)], "PERM-1 PERM-4", "clear takes the flag along: a login that clears must set it again"),
        ("kept-by-update", HELD, [do("update", values={"a": 1})], "PERM-1 PERM-3", "an update leaves the flag alone"),
        ("seen", HELD, [do("permanent"), get("_permanent"), do("len"), do("iterate")], "PERM-1", "the flag is a key like any other, and seen"),
    ]:
        yield exchange(f"permanence-held-{name}", rules, why, *actions, cookie=forge.of(session), lifetime=60, refresh_each_request=False)
    yield exchange("permanence-held-not-refresh-but-same", "PERM-2 REN-2", "with refresh off, a flag set again renews", permanent(),
                   cookie=forge.of(HELD), now=T + 10, lifetime=60, refresh_each_request=False)


def expires():
    for name, now, lifetime, why in [
        ("default", T, MONTH, "31 days"),
        ("seconds", T, 1800, "half an hour"),
        ("timedelta", T, 1800.0, "half an hour as a timedelta"),
        ("fraction-of-now", T + 0.75, 1800, "a fraction of now is cut off"),
        ("last-microsecond", T + 0.999999, 1800, "and not rounded up"),
        ("fraction-of-lifetime", T, 1800.5, "a fraction of the lifetime is cut off"),
        ("fractions-below", T + 0.25, 1800.5, "two fractions that do not make a second"),
        ("fractions-above", T + 0.5, 1800.5, "two fractions that do: they are added first"),
        ("zero", T, 0, "a lifetime of zero expires at once, and the cookie is set all the same"),
        ("half", T + 0.75, 0.5, "half a second reaches into the next second"),
        ("negative", T, -60, "a negative lifetime: Expires in the past, and still no deletion"),
        ("minus-half", T + 0.25, -0.5, "minus half a second is rounded down into the second before"),
        ("400-days", T, 400 * DAY, "the longest that browsers keep"),
        ("ten-years", T, 3650 * DAY, "longer than browsers keep: the server does not shorten it"),
        ("leap-day", 1_709_164_799, 1, "into a leap day"),
        ("new-year", 1_735_689_599, 1, "into a new year"),
        ("32-bits", 2**31 - 1, 1, "beyond a signed clock of 32 bits"),
        ("1970", 0, 60, "a minute after second zero"),
        ("before-1970", 10, -60, "before 1970"),
    ]:
        yield exchange(f"permanence-expires-{name}", "PERM-3 PERM-6", why, permanent(), now=now, lifetime=lifetime)
    yield exchange("permanence-no-expires", "PERM-4 PERM-6", "a session that is not permanent: neither Expires nor Max-Age", put("a", 1), lifetime=60)
    yield exchange("permanence-no-expires-negative", "PERM-4 PERM-6", "not even with a negative lifetime", put("a", 1), lifetime=-60)


def given_up():
    yield exchange("permanence-given-up", "PERM-5", "permanent no longer: set again without Expires, so that the browser forgets it",
                   permanent(False), cookie=forge.of(HELD), lifetime=60)
    yield exchange("permanence-given-up-still", "PERM-5", "with refresh off as well", permanent(False), cookie=forge.of(HELD), lifetime=60,
                   refresh_each_request=False)
    yield exchange("permanence-taken-up", "PERM-3 PERM-2", "a session that was not permanent becomes so: set with Expires", permanent(),
                   cookie=forge.of({"user": "ann"}), lifetime=60)
    yield sequence("permanence-given-up-later", "PERM-5 REN-3", "after it was given up nothing is renewed, and reads do not slide its age",
                   step(T, permanent(), put("user", 1)), step(T + 10, permanent(False)), step(T + 50, get("user")),
                   step(T + 70, get("user")), step(T + 71, get("user")), lifetime=60)
    yield sequence("permanence-taken-up-later", "PERM-2 REN-1", "taken up again, it is renewed again",
                   step(T, put("user", 1)), step(T + 50, permanent()), step(T + 100, get("user")), step(T + 160, get("user")), lifetime=60)


def travels():
    yield sequence("permanence-travels", "PERM-1", "a second request, maybe on another server, knows the session for permanent",
                   step(T, permanent(), put("user", 1)), step(T + 1, do("permanent"), get("_permanent")), lifetime=60)
    yield sequence("permanence-false-travels", "PERM-1 PERM-4", "a false flag travels as well", step(T, permanent(False)),
                   step(T + 1, do("permanent"), do("items")), lifetime=60)
