"""Which answers renew a permanent session, and what a renewal carries."""

from . import forge
from .case import KEY, T, do, exchange, get, modified, permanent, put, sequence, step

NAME = "renewal"
DESCRIPTION = "SESSION_REFRESH_EACH_REQUEST on every answer there is, on and off, and lifetimes that slide."

NOW = T + 30
HELD = forge.of({"_permanent": True, "user": "ann"})
BROWSER = forge.of({"user": "ann"})
ANSWERS = [
    ("get", "GET", "/", "a view that does nothing"),
    ("head", "HEAD", "/", "HEAD"),
    ("post", "POST", "/", "POST"),
    ("options", "OPTIONS", "/", "OPTIONS, which Flask answers by itself"),
    ("405", "DELETE", "/", "a method that is not allowed"),
    ("405-unknown", "FROBNICATE", "/", "a method that nobody knows"),
    ("404", "GET", "/missing", "a path that is not there"),
    ("404-post", "POST", "/missing", "a path that is not there, with POST"),
    ("static", "GET", "/static/file.txt", "a static file, such as a picture or a script of the page"),
    ("static-head", "HEAD", "/static/file.txt", "HEAD of a static file"),
    ("static-405", "POST", "/static/file.txt", "POST to a static file"),
    ("static-404", "GET", "/static/missing.txt", "a static file that is not there"),
]


def cases():
    yield from answers()
    yield from views()
    yield from truths()
    yield from what_it_carries()
    yield from not_renewed()
    yield from sliding()


def answers():
    for name, method, path, why in ANSWERS:
        how = {"method": method, "path": path, "now": NOW, "lifetime": 60}
        yield exchange(f"renewal-on-{name}", "REN-1" if name in ("get", "head", "post") else "REN-4", f"{why}: renewed", cookie=HELD, **how)
    for name, method, path, why in ANSWERS:
        if name in ("get", "options", "404", "static"):
            how = {"method": method, "path": path, "now": NOW, "lifetime": 60}
            yield exchange(f"renewal-off-{name}", "REN-2 VARY-3", f"{why}, refresh off: nothing is set", cookie=HELD, refresh_each_request=False, **how)
            yield exchange(f"renewal-browser-{name}", "REN-3 VARY-3", f"{why}, not permanent: nothing is set", cookie=BROWSER, **how)


def views():
    for name, actions, rules, why in [
        ("read", [get("user")], "REN-1", "a view that reads"), ("raise", [do("raise")], "REN-4", "a view that raises"),
        ("not-found", [do("not_found")], "REN-4", "a view that answers 404"), ("flag-off", [modified(False)], "REN-1", "the modified flag taken back does not prevent it"),
        ("delete-missing", [do("delete", key="missing")], "REN-4", "a missing key that ends the view"),
    ]:
        yield exchange(f"renewal-view-{name}", rules, f"{why}: renewed", *actions, cookie=HELD, now=NOW, lifetime=60)
    for name, actions, rules, why in [
        ("read", [get("user")], "REN-2", "a view that reads: nothing"), ("write", [put("a", 1)], "REN-2 SET-1", "a view that writes: set"),
        ("flag", [modified()], "REN-2 MOD-7", "the flag by hand: set"), ("raise", [do("raise")], "REN-2", "a view that raises: nothing"),
        ("set-raise", [put("a", 1), do("raise")], "REN-2 MOD-9", "a view that writes and raises: set"),
    ]:
        yield exchange(f"renewal-off-view-{name}", rules, f"refresh off, {why}", *actions, cookie=HELD, now=NOW, lifetime=60, refresh_each_request=False)
    yield exchange("renewal-becomes-permanent", "REN-1 PERM-2", "made permanent in this request", permanent(), cookie=BROWSER, now=NOW, lifetime=60)
    yield exchange("renewal-stops-in-this-request", "REN-3 PERM-5", "given up in this request and the flag taken back: nothing is set",
                   permanent(False), modified(False), cookie=HELD, now=NOW, lifetime=60)
    yield exchange("renewal-flag-taken-back-on-new", "REN-1", "made permanent and the flag taken back: set by the renewal all the same",
                   permanent(), modified(False), now=NOW, lifetime=60)


def truths():
    """Whatever stands under `_permanent`, its truth in Python decides."""
    for name, text, truth in [
        ("one", "1", True), ("text", '"no"', True), ("list", "[0]", True), ("map", '{"a":0}', True), ("tuple", '{" t":[0]}', True), ("float", "0.5", True),
        ("nan", "NaN", True), ("bytes", '{" b":"AA=="}', True), ("uuid", '{" u":"%s"}' % ("0" * 32), True), ("space", '" "', True),
        ("false", "false", False), ("zero", "0", False), ("null", "null", False), ("empty-text", '""', False), ("empty-list", "[]", False), ("empty-map", "{}", False),
        ("zero-float", "0.0", False), ("minus-zero", "-0.0", False), ("empty-tuple", '{" t":[]}', False), ("empty-bytes", '{" b":""}', False), ("empty-markup", '{" m":""}', False),
    ]:
        yield exchange(f"renewal-truth-{name}", "PERM-1 REN-1" if truth else "PERM-1 REN-3",
                       f"_permanent is {text}: {'true, and so renewed' if truth else 'false, and so not renewed'}", do("permanent"),
                       cookie=forge.of_json('{"_permanent":%s,"user":"ann"}' % text), now=NOW, lifetime=60)


def what_it_carries():
    for name, now, lifetime, why in [
        ("second", NOW, 60, "the timestamp and Expires of this request"), ("fraction", NOW + 0.75, 60, "fractions of now are cut off in both"),
        ("fractions-add", NOW + 0.5, 60.5, "Expires is cut off after the sum, the timestamp before"), ("same-second", T, 60, "renewed in the second in which it was signed"),
        ("last-second", T + 60, 60, "renewed in its last second"), ("zero", T + 0.5, 0, "a lifetime of zero renews to an Expires of this second"),
    ]:
        yield exchange(f"renewal-carries-{name}", "REN-5 PERM-3", why, cookie=HELD, now=now, lifetime=lifetime)
    yield exchange("renewal-carries-spelling", "REN-5 PAY-2", "a payload that was not spelled as Flask does is spelled anew",
                   cookie=forge.of_json('{ "user" : "\u00e9", "_permanent" : true }'), now=NOW, lifetime=60)
    yield exchange("renewal-carries-compression", "REN-5 PAY-12", "a payload that would pay to compress is compressed",
                   cookie=forge.of({"_permanent": True, "t": "a" * 200}), now=NOW, lifetime=60)
    yield exchange("renewal-carries-attributes", "REN-5 SET-5", "the attributes of today's configuration", cookie=HELD, now=NOW, lifetime=60, cookie_secure=True,
                   cookie_samesite="Lax", cookie_domain="example.com", cookie_path="/app")
    yield exchange("renewal-carries-current-key", "REN-5 KEY-2", "the signature of the current key", cookie=HELD, now=NOW, lifetime=60, secret_key="new", fallback_keys=[KEY])


def not_renewed():
    for name, cookie, now, rules, why in [
        ("expired", HELD, T + 61, "REN-1 DEL-6", "an expired permanent session is not renewed, and not deleted"),
        ("future", HELD, T - 1, "REN-1 EXP-3", "nor is one from the future"),
        ("bad-signature", HELD[:-4] + "AAAA", NOW, "REN-1 SIG-5", "nor one that was altered"),
        ("only-flag", forge.of({"_permanent": True}), NOW, "REN-1", "one that holds nothing but the flag is renewed: it is not empty"),
    ]:
        yield exchange(f"renewal-of-{name}", rules, why, cookie=cookie, now=now, lifetime=60)
    yield exchange("renewal-emptied", "DEL-1 REN-1", "emptied and the flag taken back: neither renewed nor deleted", do("clear"), modified(False),
                   cookie=HELD, now=NOW, lifetime=60)


def sliding():
    login = [permanent(), put("user", 1)]
    yield sequence("renewal-slides", "REN-5 SYS-2", "each request begins the lifetime anew", step(T, *login), step(T + 60), step(T + 120, get("user")),
                   step(T + 180), step(T + 240, get("user")), lifetime=60)
    yield sequence("renewal-slides-by-404", "REN-4 REN-5", "answers without a view slide it as well", step(T, *login), step(T + 60, path="/missing"),
                   step(T + 120, path="/static/file.txt"), step(T + 180, method="OPTIONS"), step(T + 240, get("user")), lifetime=60)
    yield sequence("renewal-off-does-not-slide", "REN-6 REN-2", "with refresh off reads do not slide it", step(T, *login), step(T + 30, get("user")),
                   step(T + 60, get("user")), step(T + 61, get("user")), lifetime=60, refresh_each_request=False)
    yield sequence("renewal-off-writes-slide", "REN-2 REN-5", "with refresh off writes do", step(T, *login), step(T + 30, put("n", 1)),
                   step(T + 90, get("user")), step(T + 91, get("user")), lifetime=60, refresh_each_request=False)
    yield sequence("renewal-browser-does-not-slide", "REN-6 REN-3", "a session that is not permanent: its age counts from its last write", step(T, put("user", 1)),
                   step(T + 30, get("user")), step(T + 60, get("user")), step(T + 61, get("user")), lifetime=60)
    yield sequence("renewal-browser-writes-slide", "REN-6", "a write begins its age anew", step(T, put("user", 1)), step(T + 60, put("n", 1)),
                   step(T + 120, get("user")), step(T + 121, get("user")), lifetime=60)
    yield sequence("renewal-switched-off", "REN-2 REN-1", "refresh switched off in a deployment: the last renewal's lifetime runs out", step(T, *login), step(T + 50),
                   step(T + 60, get("user"), refresh_each_request=False), step(T + 110, get("user"), refresh_each_request=False),
                   step(T + 111, get("user"), refresh_each_request=False), lifetime=60)
