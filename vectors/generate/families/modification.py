"""What counts as a change of the session, and what the view gets to see."""

from . import forge
from .case import T, do, exchange, get, modified, permanent, put, sequence, step

NAME = "modification"
DESCRIPTION = "Every action on a session that is empty, filled, or permanent with and without refresh: what it returns and writes."

LIFETIME = 3600
NOW = T + 100
#: Sessions that a request may bring, and whether a permanent one is refreshed.
SESSIONS = [
    ("none", None, True),
    ("browser", {"a": 1, "n": {"x": [1, 2]}}, True),
    ("permanent", {"_permanent": True, "a": 1, "n": {"x": [1, 2]}}, True),
    ("still", {"_permanent": True, "a": 1, "n": {"x": [1, 2]}}, False),
]
WORDS = {
    "none": "no cookie",
    "browser": "a session that is not permanent",
    "permanent": "a permanent session, refresh on",
    "still": "a permanent session, refresh off",
}
#: Every action, in the shapes that behave differently. The rule comes first that the case is about.
ACTIONS = [
    ("nothing", "MOD-8", [do("nothing")], "the view leaves the session alone"),
    ("get", "MOD-8", [get("a")], "reading a key"),
    ("get-missing", "MOD-8", [get("missing")], "reading a key that may not be there"),
    ("contains", "MOD-8", [do("contains", key="a")], "asking for a key"),
    ("len", "MOD-8 MOD-10", [do("len")], "counting keys"),
    ("bool", "MOD-8", [do("bool")], "asking whether it is empty"),
    ("iterate", "MOD-8", [do("iterate")], "listing keys"),
    ("items", "MOD-8", [do("items")], "listing items"),
    ("read-permanent", "MOD-8", [do("permanent")], "reading the permanent flag"),
    ("read-modified", "MOD-8", [do("modified")], "reading the modified flag"),
    ("set", "MOD-1", [put("b", 2), do("modified")], "a new key"),
    ("set-same", "MOD-1", [put("a", 1), do("modified")], "a key set to the value that it has"),
    ("set-other", "MOD-1", [put("a", 2), do("modified")], "a key set to another value"),
    ("setdefault-missing", "MOD-4", [do("setdefault", key="b", value=5), do("modified")], "setdefault of a missing key"),
    ("setdefault-there", "MOD-4", [do("setdefault", key="a", value=5), do("modified")], "setdefault of a key that is there, if it is"),
    ("setdefault-null", "MOD-4", [do("setdefault", key="b", value=None), do("modified")], "setdefault with null stores a null"),
    ("delete", "MOD-2", [do("delete", key="a"), do("modified")], "deleting a key, which raises when it is missing"),
    ("delete-missing", "MOD-2", [do("delete", key="missing"), do("modified")], "deleting a missing key raises"),
    ("pop", "MOD-2", [do("pop", key="a"), do("modified")], "popping a key, which raises when it is missing"),
    ("pop-missing", "MOD-2", [do("pop", key="missing"), do("modified")], "popping a missing key raises"),
    ("pop-default", "MOD-4", [do("pop", key="a", default=9), do("modified")], "popping with a default a key that may be there"),
    ("pop-missing-default", "MOD-4", [do("pop", key="missing", default=9), do("modified")], "popping a missing key with a default"),
    ("pop-missing-null", "MOD-4", [do("pop", key="missing", default=None), do("modified")], "null is a default too"),
    ("update", "MOD-3", [do("update", values={"b": 2}), do("modified")], "updating with a new key"),
    ("update-same", "MOD-3", [do("update", values={"a": 1}), do("modified")], "updating with what is there"),
    ("update-nothing", "MOD-3", [do("update", values={}), do("modified")], "updating with nothing still counts"),
    ("union", "MOD-3", [do("union", values={"b": 2}), do("modified")], "union with a new key"),
    ("union-nothing", "MOD-3", [do("union", values={}), do("modified")], "union with nothing still counts"),
    ("clear", "MOD-3", [do("clear"), do("modified")], "clearing, even what is empty"),
    ("clear-and-set", "MOD-3", [do("clear"), put("b", 2)], "clearing and setting in one request is a write, not a deletion"),
    ("set-and-clear", "MOD-3", [put("b", 2), do("clear")], "setting and clearing in one request is a deletion"),
    ("set-and-pop", "MOD-2", [put("b", 2), do("pop", key="b")], "setting and popping again leaves the change counted"),
    ("flag-on", "MOD-7", [modified(), do("modified")], "the modified flag set by hand"),
    ("flag-off", "MOD-7", [modified(False)], "the modified flag taken back without a change"),
    ("set-flag-off", "MOD-7", [put("b", 2), modified(False), do("items")], "a change whose flag was taken back is not written"),
    ("flag-off-set", "MOD-7", [modified(False), put("b", 2)], "a change after the flag was taken back is written"),
    ("set-permanent", "PERM-2", [permanent(), do("modified"), do("items")], "made permanent"),
    ("set-permanent-off", "PERM-2", [permanent(False), do("modified"), do("items")], "made not permanent"),
    ("raise", "MOD-9", [do("raise")], "the view raises at once"),
    ("get-raise", "MOD-9", [get("a"), do("raise")], "the view reads and raises"),
    ("set-raise", "MOD-9", [put("b", 2), do("raise")], "the view writes and raises: the change is saved all the same"),
    ("clear-raise", "MOD-9", [do("clear"), do("raise")], "the view clears and raises: the deletion is sent all the same"),
    ("set-delete-missing", "MOD-9", [put("b", 2), do("delete", key="missing"), put("c", 3)], "a missing key ends the view, what was before is saved"),
    ("set-not-found", "MOD-9", [put("b", 2), do("not_found")], "the view writes and answers 404"),
]
NESTED = [
    ("mutate", "MOD-5", [do("mutate", key="n", path=["y"], value=3), do("modified"), do("items")], "a key added to a nested map"),
    ("mutate-deep", "MOD-5", [do("mutate", key="n", path=["x", 0], value=9), do("modified"), get("n")], "an item of a list in a nested map"),
    ("mutate-flag", "MOD-6", [do("mutate", key="n", path=["y"], value=3), modified()], "a nested change and the flag"),
    ("mutate-set", "MOD-6", [do("mutate", key="n", path=["y"], value=3), put("b", 2)], "a nested change and another key"),
    ("mutate-setdefault", "MOD-6", [do("mutate", key="n", path=["y"], value=3), do("setdefault", key="a", value=7)],
     "a nested change and a setdefault that finds its key"),
    ("mutate-raise", "MOD-9", [do("mutate", key="n", path=["y"], value=3), do("raise")], "a nested change and an error"),
    ("mutate-missing", "MOD-2", [do("mutate", key="missing", path=["y"], value=3)], "a nested change under a missing key raises"),
    ("popitem", "MOD-2", [do("popitem"), do("modified")], "popping the last item"),
]


def cases():
    for name, session, refresh in SESSIONS:
        how = {} if session is None else {"cookie": forge.of(session)}
        if not refresh:
            how["refresh_each_request"] = False
        for action, rule, actions, why in ACTIONS + (NESTED if session is not None else []):
            yield exchange(f"modification-{action}-{name}", rule, f"{why}: {WORDS[name]}", *actions, now=NOW, lifetime=LIFETIME, **how)
    yield from lists()
    yield from results()
    yield from nested_over_time()


def lists():
    cookie = forge.of({"l": [1]})
    yield exchange("modification-append", "MOD-5", "appending to a nested list", do("append", key="l", value=2), do("modified"), get("l"), cookie=cookie)
    yield exchange("modification-append-fresh", "MOD-6", "a list set and appended to in the same request is written as it ends",
                   put("l", []), do("append", key="l", value=2))
    yield exchange("modification-append-to-number", "MOD-9", "appending to what is not a list raises", do("append", key="l", value=2),
                   cookie=forge.of({"l": 1}))
    yield exchange("modification-popitem-empty", "MOD-2", "popping from nothing raises", do("popitem"))
    yield exchange("modification-popitem-order", "MOD-10", "items are popped in the reverse of the order in which they were set",
                   put("b", 1), put("a", 2), do("popitem"), do("popitem"), do("len"))


def results():
    cookie = forge.of({"a": 1, "b": [True, None, 0.5], "c": {"d": "e"}, "zero": 0, "empty": "", "null": None})
    for name, why, *actions in [
        ("get", "values come back as they are", get("a"), get("b"), get("c"), get("zero"), get("empty"), get("null"), get("missing")),
        ("contains", "a key with a null or false value is there", *(do("contains", key=key) for key in ("a", "zero", "empty", "null", "missing"))),
        ("len-bool", "six keys", do("len"), do("bool")),
        ("iterate", "the keys, in any order", do("iterate")),
        ("pop", "a popped value is gone", do("pop", key="b"), do("contains", key="b"), do("len")),
        ("pop-default", "the default comes back for a missing key, the value for one that is there",
         do("pop", key="missing", default="x"), do("pop", key="a", default="x")),
        ("setdefault", "setdefault gives the value that counts, null when it is null",
         do("setdefault", key="a", value=5), do("setdefault", key="null", value=5), do("setdefault", key="new", value=5)),
        ("update", "later values win", do("update", values={"a": 2, "z": 1}), do("union", values={"z": 2}), get("a"), get("z")),
        ("writes-seen", "the view sees its own writes", put("a", 5), get("a"), do("delete", key="a"), get("a"), do("clear"), do("items")),
        ("non-text-key", "a key that is a number is none that is text, until it was written", do("clear"), do("update", values={5: "x"}),
         do("contains", key="5"), do("iterate"), do("items")),
        ("permanent", "the flag as the view sees it", do("permanent"), permanent(), do("permanent"), permanent(False), do("permanent"), do("items")),
    ]:
        yield exchange(f"modification-result-{name}", "MOD-10", why, *actions, cookie=cookie)


def nested_over_time():
    change = do("mutate", key="n", path=["y"], value=3)
    begin = [put("n", {"x": 1})]
    yield sequence("modification-nested-lost", "MOD-5", "a nested change without a refresh is gone with the next request",
                   step(T, *begin), step(T + 1, change), step(T + 2, get("n")))
    yield sequence("modification-nested-kept-by-refresh", "MOD-6", "a permanent session is refreshed, and takes the nested change along",
                   step(T, permanent(), *begin), step(T + 1, change), step(T + 2, get("n")))
    yield sequence("modification-nested-no-refresh", "MOD-5", "refresh off: lost again, permanent or not",
                   step(T, permanent(), *begin), step(T + 1, change), step(T + 2, get("n")), refresh_each_request=False)
    yield sequence("modification-nested-kept-by-flag", "MOD-6", "the flag by hand saves it",
                   step(T, *begin), step(T + 1, change, modified()), step(T + 2, get("n")))
    yield sequence("modification-nested-kept-by-other-key", "MOD-6", "another key's write saves it",
                   step(T, *begin), step(T + 1, change, put("b", 1)), step(T + 2, get("n")))
