"""How long a signature is accepted."""

from . import forge
from .case import DAY, MONTH, T, do, exchange, get, permanent, put, sequence, sign, step, verify

NAME = "expiry"
DESCRIPTION = "The age of a signature against the lifetime, in whole seconds, at every edge."

#: The last second that Python's calendar holds, 9999-12-31T23:59:59Z.
LAST_SECOND = 253_402_300_799
#: The longest and the shortest timedelta, in whole seconds.
LONGEST, SHORTEST = 86_399_999_999_999, -86_399_999_913_600


def cases():
    yield from edges()
    yield from fractions_of_now()
    yield from lifetimes()
    yield from beyond_the_calendar()
    yield from every_session()
    yield from keys()
    yield from lifetime_in_force()


def edges():
    cookie = forge.of({"user": 1})
    for name, age, rules, why in [
        ("age-zero", 0, "EXP-1", "signed in this very second"),
        ("age-one", 1, "EXP-1", "one second old"),
        ("one-before-lifetime", 59, "EXP-1", "the second before the lifetime is reached"),
        ("at-lifetime", 60, "EXP-2 EXP-1", "age equal to the lifetime is accepted: the comparison is not strict"),
        ("one-past-lifetime", 61, "EXP-2 EXP-1", "one second more than the lifetime is not accepted"),
        ("long-past-lifetime", 10 * 365 * DAY, "EXP-1", "ten years late"),
        ("one-second-ahead", -1, "EXP-3 EXP-1", "signed one second after now: no leeway for clocks that disagree"),
        ("an-hour-ahead", -3600, "EXP-3 EXP-1", "signed an hour after now"),
        ("lifetime-ahead", -60, "EXP-3", "as far ahead as the lifetime is long: the age is not taken as an absolute value"),
    ]:
        yield verify(f"expiry-{name}", rules, why, cookie, now=T + age, lifetime=60)
    for name, age, why in [
        ("at", MONTH, "31 days to the second"),
        ("past", MONTH + 1, "31 days and a second"),
    ]:
        yield verify(f"expiry-default-lifetime-{name}", "EXP-2 EXP-1", f"{why}, with the default lifetime", cookie, now=T + age)


def fractions_of_now():
    """Both clocks are read in whole seconds: a fraction of now never counts."""
    cookie = forge.of({"user": 1})
    for name, now, lifetime, why in [
        ("age-zero-25", T + 0.25, 60, "a quarter of a second old is zero seconds old"),
        ("before-lifetime-98", T + 59.984375, 60, "just before the lifetime"),
        ("at-lifetime-25", T + 60.25, 60, "past the instant that Expires names, and still accepted"),
        ("at-lifetime-50", T + 60.5, 60, "rounding to the nearest second would reject this one"),
        ("at-lifetime-98", T + 60.984375, 60, "the last sixty-fourth of the second in which it is accepted"),
        ("past-lifetime-00", T + 61.0, 60, "the first instant at which it is too old"),
        ("past-lifetime-25", T + 61.25, 60, "too old, with a fraction"),
        ("future-98", T - 0.015625, 60, "a sixty-fourth of a second early is a whole second early: floor, not rounding"),
        ("future-50", T - 0.5, 60, "half a second early is from the future"),
        ("zero-lifetime-98", T + 0.984375, 0, "a lifetime of zero holds until the second ends"),
        ("zero-lifetime-next", T + 1.0, 0, "and not into the next"),
    ]:
        rule = "EXP-7 EXP-8" if lifetime == 0 else "EXP-3 EXP-8" if now < T else "EXP-8 EXP-2"
        yield verify(f"expiry-fraction-{name}", rule, why, cookie, now=now, lifetime=lifetime)


def lifetimes():
    cookie = forge.of({"user": 1})
    for name, lifetime, ages, rules, why in [
        ("zero", 0, (0, 1), "EXP-7", "zero seconds: only the second of issue"),
        ("one", 1, (1, 2), "EXP-2", "one second"),
        ("minus-one", -1, (-2, -1, 0, 1), "EXP-7", "a negative lifetime accepts nothing, not even a cookie from the future"),
        ("minus-month", -MONTH, (-MONTH, 0), "EXP-7", "a very negative lifetime accepts nothing"),
        ("half", 0.5, (0, 1), "EXP-5 EXP-7", "half a second counts as zero"),
        ("minus-half", -0.5, (0, 1), "EXP-5 EXP-7", "minus half a second is truncated to zero, not floored to minus one"),
        ("minus-one-half", -1.5, (0,), "EXP-5 EXP-7", "minus one and a half is truncated to minus one"),
        ("59-9", 59.9, (59, 60), "EXP-5", "59.9 seconds count as 59, not as 60"),
        ("60-5", 60.5, (60, 61), "EXP-5", "60.5 seconds count as 60"),
        ("timedelta", 60.0, (60, 61), "EXP-2", "a timedelta of 60 seconds equals the integer 60"),
        ("microsecond-short", 59.999999, (59, 60), "EXP-5", "a microsecond short of 60 seconds counts as 59"),
        ("tiny", 0.000001, (0, 1), "EXP-5 EXP-7", "one microsecond counts as zero"),
        ("long", 400 * DAY, (400 * DAY, 400 * DAY + 1), "EXP-2", "400 days: the server knows no browser's limit"),
        ("longest", LONGEST, (0, T), "EXP-1", "the longest lifetime that timedelta holds reads as usual"),
        ("shortest", SHORTEST, (0,), "EXP-7", "the most negative lifetime that timedelta holds accepts nothing"),
    ]:
        for age in ages:
            side = f"{'minus-' if age < 0 else ''}{abs(age)}"
            yield verify(f"expiry-lifetime-{name}-age-{side}", rules, f"{why} (age {age})", cookie, now=T + age, lifetime=lifetime)


def beyond_the_calendar():
    cookie = forge.of({"_permanent": True, "user": 1})
    plain = forge.of({"user": 1})
    for name, lifetime in [("too-long", LONGEST + 1), ("far-too-long", 10**18), ("too-negative", SHORTEST - 1)]:
        why = f"a lifetime of {lifetime} s is more than timedelta holds: every request with a cookie raises"
        yield verify(f"expiry-{name}-verify", "EXP-9", why, plain, lifetime=lifetime)
        yield exchange(f"expiry-{name}-read", "EXP-9", why, get("user"), cookie=plain, lifetime=lifetime)
        yield exchange(f"expiry-{name}-no-cookie", "EXP-9", "without a cookie that lifetime is not used", get("user"), lifetime=lifetime)
        yield exchange(
            f"expiry-{name}-write", "EXP-9", "a session that is not permanent is written without that lifetime",
            put("user", 1), lifetime=lifetime,
        )
        yield exchange(
            f"expiry-{name}-write-permanent", "EXP-9 SET-10", "the Expires of a permanent session needs it, and raises",
            permanent(), put("user", 1), lifetime=lifetime,
        )
    yield verify("expiry-too-long-empty-cookie", "EXP-9 HDR-4", "an empty value is set aside before the lifetime is looked at",
                 "", lifetime=LONGEST + 1)
    yield verify("expiry-too-long-bad-signature", "EXP-9", "the lifetime is read before the signature, so an unsigned value raises too",
                 "x.y.z", lifetime=LONGEST + 1)
    end = LAST_SECOND - T
    for name, lifetime, now, why in [
        ("last-second", end, T, "Expires in the very last second of the year 9999"),
        ("last-fraction", end, T + 0.984375, "Expires in the last fraction of the last second of the year 9999"),
        ("past-the-end", end + 1, T, "Expires one second after the year 9999 cannot be written"),
        ("longest", LONGEST, T, "the longest timedelta reads, but Expires cannot be written"),
        ("before-year-one", -T - 62_135_596_801, T, "Expires before the year 1 cannot be written"),
        ("in-year-one", -T - 62_135_596_800, T, "Expires at the first second of the year 1 can"),
    ]:
        yield exchange(f"expiry-calendar-{name}", "EXP-9", f"{why} (a new permanent session)", permanent(), now=now, lifetime=lifetime)
    yield exchange("expiry-calendar-longest-reads-permanent", "EXP-9 SET-10", "the cookie is read, but the refresh raises",
                   get("user"), cookie=cookie, lifetime=LONGEST)
    yield exchange("expiry-calendar-longest-no-refresh", "EXP-9", "without a refresh nothing has to be written, and nothing raises",
                   get("user"), cookie=cookie, lifetime=LONGEST, refresh_each_request=False)


def every_session():
    for kind, session in [("permanent", {"_permanent": True, "user": 1}), ("browser", {"user": 1}),
                          ("ended", {"_permanent": False, "user": 1}), ("empty", {})]:
        cookie = forge.of(session)
        for name, age, why in [("at", 60, "accepted at the lifetime"), ("past", 61, "refused one second later"),
                               ("ahead", -1, "refused from the future")]:
            yield verify(f"expiry-every-{kind}-{name}", "EXP-4 EXP-2", f"{kind} session: {why}", cookie, now=T + age, lifetime=60)
        yield exchange(f"expiry-every-{kind}-exchange", "EXP-4 DEL-6", f"{kind} session, expired: opens empty, and is not deleted",
                       do("items"), cookie=cookie, now=T + 61, lifetime=60)
    yield exchange("expiry-refused-cookie-is-replaced-by-a-write", "EXP-4", "a write after an expired cookie starts from an empty session",
                   put("new", 1), cookie=forge.of({"old": 1}), now=T + 61, lifetime=60)


def keys():
    old, new = "the old key", "the new key"
    for name, key, age, fallbacks, rules, why in [
        ("fallback-at", old, 60, [old], "EXP-2 KEY-3", "a fallback key's signature lives as long as any"),
        ("fallback-past", old, 61, [old], "EXP-10 KEY-3", "and no longer"),
        ("fallback-ahead", old, -1, [old], "EXP-10 EXP-3", "nor from the future"),
        ("same-key-twice", new, 61, [new], "EXP-10", "expired under the current key: the fallback key, the same, is not asked"),
        ("current-past", new, 61, [old], "EXP-10", "expired under the current key is expired, whatever the fallback keys are"),
        ("second-fallback-past", old, 61, [old, "another key"], "EXP-10", "expired under the last of three keys"),
    ]:
        yield verify(f"expiry-key-{name}", rules, why, forge.of({"user": 1}, key=key), now=T + age, lifetime=60, secret_key=new,
                     fallback_keys=fallbacks)


def lifetime_in_force():
    """The cookie does not know for how long it was meant: the lifetime at opening decides."""
    for name, first, then, age, why in [
        ("shortened", 3600, 60, 61, "signed under an hour, read under a minute: out"),
        ("shortened-within", 3600, 60, 60, "signed under an hour, read under a minute, within it: in"),
        ("lengthened", 60, 3600, 61, "signed under a minute, read under an hour: in, although Expires is past"),
        ("lengthened-far", 60, 3600, 3601, "and out after the hour"),
    ]:
        yield sequence(
            f"expiry-in-force-{name}", "EXP-6 SYS-5", why,
            step(T, permanent(), put("user", 1), lifetime=first),
            step(T + age, get("user"), lifetime=then),
        )
    for name, members, why in [("short", {"lifetime": 60}, "written under a minute"), ("default", {}, "the same cookie as under 31 days: the value says nothing of a lifetime")]:
        yield sign(f"expiry-in-force-written-{name}", "EXP-6 SIG-4", why, {"_permanent": True, "user": 1}, **members)
