"""Base64 in each part, and the timestamp's bytes."""

from . import forge
from .case import T, exchange, get, sign, verify

NAME = "encoding"
DESCRIPTION = "Other spellings of the same bytes in payload, timestamp and signature, and timestamps of every size."

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#: The last second that Python's calendar holds, 9999-12-31T23:59:59Z.
LAST_SECOND = 253_402_300_799


def with_both():
    """A cookie whose signature has both characters in which the two alphabets differ."""
    for number in range(1000):
        cookie = forge.of({"n": number})
        mac = cookie.rsplit(".", 1)[1]
        if "-" in mac and "_" in mac and mac[-1] not in "-_":
            return cookie
    raise AssertionError("a thousand signatures without - and _")


COOKIE = with_both()
SIGNED, MAC = COOKIE.rsplit(".", 1)
STAMP = forge.timestamp(T)
#: JSON whose base64 has - and _ in it, for each number of = that padding would add.
PAYLOADS = {
    pads: forge.b64(text.encode()) for pads, text in [(0, '{"k":"~?>???"} '), (1, '{"k":"~?>???"}'), (2, '{"k":"~?>???"}  ')]
}


def cases():
    yield from signatures()
    yield from payloads()
    yield from timestamps()
    yield from not_signed_anew()
    yield from written_instants()
    yield from sizes_of_timestamp()
    yield from no_timestamp()
    yield from beyond_the_calendar()


def bent(text, bits):
    """The last character with other low bits."""
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) ^ bits]


def standard(text):
    return text.replace("-", "+").replace("_", "/")


def signatures():
    half = len(MAC) // 2
    for name, mac, why in [
        ("unused-bit-1", bent(MAC, 1), "the last unused bit flipped"),
        ("unused-bit-2", bent(MAC, 2), "the other unused bit flipped"),
        ("unused-bits", bent(MAC, 3), "both unused bits flipped"),
        ("used-bit", bent(MAC, 4), "the next bit is part of the signature"),
        ("pad-1", f"{MAC}=", "the padding that belongs there"),
        ("pad-2", f"{MAC}==", "one = too many"),
        ("pad-3", f"{MAC}===", "two = too many"),
        ("pad-4", f"{MAC}====", "three = too many"),
        ("pad-and-more", f"{MAC}=AA", "whatever stands behind complete padding is not read"),
        ("pad-and-a-lot-more", f"{MAC}={'x' * 40}", "however much it is"),
        ("more", f"{MAC}A", "one character more without padding is a byte more"),
        ("more-quad", f"{MAC}AAAA", "four characters more"),
        ("pad-before", f"={MAC}", "padding in front is junk, and one character of it moves the padding that is added"),
        ("pad-four-before", f"===={MAC}", "four = in front are skipped"),
        ("pad-inside", f"{MAC[:4]}={MAC[4:]}", "padding between two quads"),
        ("pad-inside-a-quad", f"{MAC[:2]}=={MAC[2:]}", "padding that completes a quad ends the signature"),
        ("standard", standard(MAC), "the standard alphabet"),
        ("mixed-plus", MAC.replace("-", "+"), "one character of the standard alphabet, one of the other"),
        ("mixed-slash", MAC.replace("_", "/"), "the other way round"),
        ("junk-1", f"{MAC}!", "one junk character takes the place of the padding that is added"),
        ("junk-2", f"{MAC}!!", "two junk characters"),
        ("junk-3", f"{MAC}!!!", "three junk characters"),
        ("junk-4", f"{MAC}!!!!", "four junk characters are skipped, and the padding comes out right"),
        ("junk-4-before", f"!!!!{MAC}", "four in front"),
        ("junk-4-inside", f"{MAC[:half]}!!!!{MAC[half:]}", "four in the middle"),
        ("junk-4-spread", f"!{MAC[:5]}!{MAC[5:11]}!{MAC[11:]}!", "four spread out"),
        ("junk-1-inside", f"{MAC[:half]}!{MAC[half:]}", "one in the middle"),
        ("junk-1-and-pad", f"{MAC[:half]}!{MAC[half:]}=", "one in the middle, and padding by hand"),
        ("junk-8", f"{MAC}!!!!!!!!", "eight"),
        ("spaces", f"{MAC}    ", "four spaces"),
        ("newlines", f"{MAC}\r\n\r\n", "two line ends"),
        ("nul", f"{MAC}\0\0\0\0", "four NUL bytes"),
        ("two-letters-beyond-ascii", f"{MAC}\u00e9\u00e9", "two letters beyond ASCII are four bytes of UTF-8"),
        ("astral", f"{MAC}\U0001f36a", "one character beyond the first plane is four bytes"),
        ("percent", f"{MAC}%3D", "padding percent-encoded: % is junk, but 3 and D are not"),
    ]:
        yield verify(f"encoding-signature-{name}", "SIG-7", why, f"{SIGNED}.{mac}")


def payloads():
    """Signed as they stand, so that only the spelling is in question."""
    for pads, payload in PAYLOADS.items():
        where = f"a payload that lacks {pads} ="
        for name, text, why in [
            ("plain", payload, "as it is written"),
            ("pad-1", f"{payload}=", "one = behind"),
            ("pad-2", f"{payload}==", "two = behind"),
            ("standard", standard(payload), "the standard alphabet"),
            ("junk-4", f"{payload[:5]}!!!!{payload[5:]}", "four junk characters inside"),
            ("junk-1", f"{payload[:5]}!{payload[5:]}", "one junk character inside"),
        ]:
            rules = "SIG-3" if name == "plain" else "SIG-7 PAY-14" if name == "junk-1" and pads else "SIG-7"
            yield verify(f"encoding-payload-{pads}-{name}", rules, f"{where}: {why}", forge.signed(f"{text}.{STAMP}"))
        if pads:
            yield verify(f"encoding-payload-{pads}-unused-bit", "SIG-7", f"{where}: an unused bit flipped",
                         forge.signed(f"{bent(payload, 1)}.{STAMP}"))
    payload = PAYLOADS[0]
    yield verify("encoding-payload-more-behind-padding", "SIG-7", "what stands behind complete padding is not read",
                 forge.signed(f"{PAYLOADS[1]}=e30.{STAMP}"))
    yield verify("encoding-payload-dots-inside", "SIG-7 SIG-1", "four dots inside a payload are junk to base64, since it is split from the right",
                 forge.signed(f"{payload[:8]}....{payload[8:]}.{STAMP}"))
    deflated = forge.b64(forge.deflated('{"k":1}'))
    for name, text, why in [
        ("pad", f".{deflated}{'=' * (-len(deflated) % 4)}", "padding behind a compressed payload"),
        ("junk-4", f".!!!!{deflated}", "four junk characters in it"),
        ("five-dots", f".....{deflated}", "the first dot marks it, the four behind are junk"),
        ("standard", "." + standard(deflated), "the standard alphabet in it"),
    ]:
        yield verify(f"encoding-compressed-{name}", "SIG-7 PAY-13", why, forge.signed(f"{text}.{STAMP}"))


def timestamps():
    for name, stamp, why in [
        ("pad-1", f"{STAMP}=", "one = behind"),
        ("pad-2", f"{STAMP}==", "two = behind: its whole padding"),
        ("pad-and-more", f"{STAMP}==AA", "what stands behind the padding is not read"),
        ("unused-bit", bent(STAMP, 1), "an unused bit flipped"),
        ("unused-bits", bent(STAMP, 15), "all four unused bits flipped"),
        ("junk-4", f"{STAMP[:3]}!!!!{STAMP[3:]}", "four junk characters inside"),
        ("standard-in-url-safe", standard(forge.timestamp(0x65FFFBFE)), "the standard alphabet"),
    ]:
        yield verify(f"encoding-timestamp-{name}", "SIG-7", f"{why}, signed", forge.signed(f"e30.{stamp}"), now=0x65FFFBFE + 5, lifetime=10**8)
    for name, stamp, why in [
        ("junk-1", f"{STAMP[:3]}!{STAMP[3:]}", "one junk character inside"),
        ("cut", STAMP[:-1], "its last character cut off"),
        ("one-character", "A", "one character is no byte"),
        ("junk-only", "!", "a junk character alone is no byte, and so second zero"),
        ("beyond-ascii", "\xc3\xa9", "a letter beyond ASCII is two bytes of junk, and so second zero"),
    ]:
        yield verify(f"encoding-timestamp-{name}", "SIG-8", f"{why}, signed", forge.signed(f"e30.{stamp}").encode("latin-1").decode())
    yield verify("encoding-timestamp-decimal", "SIG-9 SIG-4", "decimal digits are base64 of an instant beyond the calendar", forge.signed(f"e30.{T}"))
    yield verify("encoding-timestamp-padding-only", "SIG-8 SIG-7", "padding alone is no byte, and so second zero", forge.signed("e30.===="), now=5)


def not_signed_anew():
    payload, stamp = SIGNED.split(".")
    for name, cookie, why in [
        ("payload-pad", f"{payload}=.{stamp}.{MAC}", "padding behind the payload"),
        ("payload-bits", f"{bent(payload, 1)}.{stamp}.{MAC}", "another last bit of the payload"),
        ("payload-junk", f"!!!!{payload}.{stamp}.{MAC}", "junk in the payload"),
        ("timestamp-pad", f"{payload}.{stamp}==.{MAC}", "padding behind the timestamp"),
        ("timestamp-bits", f"{payload}.{bent(stamp, 1)}.{MAC}", "an unused bit of the timestamp"),
    ]:
        yield verify(f"encoding-covered-{name}", "SIG-2 SIG-5", f"{why} after signing: the characters are covered, not what they mean", cookie)


def written_instants():
    for now, name, why in [
        (0, "0", "second zero has no bytes"),
        (0.75, "0-75", "three quarters of a second are second zero"),
        (1, "1", "one byte"),
        (255, "255", "the last of one byte"),
        (256, "256", "the first of two bytes"),
        (65_536, "65536", "the first of three bytes"),
        (2**24 - 1, "24-bits", "the last of three bytes"),
        (2**31 - 1, "31-bits", "the last second of signed 32-bit clocks"),
        (2**31, "31-bits-more", "the first that a signed 32-bit clock cannot hold"),
        (2**32 - 1, "32-bits", "the last of four bytes"),
        (2**32, "32-bits-more", "the first of five bytes"),
        (T + 0.999999, "floor", "the last microsecond of a second is not rounded up"),
        (LAST_SECOND, "last-second", "the last second of the year 9999"),
        (LAST_SECOND + 1, "past-the-calendar", "signing needs no calendar"),
        (-1, "negative", "before 1970 nothing can be signed"),
    ]:
        yield sign(f"encoding-instant-{name}", "SIG-4", why, {}, now=now)


def sizes_of_timestamp():
    for size in range(4, 10):
        rules = "SIG-8" if size == 9 else "SIG-4" if size == 4 else "SIG-8 SIG-4"
        why = {4: "as it is written", 8: "as many leading zeros as eight bytes hold", 9: "nine bytes are too many, though the first is zero"}
        yield verify(f"encoding-bytes-{size}", rules, f"now in {size} bytes: {why.get(size, 'leading zeros do not matter')}",
                     forge.signed(f"e30.{forge.b64(T.to_bytes(size, 'big'))}"))
    for seconds, size, words in [(1, 1, "one byte"), (300, 2, "two bytes"), (70_000, 3, "three bytes")]:
        yield verify(f"encoding-bytes-{size}", "SIG-4", f"{words}, not long after 1970", forge.of({}, at=seconds), now=seconds + 5)
    for name, seconds, why in [
        ("letter-first", 0x78000001, "its first byte is the letter x"),
        ("digit-first", 0x30000001, "its first byte is the digit 0"),
        ("space-first", 0x20000001, "its first byte is a space"),
        ("space-last", 0x65000020, "its last byte is a space"),
        ("newline-last", 0x6500000A, "its last byte is a line feed"),
        ("zero-last", 0x65010000, "its last two bytes are zero"),
    ]:
        yield sign(f"encoding-byte-{name}", "SIG-4", f"only zero bytes in front of a timestamp go: {why}", {}, now=seconds)
    for name, seconds in [("31-bits", 2**31), ("32-bits", 2**32)]:
        cookie = forge.of({}, at=seconds)
        yield verify(f"encoding-{name}-read", "SIG-4", f"second 2^{name[:2]} is read as it was written", cookie, now=seconds, lifetime=60)
        yield verify(f"encoding-{name}-expired", "SIG-4 EXP-1", f"second 2^{name[:2]} ages like any", cookie, now=seconds + 61, lifetime=60)
        yield verify(f"encoding-{name}-future", "SIG-4 EXP-3", f"second 2^{name[:2]} is in the future now, not in the past", cookie)


def no_timestamp():
    for name, text, why in [
        ("empty", "", "nothing but a signature of nothing"),
        ("payload", "e30", "a signed payload without a timestamp"),
        ("json", "{}", "signed JSON without base64 and timestamp"),
        ("dot-before", "e30.", "an empty timestamp, which is second zero"),
        ("only-dot", ".", "an empty payload and an empty timestamp"),
        ("compressed-mark", ".e30", "the mark of compression is taken for the dot between payload and timestamp"),
    ]:
        yield verify(f"encoding-no-timestamp-{name}", "SIG-8", why, forge.signed(text))
    yield verify("encoding-empty-timestamp-is-zero", "SIG-8 SIG-4", "an empty timestamp is accepted while second zero is young enough",
                 forge.signed("e30."), lifetime=T)
    yield verify("encoding-empty-timestamp-expires", "SIG-8 EXP-2", "and not a second longer", forge.signed("e30."), now=T + 1, lifetime=T)
    yield verify("encoding-zero-byte-timestamp", "SIG-8 SIG-4", "a zero byte is second zero as well", forge.signed("e30.AA"), lifetime=T)
    yield exchange("encoding-no-timestamp-exchange", "SIG-8 DEL-6", "a signed cookie without a timestamp opens empty and is not deleted",
                   get("user"), cookie=forge.signed("e30"))
    yield exchange("encoding-timestamp-unreadable-exchange", "SIG-8 DEL-6", "nor is one with a timestamp that cannot be read",
                   get("user"), cookie=forge.signed("e30.A"))


def beyond_the_calendar():
    end = LAST_SECOND
    far = forge.of({}, at=end + 1)
    for name, cookie, now, rules, why in [
        ("last-second", forge.of({}, at=end), T, "SIG-9 EXP-3", "the last second of the year 9999 is refused as any second of the future"),
        ("next-second", far, T, "SIG-9", "refusing the second after it raises"),
        ("40-bits", forge.of({}, at=2**40 - 1), T, "SIG-9", "five bytes"),
        ("63-bits", forge.of({}, at=2**63), T, "SIG-9", "more than a signed integer of 64 bits"),
        ("64-bits", forge.of({}, at=2**64 - 1), T, "SIG-9", "eight bytes of ones"),
        ("last-second-accepted", forge.of({}, at=end), end, "SIG-9", "the last second, in the last second"),
        ("last-second-accepted-later", forge.of({}, at=end), end + 30, "SIG-9", "and accepted after the calendar has ended"),
        ("next-second-accepted", far, end + 1, "SIG-9", "a second beyond the calendar raises though it is young enough"),
        ("next-second-expired", far, end + 90, "SIG-9", "and when it is too old"),
    ]:
        yield verify(f"encoding-calendar-{name}", rules, why, cookie, now=now, lifetime=60)
    bad = far[:-3] + ("AAA" if far[-3:] != "AAA" else "BBB")
    yield verify("encoding-calendar-unsigned", "SIG-6 SIG-9", "what is not signed is rejected before its timestamp matters", bad)
    yield verify("encoding-calendar-unsigned-64-bits", "SIG-6 SIG-9", "the same with eight bytes of ones",
                 f"e30.{forge.b64(bytes([255] * 8))}.{'A' * 27}")
    yield exchange("encoding-calendar-exchange", "SIG-9 SET-10", "a server answers 500 and sets nothing", get("user"), cookie=far)
    yield exchange("encoding-calendar-exchange-64-bits", "SIG-9", "before any view is asked", path="/missing", cookie=forge.of({}, at=2**64 - 1))
