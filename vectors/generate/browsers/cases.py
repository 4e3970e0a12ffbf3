"""What browsers are asked: pages that set cookies, further pages, and a restart in between.

Each case has hosts of its own, so that all of them fit into one browser. `*.localhost` is loopback to a browser, which counts as
secure without https; `*.example` is not, though it is served on loopback as well. Instants are seconds after the case's moment, and
a step may come up to 0.7 seconds late: none lies nearer to a boundary. In headers, `{+60}` is the date a minute after the moment,
`{+60|FORM}` the same in a form of strftime, `{x*9}` a repetition.
"""

HOUR, DAY = 3600, 86400
LIMIT = 400 * DAY
PAST = "Thu, 01 Jan 1970 00:00:00 GMT"
RESTART = {"restart": True}


def cases():
    yield from ends_of_the_session()
    yield from instants()
    yield from clocks()
    yield from max_age_and_expires()
    yield from limits_of_lifetime()
    yield from deletions()
    yield from sizes()
    yield from identities()
    yield from ages_read()
    yield from dates_read()
    yield from attributes()


def case(ident, rules, comment, *steps):
    """Paths stand for pages at the case's own host."""
    home = f"http://{ident}.localhost"
    steps = [dict(step) for step in steps]
    for step in steps:
        if step.get("visit", "").startswith("/"):
            step["visit"] = home + step["visit"]
    return {"id": ident, "rules": rules.split(), "comment": comment, "steps": steps}


def visit(*headers, to="/", at=None, date=None):
    """A page that sets cookies by these headers; a Date, in seconds from the moment, only where it is told."""
    told = {"set": list(headers), "date": date}
    return timed({"visit": to, **{name: value for name, value in told.items() if value not in (None, [])}}, at)


def flask(does, to="/", at=None, **config):
    return timed({"visit": to, "flask": {"does": does, "config": config}}, at)


def timed(step, at):
    return step if at is None else {"at": at, **step}


def ends_of_the_session():
    yield case(
        "flask-session-at-restart", "UA-1 SYS-3", "a session that is not permanent ends with the browser",
        flask("log in"), flask("read"), RESTART, flask("read"),
    )
    yield case(
        "flask-permanent-at-restart", "UA-2 SYS-3", "a permanent session outlives the browser",
        flask("log in permanently", SESSION_REFRESH_EACH_REQUEST=False), RESTART, flask("read", SESSION_REFRESH_EACH_REQUEST=False),
    )
    yield case(
        "flask-ten-years-at-restart", "UA-4 UA-2", "a lifetime of ten years is cut to 400 days, which counts after a restart too",
        flask("log in permanently", PERMANENT_SESSION_LIFETIME=3650 * DAY, SESSION_REFRESH_EACH_REQUEST=False), RESTART, visit(),
    )
    yield case("max-age-at-restart", "UA-2 UA-3", "Max-Age keeps a cookie over a restart", visit("a=b; Max-Age=3600"), RESTART, visit())
    yield case(
        "no-longer-persistent", "UA-1 UA-7", "a cookie that loses its Expires ends with the browser",
        visit("a=b; Expires={+3600}"), visit("a=b"), RESTART, visit(),
    )
    yield case(
        "newly-persistent", "UA-2 UA-7", "a cookie that gains an Expires outlives the browser",
        visit("a=b"), visit("a=b; Expires={+3600}"), RESTART, visit(),
    )
    yield case(
        "unreadable-expires-at-restart", "UA-8 UA-1", "an Expires that is no date makes a cookie of the browser's session",
        visit("a=b; Expires=tomorrow"), visit(), RESTART, visit(),
    )
    yield case(
        "order-at-restart", "UA-7 UA-2", "creation times outlive the browser",
        visit("z=1; Expires={+3600}"), visit("a=1; Expires={+3600}"), RESTART, visit(),
    )
    yield case(
        "expires-counts-on-while-closed", "UA-2", "the instant is the same before a restart and after it",
        visit("a=b; Expires={+15}", "c=d; Expires={+3600}", at=0.2), RESTART, visit(), visit(at=15.2),
    )


def instants():
    for ident, comment, header in [
        ("expires-within-seconds", "a cookie is sent until its Expires and not after it", "a=b; Expires={+2}"),
        ("max-age-within-seconds", "a cookie is sent until its Max-Age is over and not after it", "a=b; Max-Age=2"),
    ]:
        rules = "UA-2" if "Expires" in header else "UA-3"
        yield case(ident, rules, comment, visit(header, "c=d", at=0.2), visit(at=1.2), visit(at=3.2))
    yield case(
        "expires-at-the-second-of-arrival", "UA-2 UA-5", "an Expires in this very second has passed, for it means the second's begin",
        visit("a=b; Expires={+0}", "c=d", at=0.2), visit(),
    )
    yield case(
        "anew-after-expiry", "UA-7 UA-5", "a cookie after an expired one in its place is a new one and comes last",
        visit("a=1; Expires={+2}", "c=1", at=0.2), visit("a=1; Expires={+3600}", at=3.2), visit(),
    )
    yield case(
        "flask-lifetime-of-seconds", "UA-2 SYS-1", "a permanent session of two seconds, not renewed: the browser forgets it",
        flask("log in permanently", at=0.2, PERMANENT_SESSION_LIFETIME=2, SESSION_REFRESH_EACH_REQUEST=False),
        flask("read", at=1.2, PERMANENT_SESSION_LIFETIME=2, SESSION_REFRESH_EACH_REQUEST=False),
        flask("read", at=3.2, PERMANENT_SESSION_LIFETIME=2, SESSION_REFRESH_EACH_REQUEST=False),
    )
    yield case(
        "flask-renewal", "UA-2 UA-7 SYS-2", "a permanent session of two seconds, renewed by each request: it slides",
        *(flask("log in permanently" if at < 1 else "read", at=at, PERMANENT_SESSION_LIFETIME=2) for at in (0.2, 1.2, 2.2, 5.2)),
    )


def clocks():
    """Servers whose clock is wrong, as their Date tells."""
    for ident, comment, date in [("right", "is right", 0), ("behind", "is an hour behind", -HOUR), ("ahead", "is an hour ahead", HOUR)]:
        yield case(
            f"clock-{ident}", "UA-2 UA-3", f"the server's clock {comment}: the Expires of a minute that it writes, and Max-Age",
            visit(f"a=b; Expires={{{date + 60:+}}}", "c=d; Max-Age=60", date=date), visit(),
        )
    yield case(
        "clock-behind-at-deletion", "UA-5 UA-2", "the server's clock is an hour behind: an Expires of that hour, in the future for it",
        visit("a=b", "c=d; Expires={+3600}"), visit("a=; Expires={-60}", "c=; Expires={-3660}", date=-HOUR), visit(),
    )
    yield case(
        "clock-far-behind", "UA-2 UA-5", "a server that believes it is 2001: Flask's deletion is in the past all the same",
        visit("a=b", "c=d; Expires={+3600}"), visit(f"a=; Expires={PAST}", f"c=; Expires={PAST}; Max-Age=0", date=-800_000_000), visit(),
    )
    yield case(
        "clock-behind-within-seconds", "UA-2", "the server's clock is an hour behind: an Expires of two seconds",
        visit("a=b; Expires={-3598}", "c=d", date=-HOUR, at=0.2), visit(at=1.2), visit(at=3.2),
    )


def max_age_and_expires():
    for ident, comment, header in [
        ("max-age-before-expires", "Max-Age counts beside a later Expires", "a=b; Max-Age=60; Expires={+3600}"),
        ("max-age-after-expires", "Max-Age counts beside an earlier Expires", "a=b; Expires={+60}; Max-Age=3600"),
        ("max-age-with-past-expires", "Max-Age keeps what an Expires in the past would remove", "a=b; Max-Age=60; Expires={-60}"),
        ("past-expires-before-max-age", "the same in the other order", "a=b; Expires={-60}; Max-Age=60"),
    ]:
        yield case(ident, "UA-3", comment, visit(header), visit())
    for ident, comment, header in [
        ("max-age-zero-with-expires", "Max-Age=0 removes what Expires would keep", "a=; Max-Age=0; Expires={+3600}"),
        ("expires-with-max-age-zero", "the same in the other order", "a=; Expires={+3600}; Max-Age=0"),
    ]:
        yield case(ident, "UA-3 UA-5", comment, visit("a=b"), visit(header), visit())


def limits_of_lifetime():
    for ident, comment, attribute in [
        ("max-age-of-400-days", "400 days are kept as they are", f"Max-Age={LIMIT}"),
        ("max-age-beyond-400-days", "a second more is cut", f"Max-Age={LIMIT + 1}"),
        ("max-age-beyond-any-number", "digits beyond any number are cut to 400 days", "Max-Age={9*30}"),
        ("expires-within-400-days", "an instant within 400 days is kept as it is", f"Expires={{+{LIMIT - 60}}}"),
        ("expires-beyond-400-days", "an instant beyond 400 days is cut to them, counted from the arrival", f"Expires={{+{LIMIT + 60}}}"),
        ("expires-at-the-calendars-end", "so is the last second of the year 9999", "Expires=Fri, 31 Dec 9999 23:59:59 GMT"),
    ]:
        yield case(ident, "UA-4", comment, visit(f"a=b; {attribute}"), visit())


def deletions():
    yield case("flask-logout", "UA-5", "Flask's deletion removes the cookie", flask("log in"), flask("log out"), flask("read"))
    yield case(
        "flask-logout-of-a-permanent-session", "UA-5", "Flask's deletion removes a persistent cookie",
        flask("log in permanently", SESSION_REFRESH_EACH_REQUEST=False), flask("log out"), visit(),
    )
    for ident, comment, before, after in [
        ("path", "another path", {}, {"SESSION_COOKIE_PATH": "/app"}),
        ("domain", "a Domain where there was none", {}, {"SESSION_COOKIE_DOMAIN": "flask-logout-with-another-domain.localhost"}),
        ("name", "another name", {}, {"SESSION_COOKIE_NAME": "Session"}),
    ]:
        other = flask("log out", to="/app/", **after)
        if ident == "name":
            # An empty session has nothing to delete, and under another name every session is empty: written, then cleared.
            other = visit("Session=; Expires=" + PAST + "; Max-Age=0; HttpOnly; Path=/", to="/app/")
        yield case(
            f"flask-logout-with-another-{ident}", "UA-5 UA-7 DEL-2", f"a deletion with {comment} leaves the cookie where it is",
            flask("log in", to="/app/", **before), other, flask("read", to="/app/", **before),
        )
    yield case(
        "flask-logout-with-domain", "UA-5 DEL-2", "a deletion with the Domain that the cookie had removes it",
        flask("log in", SESSION_COOKIE_DOMAIN="flask-logout-with-domain.localhost"),
        flask("log out", SESSION_COOKIE_DOMAIN=".flask-logout-with-domain.localhost"), flask("read"),
    )
    for ident, comment, header in [
        ("deleted-by-expires-alone", "an Expires in 1970 removes the cookie", f"a=; Expires={PAST}"),
        ("deleted-by-max-age-alone", "Max-Age=0 removes it", "a=; Max-Age=0"),
        ("deleted-by-negative-max-age", "a negative Max-Age removes it", "a=; Max-Age=-1"),
        ("deleted-by-max-age-below-any-number", "digits below any number remove it", "a=; Max-Age=-{9*30}"),
        ("deleted-by-minus-zero", "so does minus zero", "a=; Max-Age=-0"),
        ("deleted-by-the-last-second", "an Expires of a second ago removes it", "a=; Expires={-1}"),
        ("deleted-with-a-value", "a deletion need not be empty", "a=c; Max-Age=0"),
        ("deleted-with-other-attributes", "HttpOnly and SameSite do not matter", "a=; Max-Age=0; HttpOnly; SameSite=Strict"),
        ("deleted-before-1970", "an Expires before 1970 removes it", "a=; Expires=Sun, 06 Nov 1960 08:49:37 GMT"),
        ("deleted-in-1601", "so does one in the first year that a date can have", "a=; Expires=Mon, 01 Jan 1601 00:00:01 GMT"),
    ]:
        yield case(ident, "UA-5", comment, visit("a=b; Max-Age=3600", "c=d"), visit(header), visit())
    yield case(
        "empty-value", "UA-5", "an empty value alone deletes nothing", visit("a=b"), visit("a="), visit(),
    )
    yield case(
        "deletion-with-default-path", "UA-5 UA-7", "without Path a deletion goes for the directory of its page",
        visit("a=b; Path=/", to="/x/y"), visit("a=; Max-Age=0", to="/x/y"), visit("a=; Max-Age=0", to="/x"), visit(),
    )
    yield case(
        "deletion-without-secure", "UA-5 DEL-2", "on loopback a deletion without Secure removes a secure cookie",
        visit("a=b; Secure"), visit("a=; Max-Age=0"), visit(),
    )
    yield case(
        "deletion-without-partitioned", "UA-5 DEL-2", "a deletion without Partitioned leaves a partitioned cookie where it is",
        visit("a=b; Secure; Partitioned"), visit("a=; Max-Age=0; Secure"), visit("a=; Max-Age=0; Secure; Partitioned"), visit(),
    )


def sizes():
    yield case(
        "flask-oversize", "UA-6 SET-9", "a session that has grown too long is sent by Flask and ignored: the old one stays",
        flask("log in"), flask("grow"), flask("read"),
    )
    for ident, comment, header in [
        ("of-4096-bytes", "name and value of 4096 bytes together are kept", "name={x*4092}"),
        ("of-4097-bytes", "a byte more, and the old one stays", "name={x*4093}"),
        ("of-4096-bytes-of-utf-8", "bytes are counted, not characters", "name={\u00c3\u00a9*2046}"),
        ("of-4098-bytes-of-utf-8", "so 2049 characters of two bytes are too many", "name={\u00c3\u00a9*2047}"),
        ("oversize-by-quotes", "quotes count", 'name="{x*4091}"'),
        ("trimmed-to-4096-bytes", "spaces around name and value do not count", "  name  =  {x*4092}  "),
        ("with-long-attributes", "attributes do not count", "name={x*4092}; Path=/; Comment={x*1024}; Other={x*1024}"),
    ]:
        yield case(ident, "UA-6", comment, visit("name=old"), visit(header), visit())
    yield case(
        "long-name", "UA-6", "a name may use all of it up", visit("{n*4096}=", "{n*4096}=v"), visit(),
    )
    yield case(
        "oversize-deletion", "UA-6 UA-5", "an oversize deletion deletes nothing",
        visit("a=b"), visit("a={x*4096}; Max-Age=0"), visit(),
    )
    yield case(
        "path-of-1024-bytes", "UA-6", "a Path of 1024 bytes is kept, and the cookie does not go elsewhere",
        visit("a=b; Path=/{p*1023}", to="/x/y"), visit(to="/x/y"),
    )
    yield case(
        "path-of-1025-bytes", "UA-6", "a longer Path is ignored: the directory of the page holds",
        visit("a=b; Path=/{p*1024}", to="/x/y"), visit(to="/x/z"),
    )
    yield case(
        "long-path-after-a-path", "UA-6 UA-8", "a Path that is too long leaves an earlier one in force",
        visit("a=b; Path=/x; Path=/{p*1024}", to="/x/y/z"), visit(to="/x"),
    )
    yield case(
        "long-max-age", "UA-6 UA-8", "a Max-Age of more than 1024 digits is ignored, one of 1024 is not",
        visit("a=b; Max-Age={0*1023}9", "c=d; Max-Age={0*1024}9"), visit(),
    )
    yield case(
        "long-expires", "UA-6 UA-8", "an Expires of more than 1024 bytes is ignored",
        visit("a=b; Expires={+3600}{ *64}{-*900}x", "c=d; Expires={+3600}{ *64}{-*1024}x"), visit(),
    )


def identities():
    yield case(
        "replaced", "UA-7", "a cookie of another value in the place of an older one: whether it keeps its place in the header",
        visit("z=1"), visit("a=1"), visit("z=2"), visit(),
    )
    yield case(
        "replaced-by-itself", "UA-7", "the same value once more: whether it keeps its place in the header",
        visit("z=1"), visit("a=1"), visit("z=1"), visit(),
    )
    yield case(
        "in-one-answer", "UA-7", "cookies of one answer: which of one place stays, and their order",
        visit("z=1", "a=1", "z=2", "m=1"), visit(),
    )
    yield case(
        "two-paths", "UA-7", "another path is another cookie; the longer path is sent first, however old",
        visit("a=1; Path=/", "a=2; Path=/x/y", "a=3; Path=/x", to="/x/y/z"), visit(to="/x/y/z"), visit(to="/x"), visit(),
    )
    yield case(
        "path-with-slash", "UA-7", "a slash at the end makes another path, longer by one",
        visit("a=1; Path=/x", "a=2; Path=/x/", to="/x/"), visit(to="/x/"), visit(to="/x"), visit(to="/xy"),
    )
    yield case(
        "default-path", "UA-7", "without an absolute Path the directory of the page holds",
        visit("a=1", "b=1; Path=", "c=1; Path=x", "d=1; Path=/", to="/x/y/z"), visit(to="/x/y"), visit(to="/x"),
    )
    yield case(
        "host-only-and-domain", "UA-7", "with Domain it is another cookie than without",
        visit("a=1", "a=2; Domain=host-only-and-domain.localhost"), visit(),
        visit(to="http://sub.host-only-and-domain.localhost/"),
    )
    yield case(
        "leading-dot", "UA-7", "a leading dot of Domain means nothing, letters of either case are one",
        visit("a=1; Domain=leading-dot.localhost"), visit("a=2; Domain=.Leading-Dot.LOCALHOST"), visit(),
    )
    yield case(
        "domain-above", "UA-7", "a host may set for the domain above it",
        visit("a=1; Domain=domain-above.localhost", to="http://sub.domain-above.localhost/"),
        visit("a=2"), visit(to="http://sub.domain-above.localhost/"), visit(),
    )
    yield case(
        "foreign-domain", "UA-7", "nobody may set for another host, nor for the hosts below",
        visit("a=1; Domain=other.localhost", "b=1; Domain=sub.foreign-domain.localhost", "c=1; Domain=reign-domain.localhost"), visit(),
    )
    yield case("empty-domain", "UA-7", "a Domain of nothing, and of a dot", visit("a=1; Domain=", "b=1; Domain=."), visit())
    yield case(
        "localhost-itself", "UA-7", "localhost names itself",
        visit("a=1; Domain=localhost", "b=1", to="http://localhost/"), visit(to="http://localhost/"),
    )
    yield case(
        "an-address", "UA-7", "an address names itself, and an end of itself",
        visit("a=1; Domain=127.0.0.1", "b=1", "c=1; Domain=0.0.1", to="http://127.0.0.1/"), visit(to="http://127.0.0.1/"),
    )
    yield case(
        "public-suffix", "UA-7", "a host sets for a domain under which others register theirs",
        visit("a=1; Domain=co.uk", "b=1", to="http://public-suffix.co.uk/"), visit(to="http://public-suffix.co.uk/"),
    )
    yield case("case-of-names", "UA-7", "names of other letters are other names", visit("a=1", "A=2"), visit())
    yield case(
        "partitions", "UA-7 SET-7", "with Partitioned it is another cookie than without",
        visit("a=1; Secure", "a=2; Secure; Partitioned"), visit(),
    )
    yield case("nameless", "UA-7", "a cookie without a name is sent as its value", visit("token", "=other", "a="), visit())


def ages_read():
    for ident, comment, value in [
        ("empty", "nothing", ""),
        ("minus", "a lone minus", "-"),
        ("plus", "a plus sign", "+60"),
        ("unit", "a unit", "60s"),
        ("word", "a word", "forever"),
        ("fraction", "a fraction", "60.5"),
        ("quotes", "quotes", '"60"'),
        ("two-minuses", "two minuses", "--60"),
        ("space-within", "a space within", "6 0"),
        ("hexadecimal", "hexadecimal digits", "0x60"),
    ]:
        yield case(
            f"max-age-with-{ident}", "UA-8", f"a Max-Age with {comment}, with Expires and alone",
            visit(f"a=b; Max-Age={value}; Expires={{+3600}}", f"c=d; Max-Age={value}"), visit(),
        )
    yield case("max-age-with-zeros", "UA-8", "leading zeros are digits, spaces around do not count", visit("a=b; Max-Age =  0060 "), visit())
    yield case(
        "last-max-age", "UA-8", "the last Max-Age counts, names without regard to case",
        visit("a=b; Max-Age=60; MAX-AGE=3600", "c=d; max-age=3600; Max-Age=60"), visit(),
    )
    yield case(
        "last-readable-max-age", "UA-8", "an unreadable Max-Age after a readable one",
        visit("a=b; Max-Age=60; Max-Age=soon", "c=d; Max-Age=60; Max-Age"), visit(),
    )
    yield case(
        "last-expires", "UA-8", "the last Expires counts",
        visit("a=b; Expires={+60}; expires={+3600}", "c=d; Expires={+3600}; EXPIRES={+60}"), visit(),
    )
    yield case(
        "last-readable-expires", "UA-8", "an unreadable Expires after a readable one",
        visit("a=b; Expires={+3600}; Expires=soon", "c=d; Expires={+3600}; Expires"), visit(),
    )
    yield case(
        "last-path", "UA-8", "the last Path counts, even where it is no path",
        visit("a=b; Path=/; Path=/x", "c=d; Path=/; Path=y", "e=f; Path=/; Path", to="/x/y/z"), visit(to="/x/y/z"),
    )
    yield case(
        "last-domain", "UA-8", "the last Domain counts, also an empty one",
        visit("a=b; Domain=elsewhere.localhost; Domain=last-domain.localhost", "c=d; Domain=last-domain.localhost; Domain=",
              "e=f; Domain=last-domain.localhost; Domain=elsewhere.localhost"),
        visit(),
    )
    yield case(
        "last-same-site", "UA-8 SET-6", "the last SameSite counts, also one that is no word of it",
        visit("a=b; SameSite=Strict; SameSite=Lax", "c=d; SameSite=Strict; SameSite=no", "e=f; SameSite=Strict; SameSite"), visit(),
    )


def dates_read():
    yield from readable_dates()
    for ident, comment, value in [
        ("words", "words", "tomorrow"),
        ("no-time", "no time of day", "{+3600|%d %b %Y}"),
        ("no-day", "no day", "{+3600|%b %Y %H:%M:%S}"),
        ("no-month", "no month", "{+3600|%d %Y %H:%M:%S}"),
        ("no-year", "no year", "{+3600|%d %b %H:%M:%S}"),
        ("no-seconds", "no seconds", "{+3600|%d %b %Y %H:%M}"),
        ("iso-8601", "a date as in ISO 8601", "{+3600|%Y-%m-%dT%H:%M:%SZ}"),
        ("seconds", "Unix seconds", "1999999999"),
        ("number-of-month", "a month in digits", "{+3600|%d/%m/%Y %H:%M:%S}"),
        ("other-language", "a month of another language", "Di, 14 Dez 2038 22:13:20 GMT"),
        ("31-february", "a day that its month lacks", "Mon, 31 Feb 2038 12:00:00 GMT"),
        ("hour-24", "an hour of 24", "Thu, 11 Nov 2038 24:00:00 GMT"),
        ("second-60", "a leap second", "Thu, 11 Nov 2038 23:59:60 GMT"),
        ("year-1600", "a year before 1601", "Tue, 01 Feb 1600 12:00:00 GMT"),
        ("year-0100", "a year of three digits, as Flask writes it for a lifetime of minus nineteen centuries", "Fri, 01 Jan 0100 00:00:00 GMT"),
        ("year-10000", "a year of five digits", "Sat, 01 Jan 10000 00:00:00 GMT"),
        ("day-of-three-digits", "a day of three digits", "Thu, 011 Nov 2038 12:00:00 GMT"),
        ("minute-of-three-digits", "a minute of three digits", "Thu, 11 Nov 2038 12:000:00 GMT"),
    ]:
        yield case(f"date-with-{ident}", "UA-8", f"an Expires with {comment}", visit(f"a=b; Expires={value}"), visit())


def readable_dates():
    for ident, comment, form in [
        ("dashes", "with dashes, as Netscape had it", "%a, %d-%b-%Y %H:%M:%S GMT"),
        ("two-digits-of-year", "with two digits of the year", "%A, %d-%b-%y %H:%M:%S GMT"),
        ("asctime", "as C writes it", "%a %b %d %H:%M:%S %Y"),
        ("whole-month", "with the month written out", "%d %B %Y %H:%M:%S"),
        ("lower-case", "without a weekday, the zone in lower case", "%d %b %Y %H:%M:%S gmt"),
        ("time-first", "with the time first", "%H:%M:%S %d %b %Y"),
        ("year-first", "with the year first", "%Y %d %b %H:%M:%S"),
        ("zone", "with a zone that is not looked at", "%a, %d %b %Y %H:%M:%S +0500"),
        ("no-zone", "without a zone", "%a, %d %b %Y %H:%M:%S"),
        ("slashes", "with slashes", "%d/%b/%Y %H:%M:%S"),
        ("ordinal", "with an ordinal", "%dth %b %Y %H:%M:%S"),
        ("wrong-weekday", "with any word for a weekday", "Someday, %d %b %Y %H:%M:%S GMT"),
        ("z-at-the-time", "with a letter at the time", "%d %b %Y %H:%M:%SZ"),
        ("quotes", "in quotes", '"%a, %d %b %Y %H:%M:%S GMT"'),
        ("words-around", "among other words", "until %H:%M:%S on the %d of %b in %Y"),
        ("three-letters-of-month", "with letters after the month's three", "%d %bx %Y %H:%M:%S"),
    ]:
        yield case(f"date-{ident}", "UA-8", f"a date {comment}", visit(f"a=b; Expires={{+3600|{form}}}"), visit())
    yield case(
        "date-year-0070", "UA-8 UA-5", "a year of 0070 is 1970, and past", visit("a=b", "c=d"), visit("a=b; Expires=Thu, 01 Jan 0070 00:00:00 GMT"), visit(),
    )
    yield case(
        "date-year-69", "UA-8 UA-4", "a year of 69 is 2069, and beyond 400 days", visit("a=b; Expires=Tue, 01 Jan 69 00:00:00 GMT"), visit(),
    )
    yield case(
        "date-one-digit", "UA-8 UA-4", "days and hours may have one digit", visit("a=b; Expires=Mon, 1 Jan 2068 1:2:3 GMT"), visit(),
    )


def attributes():
    yield case(
        "secure-on-loopback", "SET-5", "loopback counts as secure without https: Secure is kept and sent",
        visit("a=b; Secure", "c=d; Secure; HttpOnly"), visit(),
    )
    yield case(
        "secure-over-http", "SET-5", "elsewhere Secure needs https: the cookie is ignored, and the old one stays",
        visit("a=b", to="http://secure-over-http.example/"), visit("a=c; Secure", "d=e; Secure", to="http://secure-over-http.example/"),
        visit(to="http://secure-over-http.example/"),
    )
    yield case(
        "flask-secure-over-http", "SET-5", "SESSION_COOKIE_SECURE without https: nobody can log in",
        flask("log in", to="http://flask-secure-over-http.example/", SESSION_COOKIE_SECURE=True),
        flask("read", to="http://flask-secure-over-http.example/", SESSION_COOKIE_SECURE=True),
    )
    yield case(
        "same-site", "SET-6", "the words of SameSite, in any case of letters; another word is as none",
        visit("a=1; SameSite=Strict", "b=1; SameSite=lax", "c=1; SameSite=NONE; Secure", "d=1; SameSite=Never", "e=1; SameSite", "f=1"), visit(),
    )
    yield case("same-site-none-without-secure", "SET-6", "SameSite=None needs Secure", visit("a=b", "c=d; SameSite=None"), visit("a=c; SameSite=None"), visit())
    yield case(
        "flask-same-site-none", "SET-6", "SESSION_COOKIE_SAMESITE of None without SESSION_COOKIE_SECURE: nobody can log in",
        flask("log in", SESSION_COOKIE_SAMESITE="None"), flask("read", SESSION_COOKIE_SAMESITE="None"),
    )
    yield case("partitioned-without-secure", "SET-7", "Partitioned needs Secure", visit("a=b; Partitioned", "c=d; Partitioned; Secure"), visit())
    yield case(
        "flask-partitioned", "SET-7 UA-1", "Flask writes Secure with Partitioned, and the session is kept",
        flask("log in", SESSION_COOKIE_PARTITIONED=True), flask("read", SESSION_COOKIE_PARTITIONED=True), visit(),
    )
    yield case(
        "host-prefix", "SET-2 SET-3 SET-4", "__Host- promises Secure, Path=/ and no Domain, in any case of letters",
        visit("__Host-a=1; Secure; Path=/", "__Host-b=1; Path=/", "__Host-c=1; Secure", "__Host-d=1; Secure; Path=/x",
              "__Host-e=1; Secure; Path=/; Domain=host-prefix.localhost", "__HOST-f=1; Secure"),
        visit(),
    )
    yield case(
        "host-prefix-without-path", "SET-2 SET-4", "__Host- where the path is / by default only: without Path, with an empty one, with one that is not absolute",
        visit("__Host-a=1; Secure", "__Host-b=1; Secure; Path", "__Host-c=1; Secure; Path=x"), visit(),
    )
    yield case(
        "secure-prefix", "SET-2 SET-5", "__Secure- promises Secure, in any case of letters",
        visit("__Secure-a=1; Secure", "__Secure-b=1", "__secure-c=1"), visit(),
    )
    yield case(
        "nameless-with-prefix", "SET-2", "a cookie without a name may not look as if it had such a name",
        visit("=__Secure-a=1; Secure", "__Host-; Secure; Path=/", "a=b"), visit(),
    )
    yield case(
        "http-prefix", "SET-2", "younger prefixes, which promise HttpOnly",
        visit("__Http-a=1; Secure", "__Http-b=1; Secure; HttpOnly", "__Host-Http-c=1; Secure; Path=/", "__Host-Http-d=1; Secure; Path=/; HttpOnly"),
        visit(),
    )
