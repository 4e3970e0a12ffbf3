"""The stories that are vectors: what each asks, which rules it is evidence for, and why it is there.

After a few that all others rest on come those that hurt most in practice, so that a run that fails names them first.
"""

NOW = 1700000000
LIFETIME = 60
#: Settings that stories about time name, so that no implementation's own defaults count.
TIMED = {
    "secret_key": "a key for test vectors, as long as some want it", "lifetime": LIFETIME, "refresh_each_request": True, "cookie_name": "session",
}
STORIES = []


def story(name, rules, comment, *steps, **config):
    STORIES.append({
        "id": name, "rules": rules.split(), "comment": comment,
        "input": {"config": {**TIMED, **config}, "now": NOW, "steps": list(steps)},
    })


# The words.


def request(*actions, who="browser", **members):
    return {"do": "request", "as": who, "actions": list(actions), **members}


def begin(*actions, who="browser", name="late"):
    return {"do": "begin", "name": name, "as": who, "actions": list(actions)}


def end(*actions, name="late"):
    return {"do": "end", "name": name, "actions": list(actions)}


def put(key, value):
    return {"do": "set", "key": key, "value": value}


def get(key):
    return {"do": "get", "key": key}


def permanent(value=True):
    return {"do": "set_permanent", "value": value}


def advance(seconds):
    return {"do": "advance", "seconds": seconds}


def copy(who="copier", source="browser"):
    return {"do": "copy", "as": who, "from": source}


def store(state):
    return {"do": "store", "is": state}


def restart(**config):
    return {"do": "restart", "config": {**TIMED, **config}} if config else {"do": "restart"}


LOOK, CLEAR, REGENERATE = {"do": "look"}, {"do": "clear"}, {"do": "regenerate"}
LOGIN = request(permanent(), put("user", 42))
#: Its cookie has no end of its own, so that the store alone decides.
LOGIN_UNTIL_CLOSED = request(permanent(False), put("user", 42))
LOGOUT = request(CLEAR)
READ = request(get("user"))
UNTOUCHED = request()
COPIED = request(get("user"), who="copier")
NEW_ID = request(REGENERATE, put("role", "admin"))


# What everything else rests on.

story("store-visitor", "STO-1", "a request that does not use the session leaves nothing behind", UNTOUCHED, LOOK)
story("store-visitor-reads", "STO-1 STO-39", "a request that only asks for a key leaves nothing behind", READ, LOOK)
story("store-first-write", "STO-2 STO-3 STO-7 STO-29", "the first write makes one key, and tells the user agent its id", LOGIN, LOOK, READ)
story("store-second-write", "STO-2 STO-32", "a second write goes into the same session", LOGIN, request(put("cart", "book")), LOOK, request(get("user"), get("cart")))
story("store-lifetime-90-seconds", "STO-3", "a lifetime that is no whole number of minutes is what it says", LOGIN_UNTIL_CLOSED, LOOK, lifetime=90)
story("store-logout-plain", "STO-18", "clearing the session deletes key and cookie", LOGIN, LOGOUT, LOOK, READ, cookie_httponly=False)
story("store-logout-copied", "STO-19", "after a logout a copied cookie is nobody", LOGIN, copy(), LOGOUT, COPIED, LOOK, cookie_httponly=False)

# Requests that end after the session has.

story("store-late-read", "STO-22", "a page that began before the logout, and only read, ends after it: the user stays logged out",
      LOGIN, begin(get("user")), LOGOUT, end(), LOOK, READ)
story("store-late-untouched", "STO-22", "the same page without a look at the session",
      LOGIN, begin(), LOGOUT, end(), LOOK, READ)
story("store-late-write", "STO-23", "a page that began before the logout writes after it: it is told that the session has ended",
      LOGIN, begin(get("user")), LOGOUT, end(put("seen", 1)), LOOK, READ)
story("store-late-read-copied", "STO-22 STO-19", "after a late page the copied cookie is nobody either",
      LOGIN, copy(), begin(get("user")), LOGOUT, end(), COPIED)
story("store-late-login", "STO-22", "a late page leaves the cookie of the next login alone",
      LOGIN, begin(get("user")), LOGOUT, request(permanent(), put("user", 7)), end(), request(get("user")))
story("store-late-new-id", "STO-23", "a new id cannot bring back a session that was cleared meanwhile",
      LOGIN, begin(get("user")), LOGOUT, end(REGENERATE), LOOK, READ)
story("store-late-logout", "STO-18 STO-22", "two logouts at once",
      LOGIN, begin(), LOGOUT, end(CLEAR), LOOK, READ)
story("store-regenerate-late-read", "STO-27", "a page that only read ends after a new id was given: the old id stays nobody",
      LOGIN, copy(), begin(get("user")), NEW_ID, end(), LOOK, COPIED, request(get("role")))
story("store-regenerate-late-untouched", "STO-27", "the same page without a look at the session",
      LOGIN, copy(), begin(), NEW_ID, end(), LOOK, COPIED)
story("store-regenerate-late-write", "STO-27", "a page that writes after a new id was given",
      LOGIN, copy(), begin(get("user")), NEW_ID, end(put("seen", 1)), LOOK, COPIED)
story("store-late-after-emptied", "STO-37", "a page that ends after the store was emptied does not put its session back",
      LOGIN_UNTIL_CLOSED, begin(get("user")), store("emptied"), end(), LOOK)
story("store-read-keeps-write", "STO-25", "a page that only read ends after another wrote: the write stays",
      LOGIN, begin(get("user")), request(put("cart", "book")), end(), request(get("cart")))
story("store-untouched-keeps-write", "STO-25", "the same page without a look at the session",
      LOGIN, begin(), request(put("cart", "book")), end(), request(get("cart")))
story("store-two-writes", "STO-24", "two requests write different keys at once",
      LOGIN, begin(get("user")), request(put("cart", "book")), end(put("seen", 1)), request(get("cart"), get("seen")))
story("store-two-writes-of-one-key", "STO-24", "two requests write the same key at once: the later one counts, or is told",
      LOGIN, begin(get("user")), request(put("cart", "book")), end(put("cart", "pen")), request(get("cart")))

# How a session begins.


story("store-first-write-until-closed", "STO-2 STO-7 STO-8", "a session that is not permanent has an end in the store, and none in its cookie",
      LOGIN_UNTIL_CLOSED, LOOK, READ)
story("store-two-users", "STO-2 STO-29", "two users have two sessions",
      LOGIN, request(permanent(), put("user", 7), who="other"), LOOK, READ, request(get("user"), who="other"))
story("store-unknown-id", "STO-26", "an id that nobody gave is not adopted",
      request(get("user"), who="visitor", cookie_header="session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), LOOK,
      request(permanent(), put("user", 7), who="visitor", cookie_header="session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
      LOOK, request(get("user"), who="visitor"),
      request(get("user"), who="other", cookie_header="session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))


# How long it lives.

story("store-end", "STO-3 STO-14", "a session counts until its lifetime is over", LOGIN_UNTIL_CLOSED, advance(59), READ)
story("store-end-passed", "STO-3 STO-15", "a session that has ended reads as empty", LOGIN_UNTIL_CLOSED, advance(61), READ, LOOK)
story("store-end-before", "STO-3 STO-14", "a millisecond before its end a session counts", LOGIN_UNTIL_CLOSED, advance(59.999), READ)
story("store-end-exactly", "STO-14", "at exactly its lifetime a session counts as declared", LOGIN_UNTIL_CLOSED, advance(60), READ)
story("store-end-after", "STO-3", "a millisecond after its end a session is gone", LOGIN_UNTIL_CLOSED, advance(60.001), READ)
story("store-end-new-id", "STO-26 STO-15", "who comes back after the end gets a new id",
      LOGIN_UNTIL_CLOSED, copy(), advance(61), LOGIN_UNTIL_CLOSED, LOOK, READ, COPIED)
story("store-lifetime-with-fraction", "STO-4", "a lifetime of 1.5 s is kept, or rounded up", LOGIN_UNTIL_CLOSED, LOOK, lifetime=1.5)
story("store-lifetime-half-a-second", "STO-4", "a lifetime below a second is no error, and does not mean for ever",
      LOGIN_UNTIL_CLOSED, LOOK, advance(5), READ, lifetime=0.5)
story("store-lifetime-31-days", "STO-6", "a lifetime beyond 30 days is what it says",
      LOGIN_UNTIL_CLOSED, LOOK, advance(2678300), READ, lifetime=2678400)
story("store-lifetime-a-year", "STO-6", "a lifetime of a year is what it says", LOGIN_UNTIL_CLOSED, LOOK, advance(3000000), READ, lifetime=31536000)
story("store-has-end", "STO-5", "every key has an end", LOGIN, LOOK, advance(61), LOOK)
story("store-write-renews", "STO-3 STO-9", "a write counts the life of store and cookie anew",
      LOGIN, advance(30), request(put("seen", 1)), LOOK, advance(45), READ)
story("store-write-renews-until-closed", "STO-3", "a write counts the life anew where the cookie has no end",
      LOGIN_UNTIL_CLOSED, advance(30), request(put("seen", 1)), LOOK, advance(45), READ)

# What renews it.

story("store-read-renews", "STO-9 STO-11", "with refreshing on, a read renews store and cookie together, if reads do", LOGIN, advance(30), READ, LOOK)
story("store-active-reader", "STO-11", "with refreshing on, a reader who comes back in time is never out",
      LOGIN, advance(40), READ, advance(40), READ, advance(40), READ)
story("store-untouched-renews", "STO-12", "a request that does not use the session renews it as declared", LOGIN, advance(30), UNTOUCHED, LOOK)
story("store-untouched-renews-until-closed", "STO-12", "the same where the cookie has no end",
      LOGIN_UNTIL_CLOSED, advance(30), UNTOUCHED, LOOK)
story("store-read-renews-until-closed", "STO-11", "a read renews a session that is not permanent, if reads do",
      LOGIN_UNTIL_CLOSED, advance(40), READ, LOOK, advance(40), READ)
story("store-refresh-off", "STO-10", "with refreshing off a read renews neither store nor cookie", LOGIN, advance(30), READ, LOOK, refresh_each_request=False)
story("store-refresh-off-ends", "STO-10", "with refreshing off a reader is out after the lifetime",
      LOGIN_UNTIL_CLOSED, advance(40), READ, advance(40), READ, refresh_each_request=False)
story("store-refresh-off-untouched", "STO-10", "with refreshing off a request that does not use the session renews nothing",
      LOGIN, advance(30), UNTOUCHED, LOOK, refresh_each_request=False)
story("store-shorter-lifetime", "STO-16", "a shorter lifetime counts for stored sessions from the next request on",
      request(permanent(False), put("user", 42)), restart(lifetime=60), advance(61), READ, lifetime=3600)
story("store-shorter-lifetime-kept", "STO-16", "a shorter lifetime ends no session that is younger",
      request(permanent(False), put("user", 42)), restart(lifetime=60), advance(30), READ, advance(40), READ, lifetime=3600)
story("store-longer-lifetime-read", "STO-9 STO-11", "a read renews with the lifetime that is configured now",
      LOGIN_UNTIL_CLOSED, restart(lifetime=3600), READ, LOOK, advance(600), READ)
story("store-longer-lifetime", "STO-16", "a longer lifetime counts from the next renewal on",
      LOGIN_UNTIL_CLOSED, restart(lifetime=3600), advance(30), request(put("seen", 1)), LOOK, advance(600), READ)

# How it ends.

story("store-logout", "STO-18 STO-20 STO-39", "clearing the session deletes key and cookie", LOGIN, LOGOUT, LOOK, READ)
story("store-logout-copied-writes", "STO-19 STO-26", "a copied cookie of an ended session gets a new id when it writes",
      LOGIN, copy(), LOGOUT, request(permanent(), put("user", 7), who="copier"), LOOK, COPIED)
story("store-logout-attributes", "STO-20 STO-38", "the deletion has the attributes of the cookie",
      LOGIN, LOGOUT, cookie_secure=True, cookie_httponly=True, cookie_samesite="Lax")
story("store-logout-host", "STO-20", "a cookie with the prefix __Host- is deleted in the browser, too",
      LOGIN, LOGOUT, READ, cookie_name="__Host-session", cookie_secure=True, cookie_path="/")
story("store-logout-partitioned", "STO-20 STO-38", "a partitioned cookie is deleted with Partitioned",
      LOGIN, LOGOUT, cookie_secure=True, cookie_samesite="None", cookie_partitioned=True)
story("store-logout-path-and-domain", "STO-20 STO-38", "the deletion has path and domain of the cookie",
      LOGIN, LOGOUT, cookie_domain="localhost", cookie_path="/")
story("store-attributes-off", "STO-38", "attributes that are switched off are missing", LOGIN, cookie_httponly=False, cookie_secure=False)

# A new id.

story("store-regenerate", "STO-27 STO-28", "a new id keeps the data, and the old one is nobody", LOGIN, copy(), NEW_ID, LOOK, request(get("user"), get("role")), COPIED)
story("store-regenerate-life", "STO-28", "a new id has a full life, in store and cookie", LOGIN, advance(30), NEW_ID, LOOK, advance(45), READ)
story("store-regenerate-twice", "STO-27", "each new id is another", LOGIN, NEW_ID, request(REGENERATE), LOOK, READ)

# Keys, prefixes, values.

story("store-other-prefix", "STO-31", "applications with different prefixes never see each other's sessions",
      LOGIN, restart(key_prefix="two:"), READ, LOOK, request(permanent(), put("user", 7)), restart(key_prefix="one:"), LOOK, key_prefix="one:")
story("store-new-key", "STO-30", "whether a new secret key ends sessions depends on what guards the id, as declared",
      LOGIN, restart(secret_key="another key for test vectors, as long as some want it"), READ)
story("store-values", "STO-32", "plain values come back as they are",
      request(permanent(), put("text", "Zoë"), put("list", [1, 2.5, None, True]), put("map", {"a": {"b": []}}), put("none", None)),
      request(get("text"), get("list"), get("map"), get("none")))
story("store-values-large", "STO-32", "a session of 50,000 characters comes back whole", request(permanent(), put("text", "x" * 50000)), request(get("text")))
story("store-value-overwritten", "STO-32", "a value that is written again is the new one", LOGIN, request(put("user", 7)), READ, request(put("user", None)), READ)
story("store-nested-unmarked", "STO-33", "with refreshing off, a change inside a nested value that nobody marked is not saved",
      request(permanent(), put("cart", {"book": 1})), request({"do": "mutate", "key": "cart", "path": ["book"], "value": 2}),
      request(get("cart")), refresh_each_request=False)
story("store-nested-unmarked-refreshed", "STO-33", "refreshing does not decide whether an unmarked change is saved",
      request(permanent(), put("cart", {"book": 1})), request({"do": "mutate", "key": "cart", "path": ["book"], "value": 2}), request(get("cart")))
story("store-nested-marked", "STO-33", "a change inside a nested value that is marked is saved",
      request(permanent(), put("cart", {"book": 1})),
      request({"do": "mutate", "key": "cart", "path": ["book"], "value": 2}, {"do": "set_modified", "value": True}), request(get("cart")))

# The store away, full, restarted.

story("store-emptied", "STO-37 STO-15", "an emptied store is a logout, with a new id at the next write",
      LOGIN, copy(), store("emptied"), READ, LOOK, request(permanent(), put("user", 7)), LOOK, COPIED)
story("store-restarted", "STO-37", "a restart of the store is a logout", LOGIN, store("restarted"), READ, request(permanent(), put("user", 7)), READ)
story("store-application-restarted", "STO-37", "a restart of the application ends nothing", LOGIN, restart(), READ)
story("store-away", "STO-34", "while the store is away, a cookie leads to an error and not to an empty session; it counts again afterwards",
      LOGIN_UNTIL_CLOSED, store("down"), READ, store("up"), READ)
story("store-away-visitor", "STO-34", "while the store is away, visitors are served", store("down"), UNTOUCHED, READ)
story("store-away-logout", "STO-35", "while the store is away, a logout is an error and says nothing of success",
      LOGIN_UNTIL_CLOSED, store("down"), LOGOUT, store("up"), READ)
story("store-full-write", "STO-36", "a full store that refuses says so", LOGIN_UNTIL_CLOSED, store("full"), request(put("cart", "book")), store("up"), request(get("cart")))
story("store-full-login", "STO-36", "a login into a full store is told", store("full"), LOGIN_UNTIL_CLOSED, store("up"), READ)

# Vary.

story("store-vary-read", "STO-39", "an answer that read the session varies by the cookie", LOGIN, READ)
story("store-vary-write", "STO-39", "an answer that sets or deletes the cookie varies by it", LOGIN, LOGOUT)
