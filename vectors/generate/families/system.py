"""What users and operators live through: several requests, deployments, servers and browsers."""

from . import forge
from .case import DAY, MONTH, T, do, get, modified, permanent, put, sent_by, sequence, step

NAME = "system"
DESCRIPTION = "Idle and active users, logout and replay, changed lifetimes, rotated keys, clocks that disagree, tabs that race."

LOGIN = [permanent(), put("user", 1)]
#: A login without the box "remember me".
VISIT = [put("user", 1)]
WHO = get("user")
OUT = do("clear")
OLD, NEW = {"secret_key": "the old key"}, {"secret_key": "the new key"}
BOTH = {"secret_key": "the new key", "fallback_keys": ["the old key"]}
READY = {"secret_key": "the old key", "fallback_keys": ["the new key"]}


def cases():
    yield from idle_and_active()
    yield from remember_me()
    yield from restarts()
    yield from copies()
    yield from lifetimes()
    yield from rotation()
    yield from absolute_age()
    yield from clocks()
    yield from tabs_and_clients()
    yield from nested()


def idle_and_active():
    yield sequence("system-idle-at-lifetime", "SYS-1", "back in the last second", step(T, *LOGIN), step(T + 1800, WHO), lifetime=1800)
    yield sequence("system-idle-past-lifetime", "SYS-1", "back a second later: out, and the old cookie is left alone", step(T, *LOGIN), step(T + 1801, WHO), step(T + 1802, WHO),
                   lifetime=1800)
    yield sequence("system-idle-default", "SYS-1", "31 days and a second away, with the default lifetime", step(T, *LOGIN), step(T + MONTH, WHO), step(T + 2 * MONTH + 1, WHO))
    yield sequence("system-idle-then-login", "SYS-1", "logged out for being idle, and in again", step(T, *LOGIN), step(T + 61, WHO), step(T + 62, *LOGIN), step(T + 122, WHO), lifetime=60)
    yield sequence("system-idle-then-write", "SYS-1 EXP-4", "what was in the expired session does not come back with a write", step(T, permanent(), put("user", 1), put("cart", [1])),
                   step(T + 61, put("cart", [2])), step(T + 62, do("items")), lifetime=60)
    yield sequence("system-active-at-the-edge", "SYS-2", "a request in the last second of each lifetime keeps a user in", step(T, *LOGIN),
                   *(step(T + 60 * n, WHO) for n in range(1, 6)), lifetime=60)
    yield sequence("system-active-one-late", "SYS-2 SYS-1", "one gap of a second too many ends it", step(T, *LOGIN), step(T + 60, WHO), step(T + 121, WHO), step(T + 122, WHO), lifetime=60)
    yield sequence("system-active-without-a-look", "SYS-2 REN-1", "requests that do not look at the session keep it alive as well", step(T, *LOGIN), step(T + 60), step(T + 120), step(T + 180, WHO),
                   lifetime=60)
    yield sequence("system-active-fractions", "SYS-2 EXP-8", "gaps of nearly a second more, since fractions do not count", step(T, *LOGIN), step(T + 60.984375, WHO), step(T + 120.984375, WHO),
                   step(T + 181.0, WHO), lifetime=60)


def remember_me():
    yield sequence("system-remember-me-off", "SYS-7 PERM-4", "not remembered: no Expires, and no sliding", step(T, *VISIT), step(T + 59, WHO), step(T + 61, WHO), lifetime=60)
    yield sequence("system-remember-me-on-later", "SYS-2 PERM-2", "remembered from the second request on", step(T, *VISIT), step(T + 50, permanent()), step(T + 110, WHO), step(T + 170, WHO), lifetime=60)
    yield sequence("system-remember-me-off-later", "SYS-7 PERM-5", "forgotten from the second request on", step(T, *LOGIN), step(T + 50, permanent(False)), step(T + 110, WHO), step(T + 111, WHO), lifetime=60)
    yield sequence("system-remember-me-and-clear", "SYS-7 PERM-1", "a login that clears the old session forgets that it was permanent", step(T, *LOGIN), step(T + 1, do("clear"), put("user", 2)),
                   step(T + 2, WHO, do("permanent")), lifetime=60)


def restarts():
    """A jar without time knows no restart: a browser that forgot its cookie sends none."""
    yield sequence("system-restart", "SYS-3", "the browser was closed: it sends nothing, and nobody is logged in", step(T, *VISIT), step(T + 1, WHO), step(T + 2, WHO, cookie="none"))
    yield sequence("system-restart-of-one-browser", "SYS-3 SYS-4", "only that browser: the cookie in another one is as good as before", step(T, *VISIT), step(T + 1, WHO, cookie="none"),
                   step(T + 2, WHO, cookie=sent_by(0)))
    yield sequence("system-restart-and-login", "SYS-3 SYS-4", "a new login after it does not end the old session", step(T, *VISIT), step(T + 1, put("user", 2), cookie="none"), step(T + 2, WHO),
                   step(T + 3, WHO, cookie=sent_by(0)))


def copies():
    yield sequence("system-replay-after-logout", "SYS-4", "logged out, and the copy of the cookie still logs in", step(T, *LOGIN), step(T + 1, OUT), step(T + 2, WHO), step(T + 3, WHO, cookie=sent_by(0)),
                   lifetime=60)
    yield sequence("system-replay-to-the-end", "SYS-4 EXP-2", "to the end of its lifetime, and not longer", step(T, *LOGIN), step(T + 1, OUT), step(T + 60, WHO, cookie=sent_by(0)),
                   step(T + 61, WHO, cookie=sent_by(0)), lifetime=60)
    yield sequence("system-replay-renews-itself", "SYS-4 REN-5", "a copy of a permanent session renews itself for ever", step(T, *LOGIN), step(T + 1, OUT), step(T + 50, WHO, cookie=sent_by(0)),
                   step(T + 110, WHO), step(T + 170, WHO), lifetime=60)
    yield sequence("system-replay-of-a-change", "SYS-4", "an old cookie brings old values back", step(T, put("credit", 10)), step(T + 1, put("credit", 0)), step(T + 2, get("credit")),
                   step(T + 3, get("credit"), cookie=sent_by(0)))
    yield sequence("system-replay-browser-session", "SYS-4 SYS-7", "a copied browser session lives until its age limit", step(T, *VISIT), step(T + MONTH, WHO, cookie=sent_by(0)),
                   step(T + MONTH + 1, WHO, cookie=sent_by(0)))
    yield sequence("system-replay-changed-privileges", "SYS-4", "rights that were taken away come back with an old cookie", step(T, put("admin", True)), step(T + 1, do("pop", key="admin"), put("user", 1)),
                   step(T + 2, get("admin"), cookie=sent_by(0)))


def lifetimes():
    yield sequence("system-incident", "SYS-5", "the lifetime is cut in an incident: old cookies are out at once", step(T, *LOGIN), step(T + DAY, WHO), step(T + 2 * DAY, WHO, lifetime=3600),
                   step(T + 2 * DAY + 1, WHO, cookie=sent_by(1), lifetime=3600))
    yield sequence("system-incident-over", "SYS-5", "and in again when it is restored, since nothing was deleted", step(T, *LOGIN), step(T + DAY, WHO, lifetime=3600), step(T + DAY + 60, WHO))
    yield sequence("system-incident-renewed", "SYS-5 REN-5", "those who stay get the short lifetime with the next renewal", step(T, *LOGIN), step(T + 60, WHO, lifetime=120), step(T + 180, WHO, lifetime=120),
                   step(T + 301, WHO, lifetime=120))
    yield sequence("system-lifetime-zero", "SYS-5 EXP-7", "a lifetime of zero logs everybody out", step(T, *LOGIN), step(T + 1, WHO, lifetime=0), step(T + 2, WHO))
    yield sequence("system-lifetime-negative", "SYS-5 EXP-7", "a negative one even those of this second", step(T, *LOGIN), step(T, WHO, lifetime=-1))
    yield sequence("system-lifetime-longer", "SYS-5", "a longer lifetime revives expired cookies", step(T, *VISIT), step(T + 61, WHO), step(T + 62, WHO, lifetime=3600), lifetime=60)


def rotation():
    yield sequence("system-rotation-seamless", "SYS-6", "old key, both keys, new key: whoever came by in between stays in", step(T, *LOGIN, **OLD), step(T + 10, WHO, **BOTH), step(T + 20, WHO, **NEW))
    yield sequence("system-rotation-absent", "SYS-6", "whoever did not come by in between is out", step(T, *LOGIN, **OLD), step(T + 20, WHO, **NEW))
    yield sequence("system-rotation-without-fallback", "SYS-6", "without a fallback key everybody is out, and in again when the key comes back", step(T, *LOGIN, **OLD), step(T + 1, WHO, **NEW),
                   step(T + 2, WHO, **OLD))
    yield sequence("system-rotation-browser-session", "SYS-6 REN-3", "a session that is not permanent is not signed anew by reads: it is out with the old key", step(T, *VISIT, **OLD), step(T + 10, WHO, **BOTH),
                   step(T + 20, WHO, **NEW))
    yield sequence("system-rotation-browser-session-written", "SYS-6 KEY-2", "unless it is written in between", step(T, *VISIT, **OLD), step(T + 10, WHO, modified(), **BOTH), step(T + 20, WHO, **NEW))
    yield sequence("system-rotation-no-refresh", "SYS-6 REN-2", "nor is a permanent one with refresh off", step(T, *LOGIN, **OLD), step(T + 10, WHO, **BOTH), step(T + 20, WHO, **NEW),
                   refresh_each_request=False)
    yield sequence("system-rotation-rolling", "SYS-6 KEY-3", "two servers, one ahead: with the new key as fallback of the old, both read both", step(T, *LOGIN, **READY), step(T + 1, WHO, **BOTH), step(T + 2, WHO, **READY),
                   step(T + 3, WHO, **BOTH))
    yield sequence("system-rotation-rolling-unprepared", "SYS-6", "two servers, one ahead: the one behind does not know the new key", step(T, *LOGIN, **OLD), step(T + 1, WHO, **BOTH), step(T + 2, WHO, **OLD),
                   step(T + 3, WHO, **BOTH))
    yield sequence("system-rotation-fallback-ages", "SYS-6 EXP-10", "a fallback key does not lengthen a life", step(T, *LOGIN, **OLD), step(T + 61, WHO, **BOTH), lifetime=60)
    yield sequence("system-rotation-swapped", "SYS-6", "old and new written in the wrong places: the old key signs on, and the step to the new key alone logs everybody out", step(T, *LOGIN, **OLD), step(T + 1, WHO, **READY), step(T + 2, WHO, **NEW))
    yield sequence("system-rotation-compromised", "SYS-6 SYS-4", "a key that leaked must go from the list as well: as a fallback it still takes forgeries", step(T, WHO, cookie={"header": "session=" + forge.of({"user": 1}, key="the old key")}, **BOTH),
                   step(T + 1, WHO, cookie={"header": "session=" + forge.of({"user": 1}, key="the old key")}, **NEW))


def absolute_age():
    yield sequence("system-absolute-age", "SYS-7 REN-6", "a user who reads all the time is out all the same", step(T, *VISIT), *(step(T + 20 * n, WHO) for n in range(1, 4)), step(T + 61, WHO), lifetime=60)
    yield sequence("system-absolute-age-month", "SYS-7 EXP-4", "a browser that is never closed is logged out after 31 days", step(T, *VISIT), step(T + MONTH, WHO), step(T + MONTH + 1, WHO))
    yield sequence("system-absolute-age-from-last-write", "SYS-7", "the age counts from the last write", step(T, *VISIT), step(T + 40, put("n", 1)), step(T + 100, WHO), step(T + 101, WHO), lifetime=60)


def clocks():
    yield sequence("system-clock-behind", "SYS-8 EXP-3", "the second server is a second behind: the fresh cookie is refused there, and fine on the first", step(T + 1, *LOGIN), step(T, WHO), step(T + 1, WHO))
    yield sequence("system-clock-behind-fraction", "SYS-8 EXP-8", "behind by a fraction within the same second: accepted", step(T + 0.75, *LOGIN), step(T + 0.25, WHO))
    yield sequence("system-clock-behind-across", "SYS-8 EXP-8", "behind by as little across the turn of a second: refused", step(T + 1.0, *LOGIN), step(T + 0.984375, WHO))
    yield sequence("system-clock-catches-up", "SYS-8", "a second later it is accepted", step(T + 1, *LOGIN), step(T, WHO), step(T + 1.5, WHO))
    yield sequence("system-clock-ahead", "SYS-8 EXP-2", "a server that is ahead takes from the lifetime", step(T, *LOGIN), step(T + 60, WHO), step(T + 121, WHO), lifetime=60)
    yield sequence("system-clock-behind-write", "SYS-8 EXP-4", "a write on the server behind begins an empty session, and the user is lost", step(T + 5, *LOGIN), step(T, put("n", 1)), step(T + 6, do("items")))
    yield sequence("system-clock-set-back", "SYS-8 EXP-3", "a clock set back by an hour logs out whoever came in that hour", step(T, *LOGIN), step(T - 3600, WHO), step(T - 1, WHO), step(T, WHO))


def tabs_and_clients():
    yield sequence("system-tabs-race", "SYS-4 MOD-10", "two tabs write from the same cookie: the later answer wins whole", step(T, put("a", 0), put("b", 0)), step(T + 1, put("a", 1), cookie=sent_by(0)),
                   step(T + 1, put("b", 1), cookie=sent_by(0)), step(T + 2, do("items")))
    yield sequence("system-tabs-renewal-undoes-a-write", "SYS-4 REN-1", "a renewal that comes late undoes another tab's write", step(T, permanent(), put("a", 0)), step(T + 1, put("a", 1), cookie=sent_by(0)),
                   step(T + 1, cookie=sent_by(0)), step(T + 2, get("a")))
    yield sequence("system-tabs-renewal-undoes-a-logout", "SYS-4 REN-1", "and another tab's logout", step(T, *LOGIN), step(T + 1, OUT, cookie=sent_by(0)), step(T + 1, cookie=sent_by(0)), step(T + 2, WHO))
    yield sequence("system-tabs-no-refresh", "SYS-4 REN-2", "with refresh off the logout stays", step(T, *LOGIN), step(T + 1, OUT, cookie=sent_by(0)), step(T + 1, cookie=sent_by(0)), step(T + 2, WHO),
                   refresh_each_request=False)
    yield sequence("system-client-ignores-set-cookie", "SYS-1 REN-5", "a client that never takes the new cookie is out after the first lifetime, active or not", step(T, *LOGIN), step(T + 30, WHO, cookie=sent_by(0)),
                   step(T + 60, WHO, cookie=sent_by(0)), step(T + 61, WHO, cookie=sent_by(0)), lifetime=60)
    yield sequence("system-client-sends-both", "SYS-4 HDR-1", "a client that sends an old cookie before the new one is taken by the old", step(T, put("n", 1)),
                   step(T + 1, get("n"), cookie={"header": f"session={forge.of({'n': 0})}; session={forge.of({'n': 1})}"}))
    yield sequence("system-two-servers", "SYS-8 SYS-2", "two servers that share key and clock serve one session in turn", step(T, *LOGIN), step(T + 60, WHO), step(T + 120, put("n", 1)), step(T + 180, do("items")), lifetime=60)


def nested():
    yield sequence("system-nested-cart", "MOD-5 SYS-7", "a cart that is changed in place loses what was put in", step(T, put("cart", [])), step(T + 1, do("append", key="cart", value="tea")), step(T + 2, get("cart")))
    yield sequence("system-nested-cart-permanent", "MOD-6 SYS-2", "the same works by accident while the session is permanent", step(T, permanent(), put("cart", [])), step(T + 1, do("append", key="cart", value="tea")),
                   step(T + 2, get("cart")), step(T + 3, permanent(False)), step(T + 4, do("append", key="cart", value="milk")), step(T + 5, get("cart")))
