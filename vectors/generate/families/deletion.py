"""When the session's cookie is deleted, and with which attributes."""

from . import forge
from .case import T, do, exchange, get, modified, permanent, put, sequence, step

NAME = "deletion"
DESCRIPTION = "Emptied sessions, what does not count as emptied, and the attributes of a deletion."

ONE = forge.of({"user": "ann"})
HELD = forge.of({"_permanent": True, "user": "ann"})
EMPTY = forge.of({})


def cases():
    yield from ways()
    yield from attributes()
    yield from not_deleted()
    yield from permanent_left_behind()
    yield from over_time()


def ways():
    for name, cookie, actions, why in [
        ("clear", ONE, [do("clear")], "cleared"), ("pop", ONE, [do("pop", key="user")], "the last key popped"), ("delete", ONE, [do("delete", key="user")], "the last key deleted"),
        ("popitem", ONE, [do("popitem")], "the last item popped"), ("pop-default", ONE, [do("pop", key="user", default=None)], "the last key popped with a default"),
        ("set-and-pop", None, [put("a", 1), do("pop", key="a")], "set and popped without a cookie before: a deletion of nothing"),
        ("clear-nothing", None, [do("clear")], "cleared without a cookie before"), ("update-nothing", None, [do("update", values={})], "updated with nothing: modified and empty"),
        ("flag-on-nothing", None, [modified()], "the flag by hand on an empty session"), ("flag-on-empty", EMPTY, [modified()], "the flag by hand on a cookie that holds an empty session"),
        ("clear-permanent", HELD, [do("clear")], "a permanent session cleared: deleted, not renewed"),
        ("pop-both", HELD, [do("pop", key="user"), do("pop", key="_permanent")], "both keys of a permanent session popped"),
        ("clear-expired", forge.of({"user": "ann"}, at=T - 61), [do("clear")], "an expired cookie, cleared: a deletion is sent"),
        ("clear-raise", ONE, [do("clear"), do("raise")], "cleared before an error"), ("clear-not-found", ONE, [do("clear"), do("not_found")], "cleared before a 404"),
    ]:
        yield exchange(f"deletion-by-{name}", "DEL-1 DEL-3", why, *actions, cookie=cookie, lifetime=60)
    yield exchange("deletion-by-clear-head", "DEL-1 DEL-3", "cleared in answer to HEAD", do("clear"), cookie=ONE, method="HEAD")
    yield exchange("deletion-lifetime-beyond-calendar", "DEL-3 EXP-9", "a deletion needs no lifetime: one whose end no calendar holds does not matter", do("clear"),
                   cookie=HELD, lifetime=10**13)
    yield exchange("deletion-refresh-off", "DEL-1", "refresh off does not matter", do("clear"), cookie=HELD, refresh_each_request=False)
    yield exchange("deletion-fallback-key", "DEL-1 KEY-3", "nor does the key", do("clear"), cookie=forge.of({"a": 1}, key="old"), fallback_keys=["old"])


def attributes():
    for name, members, why in [
        ("name", {"cookie_name": "my_session"}, "the name"), ("domain", {"cookie_domain": ".example.com"}, "the domain, without its dot"),
        ("path", {"cookie_path": "/app"}, "the path"), ("root", {"application_root": "/app"}, "the application root"),
        ("secure", {"cookie_secure": True}, "Secure"), ("httponly-off", {"cookie_httponly": False}, "no HttpOnly"), ("samesite", {"cookie_samesite": "lax"}, "SameSite"),
        ("partitioned", {"cookie_partitioned": True}, "Partitioned, and with it Secure: another cookie would go otherwise"),
        ("all", {"cookie_domain": "example.com", "cookie_path": "/app", "cookie_secure": True, "cookie_samesite": "None", "cookie_partitioned": True}, "every attribute"),
    ]:
        yield exchange(f"deletion-attribute-{name}", "DEL-2 DEL-3", f"as the cookie that was set: {why}", do("clear"), cookie=ONE, **members)


def not_deleted():
    for name, cookie, actions, why in [
        ("read", None, [get("a")], "an empty session read"), ("untouched", None, [], "an empty session left alone"), ("empty-read", EMPTY, [do("items")], "a cookie that holds an empty session, read"),
        ("empty-untouched", EMPTY, [], "the same, left alone"), ("flag-taken-back", ONE, [do("clear"), modified(False)], "emptied and the flag taken back"),
        ("pop-missing", EMPTY, [do("pop", key="a", default=1)], "a missing key popped with a default"), ("delete-missing", None, [do("delete", key="a")], "a missing key deleted"),
    ]:
        yield exchange(f"deletion-not-{name}", "DEL-4", f"{why}: nothing is sent", *actions, cookie=cookie)
    for name, cookie, now, why in [
        ("expired", ONE, T + 61, "an expired cookie"), ("future", ONE, T - 1, "one from the future"), ("altered", ONE[:-4] + "AAAA", T, "an altered one"),
        ("malformed", "junk", T, "junk"), ("empty-value", "", T, "an empty value"), ("other-key", forge.of({"a": 1}, key="other"), T, "one of another key"),
    ]:
        yield exchange(f"deletion-not-{name}", "DEL-6", f"{why} is left with the browser, even when the view looks", get("user"), cookie=cookie, now=now, lifetime=60)


def permanent_left_behind():
    for name, actions, why in [
        ("pop", [do("pop", key="user")], "the last user key popped: the flag is left, and set"), ("delete", [do("delete", key="user")], "the last user key deleted"),
        ("popitem", [do("popitem")], "the last item popped"),
    ]:
        yield exchange(f"deletion-flag-left-{name}", "DEL-5", why, *actions, cookie=HELD, lifetime=60)
    yield exchange("deletion-flag-left-no-refresh", "DEL-5", "with refresh off as well", do("pop", key="user"), cookie=HELD, refresh_each_request=False)
    yield exchange("deletion-false-flag-left", "DEL-5", "a false flag is not nothing either", do("pop", key="user"), cookie=forge.of({"_permanent": False, "user": "ann"}))
    yield sequence("deletion-flag-left-for-good", "DEL-5 REN-1", "a logout that pops the user leaves a session that is renewed for ever",
                   step(T, permanent(), put("user", 1)), step(T + 1, do("pop", key="user")), step(T + 2, do("items")), step(T + 3, do("len")))


def over_time():
    yield sequence("deletion-and-after", "DEL-1 DEL-4", "after a deletion the browser sends nothing, and nothing is sent back",
                   step(T, put("user", 1)), step(T + 1, do("clear")), step(T + 2, get("user")), step(T + 3))
    yield sequence("deletion-and-login", "DEL-1 SET-1", "a login after a logout", step(T, put("user", 1)), step(T + 1, do("clear")), step(T + 2, put("user", 2)),
                   step(T + 3, get("user")))
    yield sequence("deletion-twice", "DEL-1", "a logout sent twice is a deletion twice", step(T, put("user", 1)), step(T + 1, do("clear")), step(T + 2, do("clear")))
