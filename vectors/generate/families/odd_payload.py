"""Payloads that are signed, but that no Flask would write."""

import zlib

from . import forge
from .case import T, do, exchange, get, put, verify

NAME = "odd_payload"
DESCRIPTION = "Signed, and yet not a session: what raises, and what loads all the same because Python's dict() takes it."


def cases():
    yield from other_values()
    yield from texts()
    yield from encodings()
    yield from streams()
    yield from order_of_checks()
    yield from whole_requests()


def other_values():
    for name, text, why in [
        ("empty-map", "{}", "an empty map"), ("null", "null", "null is an empty session"), ("empty-list", "[]", "so is an empty list"), ("empty-text", '""', "and empty text"),
        ("pairs", '[["a",1],["b",2]]', "a list of pairs is a map"), ("pairs-again", '[["a",1],["a",2]]', "the later pair counts"),
        ("text-pair", '["ab"]', "text of two letters is a pair"), ("text-pairs", '["ab","cd"]', "two of them"), ("map-pair", '[{"a":1,"b":2}]', "a map of two keys is a pair of its keys"),
        ("number-key", "[[1,2]]", "a key of a session made of pairs may be a number"), ("null-key", "[[null,1]]", "or null"),
        ("tuple-key", '[[{" t":[1]},2]]', "or a tuple"), ("true-then-one", "[[true,1],[1,2]]", "true and one are one key: the first spelling, the last value"),
        ("permanent-pair", '[["_permanent",true],["user",1]]', "a permanent session as pairs"), ("empty-bytes", '{" b":""}', "no bytes, tagged, is an empty session"),
        ("tuple-of-pairs", '{" t":[["a",1]]}', "a tagged tuple of pairs"), ("date", '{" d":"soon"}', "an unreadable date is null, and so an empty session"),
        ("empty-markup", '{" m":""}', "empty markup is an empty session"),
    ]:
        yield verify(f"odd-payload-loads-{name}", "PAY-15", why, forge.of_json(text))
    for name, text, why in [
        ("list-of-number", "[1]", "a number is no pair"), ("number", "5", "a number"), ("zero", "0", "zero is not taken for nothing"), ("float", "1.5", "a float"),
        ("true", "true", "true"), ("false", "false", "false is not taken for nothing"), ("text", '"ab"', "letters are no pairs"), ("nan", "NaN", "not a number"),
        ("single", '[["a"]]', "a list of one is no pair"), ("triple", '[["a",1,2]]', "a list of three is no pair"), ("three-letters", '["abc"]', "nor are three letters"),
        ("one-letter", '["a"]', "nor is one"), ("list-key", '[[["a"],1]]', "a list cannot be a key"), ("map-key", '[[{},1]]', "nor can a map"),
        ("then-odd", '[["a",1],5]', "a pair and then none"), ("uuid", '{" u":"%s"}' % ("0" * 32), "a UUID"), ("bytes", '{" b":"YWI="}', "bytes are numbers"),
        ("datetime", '{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}', "a datetime"), ("bad-tag", '{" u":"x"}', "a tag with a content that cannot be read"),
        ("nested-bad-tag", '{"a":[{"b":{" u":"x"}}]}', "the same deep inside"),
    ]:
        yield verify(f"odd-payload-raises-{name}", "PAY-14", why, forge.of_json(text))


def texts():
    for name, text, why in [
        ("spaces", ' { "a" : [ 1 , 2 ] } ', "spaces"), ("lines", '\r\n{\n\t"a":1\r\n}\n', "tabs and line ends"), ("twice", '{"a":1,"b":2,"a":3}', "the same key twice: the last value"),
        ("unsorted", '{"b":1,"a":2}', "keys need not be sorted"), ("digits-4300", '{"n":%s}' % ("1" * 4300), "as many digits as Python converts"),
    ]:
        yield verify(f"odd-payload-reads-{name}", "PAY-15", why, forge.of_json(text))
    for name, text, why in [
        ("nothing", "", "no text at all"), ("space", " ", "only a space"), ("word", "hello", "a word"), ("single-quotes", "{'a':1}", "single quotes"),
        ("bare-key", "{a:1}", "a key without quotes"), ("comma", '{"a":1,}', "a comma behind the last"), ("list-comma", '{"a":[1,]}', "the same in a list"),
        ("comment", '{"a":1}//', "a comment"), ("open", '{"a":1', "no closing brace"), ("two", "{}{}", "two values"), ("tail", '{"a":1}x', "a letter behind"),
        ("leading-zero", '{"a":01}', "a leading zero"), ("plus", '{"a":+1}', "a plus sign"), ("no-digit-before", '{"a":.5}', "no digit before the point"),
        ("no-digit-behind", '{"a":1.}', "none behind it"), ("hexadecimal", '{"a":0x1}', "hexadecimal"), ("control", '{"a":"\t"}', "a control character in text"),
        ("escape", r'{"a":"\x41"}', "an unknown escape"), ("short-escape", r'{"a":"\u41"}', "an escape cut short"), ("escape-sign", r'{"a":"\u+041"}', "a sign in an escape"),
        ("open-text", '{"a":"b', "no closing quote"), ("number-key", "{1:2}", "a key that is a number"), ("python", "{'a': None}", "Python's own notation"),
        ("true-upper-case", '{"a":True}', "Python's word for true"), ("nan-lower-case", '{"a":nan}', "not a number in lower case"),
        ("plus-infinity", '{"a":+Infinity}', "infinity with a plus sign"), ("form-feed", '{"a":1}\f', "a form feed is no space"), ("no-break-space", '{"a":1}\u00a0', "nor is a no-break space"),
        ("nul", '{"a":1}\0', "nor is NUL"), ("mark", '\ufeff{"a":1}', "a byte order mark"), ("digits-4301", '{"n":%s}' % ("1" * 4301), "a digit more than Python converts"),
        ("missing-colon", '{"a" 1}', "no colon"), ("missing-comma", '{"a":1 "b":2}', "no comma"), ("minus", '{"a":-}', "a minus sign alone"),
    ]:
        yield verify(f"odd-payload-not-json-{name}", "PAY-14", why, forge.of_json(text))


def encodings():
    for name, data, why in [
        ("latin-1", '{"a":"\u00e9"}'.encode("latin-1"), "Latin-1"), ("utf-16", '{"a":1}'.encode("utf-16"), "UTF-16 with its mark"),
        ("utf-16-le", '{"a":1}'.encode("utf-16-le"), "UTF-16 without a mark: nobody guesses"), ("cut", '{"a":"\u00e9"}'.encode()[:-3], "UTF-8 cut within a letter"),
        ("overlong", b'{"a":"\xc0\xaf"}', "an overlong form"), ("surrogate", '{"a":"\ud800"}'.encode("utf-8", "surrogatepass"), "a surrogate in UTF-8"),
        ("beyond", b'{"a":"\xf4\x90\x80\x80"}', "beyond the last code point"), ("pickle", b"\x80\x04}\x94.", "a pickle: never loaded"),
    ]:
        yield verify(f"odd-payload-utf-8-{name}", "PAY-14", why, forge.of_json(data))
    stamp = forge.timestamp(T)
    for name, text, why in [
        ("one-character", "A", "one character of base64"), ("five-characters", "e30AA", "a character too many"), ("junk", "!!", "two junk characters"),
        ("plain-json", '{"a":1}', "JSON that was not encoded"), ("empty", "", "an empty payload"), ("only-mark", ".", "the mark of compression alone"),
        ("mark-and-character", ".A", "the mark and one character"),
    ]:
        yield verify(f"odd-payload-base64-{name}", "PAY-14", why, forge.signed(f"{text}.{stamp}"))


def streams():
    stream = zlib.compress(b'{"user":"ann"}')
    for name, data, why in [
        ("empty", b"", "no stream"), ("cut", stream[:-1], "the checksum cut short"), ("cut-in-half", stream[:8], "cut in half"),
        ("checksum", stream[:-1] + bytes([stream[-1] ^ 1]), "a wrong checksum"), ("header", b"\x79" + stream[1:], "a wrong header"),
        ("dictionary", dictionary(b'{"user":"ann"}'), "a preset dictionary that nobody has"), ("not-json", zlib.compress(b"hello"), "a stream of a word"),
        ("bad-utf-8", zlib.compress(b'{"a":"\xff"}'), "a stream of what is not UTF-8"), ("number", zlib.compress(b"5"), "a stream of a number"),
    ]:
        yield verify(f"odd-payload-zlib-{name}", "PAY-14", why, forge.of_deflated(data))
    for name, data, why in [
        ("pairs", zlib.compress(b'[["a",1]]'), "pairs"), ("null", zlib.compress(b"null"), "null"),
    ]:
        yield verify(f"odd-payload-zlib-loads-{name}", "PAY-15 PAY-13", f"compressed, and loads: {why}", forge.of_deflated(data))


def dictionary(text):
    stream = zlib.compressobj(zdict=b'{"user":')
    return stream.compress(text) + stream.flush()


def order_of_checks():
    odd = forge.of_json("5")
    yield verify("odd-payload-unsigned", "SIG-6 PAY-14", "what is not signed is never looked into", odd[:-4] + "AAAA")
    yield verify("odd-payload-expired", "EXP-1 PAY-14", "nor is what is too old", odd, now=T + 61, lifetime=60)
    yield verify("odd-payload-future", "EXP-3 PAY-14", "nor what comes from the future", odd, now=T - 1)
    yield verify("odd-payload-no-timestamp", "SIG-8 PAY-14", "nor what has no timestamp", forge.signed(forge.b64(b"5")))
    yield verify("odd-payload-fallback", "PAY-14 KEY-3", "under a fallback key it raises as well", forge.of_json("5", key="old"), fallback_keys=["old"])
    yield verify("odd-payload-at-lifetime", "PAY-14 EXP-2", "to the last second of its life", odd, now=T + 60, lifetime=60)


def whole_requests():
    for name, cookie, why in [
        ("number", forge.of_json("5"), "a number"), ("not-json", forge.of_json("hello"), "no JSON"), ("bad-tag", forge.of_json('{"a":{" u":"x"}}'), "a bad tag"),
        ("bad-stream", forge.of_deflated(b"junk"), "no stream"),
    ]:
        yield exchange(f"odd-payload-exchange-{name}", "PAY-14 DEL-6", f"{why}: status 500 before the view, no cookie set or deleted, no Vary", put("b", 1), cookie=cookie)
    yield exchange("odd-payload-exchange-untouched", "PAY-14", "a view that would not look is not reached either", do("nothing"), cookie=forge.of_json("5"))
    yield exchange("odd-payload-exchange-404", "PAY-14", "a path that is not there answers 500 as well", path="/missing", cookie=forge.of_json("5"))
    yield exchange("odd-payload-exchange-static", "PAY-14", "so does a static file", path="/static/file.txt", cookie=forge.of_json("5"))
    yield exchange("odd-payload-exchange-pairs", "PAY-15", "pairs are a session, and written as a map", put("b", 2), cookie=forge.of_json('[["a",1]]'))
    yield exchange("odd-payload-exchange-null", "PAY-15 VARY-1", "null is an empty session", get("a"), cookie=forge.of_json("null"))
    yield exchange("odd-payload-exchange-permanent-pairs", "PAY-15 REN-1", "a permanent session as pairs is renewed as a map",
                   cookie=forge.of_json('[["user",1],["_permanent",true]]'))
    yield exchange("odd-payload-exchange-number-key", "PAY-15 PAY-5", "a number for a key is text when it is written again",
                   do("set_modified", value=True), cookie=forge.of_json("[[1,2]]"))
    yield exchange("odd-payload-exchange-mixed-keys", "PAY-15 SET-10", "mixed keys load, and cannot be written again",
                   do("set_modified", value=True), cookie=forge.of_json('[[1,2],["a",3]]'))
