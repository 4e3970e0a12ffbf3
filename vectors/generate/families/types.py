"""Flask's tags for the types that JSON lacks."""

import base64
import json
import uuid
from datetime import datetime, timedelta, timezone

from markupsafe import Markup

from . import forge
from .case import do, exchange, get, put, sign, verify

NAME = "types"
DESCRIPTION = "Tuple, bytes, markup, UUID and datetime: written, read, nested, and maps that look like tags."

UTC = timezone.utc
ID = uuid.UUID("12345678-1234-5678-9abc-def012345678")


def cases():
    yield from both_ways()
    yield from datetimes()
    yield from dates_of_mail()
    yield from maps_like_tags()
    yield from odd_contents()
    yield from whole_requests()
    yield from values_of_other_types()


def both_ways():
    """Each value written by Flask, and the text that stands for it, written here by hand, read by Flask."""
    blob = bytes(range(256))
    for name, rule, value, text, why in [
        ("tuple", "PAY-6", (1, "a", None), '{" t":[1,"a",null]}', "a tuple is no list"),
        ("tuple-empty", "PAY-6", (), '{" t":[]}', "an empty tuple"),
        ("tuple-one", "PAY-6", (1,), '{" t":[1]}', "a tuple of one"),
        ("tuple-nested", "PAY-6", ((1,), [(2,)]), '{" t":[{" t":[1]},[{" t":[2]}]]}', "tuples in a tuple and in a list"),
        ("bytes", "PAY-7", b"ab\xff", '{" b":"YWL/"}', "bytes in the standard alphabet, not the URL-safe one"),
        ("bytes-empty", "PAY-7", b"", '{" b":""}', "no bytes"),
        ("bytes-one", "PAY-7", b"\xfb", '{" b":"+w=="}', "one byte, with its padding"),
        ("bytes-two", "PAY-7", b"\xfb\xf0", '{" b":"+/A="}', "two bytes, with their padding"),
        ("bytes-all", "PAY-7", blob, json.dumps({" b": base64.b64encode(blob).decode()}, separators=(",", ":")), "every byte there is"),
        ("bytes-that-are-text", "PAY-7", b"text", '{" b":"dGV4dA=="}', "bytes stay bytes though they are ASCII"),
        ("markup", "PAY-8", Markup("<b>&amp;</b>"), '{" m":"<b>&amp;</b>"}', "markup is not escaped again"),
        ("markup-empty", "PAY-8", Markup(""), '{" m":""}', "empty markup"),
        ("markup-unicode", "PAY-8", Markup("\u00e9\U0001f600"), r'{" m":"\u00e9\ud83d\ude00"}', "markup beyond ASCII"),
        ("uuid", "PAY-9", ID, '{" u":"12345678123456789abcdef012345678"}', "32 digits, in lower case, without hyphens"),
        ("uuid-zero", "PAY-9", uuid.UUID(int=0), '{" u":"%s"}' % ("0" * 32), "leading zeros are written"),
        ("uuid-ones", "PAY-9", uuid.UUID(int=2**128 - 1), '{" u":"%s"}' % ("f" * 32), "the last UUID"),
        ("datetime", "PAY-10", datetime(2024, 2, 29, 12, 30, 5, tzinfo=UTC), '{" d":"Thu, 29 Feb 2024 12:30:05 GMT"}', "an HTTP date"),
        ("together", "PAY-16 PAY-6", [(b"a", ID), {"m": Markup("x")}], '[{" t":[{" b":"YQ=="},{" u":"%s"}]},{"m":{" m":"x"}}]' % ID.hex,
         "several types in one another"),
        ("list-of-tuples", "PAY-16 PAY-6", [(), ()], '[{" t":[]},{" t":[]}]', "the same twice"),
    ]:
        yield sign(f"types-{name}-sign", rule, why, {"v": value})
        yield verify(f"types-{name}-verify", f"{rule} PAY-16" if "PAY-16" not in rule else rule, f"{why}, read", forge.of_json(f'{{"v":{text}}}'))


def datetimes():
    for name, at, why in [
        ("naive", datetime(2024, 2, 29, 12, 30, 5), "a naive one counts as UTC"),
        ("microseconds", datetime(2024, 2, 29, 12, 30, 5, 999_999, UTC), "microseconds are cut off, not rounded"),
        ("east", datetime(2024, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))), "two hours east, and so the day before in UTC"),
        ("west", datetime(2024, 2, 29, 22, 0, tzinfo=timezone(-timedelta(hours=5, minutes=30))), "five and a half hours west, and so the next day"),
        ("epoch", datetime(1970, 1, 1, tzinfo=UTC), "second zero is not nothing"),
        ("before-1970", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "a negative Unix time"),
        ("before-1970-fraction", datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC), "cut off toward the past, as the clock shows it"),
        ("year-999", datetime(999, 1, 1, tzinfo=UTC), "a year of three digits gains a zero"),
        ("first", datetime(1, 1, 1, tzinfo=UTC), "the first instant of the calendar"),
        ("last", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "the last second of the calendar"),
        ("before-the-first", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "an hour before the calendar in UTC: raises"),
        ("behind-the-last", datetime(9999, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))), "behind the calendar in UTC: raises"),
    ]:
        yield sign(f"types-datetime-{name}-sign", "PAY-10", why, {"v": at})
    for name, content, why in [
        ("epoch", '"Thu, 01 Jan 1970 00:00:00 GMT"', "second zero"), ("before-1970", '"Wed, 31 Dec 1969 23:59:59 GMT"', "a negative Unix time"),
        ("first", '"Mon, 01 Jan 0001 00:00:00 GMT"', "the year 1 was written, and 2001 is read: years below 69 gain 2000"),
        ("year-68", '"Sun, 01 Jan 0068 00:00:00 GMT"', "the last year that gains 2000"), ("year-69", '"Tue, 01 Jan 0069 00:00:00 GMT"', "the first that gains 1900"),
        ("year-99", '"Thu, 01 Jan 0099 00:00:00 GMT"', "the last that gains 1900"), ("year-100", '"Fri, 01 Jan 0100 00:00:00 GMT"', "the first that is read as written"),
        ("last", '"Fri, 31 Dec 9999 23:59:59 GMT"', "the last second"),
        ("weekday", '"Mon, 29 Feb 2024 12:30:05 GMT"', "a weekday that is wrong does not matter"),
        ("no-such-day", '"Thu, 30 Feb 2024 12:30:05 GMT"', "a day that does not exist is null"),
        ("no-such-hour", '"Thu, 29 Feb 2024 24:30:05 GMT"', "an hour that does not exist is null"),
        ("garbage", '"soon"', "text that is no date is null"), ("empty", '""', "empty text is null"),
        ("null", "null", "null is null"), ("number", "5", "a number raises"), ("zero", "0", "zero counts as nothing"), ("false", "false", "so does false"),
        ("true", "true", "true raises"), ("list", "[]", "an empty list counts as nothing"), ("map", '{"a":1}', "a map raises"),
    ]:
        rules = "PAY-10 PAY-14" if "raises" in why else "PAY-10"
        yield verify(f"types-datetime-{name}-read", rules, why, forge.of_json(f'{{"v":{{" d":{content}}}}}'))


def dates_of_mail():
    """Dates in forms that Flask reads and never writes."""
    for name, text, why in [
        ("rfc-850", "Thursday, 29-Feb-24 12:30:05 GMT", "the form of RFC 850, with a year of two digits"),
        ("asctime", "Thu Feb 29 12:30:05 2024", "the form of C's asctime: month first, year last, no zone, which is UTC"),
        ("bare", "29 feb 2024 12:30", "no weekday, no seconds, no zone, and lower case"),
        ("full-month", "February 29, 2024 12:30:05 GMT", "month before day, in full, with a comma behind the day"),
        ("dots", "Thu, 29 Feb 2024 12.30.05 GMT", "dots in place of colons"),
        ("east", "Thu, 29 Feb 2024 12:30:05 +0530", "an offset is kept, and not converted to UTC"),
        ("west", "Thu, 29 Feb 2024 12:30:05 -0099", "99 minutes west: the minutes of an offset may exceed 59"),
        ("minus-zero", "Thu, 29 Feb 2024 12:30:05 -0000", "an unknown offset is UTC"),
        ("joined", "29 Feb 2024 12:30:05+0200", "an offset right behind the clock"),
        ("east-last", "Thu, 29 Feb 2024 12:30:05 +2359", "the last offset"),
        ("east-too-far", "Thu, 29 Feb 2024 12:30:05 +2360", "an offset of 24 hours is null"),
        ("offset-too-large", "29 Feb 2024 12:30:05 2399999999960", "an offset of a thousand million days raises"),
        ("offset-large", "29 Feb 2147483648 12:30:05 2399999999959", "up to there it is null, even when the year would raise"),
        ("named", "Thu, 29 Feb 2024 12:30:05 pdt", "the name of a zone, in lower case"), ("unknown-zone", "Thu, 29 Feb 2024 12:30:05 CET", "an unknown zone is UTC"),
        ("military", "Thu, 29 Feb 2024 12:30:05 A", "so is a military one"), ("comment", "29 Feb 2024 12:30:05 (noon) +0200", "a comment stands in the place of the zone"),
        ("behind", "29 Feb 2024 12:30:05 EST (noon) +0200", "what follows the zone does not count"),
        ("second-60", "Sat, 31 Dec 2016 23:59:60 GMT", "a leap second is null"), ("year-10000", "1 Jan 10000 00:00 GMT", "a year beyond the calendar is null"),
        ("year-largest", "1 Jan 2147483647 00:00 GMT", "so is every other of 32 bits"), ("year-too-large", "1 Jan 2147483648 00:00 GMT", "a year of more bits raises"),
        ("iso-8601", "2024-02-29T12:30:05Z", "the form of ISO 8601 is null"),
        ("zone-for-year", "29 Feb GMT 12:30 2024", "year and zone in each other's place"),
        ("clock-without-hour", "29 feb :30 12:30 2024", "a clock without an hour is no clock, and so a zone in the place of the year"),
        ("sign-first", "29 Feb 2024 -0:30", "a sign at the beginning of the clock begins no offset"),
        ("bare-offset", "29 Feb 2024 12:30-", "an offset without a number is UTC"),
        ("one-digit-offset", "29 Feb 2024 12:30 -1", "one digit of an offset is a minute"),
        ("underscores", "29 Feb 2_0_24 12:30 1_00", "underscores between digits do not matter"),
        ("year-with-sign", "29 Feb +2024 12:30", "a year with a sign is null"), ("day-with-sign", "+29 Feb 2024 12:30", "a day with a sign is that day"),
        ("four-numbers", "29 Feb 2024 1:2:3:4", "a clock of four numbers is null"), ("hour-alone", "29 Feb 2024 12", "so is one of one number"),
        ("two-commas", "x,y,29 Feb 2024 12:30", "all before the last comma of the first word stands for the weekday"),
        ("day-with-comma", "29, Feb 2024 12:30", "a day with a comma is taken for a weekday, and what is left is null"),
        ("clock-with-comma", "29 Feb 2024 12:30, GMT", "a comma behind the clock does not matter"),
        ("no-clock", "29 Feb 2024 EST", "without a clock it is null"), ("hyphens-without-zone", "29-Feb-2024 12:30", "with hyphens and without a zone it is null"),
        ("three-hyphens", "29-Feb-2024-1 12:30 GMT", "three hyphens are null"), ("month-of-four", "29 sept 2024 12:30", "four letters of a month are null"),
        ("month-of-two", "29 se 2024 12:30", "so are two"), ("no-month", "29--24 12:30 GMT", "an empty month is null"),
        *((f"zone-{zone}", f"29 Feb 2024 12:30 {zone}", "the name of a zone in North America") for zone in "adt ast cdt cst edt est mdt mst pst".split()),
    ]:
        rules = "PAY-10 PAY-14" if "raises" in why else "PAY-10"
        yield verify(f"types-datetime-mail-{name}-read", rules, why, forge.of_json(f'{{"v":{{" d":"{text}"}}}}'))
    yield verify("types-datetime-bytes-read", "PAY-10", "bytes are null, whatever they hold", forge.of_json('{"v":{" d":{" b":"%s"}}}' % "VGh1LCAyOSBGZWIgMjAyNCAxMjozMDowNSBHTVQ="))


def maps_like_tags():
    for tag in (" t", " b", " m", " u", " d", " di"):
        name = tag.strip()
        yield sign(f"types-like-{name}-sign", "PAY-11", f"a map whose only key is the tag of {name}: escaped", {"v": {tag: "x"}})
        yield verify(f"types-like-{name}-verify", "PAY-11 PAY-16", f"and read back: {name}", forge.of_json('{"v":{" di":{"%s__":"x"}}}' % tag))
    for name, value, why in [
        ("two-keys", {" t": 1, " b": 2}, "two keys are not escaped"), ("escaped", {" t__": 1}, "a key that looks escaped is left alone"),
        ("trimmed", {"t": 1}, "without its space it is no tag"), ("upper-case", {" T": 1}, "nor in upper case"), ("unknown", {" x": 1}, "nor of an unknown letter"),
        ("empty-tag", {"": 1}, "the tag of plain values is empty, and not registered"),
        ("nested", {" t": {" t": (1,)}}, "escaped twice over, with a tuple inside"), ("in-escape", {" di": {" di": 1}}, "the escape's own tag within itself"),
        ("in-tuple", ({" t": []},), "within a tuple"), ("integer", {5: {" b": b""}}, "below a key that is a number"),
    ]:
        yield sign(f"types-like-{name}-sign", "PAY-11", why, {"v": value})
    yield sign("types-like-session-sign", "PAY-11", "the session itself, when its only key is a tag", {" t": [1]})
    yield verify("types-like-session-verify", "PAY-11 PAY-16", "and read back", forge.of_json('{" di":{" t__":[1]}}'))
    for name, text, why in [
        ("two-keys", '{" t":[1]," b":"AA=="}', "two tags in one map are keys"),
        ("twice", '{" di":{" di__":{" di":{" t__":1}}}}', "two escapes in one another"),
        ("escaped-plain", '{" t__":[1]}', "an escaped key without the escape's tag is a key"),
        ("almost-escape", '{" dx":{" t__":[1]}}', "the first letter of the escape's tag with another is a key"),
        ("almost-an-escape", '{" xi":{" t__":[1]}}', "and so is its second letter behind another"),
        ("same-tag-twice", '{" t":[1]," t":[2]}', "the same tag twice is one key, and so a tag"),
    ]:
        yield verify(f"types-like-{name}-read", "PAY-11", why, forge.of_json(f'{{"v":{text}}}'))


def odd_contents():
    for name, rule, text, why in [
        ("tuple-text", "PAY-6", '{" t":"ab"}', "a tuple of letters"), ("tuple-map", "PAY-6", '{" t":{"b":1,"a":2}}', "a tuple of keys"),
        ("tuple-number", "PAY-6 PAY-14", '{" t":5}', "a number is no tuple: raises"), ("tuple-null", "PAY-6 PAY-14", '{" t":null}', "nor is null: raises"),
        ("tuple-of-tuple", "PAY-6", '{" t":{" t":[1]}}', "a tuple of a tuple is that tuple"), ("tuple-of-bytes", "PAY-6", '{" t":{" b":"AQI="}}', "a tuple of bytes is their numbers"),
        ("bytes-junk", "PAY-7", '{" b":"A!Q-=="}', "junk is skipped, and - is junk to the standard alphabet"),
        ("bytes-unpadded", "PAY-7 PAY-14", '{" b":"AQ"}', "padding may not be left out: raises"),
        ("bytes-too-much-padding", "PAY-7", '{" b":"AQ===="}', "too much padding does not matter"),
        ("bytes-behind-padding", "PAY-7", '{" b":"AQ==Ag=="}', "nor what stands behind it"),
        ("bytes-one-character", "PAY-7 PAY-14", '{" b":"A"}', "one character is no byte: raises"),
        ("bytes-padding-first", "PAY-7", '{" b":"=AQ=="}', "padding before the first character does not matter"),
        ("bytes-padding-early", "PAY-7", '{" b":"A===Q=="}', "nor does it behind one character"),
        ("bytes-padding-cut", "PAY-7 PAY-14", '{" b":"A=Q="}', "a character begins the count of padding anew: raises"),
        ("bytes-padding-inside", "PAY-7", '{" b":"AQ=ID"}', "one where two are needed is passed over when the group goes on"),
        ("bytes-junk-in-padding", "PAY-7", '{" b":"AQ=!="}', "junk between padding does not matter"),
        ("bytes-beyond-ascii", "PAY-7 PAY-14", r'{" b":"AQ==\u00e9"}', "a letter beyond ASCII raises"),
        ("bytes-number", "PAY-7 PAY-14", '{" b":5}', "a number raises"), ("bytes-null", "PAY-7 PAY-14", '{" b":null}', "null raises"),
        ("bytes-of-bytes", "PAY-7", '{" b":{" b":"QVE9PQ=="}}', "bytes of base64 are decoded once more"),
        ("markup-number", "PAY-8", '{" m":5}', "a number as text"), ("markup-null", "PAY-8", '{" m":null}', "null in Python's word for it"),
        ("markup-true", "PAY-8", '{" m":true}', "true in Python's word for it"), ("markup-float", "PAY-8", '{" m":1e16}', "a float as Python prints it"),
        ("markup-list", "PAY-8", '{" m":[1,"a",null,1.5]}', "a list as Python prints it"), ("markup-map", "PAY-8", '{" m":{"a":"it\'s"}}', "a map as Python prints it"),
        ("markup-of-tuple", "PAY-8", '{" m":{" t":[1]}}', "a tuple as Python prints it"), ("markup-of-markup", "PAY-8", '{" m":{" m":"<b>"}}', "markup of markup"),
        ("markup-of-datetime", "PAY-8", '{" m":{" d":"29 Feb 2024 12:30 +0530"}}', "a datetime as Python prints it"),
        ("markup-of-datetimes", "PAY-8", '{" m":[{" d":"29 Feb 2024 12:30 GMT"},{" d":"29 Feb 2024 0:0:5 -0800"}]}', "datetimes as Python shows them in a list"),
        ("markup-of-floats", "PAY-8", '{" m":[NaN,Infinity,-Infinity,-0.0,0.0001,0.00001,1e15,1e16,1e22]}', "floats as Python shows them in a list"),
        ("markup-of-escapes", "PAY-8", r'{" m":["\r\n\t\\","\u0007\u007f\u0085","it\u0027s","\"","\u0027\""]}', "text with characters that Python escapes"),
        ("markup-of-code-points", "PAY-8", r'{" m":["\u00a0\u00ad\u0300\u200b\u2028\u3000\ue000","\ud800","\ud83d\ude00"]}', "text that Python shows, and text that it escapes"),
        ("markup-of-uuid", "PAY-8", '{" m":{" u":"%s"}}' % ID.hex, "a UUID in its usual form"),
        ("uuid-hyphens", "PAY-9", '{" u":"%s"}' % ID, "hyphens are ignored"), ("uuid-upper-case", "PAY-9", '{" u":"%s"}' % ID.hex.upper(), "upper case is read"),
        ("uuid-braces", "PAY-9", '{" u":"{%s}"}' % ID, "so are braces"), ("uuid-urn", "PAY-9", '{" u":"urn:uuid:%s"}' % ID, "and the prefix of a URN"),
        ("uuid-short", "PAY-9 PAY-14", '{" u":"%s"}' % ID.hex[1:], "31 digits raise"), ("uuid-long", "PAY-9 PAY-14", '{" u":"%s0"}' % ID.hex, "33 digits raise"),
        ("uuid-not-hexadecimal", "PAY-9 PAY-14", '{" u":"%sg"}' % ID.hex[1:], "a letter beyond f raises"), ("uuid-empty", "PAY-9 PAY-14", '{" u":""}', "empty text raises"),
        ("uuid-number", "PAY-9 PAY-14", '{" u":5}', "a number raises"), ("uuid-null", "PAY-9 PAY-14", '{" u":null}', "null raises"),
        ("uuid-of-markup", "PAY-9", '{" u":{" m":"%s"}}' % ID.hex, "markup is text"),
        ("escape-empty", "PAY-11 PAY-14", '{" di":{}}', "an escape of nothing raises"), ("escape-two", "PAY-11", '{" di":{"a__":1,"b__":2}}', "of two keys the first counts"),
        ("escape-short", "PAY-11", '{" di":{"x":1}}', "a key of one letter is left empty"), ("escape-other", "PAY-11", '{" di":{"abc":1}}', "two letters go, whatever they are"),
        ("escape-list", "PAY-11 PAY-14", '{" di":[1]}', "a list raises"), ("escape-number", "PAY-11 PAY-14", '{" di":5}', "a number raises"),
        ("in-list", "PAY-6", '[{" t":[{" x":1}]}]', "an unknown tag is a key"),
    ]:
        yield verify(f"types-odd-{name}", rule, why, forge.of_json(f'{{"v":{text}}}'))


def whole_requests():
    value = [(1, b"\xff"), {"id": ID}, Markup("<i>"), datetime(2024, 2, 29, 12, 30, tzinfo=UTC)]
    yield exchange("types-exchange-write", "PAY-16 PAY-6", "several types written by a view", put("v", value))
    text = '{"v":[{" t":[1,{" b":"/w=="}]},{"id":{" u":"%s"}},{" m":"<i>"},{" d":"Thu, 29 Feb 2024 12:30:00 GMT"}]}' % ID.hex
    yield exchange("types-exchange-read", "PAY-16 PAY-6", "and read by one", get("v"), cookie=forge.of_json(text))
    yield exchange("types-exchange-rewrite", "PAY-16 PAY-11", "a map that looks like a tag survives another write", put("n", 1),
                   cookie=forge.of_json('{"v":{" di":{" t__":[1]}}}'))
    yield exchange("types-exchange-view-sees-its-own", "MOD-10 PAY-10", "a view sees its own naive datetime as it set it", put("at", datetime(2024, 1, 1)), get("at"))


def values_of_other_types():
    """What Flask makes of values that are none of the session's types. The view does not read them again."""
    members = {"size": 1, "item": (2, "a"), "by": ID, "html": Markup("<b>")}
    for of, name, value, why in [
        ("decimal", "", "1.10", "a decimal number becomes its text"), ("decimal", "exponent", "1E+5", "with its exponent"), ("decimal", "nan", "NaN", "and its NaN"),
        ("date", "", "2024-02-29", "a date becomes an HTTP date in text, and no datetime"), ("date", "old", "0075-01-02", "in the first century"),
        ("dataclass", "", members, "a dataclass becomes a map without tags"), ("dataclass", "empty", {}, "without members"),
        ("dataclass", "like-a-list", {"_0": (1,), "_1": {"t": (2,)}}, "maps and tuples in it are maps and lists"),
        ("named_tuple", "", {"x": 1, "y": (2,), "z": b"a"}, "a named tuple becomes a tuple, with tags in it"), ("named_tuple", "empty", {}, "without members"),
        ("html", "", "<b>&amp;</b>", "what shows itself as HTML becomes markup"), ("html_text", "", "<i>", "text that shows itself as HTML as well"),
        ("html", "empty", "", "though it is empty"),
        ("int_enum", "", 2, "a member of an enumeration of integers becomes an integer"), ("int_enum", "large", 2**70, "of any size"),
        ("text_enum", "", "red", "one of text becomes text"), ("enum", "", "red", "one of neither raises"), ("enum", "tuple", (1, 2), "whatever its value"),
        ("set", "", [1, 2], "a set raises"), ("set", "empty", [], "though it is empty"),
        ("subclass", "text", "red", "a subclass of text is text"), ("subclass", "integer", 2**60, "of an integer"), ("subclass", "float", 0.1, "of a float"),
        ("subclass", "bytes", b"ab\xff", "of bytes"), ("subclass", "list", [1, (2,)], "of a list"), ("subclass", "map", {"b": 1, "a": (2,)}, "of a map"),
        ("subclass", "map-like-a-tag", {" t": 1}, "and is escaped as one"), ("subclass", "tuple", (1, [2]), "of a tuple"),
    ]:
        words = f"{of}-{name}".strip("-").replace("_", "-")
        raises = of in ("enum", "set")
        yield exchange(f"types-made-{words}", "PAY-5 SET-10" if raises else "PAY-5 PAY-16", why, do("set_made", key="v", of=of, value=value))
    yield exchange("types-made-in-one-request", "PAY-5 PAY-16", "several of them beside each other", do("set_made", key="a", of="decimal", value="0.10"),
                   do("set_made", key="b", of="html", value="<p>"), do("set_made", key="c", of="int_enum", value=7), put("d", 1))
    yield exchange("types-made-key-subclass", "PAY-5", "under a key that is a number", do("set_made", key=5, of="subclass", value="x"))
