"""The JSON text of a payload, and when it is compressed."""

import hashlib
import struct
import zlib

from . import forge
from .case import do, exchange, put, sign, verify

NAME = "payload"
DESCRIPTION = "JSON as Python writes and reads it: order, numbers, text, keys that are no text, and compression where it pays."


def cases():
    yield from order()
    yield from numbers()
    yield from texts()
    yield from keys()
    yield from shapes()
    yield from compression()
    yield from inflated()


def order():
    for name, session, why in [
        ("plain", {"b": 1, "a": 2}, "keys are sorted, in whatever order they were set"),
        ("code-points", {"a": 1, "B": 2, "_": 3, "1": 4, " ": 5, "~": 6}, "by code point: neither by locale nor without case"),
        ("accents", {"z": 1, "\u00e9": 2, "e": 3}, "a letter beyond ASCII comes behind z"),
        ("astral", {"\U0001f600": 1, "\uffee": 2, "\ud7ff": 3}, "by code point, which is not the order of UTF-16 code units"),
        ("surrogate", {"\U0001f600": 1, "\ud800": 2, "\uffee": 3}, "a lone surrogate has a place among the code points"),
        ("prefix", {"aa": 1, "a": 2, "": 3, "a ": 4}, "a prefix comes first, the empty key before all"),
        ("digits", {"10": 1, "9": 2, "-1": 3}, "keys of digits are text: 10 comes before 9"),
        ("escapes", {"\"": 1, "!": 2, "#": 3, "\n": 4}, "sorted before they are escaped"),
        ("nested", {"m": {"z": 1, "a": [{"y": 1, "x": 2}]}}, "sorted at every depth, lists left alone"),
        ("list", {"l": [3, 1, 2]}, "a list keeps its order"),
    ]:
        yield sign(f"payload-order-{name}", "PAY-2", why, session)
    yield exchange("payload-order-exchange", "PAY-2", "a whole request sorts as well", put("b", 1), put("a", 2))
    yield exchange("payload-order-rewritten", "PAY-2", "a cookie that was not sorted is sorted when it is written again", put("c", 3),
                   cookie=forge.of_json('{"b": 1, "a": 2}'))


def numbers():
    for name, value, why in [
        ("minus-one", -1, "a negative integer"), ("2-53-less-1", 2**53 - 1, "the last integer that a double holds exactly"),
        ("2-53-and-1", 2**53 + 1, "the first that it does not"), ("2-64", 2**64, "more than 64 bits"),
        ("minus-2-63", -(2**63) - 1, "less than the least of 64 bits"), ("30-digits", 10**29 + 7, "thirty digits"),
        ("400-digits", 7**473, "more than a double can hold at all"),
    ]:
        yield sign(f"payload-integer-{name}", "PAY-3", why, {"n": value})
        yield verify(f"payload-integer-{name}-read", "PAY-3 PAY-16", f"{why}, read", forge.of({"n": value}))
    for name, value, why in [
        ("tenth", 0.1, "the shortest digits that come back"), ("one", 1.0, "a whole float keeps its point"), ("minus-zero", -0.0, "minus zero keeps its sign"),
        ("third", 1 / 3, "sixteen digits"), ("1e15", 1e15, "still without an exponent"), ("below-1e16", 9999999999999998.0, "the last float without an exponent"),
        ("1e16", 1e16, "an exponent of two digits with its plus sign"), ("1e22", 1e22, "where other printers begin an exponent"),
        ("1e-4", 1e-4, "the least without an exponent"), ("1e-5", 1e-5, "a negative exponent is padded to two digits"),
        ("1e100", 1e100, "an exponent of three digits"), ("1-5e300", 1.5e300, "a fraction and an exponent"),
        ("least", 5e-324, "the least above zero"), ("greatest", 1.7976931348623157e308, "the greatest"),
        ("2-53", float(2**53), "a whole float is no integer"),
        ("nan", float("nan"), "not a number, and not JSON"), ("infinity", float("inf"), "infinity"), ("minus-infinity", float("-inf"), "minus infinity"),
    ]:
        yield sign(f"payload-float-{name}", "PAY-3", why, {"x": value})
    for name, text, why in [
        ("exponent", '{"x":[1e5,1E5,1e+5,1e-5,1.0e05]}', "exponents are floats, however they are written"),
        ("overflow", '{"x":[1e400,-1e400]}', "too large a float is infinite"),
        ("underflow", '{"x":[1e-400,-1e-400]}', "too small a float is zero, with its sign"),
        ("minus-zero", '{"x":[-0,-0.0]}', "minus zero is an integer zero, or a float with a sign"),
        ("constants", '{"x":[NaN,Infinity,-Infinity]}', "the three constants"),
        ("long-fraction", '{"x":0.1000000000000000055511151231257827}', "rounded to the nearest"),
        ("whole", '{"x":[1.0,100.00]}', "a point makes a float"),
        ("halfway", '{"x":9007199254740993.0}', "halfway between two floats: to the even one"),
    ]:
        yield verify(f"payload-number-{name}", "PAY-3", why, forge.of_json(text))


def texts():
    for name, text, why in [
        ("controls", "".join(map(chr, range(32))), "every control character: five have short escapes"),
        ("delete", "\x7f\x80", "DEL is escaped as well"), ("quotes", "\"'\\/", "quotes and backslash are escaped, the slash is not"),
        ("html", "</script>&<>", "nothing is escaped for the sake of HTML"), ("separators", "\u2028\u2029", "line separators are escaped like any"),
        ("latin", "\u00e9\u00fc\u00ff", "four lower-case hexadecimal digits"), ("astral", "\U0001f600", "two surrogates"),
        ("last", "\U0010ffff\uffff", "the last code points"), ("high-surrogate", "a\ud800b", "a lone high surrogate goes round"),
        ("low-surrogate", "\udc00", "a lone low surrogate goes round"), ("reversed", "\udc00\ud800", "two surrogates in the wrong order"),
        ("two-high", "\ud83d\ud83d\ude00", "a high surrogate before a pair"),
    ]:
        yield sign(f"payload-text-{name}", "PAY-4 PAY-1" if "surrogate" not in name else "PAY-4", why, {"t": text})
    yield sign("payload-text-key", "PAY-4", "keys are escaped like values", {"\u00e9\n": 1, "\ud800": 2})
    for name, text, why in [
        ("raw", '{"t":"\u00e9\U0001f600"}', "letters that were not escaped are read"),
        ("escaped-slash", r'{"t":"\/"}', "a slash may be escaped"),
        ("short-escapes", r'{"t":"\b\f\n\r\t\"\\"}', "the short escapes"),
        ("upper-case", r'{"t":"\u00E9\uD83D\uDE00"}', "hexadecimal digits in upper case"),
        ("pair", r'{"t":"\ud83d\ude00"}', "an escaped pair is one character"),
        ("lone", r'{"t":"\ud800"}', "an escaped lone surrogate is read"),
        ("reversed", r'{"t":"\ude00\ud83d"}', "two in the wrong order are read as two"),
        ("half-escaped", '{"t":"\\ud83dx"}', "a high surrogate before a letter"),
        ("delete", '{"t":"\x7f"}', "DEL need not be escaped"),
        ("nul", r'{"t":"\u0000"}', "an escaped NUL"),
    ]:
        yield verify(f"payload-text-{name}-read", "PAY-4", why, forge.of_json(text))
    yield verify("payload-text-surrogate-key-read", "PAY-4", "a key that is a lone surrogate", forge.of_json(r'{"\ud800":1,"a":2}'))


def keys():
    for name, mapping, why in [
        ("integer", {5: "x"}, "a number becomes text"), ("negative", {-1: "x"}, "a negative one"), ("big", {2**70: "x"}, "a big one"),
        ("float", {1.5: "x"}, "a float as it is printed"), ("whole-float", {1e16: "x"}, "with its exponent"),
        ("infinity", {float("inf"): "x"}, "infinity by JSON's name for it"), ("true", {True: "x"}, "true in JSON's letters"),
        ("false", {False: "x"}, "false in JSON's letters"), ("null", {None: "x"}, "null in JSON's letters"),
        ("integers", {10: 1, 9: 2, -1: 3}, "sorted as numbers, before they are text"), ("numbers", {1.5: 1, 1: 2, 2: 3}, "integers and floats together"),
        ("booleans", {True: 1, False: 2, 5: 3}, "booleans are numbers"),
        ("integer-and-text", {5: 1, "a": 2}, "numbers and text have no order: raises"),
        ("null-and-text", {None: 1, "a": 2}, "nor have null and text"), ("null-and-integer", {None: 1, 5: 2}, "nor null and a number"),
        ("same-text", {5: 1, "5": 2}, "a number and its text"),
        ("fractions", {0.5: 1, 0.25: 2, -0.5: 3, -1: 4, 0: 5, -1.5: 6}, "numbers are in the order of their values, fractions too"),
        ("infinities", {5: 1, float("inf"): 2, float("-inf"): 3}, "the infinities come first and last"),
        ("bytes", {b"a": 1}, "bytes are no key"), ("tuple", {(1, 2): 1}, "nor is a tuple"),
    ]:
        yield sign(f"payload-key-{name}", "PAY-5", why, {"m": mapping})
    yield sign("payload-key-top-level", "PAY-5", "the session's own keys are converted as well", {5: "x", 6: "y"})
    yield sign("payload-key-top-level-mixed", "PAY-5", "and raise when they are mixed", {5: "x", "y": 1})
    yield sign("payload-key-mixed-in-list", "PAY-5", "mixed keys deep inside", {"l": [[{1: 1, "a": 2}]]})
    yield exchange("payload-key-exchange", "PAY-5", "a view that uses numbers finds text in the next request", do("update", values={5: "x"}))
    yield exchange("payload-key-exchange-mixed", "PAY-5 SET-10", "mixed keys make status 500 and no cookie", do("update", values={5: "x", "a": 1}))
    yield exchange("payload-key-exchange-bytes", "PAY-5 SET-10", "so does a key of bytes", put("m", {b"k": 1}))


def shapes():
    deep_list, deep_map = [], {}
    for _ in range(40):
        deep_list, deep_map = [deep_list], {"m": deep_map}
    for name, session, why in [
        ("empty", {}, "an empty session"), ("empties", {"a": {}, "b": [], "c": ""}, "empty map, list and text"),
        ("scalars", {"a": None, "b": True, "c": False, "d": 0}, "null, booleans, zero"), ("no-spaces", {"a": [1, 2, {"b": 3}]}, "no space anywhere"),
        ("deep-list", {"l": deep_list}, "forty lists in one another"), ("deep-map", {"m": deep_map}, "forty maps in one another"),
        ("empty-key", {"": {"": ""}}, "empty keys"),
    ]:
        yield sign(f"payload-shape-{name}", "PAY-1 PAY-16" if name == "scalars" else "PAY-1", why, session)
    yield verify("payload-shape-deep-list-read", "PAY-16 PAY-1", "forty lists in one another, read", forge.of({"l": deep_list}))
    yield verify("payload-shape-deep-map-read", "PAY-16 PAY-1", "forty maps in one another, read", forge.of({"m": deep_map}))


def gain(text):
    return len(text) - len(zlib.compress(text))


def compression():
    # One letter more of the same is one byte more of JSON and none of the stream: every gain occurs.
    for want, why in [
        (-1, "compressed it would be a byte longer"), (0, "compressed it would be as long"), (1, "a byte shorter, which the leading dot takes"),
        (2, "two bytes shorter: the least gain that counts"), (3, "three bytes shorter"),
    ]:
        count = next(n for n in range(100) if gain(b'{"t":"%s"}' % (b"a" * n)) == want)
        yield sign(f"payload-compression-gain-{want}".replace("--", "-minus-"), "PAY-12", why, {"t": "a" * count})
    noise = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(40))
    for name, session, why in [
        ("noise", {"t": noise}, "hexadecimal digits of no pattern: the table of letters alone gains"),
        ("short-noise", {"t": noise[:30]}, "too short for the table to pay"),
        ("words", {"t": "session lifetime permanent refresh " * 12}, "words that come again"),
        ("long", {"t": "a" * 3000}, "matches of the greatest length"),
        ("far", {"t": noise[:700] + "-" * 300 + noise[:700]}, "a match far behind"),
        ("window", {"t": noise[:600] + "".join(chr(97 + n * n % 23) for n in range(33_000)) + noise[:600]}, "a repetition beyond the window of 32 KiB"),
        ("many-keys", {f"key{n}": n for n in range(60)}, "a session of many keys"),
        ("unicode", {"t": "\u00e9" * 20}, "escapes repeat, so that short text beyond ASCII is compressed"),
    ]:
        yield sign(f"payload-compression-{name}", "PAY-12", why, session)
    yield exchange("payload-compression-exchange", "PAY-12", "a whole request compresses as well", put("t", "a" * 200))


def inflated():
    text = b'{"user":"ann"}'
    for name, stream, rules, why in [
        ("default", zlib.compress(text), "PAY-13", "the default level"),
        ("stored", zlib.compress(text, 0), "PAY-13", "stored blocks"), ("best", zlib.compress(text, 9), "PAY-13", "the best level"),
        ("fast", zlib.compress(text, 1), "PAY-13", "the fastest level"),
        ("small-window", small_window(text), "PAY-13", "a smaller window"),
        ("flushed", flushed(text), "PAY-13", "several blocks with a flush between them"),
        ("tail", zlib.compress(text) + b"tail", "PAY-13", "what stands behind the stream is ignored"),
        ("empty-text", zlib.compress(b""), "PAY-14 PAY-13", "a stream of nothing is no JSON"),
        ("gzip", gzipped(text), "PAY-14 PAY-13", "gzip is not zlib"),
        ("raw", raw(text), "PAY-14 PAY-13", "a bare deflate stream is not zlib"),
        ("twice", zlib.compress(zlib.compress(text)), "PAY-14 PAY-13", "only one layer is taken off"),
        ("not-compressed", text, "PAY-14 PAY-13", "a dot before what is not compressed"),
    ]:
        yield verify(f"payload-inflate-{name}", rules, why, forge.of_deflated(stream))
    yield verify("payload-inflate-unmarked", "PAY-14 PAY-13", "a compressed payload without its dot is not inflated", forge.of_json(zlib.compress(text)))
    yield verify("payload-inflate-large", "PAY-13", "a thousand times as long as the cookie", forge.of_deflated(zlib.compress(b'{"t":"%s"}' % (b"a" * 50_000), 9)))


def raw(text):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(text) + stream.flush()


def gzipped(text):
    """By hand, since what Python writes into the head depends on its version and on the machine."""
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + raw(text) + struct.pack("<II", zlib.crc32(text), len(text))


def small_window(text):
    stream = zlib.compressobj(6, zlib.DEFLATED, 9)
    return stream.compress(text) + stream.flush()


def flushed(text):
    stream = zlib.compressobj()
    return stream.compress(text[:5]) + stream.flush(zlib.Z_FULL_FLUSH) + stream.compress(text[5:]) + stream.flush()
