"""The JSON text of a payload, and when it is compressed."""

import hashlib
import json
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
    yield from conflated_shapes()
    yield from conflated_numbers()
    yield from keys_of_other_languages()
    yield from keys_that_come_twice()
    yield from compression()
    yield from inflated()
    yield from large()


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


def conflated_shapes():
    """Lists and maps, full and empty, which languages with one type for both take for each other."""
    for name, value, why in [
        ("zero", {"0": "a"}, "a map whose only key is 0 is no list"),
        ("zero-one", {"0": "a", "1": "b"}, "nor is one whose keys count from 0"),
        ("one-two", {"1": "a", "2": "b"}, "nor one whose keys count from 1, as lists of Lua do"),
        ("gap", {"0": "a", "2": "b"}, "a map with a gap in its keys"),
        ("eleven", {str(n): n for n in range(11)}, "eleven keys that count from 0: 10 stands before 2"),
        ("zeros-before", {"00": "a", "01": "b"}, "keys with a leading zero are no numbers"),
        ("signs", {"-0": "a", "+1": "b", "1.0": "c", "1e0": "d"}, "keys that look like numbers are themselves"),
        ("beside-a-list", [["a", "b"], {"0": "a", "1": "b"}], "a list, and the map that it is like"),
        ("nested", {"0": {"0": {"0": []}}}, "such maps in one another"),
        ("of-maps", {"0": {}, "1": []}, "with an empty map and an empty list in it"),
        ("length", {"0": "a", "length": 1}, "with the length that JavaScript gives to lists"),
        ("empty-map", {}, "an empty map is no empty list"), ("empty-list", [], "an empty list is no empty map"),
        ("empties", [{}, [], "", None, False, 0], "what other languages call empty, in one list"),
        ("maps-of-empties", {"a": {"b": {}}, "c": [[]]}, "empty ones at the end of others"),
        ("one-of-one", [[1]], "a list of one in a list of one"),
    ]:
        text = json.dumps({"v": value}, separators=(",", ":"), sort_keys=True)
        yield sign(f"payload-conflated-{name}-sign", "PAY-16 PAY-1", why, {"v": value})
        yield verify(f"payload-conflated-{name}-read", "PAY-16", f"{why}, read", forge.of_json(text))
    counted = {"0": "a", "1": "b"}
    yield sign("payload-conflated-session-sign", "PAY-16 PAY-1", "the session itself, with keys that count from 0", counted)
    yield verify("payload-conflated-session-read", "PAY-16", "the session itself, with keys that count from 0, read", forge.of(counted))
    yield verify("payload-conflated-session-of-one-read", "PAY-16", "a session whose only key is 0", forge.of({"0": 1}))
    yield sign("payload-conflated-integer-keys", "PAY-5 PAY-16", "numbers as keys that count from 0: text, and no list", {"v": {0: "a", 1: "b"}})
    yield exchange("payload-conflated-written-by-a-view", "PAY-16", "a view that sets such a map", put("v", counted), do("get", key="v"))
    yield exchange("payload-conflated-rewritten", "PAY-16", "a view that writes something else beside one", put("n", 1), cookie=forge.of({"v": counted, "w": {}}))


def conflated_numbers():
    for name, text, why in [
        ("one", '{"x":[1,1.0,true,"1"]}', "an integer, a float, true and text are four values"),
        ("zero", '{"x":[0,0.0,-0.0,-0,false,null,""]}', "so are all that count as nothing"),
        ("whole", '{"x":[1e2,100,1E2,100.0]}', "an exponent makes a float of a whole number"),
        ("large-exponent", '{"x":[1e308,1E+308,1e309,-1e309]}', "exponents around the greatest float"),
        ("small-exponent", '{"x":[1e-323,1e-324,-1e-324]}', "and around the least"),
        ("long-exponent", '{"x":[1e999999999,-1e999999999,1e-999999999,0e999999999]}', "exponents of nine digits"),
        ("longer-exponent", '{"x":[1e99999999999999999999,0e99999999999999999999,1e-99999999999999999999]}', "exponents beyond 64 bits"),
        ("zeros-in-exponent", '{"x":[1e0005,1e+00,1e-00]}', "exponents with leading zeros"),
        ("digits-and-exponent", '{"x":[123456789012345678901234567890e-29,0.000000000000000000001e21]}', "digits and exponent together make the number"),
        ("words-of-text", '{"x":["true","null","1.0","NaN","-0"]}', "text that looks like something else is text"),
    ]:
        yield verify(f"payload-conflated-number-{name}", "PAY-3", why, forge.of_json(text))
    yield sign("payload-conflated-numbers", "PAY-3 PAY-16", "the same, written", {"x": [1, 1.0, True, "1", 0, 0.0, -0.0, False, None, ""]})
    yield sign("payload-conflated-number-exponents", "PAY-3", "floats at both ends", {"x": [1e308, 1e-308, -1e300, 2.5e-300, 1e17, 123456789012345680.0]})


def keys_of_other_languages():
    """Keys that are special elsewhere."""
    for name, key, why in [
        ("nul", "\0", "a NUL alone"), ("nul-first", "\0a", "a NUL in front, which PHP refuses in the keys of objects"),
        ("nul-class", "\0*\0a", "the name of a protected member in PHP"), ("nul-behind", "a\0", "a NUL behind ends no key"),
        ("proto", "__proto__", "JavaScript's name for the prototype"), ("constructor", "constructor", "a name that every object of JavaScript has"),
        ("to-string", "toString", "and another"), ("json", "toJSON", "the method that JSON.stringify calls"),
        ("class", "__class__", "an attribute of every object of Python"), ("id", "$id", "a dollar sign in front"), ("at", "@type", "an at sign in front"),
        ("dot", "a.b", "a dot is no path"), ("brackets", "a[0]", "nor are brackets"), ("null", "null", "the word null"), ("true", "true", "the word true"),
    ]:
        yield sign(f"payload-foreign-key-{name}-sign", "PAY-16 PAY-4", why, {key: {"k": "x"}, "z": {key: ["y"]}})
        yield verify(f"payload-foreign-key-{name}-read", "PAY-16 PAY-4", f"{why}, read", forge.of({key: {"k": "x"}, "z": {key: ["y"]}}))
    yield sign("payload-foreign-key-like-another", "PAY-16 PAY-4", "keys that differ in case, in a NUL, in the form of a letter",
               {"m": {"a": 1, "A": 2, "a\0": 3, "\u00e9": 4, "e\u0301": 5, "a ": 6}})


def keys_that_come_twice():
    for name, text, why in [
        ("values", '{"a":1,"b":2,"a":3}', "the last value counts"), ("types", '{"a":[1],"a":{}}', "whatever its type"), ("null", '{"a":1,"a":null}', "null as well"),
        ("escaped", r'{"a":1,"\u0061":2}', "an escaped letter is the same letter"), ("empty", '{"":1,"":2}', "the empty key"),
        ("numbers", '{"m":{"0":1,"0":2,"1":3}}', "keys of digits, deep inside"), ("permanent", '{"_permanent":true,"user":1,"_permanent":false}', "a permanent session that ends as none"),
        ("three-times", '{"m":[{"k":1,"k":2,"k":3}]}', "three times"),
    ]:
        yield verify(f"payload-twice-{name}", "PAY-1", f"a key twice: {why}", forge.of_json(text))
    yield exchange("payload-twice-not-permanent", "PAY-1 REN-3", "a session whose last word is that it is not permanent is not renewed", do("permanent"),
                   cookie=forge.of_json('{"_permanent":true,"user":1,"_permanent":false}'))


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


#: Where buffers, limits of servers, and integers of other languages end.
SIZES = [2**12, 2**15, 2**16, 2**20]


def padded(size):
    """JSON of a small session that is so many bytes long: space around tokens is no part of it."""
    return b'{"a":1' + b" " * (size - 7) + b"}"


def large():
    """Payloads around the sizes at which buffers end. Space and values that are replaced keep the sessions small."""
    for size in SIZES:
        # A mebibyte takes a plain reader a while: what is beyond it shows a limit there.
        all_sides = [(-1, "a byte less than"), (0, "just"), (1, "a byte more than")]
        for by, words in all_sides if size < 2**20 else all_sides[2:]:
            name = f"{size}-{'less' if by < 0 else 'more' if by else 'just'}"
            yield verify(f"payload-size-{name}-inflated", "PAY-13", f"a payload that inflates to {words} {size} bytes",
                         forge.of_deflated(zlib.compress(padded(size + by), 9)))
        yield verify(f"payload-size-{size}-text-inflated", "PAY-13 PAY-1", f"a text of {size} letters, which a later value of the same key replaces",
                     forge.of_deflated(zlib.compress(b'{"a":"%s","a":1}' % (b"t" * size), 9)))
    for size in SIZES[:2]:
        yield verify(f"payload-size-{size}-plain", "PAY-1 PAY-16", f"a payload of more than {size} bytes that is not compressed", forge.of_json(padded(size + 1)))
    many = {f"k{n}": n for n in range(1001)}
    yield sign("payload-size-1001-keys-sign", "PAY-16 PAY-12", "more keys than some servers take from a form", many)
    yield verify("payload-size-1001-keys-read", "PAY-16 PAY-13", "and they come back", forge.of_deflated(zlib.compress(json.dumps(many).encode())))
    yield exchange("payload-size-65536-exchange", "PAY-13", "a whole request reads one that inflates beyond 65536 bytes", do("items"),
                   cookie=forge.of_deflated(zlib.compress(padded(2**16 + 1), 9)))


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
