"""How the Cookie header is taken apart."""

from . import forge
from .case import do, exchange

NAME = "cookie_header"
DESCRIPTION = "Several cookies, quotes and escapes, names that are nearly right, and headers that cannot be read."

A = forge.of({"from": "a"})
B = forge.of({"from": "b"})
OCTAL = "".join(f"\\{ord(c):03o}" for c in A)


def cases():
    for name, header, rules, why in HEADERS:
        yield exchange(f"cookie-header-{name}", rules, why, do("items"), header=header)
    for name, cookie_name, header, why in NAMES:
        yield exchange(f"cookie-header-named-{name}", "HDR-5", why, do("items"), header=header, cookie_name=cookie_name)
    yield exchange("cookie-header-bytes-404", "HDR-6", "bytes that are not UTF-8, and a path that is not there: 404, not 500", header="x=\xff", path="/missing")
    yield exchange("cookie-header-bytes-write", "HDR-6", "bytes that are not UTF-8, and a view that writes", do("set", key="a", value=1),
                   header=f"x=\xff; session={A}")


HEADERS = [
    ("none", None, "HDR-4", "no header"),
    ("nothing", "", "HDR-4", "an empty header"),
    ("one", f"session={A}", "HDR-1", "the session alone"),
    ("behind-name-alone", f"flag;session={A}", "HDR-1", "a name alone ends at the semicolon, with no space behind it"),
    ("between", f"theme=dark; session={A}; lang=en", "HDR-1", "between others"),
    ("first-of-two", f"session={A}; session={B}", "HDR-1", "of two the first counts, as the more specific path comes first"),
    ("first-is-junk", f"session=junk; session={A}", "HDR-1 SIG-6", "the first counts though it is junk"),
    ("first-is-empty", f"session=; session={A}", "HDR-1 HDR-4", "though it is empty"),
    ("first-has-no-value", f"session; session={A}", "HDR-1 HDR-4", "though it has no equals sign"),
    ("first-of-two-apart", f"session={A}; x=y; session={B}", "HDR-1", "with another between them"),
    ("empty-value", "session=", "HDR-4", "an empty value"),
    ("empty-quotes", 'session=""', "HDR-4 HDR-2", "an empty value in quotes"),
    ("no-value", "session", "HDR-4", "a name alone"),
    ("space-value", "session= ", "HDR-4", "a space for a value"),
    ("quoted", f'session="{A}"', "HDR-2", "in quotes"),
    ("quoted-escaped-letter", 'session="\\' + A + '"', "HDR-2", "a letter with a backslash before it is that letter"),
    ("quoted-octal", f'session="{OCTAL}"', "HDR-2", "every letter as three octal digits"),
    ("quoted-octal-dot", 'session="' + A.replace(".", "\\056") + '"', "HDR-2", "the dots as octal digits"),
    ("quoted-octal-beyond", 'session="' + A.replace(".", "\\456") + '"', "HDR-2", "octal digits beyond a byte are no escape of one"),
    ("quoted-octal-short", 'session="' + A.replace(".", "\\56") + '"', "HDR-2", "two octal digits are no escape of a byte"),
    ("quoted-octal-bytes", f'session="{A}\\303\\251"', "HDR-2 SIG-7", "octal bytes are decoded as UTF-8: one letter"),
    ("quoted-octal-not-utf-8", f'session="{A}\\377"', "HDR-2", "octal bytes that are not UTF-8 are replaced, and do not raise"),
    ("octal-unquoted", "session=" + A.replace(".", "\\056"), "HDR-2", "without quotes there are no escapes"),
    ("quoted-semicolon", f'x="a;session={B}"; session={A}', "HDR-2", "a semicolon within quotes ends nothing"),
    ("quoted-quote", f'x="a\\";session={B}"; session={A}', "HDR-2", "nor does a quote with a backslash"),
    ("open-quote", f'session="{A}', "HDR-3", "a quote that is not closed cannot be read"),
    ("open-quote-backslash", f'session="{A}!!!\\"', "HDR-3 SIG-7", "a quote with a backslash before it closes nothing, though base64 would skip what is before it"),
    ("quotes-behind", f'session="{A}"""""', "HDR-3 SIG-7", "nor is a value read that more quotes follow, which base64 would skip"),
    ("tab-for-equals", f"session\t{A}", "HDR-3", "a tab does not part a name from its value"),
    ("space-for-equals", f"session {A}", "HDR-3", "nor does a space"),
    ("open-quote-then-good", f'x="a; session={A}', "HDR-3", "and what follows the next semicolon can"),
    ("quote-inside", f'session={A}"; x=y', "HDR-3", "a quote within a value cannot be read"),
    ("quote-before-filler-behind", f'session="{A}z', "HDR-3", "a quote in front and a letter behind are no pair of quotes: nothing is read"),
    ("filler-before-quote-behind", f'session=z{A}"', "HDR-3", "nor are a letter in front and a quote behind"),
    ("quote-before-apostrophe-behind", f"session=\"{A}'", "HDR-3", "nor are a quote and an apostrophe"),
    ("quote-before-then-good", f'session="{B}z; session={A}', "HDR-3 HDR-1", "the next cookie of the name is read"),
    ("apostrophes", f"session='{A}'", "HDR-2 SIG-6", "apostrophes are part of the value"),
    ("brackets", f"session=({A})", "HDR-2 SIG-6", "so are brackets"),
    ("escaped-quote-before-filler-behind", f'session="\\"{A}z"', "HDR-2 SIG-6", "of a value in quotes only these are taken off: a quote and a letter are left"),
    ("filler-before-escaped-quote-behind", f'session="z{A}\\""', "HDR-2 SIG-6", "a letter and a quote are left"),
    ("quotes-in-quotes", f'session="\\"{A}\\""', "HDR-2 SIG-6", "a pair of quotes is left: they are not taken off twice"),
    ("quote-only", f'session="; session={A}', "HDR-3", "a lone quote: the first is skipped, the second read"),
    ("text-behind-quotes", f'session="{B}"x; session={A}', "HDR-3", "text behind the quotes: skipped"),
    ("space-in-value", f"session={B} x; session={A}", "HDR-3", "a space within a value: skipped"),
    ("space-in-name", f"my session={B}; session={A}", "HDR-3 HDR-5", "a space within a name: skipped"),
    ("equals-first", f"={B}; session={A}", "HDR-3", "no name: skipped"),
    ("equals-first-then-name", f"=session={A}", "HDR-3", "an equals sign before the name"),
    ("only-semicolons", ";;;", "HDR-3", "only semicolons"),
    ("semicolons", f";; ;session={A};;", "HDR-3", "semicolons without anything between"),
    ("no-space", f"x=y;session={A};z=w", "HDR-3", "no space behind the semicolons"),
    ("spaces", f"  session  =  {A}  ;  x=y", "HDR-3", "spaces around everything"),
    ("tabs", f"\tsession\t=\t{A}\t;x=y", "HDR-3", "tabs around everything"),
    ("comma", f"x=y, session={A}", "HDR-3", "a comma does not separate"),
    ("comma-in-value", f"x=a,b; session={A}", "HDR-3", "a comma belongs to a value"),
    ("newline", f"x=y;\nsession={A}", "HDR-3 HDR-5", "a line end is no space: it belongs to the name"),
    ("no-break-space", f"x=y;\xc2\xa0session={A}", "HDR-3 HDR-5", "nor is a no-break space"),
    ("equals-in-value", f"x=a=b; session={A}", "HDR-3", "an equals sign within a value"),
    ("equals-behind", f"session={A}=", "HDR-3 SIG-7", "an equals sign behind is padding"),
    ("attributes", f"$Version=1; session={A}; $Path=/", "HDR-5", "attributes of an older standard are cookies of strange names"),
    ("upper-case", f"Session={A}", "HDR-5", "the first letter in upper case"),
    ("all-upper-case", f"SESSION={B}; session={A}", "HDR-5", "all in upper case, before the right one"),
    ("longer", f"session2={A}", "HDR-5", "a digit behind the name"),
    ("prefixed", f"mysession={A}", "HDR-5", "letters before the name"),
    ("encoded-name", f"%73ession={A}", "HDR-5", "a name percent-encoded"),
    ("quoted-name", f'"session"={A}', "HDR-3 HDR-5", "a name in quotes"),
    ("percent", "session=" + A.replace(".", "%2E"), "HDR-2 SIG-6", "a value percent-encoded: nobody decodes it"),
    ("utf-8", f"x=\xc3\xa9; session={A}", "HDR-6", "UTF-8 beyond ASCII in another cookie"),
    ("bytes", f"session={A}; x=\xff", "HDR-6", "a byte that is not UTF-8, in another cookie behind: nothing is decoded, and nothing raises"),
    ("bytes-before", f"\xe9=1; session={A}", "HDR-6", "the same in a name before"),
    ("bytes-cut", f"session={A}; x=\xc3", "HDR-6", "half a letter of UTF-8"),
    ("bytes-surrogate", f"session={A}; x=\xed\xa0\x80", "HDR-6", "a surrogate in UTF-8"),
    ("bytes-in-value", f"session={A}\xc3\xa9", "HDR-6 SIG-7", "two bytes behind the value are two letters, and four bytes of junk to the signature"),
    ("byte-in-value", f"session={A}\xe9", "HDR-6 SIG-7", "one byte is one letter, and two bytes of junk"),
    ("bytes-in-quotes", f'session="{A}\xc3\xa9"', "HDR-6 HDR-2", "the same in quotes"),
    ("many", "; ".join(f"c{n}=v" for n in range(200)) + f"; session={A}", "HDR-1", "behind two hundred others"),
]

NAMES = [
    ("quote", 'se"ssion', f'se"ssion={A}', "a name with a quote in it is never read"),
    ("dot", "s.1", f"s.1={A}", "a dot in the name is no pattern"),
    ("dot-other", "s.1", f"sx1={A}", "so another letter is another name"),
    ("bracket", "s[0]", f"s[0]={A}", "brackets in the name"),
    ("case", "Session", f"session={A}", "a configured name in upper case is not met in lower case"),
    ("utf-8", "s\u00e9", f"s\xc3\xa9={A}", "a name beyond ASCII is not met in UTF-8, which is how it is sent"),
    ("latin-1", "s\u00e9", f"s\xe9={A}", "it is in Latin-1, since bytes are taken for letters"),
    ("equals", "a=b", f"a=b={A}", "a name with an equals sign is never met"),
    ("space", "a b", f"a b={A}", "nor is one with a space"),
    ("empty", "", f"={A}", "nor is an empty name"),
]
