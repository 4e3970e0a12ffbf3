"""Secret keys, fallback keys, and how a signing key is derived."""

import hashlib

from . import forge
from .case import KEY, T, do, exchange, get, modified, permanent, put, sign, step, sequence, verify

NAME = "keys"
DESCRIPTION = "Which key signs and which verify: lengths, text and bytes, fallback keys, no key, salts, digests, derivations."

SESSION = {"user": "ann"}
OLD, OLDER, NEW = "the old key", "an older key", "the new key"


def cases():
    yield from lengths()
    yield from text_and_bytes()
    yield from current_and_fallback()
    yield from text_as_fallback_keys()
    yield from no_key()
    yield from salts()
    yield from digests()
    yield from derivations()


def of_length(length):
    return ("0123456789abcdef" * 13)[:length]


def lengths():
    for length, why in [
        (1, "a key of one byte"),
        (19, "a key one byte shorter than the digest"),
        (20, "a key as long as the digest"),
        (21, "a key one byte longer than the digest"),
        (63, "a key one byte shorter than the block of SHA-1"),
        (64, "a key as long as the block: the longest that HMAC takes as it is"),
        (65, "a key one byte longer than the block: HMAC hashes it first"),
        (128, "a key of two blocks"),
        (200, "a key of more than three blocks"),
    ]:
        key = of_length(length)
        yield sign(f"keys-length-{length}-sign", "KEY-1", why, SESSION, secret_key=key)
        if length in (1, 64, 65):
            yield verify(f"keys-length-{length}-verify", "KEY-1", f"{why}, verifying", forge.of(SESSION, key=key), secret_key=key)
    for length, why in [(128, "as long as the block of SHA-512"), (129, "one byte longer than the block of SHA-512: hashed first")]:
        yield sign(f"keys-length-{length}-sha512", "KEY-7 KEY-1", why, SESSION, secret_key=of_length(length), digest="sha512")
    long = of_length(65)
    hashed = hashlib.sha1(long.encode()).digest()
    yield verify("keys-long-key-is-its-digest", "KEY-1", "HMAC takes a key beyond the block for its digest, so the digest is the same key",
                 forge.of(SESSION, key=hashed), secret_key=long)
    yield verify("keys-block-is-not-its-digest", "KEY-1", "a key as long as the block is not hashed",
                 forge.of(SESSION, key=hashlib.sha1(of_length(64).encode()).digest()), secret_key=of_length(64))
    yield verify("keys-trailing-nul", "KEY-1", "HMAC pads keys with NUL bytes, so one at the end makes no other key",
                 forge.of(SESSION), secret_key=f"{KEY}\0")
    yield verify("keys-leading-nul", "KEY-1", "a NUL byte in front does make another key", forge.of(SESSION), secret_key=f"\0{KEY}")
    yield verify("keys-inner-nul", "KEY-1", "a NUL byte does not end a key", forge.of(SESSION, key="key"), secret_key="key\0tail")
    yield verify("keys-case", "KEY-1", "keys are compared exactly", forge.of(SESSION), secret_key=KEY.upper())
    yield verify("keys-space", "KEY-1", "a key is not trimmed", forge.of(SESSION), secret_key=f" {KEY} ")


def text_and_bytes():
    text = "schl\u00fcssel"
    for name, signing, key, why in [
        ("ascii-bytes", KEY, KEY.encode(), "bytes that are the text's ASCII"),
        ("utf-8", text.encode(), text, "text beyond ASCII stands for its UTF-8"),
        ("utf-8-bytes", text, text.encode(), "and its UTF-8 stands for the text"),
        ("latin-1", text.encode("latin-1"), text, "Latin-1 is another key"),
        ("astral", "\U0001f511".encode(), "\U0001f511", "four bytes of UTF-8, not two surrogates of three"),
        ("decomposed", "u\u0308", "\u00fc", "text is not normalized: the same letter, another key"),
        ("not-utf-8", b"\xff\xfe\x00\x80", b"\xff\xfe\x00\x80", "bytes that are not UTF-8 are a key like any other"),
        ("all-bytes", bytes(range(256)), bytes(range(256)), "every byte there is"),
        ("hexadecimal", bytes.fromhex("00112233"), "00112233", "hexadecimal digits are themselves, not bytes"),
        ("base64", b"\x00\x01\x02", "AAEC", "base64 is itself, not bytes"),
    ]:
        yield verify(f"keys-text-{name}", "KEY-6", why, forge.of(SESSION, key=signing), secret_key=key)
    for name, key, why in [
        ("text", text, "signed with text beyond ASCII"),
        ("bytes", text.encode(), "the same cookie from the bytes of its UTF-8"),
        ("not-utf-8", b"\xff\xfe\x00\x80", "signed with bytes that are not UTF-8"),
        ("newline-behind", f"{KEY}\n", "a newline behind, as from a line of a file, belongs to the key"),
        ("space-around", f"  {KEY} ", "so does space around it"),
    ]:
        yield sign(f"keys-sign-{name}", "KEY-6", why, SESSION, secret_key=key)


def current_and_fallback():
    yield sign("keys-current-signs", "KEY-2", "the current key signs, not a fallback key", SESSION, secret_key=NEW, fallback_keys=[OLD, OLDER])
    yield sign("keys-current-signs-alone", "KEY-2", "the same cookie as without fallback keys", SESSION, secret_key=NEW)
    for name, key, fallbacks, rules, why in [
        ("current", NEW, [OLD], "KEY-2 KEY-3", "the current key verifies while there are fallback keys"),
        ("only", OLD, [OLD], "KEY-3", "the one fallback key verifies"),
        ("first-of-two", OLD, [OLD, OLDER], "KEY-3", "the first of two"),
        ("last-of-two", OLDER, [OLD, OLDER], "KEY-3", "the last of two"),
        ("middle-of-five", "c", ["a", "b", "c", "d", "e"], "KEY-3", "the middle one of five"),
        ("last-of-five", "e", ["a", "b", "c", "d", "e"], "KEY-3", "the last of five"),
        ("bytes", b"\xff\x00", ["a", b"\xff\x00"], "KEY-3 KEY-6", "bytes among text"),
        ("unicode", "\u00e9".encode(), ["\u00e9"], "KEY-3 KEY-6", "a fallback key of text stands for its UTF-8"),
        ("long", of_length(65), [of_length(65)], "KEY-3 KEY-1", "a fallback key longer than the block"),
        ("unlisted", OLDER, [OLD], "KEY-3", "a key that is not in the list"),
        ("none", OLD, [], "KEY-3", "an empty list verifies nothing more"),
        ("null", OLD, None, "KEY-3", "nor does none at all"),
        ("same", NEW, [NEW], "KEY-3 KEY-2", "the current key once more in the list"),
        ("joined", OLD + OLDER, [OLD, OLDER], "KEY-3", "two keys joined are not a key"),
        ("empty", "", [""], "KEY-3", "an empty text in the list is a key as well: everybody knows it"),
    ]:
        yield verify(f"keys-fallback-{name}", rules, why, forge.of(SESSION, key=key), secret_key=NEW, fallback_keys=fallbacks)
    rotated = {"secret_key": NEW, "fallback_keys": [OLD]}
    old = forge.of({"user": "ann", "_permanent": True}, key=OLD)
    browser = forge.of(SESSION, key=OLD)
    yield exchange("keys-fallback-read-writes-nothing", "KEY-3 REN-3", "reading under a fallback key does not sign anew", get("user"),
                   cookie=browser, **rotated)
    yield exchange("keys-fallback-write-signs-anew", "KEY-2 KEY-3", "a write under a fallback key is signed by the current key", put("n", 1),
                   cookie=browser, **rotated)
    yield exchange("keys-fallback-renewal-signs-anew", "KEY-2 REN-1", "so is a renewal", get("user"), cookie=old, **rotated)
    yield exchange("keys-fallback-no-renewal", "KEY-3 REN-2", "with refresh off nothing is signed anew", get("user"), cookie=old,
                   refresh_each_request=False, **rotated)


def text_as_fallback_keys():
    for name, key, fallbacks, why in [
        ("whole", OLD, OLD, "the key that was meant does not verify"),
        ("first-letter", "t", OLD, "its first letter does"),
        ("last-letter", "y", OLD, "and its last"),
        ("space", " ", OLD, "and the space in it"),
        ("other-letter", "z", OLD, "a letter that it lacks does not"),
        ("two-letters", "th", OLD, "nor do two of its letters"),
        ("unicode-letter", "\u00e9", "caf\u00e9", "letters are characters, not bytes"),
        ("one-letter", "k", "k", "a key of one letter works by accident"),
        ("nothing", "", "", "an empty text is no list of an empty key"),
    ]:
        yield verify(f"keys-text-for-list-{name}", "KEY-4", why, forge.of(SESSION, key=key), secret_key=NEW, fallback_keys=fallbacks)
    yield verify("keys-text-for-list-current", "KEY-4 KEY-2", "the current key goes on verifying", forge.of(SESSION, key=NEW), secret_key=NEW,
                 fallback_keys=OLD)


def no_key():
    cookie = forge.of(SESSION)
    for name, key in [("none", None), ("empty-text", ""), ("empty-bytes", b"")]:
        yield exchange(f"keys-no-key-{name}-read", "KEY-5", "the session is empty, whatever the cookie says; nothing varies",
                       get("user"), do("len"), cookie=cookie, secret_key=key)
        yield exchange(f"keys-no-key-{name}-write", "KEY-5", "a write raises", put("user", 1), cookie=cookie, secret_key=key)
        yield verify(f"keys-no-key-{name}-verify", "KEY-5", "no cookie is accepted", cookie, secret_key=key)
        yield sign(f"keys-no-key-{name}-sign", "KEY-5", "nothing can be signed", SESSION, secret_key=key)
    yield verify("keys-no-key-signed-with-nothing", "KEY-5", "not even one signed with an empty key", forge.of(SESSION, key=""), secret_key="")
    for action, why in [
        (do("nothing"), "an untouched one"), (do("contains", key="user"), "asking for a key"), (do("bool"), "asking whether it is empty"),
        (do("iterate"), "listing keys"), (do("items"), "listing items"), (do("permanent"), "the permanent flag is false"),
        (do("modified"), "the modified flag is false"),
    ]:
        yield exchange(f"keys-no-key-{action['do'].replace('_', '-')}", "KEY-5 VARY-3", f"{why}: no error, no Vary", action, secret_key=None)
    for action, why in [
        (do("delete", key="user"), "deleting"), (do("pop", key="user", default=None), "popping, even with a default,"),
        (do("popitem"), "popping an item"), (do("update", values={}), "updating with nothing"), (do("clear"), "clearing what is empty"),
        (do("setdefault", key="user", value=1), "setdefault"), (permanent(), "making it permanent"), (permanent(False), "making it not permanent"),
        (do("append", key="user", value=1), "a nested change under a missing key"),
    ]:
        tag = action["do"].replace("_", "-") + ("-off" if action.get("value") is False else "")
        yield exchange(f"keys-no-key-{tag}", "KEY-5", f"{why} raises, and sets nothing", action, do("nothing"), secret_key=None)
    yield exchange("keys-no-key-flag", "KEY-5", "the modified flag can be set, but nothing is saved", modified(), do("modified"), secret_key=None)
    yield exchange("keys-no-key-union", "KEY-5", "the one write that Flask forgot to forbid: it changes the view's copy and is not saved",
                   do("union", values={"a": 1}), get("a"), secret_key=None)
    for name, key in [("none", None), ("empty-text", ""), ("empty-bytes", b"")]:
        yield exchange(f"keys-no-key-{name}-union-permanent", "KEY-5 REN-1 SET-1", "a permanent session that the view sees is not renewed",
                       do("union", values={"_permanent": True}), do("permanent"), secret_key=key)
    for name, key in [("empty-text", ""), ("empty-bytes", b"")]:
        yield exchange(f"keys-no-key-{name}-flag", "KEY-5 DEL-1", "an empty session that is flagged as modified is not deleted",
                       modified(), do("modified"), secret_key=key)
        yield exchange(f"keys-no-key-{name}-union", "KEY-5 SET-1 VARY-1", "a session that the view fills is not set, and touching it adds no Vary",
                       do("union", values={"a": 1}), get("a"), secret_key=key)
    yield exchange("keys-no-key-union-nothing", "KEY-5", "the same with nothing to add", do("union", values={}), do("modified"), secret_key=None)
    yield exchange("keys-no-key-fallback", "KEY-5", "fallback keys do not stand in for the missing key", get("user"), cookie=cookie,
                   secret_key=None, fallback_keys=[KEY])
    yield exchange("keys-no-key-odd-cookie", "KEY-5", "without a key no cookie is looked at, so none raises", get("user"),
                   cookie=forge.of_json("5"), secret_key=None)
    yield exchange("keys-no-key-lifetime", "KEY-5 EXP-9", "nor is a lifetime beyond the calendar needed", get("user"), cookie=cookie,
                   secret_key=None, lifetime=10**18)
    yield exchange("keys-no-key-404", "KEY-5", "an answer that no view gives", secret_key=None, cookie=cookie, path="/missing")
    yield sequence("keys-no-key-for-a-while", "KEY-5", "a deployment without its key shows empty sessions but deletes no cookie",
                   step(T, put("user", 1)), step(T + 1, get("user"), secret_key=None), step(T + 2, get("user")))


def salts():
    for name, salt, why in [
        ("other", "another salt", "a salt of one's own"),
        ("itsdangerous", "itsdangerous", "the default of the signing library"),
        ("empty", "", "an empty salt"),
        ("unicode", "s\u00e4lz", "a salt beyond ASCII stands for its UTF-8"),
        ("long", "s" * 100, "a salt longer than the block is the message of the HMAC, not its key"),
    ]:
        yield sign(f"keys-salt-{name}-sign", "KEY-7", why, SESSION, salt=salt)
        yield verify(f"keys-salt-{name}-verify", "KEY-7", f"{why}, verifying", forge.of(SESSION, salt=salt), salt=salt)
    yield verify("keys-salt-empty-for-default", "KEY-7 KEY-1", "a cookie of the empty salt is nothing to the default salt", forge.of(SESSION, salt=""))
    yield verify("keys-salt-default-for-other", "KEY-7", "a cookie of the default salt is nothing to another salt", forge.of(SESSION), salt="other")
    yield verify("keys-salt-fallback", "KEY-7 KEY-3", "fallback keys are salted alike", forge.of(SESSION, key=OLD, salt="other"),
                 secret_key=NEW, fallback_keys=[OLD], salt="other")


def digests():
    for digest in ("sha224", "sha256", "sha384", "sha512"):
        yield sign(f"keys-digest-{digest}-sign", "KEY-7", f"derived and signed with {digest}", SESSION, digest=digest)
        yield verify(f"keys-digest-{digest}-verify", "KEY-7", f"verified with {digest}", forge.of(SESSION, digest=digest), digest=digest)
    yield verify("keys-digest-sha256-for-sha1", "KEY-7 KEY-1", "SHA-256 is nothing to an application of the default",
                 forge.of(SESSION, digest="sha256"))
    yield verify("keys-digest-sha1-for-sha256", "KEY-7", "an application that moved on does not take SHA-1", forge.of(SESSION), digest="sha256")
    signer = forge.signed("x", digest="sha512").rsplit(".", 1)[1]
    yield verify("keys-digest-truncated", "KEY-7 SIG-10", "the first characters of a longer digest are no signature",
                 forge.of(SESSION).rsplit(".", 1)[0] + "." + signer[:27])


def derivations():
    for derivation, why in [
        ("concat", "the digest of salt and key"),
        ("django-concat", "the digest of salt, the word signer, and key"),
        ("none", "the secret key itself"),
    ]:
        yield sign(f"keys-derivation-{derivation}-sign", "KEY-7", why, SESSION, key_derivation=derivation)
        yield sign(f"keys-derivation-{derivation}-sha256", "KEY-7", f"{why}, with SHA-256", SESSION, key_derivation=derivation, digest="sha256")
        yield verify(f"keys-derivation-{derivation}-verify", "KEY-7", f"{why}, verifying", forge.of(SESSION, derivation=derivation),
                     key_derivation=derivation)
        yield verify(f"keys-derivation-{derivation}-for-hmac", "KEY-7 KEY-1", f"{why}: nothing to the default", forge.of(SESSION, derivation=derivation))
    yield verify("keys-derivation-concat-shifted", "KEY-7", "joined without a separator, salt and key can trade letters",
                 forge.of(SESSION, key="bc", salt="a", derivation="concat"), secret_key="c", salt="ab", key_derivation="concat")
    yield verify("keys-derivation-hmac-shifted", "KEY-1", "with the HMAC they cannot", forge.of(SESSION, key="bc", salt="a"), secret_key="c", salt="ab")
    yield verify("keys-derivation-none-salt", "KEY-7", "without a derivation the salt does not matter",
                 forge.of(SESSION, salt="one", derivation="none"), salt="two", key_derivation="none")
    yield verify("keys-derivation-django-from-concat", "KEY-7", "a salt that ends in signer makes the one of the other",
                 forge.of(SESSION, salt="s" + "signer", derivation="concat"), salt="s", key_derivation="django-concat")
    yield verify("keys-derivation-none-is-no-hmac", "KEY-1", "signed with the bare secret key: the most common mistake of ports",
                 forge.of(SESSION, derivation="none"))
