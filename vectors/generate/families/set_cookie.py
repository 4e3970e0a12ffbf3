"""The Set-Cookie header: when there is one, and each of its attributes."""

import hashlib
import json

from . import forge
from .case import T, do, exchange, get, modified, permanent, put

NAME = "set_cookie"
DESCRIPTION = "Name and attributes alone and together, those that cannot be written, and cookies at the limit of size."

HELD = forge.of({"_permanent": True, "user": "ann"})


def cases():
    yield from when()
    yield from names()
    yield from domains()
    yield from paths()
    yield from flags()
    yield from same_site()
    yield from together()
    yield from cannot_be_written()
    yield from oversize()


def when():
    for name, actions, header, rules, why in [
        ("write", [put("a", 1)], None, "SET-1 SET-8", "a write"),
        ("writes", [put("a", 1), put("b", 2), permanent(), do("pop", key="a")], None, "SET-8", "many writes set one cookie"),
        ("nothing", [], None, "SET-1", "nothing touched, nothing set"),
        ("renewed-and-written", [put("a", 1)], f"session={HELD}", "SET-8", "a write to a session that would be renewed as well: one cookie"),
        ("other-cookies", [put("a", 1)], "theme=dark; csrf=x", "SET-2", "other cookies of the request are not set again"),
        ("two-of-one-name", [put("b", 1)], f"session={HELD}; session=x", "SET-8 HDR-1", "two session cookies came, one is set"),
        ("flag-alone", [modified()], f"session={forge.of({'a': 1})}", "SET-1 MOD-7", "the flag by hand on a session that is not empty"),
    ]:
        yield exchange(f"set-cookie-when-{name}", rules, why, *actions, header=header, lifetime=60)


def names():
    for name, cookie_name, why in [
        ("other", "my_session", "another name"), ("host", "__Host-session", "a prefix that browsers know: nothing is added for its sake"),
        ("upper-case", "SESSION", "upper case is kept"), ("punctuation", "a.b$c!d", "punctuation"), ("one-letter", "s", "one letter"),
    ]:
        cookie = forge.of({"user": "ann"})
        yield exchange(f"set-cookie-name-{name}", "SET-2", why, put("a", 1), cookie_name=cookie_name)
        yield exchange(f"set-cookie-name-{name}-read", "SET-2 HDR-5", f"{why}, read", get("user"), cookie=cookie, cookie_name=cookie_name)
    yield exchange("set-cookie-name-old", "SET-2 HDR-5", "after a change of name the old cookie is neither read nor deleted", get("user"),
                   header=f"session={forge.of({'user': 'ann'})}", cookie_name="other")
    yield exchange("set-cookie-name-unicode", "SET-2", "a name beyond ASCII is sent as its UTF-8", put("a", 1), cookie_name="s\u00e9ance")
    yield exchange("set-cookie-name-unicode-read", "SET-2 HDR-5", "and never met again: the Cookie header is not decoded", get("user"), cookie_name="s\u00e9ance",
                   header=f"s\u00c3\u00a9ance={forge.of({'user': 'ann'})}")


def domains():
    for name, domain, why in [
        ("in-idna", "xn--bcher-kva.example", "a domain that is in its form for the wire already is written as it is"),
        ("plain", "example.com", "as configured"), ("leading-dot", ".example.com", "a leading dot goes"), ("leading-dots", "..example.com", "all of them"),
        ("port", "example.com:8080", "a port goes"), ("dot-and-port", ".example.com:8080", "both go"), ("localhost", "localhost", "a name without a dot stays"),
        ("address", "192.0.2.1", "an address stays"), ("upper-case", "Example.COM", "case is kept"), ("trailing-dot", "example.com.", "a dot at the end stays"),
        ("longest-label", "a" * 63 + ".example", "a label of 63 letters"), ("underscore", "my_host.example", "an underscore is not looked at"),
        ("empty", "", "empty text is an attribute without a value"), ("only-dot", ".", "a dot alone leaves none either"), ("only-port", ":80", "nor does a port alone"),
    ]:
        yield exchange(f"set-cookie-domain-{name}", "SET-3", why, put("a", 1), cookie_domain=domain)
    yield exchange("set-cookie-domain-none", "SET-3", "without a domain there is no attribute: the cookie stays with its host", put("a", 1))


def paths():
    for name, members, why in [
        ("default", {}, "the root"), ("path", {"cookie_path": "/app"}, "as configured"), ("root", {"application_root": "/app"}, "the application root stands in"),
        ("both", {"cookie_path": "/cookie", "application_root": "/app"}, "the path comes before the root"),
        ("empty", {"cookie_path": "", "application_root": "/app"}, "an empty path is none"), ("both-empty", {"cookie_path": "", "application_root": ""}, "nothing at all is an empty attribute"),
        ("trailing-slash", {"cookie_path": "/app/"}, "a slash at the end is kept"), ("relative", {"cookie_path": "app"}, "no slash is added in front"),
        ("space", {"cookie_path": "/a b"}, "a space is percent-encoded"), ("unicode", {"cookie_path": "/\u00e9"}, "so are letters beyond ASCII, as UTF-8"),
        ("semicolon", {"cookie_path": "/a;b"}, "so is the semicolon, which would end the attribute"), ("percent", {"cookie_path": "/%41%zz"}, "percent signs stay"),
        ("safe", {"cookie_path": "/!$&'()*+,:=@-._~"}, "what a path may hold stays"), ("query", {"cookie_path": "/a?b#c"}, "a question mark is no query"),
        ("quotes", {"cookie_path": '/"\\<>[]{}|^`'}, "the rest of ASCII is encoded"), ("line-end", {"cookie_path": "/a\r\nb"}, "line ends are encoded, so that no header can be added"),
    ]:
        yield exchange(f"set-cookie-path-{name}", "SET-4", why, put("a", 1), **members)


def flags():
    for name, members, rules, why in [
        ("httponly-off", {"cookie_httponly": False}, "SET-5", "scripts may read it"), ("secure", {"cookie_secure": True}, "SET-5", "only over a secure channel"),
        ("secure-httponly-off", {"cookie_httponly": False, "cookie_secure": True}, "SET-5", "secure, and scripts may read it"),
        ("partitioned", {"cookie_partitioned": True}, "SET-7", "partitioned is secure without being told"),
        ("partitioned-secure", {"cookie_partitioned": True, "cookie_secure": True}, "SET-7", "secure once, not twice"),
    ]:
        yield exchange(f"set-cookie-flag-{name}", rules, why, put("a", 1), **members)


def same_site():
    for name, word, why in [
        ("strict", "Strict", "as it is written"), ("lax", "Lax", "as it is written"), ("none", "None", "the word None, which does not force Secure"),
        ("lower", "strict", "lower case"), ("upper", "LAX", "upper case"), ("mixed", "nOnE", "any case"),
    ]:
        yield exchange(f"set-cookie-samesite-{name}", "SET-6", why, put("a", 1), cookie_samesite=word)
    for name, word, why in [("word", "maybe", "another word"), ("empty", "", "empty text"), ("space", "Lax ", "a space behind"), ("list", "Lax; Secure", "an attribute smuggled in")]:
        yield exchange(f"set-cookie-samesite-bad-{name}", "SET-6 SET-10", f"{why} raises", put("a", 1), cookie_samesite=word)


ALL = {"cookie_domain": ".example.com", "cookie_path": "/app", "cookie_secure": True, "cookie_samesite": "strict", "cookie_partitioned": True}


def together():
    yield exchange("set-cookie-all", "SET-5 SET-7", "every attribute", permanent(), **ALL)
    yield exchange("set-cookie-all-browser", "SET-5 PERM-4", "every attribute of a session that is not permanent", put("a", 1), **ALL)
    yield exchange("set-cookie-all-renewed", "SET-5 REN-5", "every attribute of a renewal", cookie=HELD, now=T + 1, **ALL)
    yield exchange("set-cookie-fewest", "SET-5", "as few as there can be", put("a", 1), cookie_httponly=False)


def cannot_be_written():
    bad = {"cookie_samesite": "maybe"}
    mixed = do("update", values={5: 1, "a": 2})
    for name, how, actions, why in [
        ("renewal", {"cookie": HELD, **bad}, [], "a renewal that was not asked for: 500, no Vary, since nobody looked"),
        ("renewal-read", {"cookie": HELD, **bad}, [get("user")], "the same after a read: Vary"),
        ("deletion", {"cookie": HELD, **bad}, [do("clear")], "a deletion has the same attributes"),
        ("not-needed", {"cookie": HELD, "refresh_each_request": False, **bad}, [get("user")], "nothing to write, nothing raises"),
        ("domain-label", {"cookie_domain": "a" * 64 + ".example"}, [put("a", 1)], "a label of 64 letters"),
        ("domain-dots", {"cookie_domain": "a..example"}, [put("a", 1)], "an empty label within a domain"),
        ("domain-line-end", {"cookie_domain": "a\nb"}, [put("a", 1)], "a line end in a domain"),
        ("name-line-end", {"cookie_name": "a\r\nb"}, [put("a", 1)], "a line end in a name"),
        ("keys", {}, [mixed], "keys without an order"),
        ("keys-and-raise", {}, [mixed, do("raise")], "keys without an order, after a view that raised"),
        ("keys-head", {"method": "HEAD"}, [mixed], "the same for HEAD"),
        ("keys-not-found", {}, [mixed, do("not_found")], "the view's 404 becomes a 500"),
        ("keys-flag-off", {}, [mixed, modified(False)], "with the flag taken back nothing is written, and nothing raises"),
        ("calendar", {"lifetime": 10**13}, [permanent()], "an Expires beyond the calendar"),
        ("404", {"cookie": HELD, "path": "/missing", **bad}, [], "a page that is not there becomes a 500 as well"),
    ]:
        yield exchange(f"set-cookie-not-{name}", "SET-6 SET-10" if how.get("cookie_samesite") else "SET-10", why, *actions, **how)


def oversize():
    noise = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(400))
    value = noise[:5000]
    plain = json.dumps({"t": value}, separators=(",", ":"))
    written = len(forge.of_deflated(forge.deflated(plain)))
    # The name and the path fill up what is missing to the length in question.
    rest = len("session=") + written + len("; HttpOnly; Path=/")
    assert rest < 4092, "there must be room to fill up"
    for length in (4092, 4093, 4094):
        yield exchange(f"set-cookie-size-{length}", "SET-9", f"a header of {length} bytes in all; from 4094 on Flask warns, and sends it",
                       put("t", value), cookie_path="/" + "p" * (length - rest))
    for size, why in [(4096, "the most that browsers take of name and value together"), (4097, "a byte more, which browsers ignore: the server cannot know")]:
        yield exchange(f"set-cookie-pair-{size}", "SET-9", why, put("t", value), cookie_name="n" * (size - written))
    yield exchange("set-cookie-size-large", "SET-9", "four times as large", put("t", noise[:25_000]))
    large = {"_permanent": True, "t": noise[:12_000]}
    yield exchange("set-cookie-size-renewed", "SET-9 REN-1", "an oversize session that comes in all the same is read and renewed", do("len"), cookie=forge.of(large), now=T + 1)
