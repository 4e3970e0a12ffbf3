"""What holds when nothing is configured but a secret key.

Each sequence asks everything twice: first with every member named at its default, then with the secret key alone. Whoever is right
the first time and wrong the second has another default.
"""

import hashlib

from . import forge
from .case import KEY, MONTH, T, Case, do, get, permanent, put, sent_by, sequence, step

NAME = "defaults"
DESCRIPTION = "Every default: the same request with all members named at their defaults, and with the secret key alone."

#: Every member at its default.
NAMED = {
    "fallback_keys": None, "lifetime": MONTH, "refresh_each_request": True, "cookie_name": "session", "cookie_domain": None,
    "cookie_path": None, "application_root": "/", "cookie_httponly": True, "cookie_secure": False, "cookie_samesite": None,
    "cookie_partitioned": False, "salt": "cookie-session", "digest": "sha1", "key_derivation": "hmac",
}


def twice(now, *actions, **members):
    """A request with every default named, and the same without."""
    yield step(now, *actions, **members, **NAMED, secret_key=KEY)
    yield step(now, *actions, **members)


def cases():
    user, stays = forge.of({"user": 1}), forge.of({"_permanent": True, "user": 1})
    for name, cookie, rules, why in [
        ("signature", user, "CFG-1 KEY-1", "salt, digest and key derivation"),
        ("no-fallback-keys", forge.of({"user": 1}, key="an older key"), "CFG-1 KEY-3", "there are no older keys"),
        ("other-salt", forge.of({"user": 1}, salt="itsdangerous"), "CFG-1 KEY-7", "the salt of itsdangerous is another"),
        ("other-derivation", forge.of({"user": 1}, derivation="django-concat"), "CFG-1 KEY-7", "and so is its key derivation"),
        ("other-digest", forge.of({"user": 1}, digest="sha512"), "CFG-1 KEY-7", "the digest of later signers is another"),
    ]:
        yield sequence(f"defaults-{name}-read", rules, f"what is read when nothing is configured: {why}",
                       *twice(T, do("items"), cookie={"header": f"session={cookie}"}))
    for name, actions, rules, why in [
        ("set", [put("user", 1)], "CFG-1 KEY-1 SET-2 SET-5", "name, path, HttpOnly and signature of a cookie"),
        ("permanent", [put("user", 1), permanent()], "CFG-1 PERM-3", "Expires is 31 days from now"),
    ]:
        yield sequence(f"defaults-{name}", rules, f"what is written when nothing is configured: {why}",
                       *twice(T, *actions, cookie="none"))
    header = {"header": f"session={user}"}
    yield sequence("defaults-delete", "CFG-1 DEL-2", "a deletion when nothing is configured: the same name and path, and HttpOnly",
                   *twice(T, do("clear"), cookie=header))
    for name, cookie, rules, why in [
        ("refresh", stays, "CFG-1 REN-1", "refresh is on: a permanent session is renewed when it is read"),
        ("refresh-of-others", user, "CFG-1 REN-3", "and one that is not permanent is not"),
    ]:
        yield sequence(f"defaults-{name}", rules, why, *twice(T + 60, get("user"), cookie={"header": f"session={cookie}"}))
    for name, age, why in [
        ("at", MONTH, "31 days to the second, and still accepted"), ("past", MONTH + 1, "31 days and a second, and accepted no more"),
        ("ahead", -1, "a second early, and not accepted"), ("day", 86_400, "a day old"),
    ]:
        yield sequence(f"defaults-lifetime-{name}", "CFG-1 EXP-2", f"the lifetime when nothing is configured: {why}",
                       *twice(T + age, get("user"), cookie=header))
    yield sequence("defaults-name", "CFG-1 HDR-5", "the name when nothing is configured: no other is read",
                   *twice(T, do("items"), cookie={"header": f"sid={user}; Session={user}; flask_session={user}"}))
    yield sequence("defaults-oversize", "CFG-1 SET-9", "a large cookie, when nothing is configured",
                   *twice(T, put("t", "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(130))), cookie="none"))
    yield sequence("defaults-round-trip", "CFG-1 EXP-1", "servers of which one names the defaults accept each other's cookies",
                   step(T, put("user", 1), permanent(), cookie="none", secret_key=KEY, **NAMED), step(T + 1, put("n", 1), cookie=sent_by(0)),
                   step(T + 2, do("items"), cookie=sent_by(1), secret_key=KEY, **NAMED), step(T + 2, do("items"), cookie=sent_by(1)))
    for name, actions in [("read", [get("user")]), ("write", [put("user", 1)])]:
        asked = {"now": T, "cookie": {"header": f"session={user}"}, "actions": actions}
        steps = [{**asked, "config": {"secret_key": None, **NAMED}}, asked]
        yield Case(f"defaults-no-key-{name}", ["CFG-1", "KEY-5"], "nothing is configured at all: there is no secret key", "sequence",
                   {"config": {}, "steps": steps})
