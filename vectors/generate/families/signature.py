"""The shape of a cookie, what its signature covers, and its timestamp."""

import base64
import hashlib

from . import forge
from .case import KEY, T, exchange, do, sign, verify

NAME = "signature"
DESCRIPTION = "payload.timestamp.signature: how it is written, split and checked, and every way to damage it."

COOKIE = forge.of({"user": "ann"})
PAYLOAD, STAMP, MAC = COOKIE.split(".")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def cases():
    yield from written()
    yield from shapes()
    yield from bent_characters()
    yield from truncations()
    yield from exchanged_parts()
    yield from never_deleted()


def written():
    for name, session, why in [
        ("small", {"user": "ann"}, "the plainest cookie there is"),
        ("empty", {}, "an empty session signs like any other, when asked"),
        ("alphabet", {"k": "\x7f~\x7f?>>???"}, "a payload whose base64 has - or _ where standard base64 has + or /"),
        ("padding-one", {"k": "ab"}, "a payload whose base64 would end in one ="),
        ("padding-two", {"k": "a"}, "a payload whose base64 would end in two ="),
        ("padding-none", {"k": "abc"}, "a payload whose base64 needs no padding"),
    ]:
        yield sign(f"signature-write-{name}", "SIG-3 SIG-1", why, session)
    # Signatures are 20 bytes, so their base64 always lacks one =; look for one with the two characters that differ.
    for number in range(100):
        mac = forge.of({"n": number}).rsplit(".", 1)[1]
        if "-" in mac and "_" in mac:
            yield sign("signature-write-mac-alphabet", "SIG-3", "a signature that has both - and _", {"n": number})
            yield verify("signature-read-mac-alphabet", "SIG-3", "and is read again", forge.of({"n": number}))
            break


def shapes():
    other = forge.signed("hello")
    for name, cookie, rules, why in [
        ("empty", "", "SIG-6 HDR-4", "nothing at all"),
        ("one-part", "abc", "SIG-6 SIG-1", "no dot"),
        ("dot", ".", "SIG-6 SIG-1", "only a dot"),
        ("two-dots", "..", "SIG-6 SIG-1", "only two dots"),
        ("three-dots", "...", "SIG-6 SIG-1", "only three dots"),
        ("no-signature", f"{PAYLOAD}.{STAMP}", "SIG-6 SIG-1", "payload and timestamp without a signature"),
        ("empty-signature", f"{PAYLOAD}.{STAMP}.", "SIG-6 SIG-10", "an empty signature"),
        ("no-timestamp", f"{PAYLOAD}.{MAC}", "SIG-6 SIG-1", "the timestamp cut out"),
        ("empty-timestamp", f"{PAYLOAD}..{MAC}", "SIG-6 SIG-2", "the timestamp emptied"),
        ("empty-payload", f".{STAMP}.{MAC}", "SIG-6 SIG-2", "the payload emptied"),
        ("only-signature", MAC, "SIG-6 SIG-1", "a signature alone"),
        ("only-payload", PAYLOAD, "SIG-6 SIG-1", "a payload alone"),
        ("extra-part-behind", f"{COOKIE}.x", "SIG-6 SIG-1", "a fourth part behind"),
        ("extra-part-before", f"x.{COOKIE}", "SIG-6 SIG-1", "a fourth part before: it joins the payload, which the signature does not cover"),
        ("extra-dot-before", f".{COOKIE}", "SIG-6 SIG-2", "a dot before turns the payload into a compressed one; it is not covered"),
        ("extra-dot-behind", f"{COOKIE}.", "SIG-6 SIG-1", "a dot behind"),
        ("doubled", f"{COOKIE}.{COOKIE}", "SIG-6 SIG-1", "the cookie twice, joined by a dot"),
        ("doubled-without-dot", COOKIE + COOKIE, "SIG-6 SIG-1", "the cookie twice"),
        ("random-text", "not a cookie", "SIG-6", "text"),
        ("percent-encoded", COOKIE.replace(".", "%2E"), "SIG-6", "dots percent-encoded: nobody decodes them"),
        ("other-separator", COOKIE.replace(".", ":"), "SIG-6 SIG-1", "Django's separator"),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IpQAUqrEvC4", "SIG-6", "three parts of base64 that are a JSON web token"),
        ("quoted", f'"{COOKIE}"', "SIG-6", "quotes that belong to the Cookie header, not to the value"),
        ("space-before", f" {COOKIE}", "SIG-6 SIG-2", "a space before belongs to the payload, which is covered"),
        ("space-behind", f"{COOKIE} ", "SIG-6 SIG-7", "a space behind is junk in the signature"),
        ("newline-behind", f"{COOKIE}\n", "SIG-6 SIG-7", "a newline behind is junk in the signature"),
        ("nul-behind", f"{COOKIE}\0", "SIG-6 SIG-7", "a NUL behind does not end the text"),
        ("upper-case", COOKIE.upper(), "SIG-6 SIG-5", "base64 is case-sensitive"),
        ("lower-case", COOKIE.lower(), "SIG-6 SIG-5", "base64 is case-sensitive"),
        ("long-junk", "A" * 5000, "SIG-6", "5000 letters without a dot"),
        ("many-dots", "." * 500, "SIG-6 SIG-1", "500 dots"),
        ("non-ascii-payload", f"\u00e9{COOKIE}", "SIG-6 SIG-2", "a letter beyond ASCII in the payload"),
        ("non-ascii-signature", f"{COOKIE}\u00e9", "SIG-7 SIG-6", "a letter beyond ASCII in the signature is two bytes of junk to lenient base64"),
        ("astral", "\U0001f36a.\U0001f36a.\U0001f36a", "SIG-6", "cookies, but not that kind"),
        ("signed-without-dot", other, "SIG-8 SIG-6", "signed by the bare signer: no timestamp"),
    ]:
        yield verify(f"signature-shape-{name}", rules, why, cookie)
    yield verify("signature-shape-good", "SIG-1 SIG-2", "the cookie that the others were bent from", COOKIE)


def bent_characters():
    """One character after another: in each part the first, one in the middle and the last."""
    parts = {"payload": (0, len(PAYLOAD)), "timestamp": (len(PAYLOAD) + 1, len(STAMP)), "signature": (len(COOKIE) - len(MAC), len(MAC))}
    for part, (start, length) in parts.items():
        for name, at in [("first", start), ("second", start + 1), ("middle", start + length // 2), ("before-last", start + length - 2)]:
            bent = ALPHABET[ALPHABET.index(COOKIE[at]) ^ 32]
            yield verify(f"signature-bent-{part}-{name}", "SIG-5 SIG-2", f"the {name} character of the {part} is another",
                         COOKIE[:at] + bent + COOKIE[at + 1:])
    for at in range(len(MAC)):
        if at == len(MAC) - 1:
            break
        if at % 4 == 3:
            place = len(COOKIE) - len(MAC) + at
            bent = ALPHABET[ALPHABET.index(COOKIE[place]) ^ 1]
            yield verify(f"signature-bit-{at}", "SIG-5 SIG-10", f"the lowest bit of character {at} of the signature is another",
                         COOKIE[:place] + bent + COOKIE[place + 1:])


def truncations():
    raw = base64.urlsafe_b64decode(MAC + "=")
    for length in (0, 1, 4, 8, 16, 19):
        yield verify(f"signature-first-{length}-bytes", "SIG-10", f"only the first {length} bytes of the signature, well encoded",
                     f"{PAYLOAD}.{STAMP}.{forge.b64(raw[:length])}")
    yield verify("signature-longer", "SIG-10", "the whole signature and one byte more", f"{PAYLOAD}.{STAMP}.{forge.b64(raw + b'x')}")
    yield verify("signature-zero-bytes", "SIG-10", "twenty zero bytes", f"{PAYLOAD}.{STAMP}.{forge.b64(bytes(20))}")
    yield verify("signature-hexadecimal", "SIG-10 SIG-3", "the right bytes, written as hexadecimal", f"{PAYLOAD}.{STAMP}.{raw.hex()}")
    for name, cut in [("one-character", 1), ("two-characters", 2), ("half-the-signature", len(MAC) // 2), ("the-signature", len(MAC)),
                      ("with-the-dot", len(MAC) + 1), ("into-the-timestamp", len(MAC) + 3), ("the-timestamp", len(MAC) + 1 + len(STAMP)),
                      ("into-the-payload", len(COOKIE) - 5)]:
        yield verify(f"signature-cut-{name}", "SIG-10 SIG-6", f"cut from behind: {name.replace('-', ' ')}", COOKIE[:-cut])


def exchanged_parts():
    other = forge.of({"user": "bob"}, at=T - 5)
    payload, stamp, mac = other.split(".")
    for name, cookie, why in [
        ("payload", f"{payload}.{STAMP}.{MAC}", "another session's payload"),
        ("timestamp", f"{PAYLOAD}.{stamp}.{MAC}", "another cookie's timestamp"),
        ("signature", f"{PAYLOAD}.{STAMP}.{mac}", "another cookie's signature"),
        ("younger", f"{PAYLOAD}.{forge.timestamp(T - 1)}.{MAC}", "a timestamp of one's own choosing"),
        ("swapped", f"{STAMP}.{PAYLOAD}.{MAC}", "payload and timestamp swapped"),
        ("moved-dot", f"{PAYLOAD[:-1]}.{PAYLOAD[-1]}{STAMP}.{MAC}", "the dot moved by one: the separator is covered"),
        ("joined", forge.signed(PAYLOAD + STAMP).rsplit(".", 1)[0] + f".{STAMP}." + forge.signed(PAYLOAD + STAMP).rsplit(".", 1)[1],
         "a signature over the parts without the dot between them"),
        ("payload-only", f"{PAYLOAD}.{STAMP}.{forge.signed(PAYLOAD).rsplit('.', 1)[1]}", "a signature over the payload alone"),
        ("timestamp-only", f"{PAYLOAD}.{STAMP}.{forge.signed(STAMP).rsplit('.', 1)[1]}", "a signature over the timestamp alone"),
        ("decoded-payload", f"{PAYLOAD}.{STAMP}.{forge.signed(chr(123) + '}.' + STAMP).rsplit('.', 1)[1]}",
         "a signature over decoded text"),
    ]:
        yield verify(f"signature-exchanged-{name}", "SIG-2 SIG-5", why, cookie)
    yield verify("signature-none", "SIG-2 SIG-5", "a plain SHA-1 in place of the HMAC", f"{PAYLOAD}.{STAMP}." + forge.b64(
        hashlib.sha1(f"{KEY}{PAYLOAD}.{STAMP}".encode()).digest()))


def never_deleted():
    for name, value in [("malformed", "abc"), ("unsigned", f"{PAYLOAD}.{STAMP}."), ("bent", COOKIE[:-3] + "AAA"), ("empty", "")]:
        yield exchange(f"signature-kept-{name}", "SIG-6 DEL-6", f"a {name} value: the view sees an empty session, nothing is set or deleted",
                       do("items"), cookie=value)
        yield exchange(f"signature-kept-{name}-untouched", "SIG-6 VARY-3", f"a {name} value and a view that does not look", cookie=value)
        yield exchange(f"signature-kept-{name}-cleared", "SIG-6 DEL-1", f"a {name} value and a view that clears: that is a deletion",
                       do("clear"), cookie=value)
