"""Real Flask with one deliberate mistake, for the tests of the suite itself.

    python tests/broken_adapter.py MISTAKE

Each mistake is one that a port has made or could make. `python tests/broken_adapter.py` lists them.
"""

import hmac
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "adapters" / "python"))
sys.dont_write_bytecode = True

import flask.sessions  # noqa: E402
import flask.wrappers  # noqa: E402
import flask_adapter  # noqa: E402
from flask_adapter import CLOCK, Application  # noqa: E402
from itsdangerous import BadSignature, SignatureExpired, Signer, TimestampSigner  # noqa: E402
from itsdangerous.signer import SigningAlgorithm  # noqa: E402

Interface = flask.sessions.SecureCookieSessionInterface
MISTAKES = {}


def mistake(function):
    MISTAKES[function.__name__] = function
    return function


def with_max_age_changed_by(seconds):
    unsign = TimestampSigner.unsign

    def changed(self, value, max_age=None, return_timestamp=False):
        return unsign(self, value, max_age if max_age is None else max_age + seconds, return_timestamp)

    TimestampSigner.unsign = changed


@mistake
def boundary_is_exclusive():
    with_max_age_changed_by(-1)


@mistake
def boundary_is_a_second_late():
    with_max_age_changed_by(1)


@mistake
def timestamp_is_a_second_early():
    TimestampSigner.get_timestamp = lambda self: int(CLOCK.time()) - 1


@mistake
def future_is_accepted():
    unsign = TimestampSigner.unsign

    def accepting(self, value, max_age=None, return_timestamp=False):
        try:
            return unsign(self, value, max_age, return_timestamp)
        except SignatureExpired as refused:
            if refused.date_signed.timestamp() <= CLOCK.time():
                raise
            return (refused.payload, refused.date_signed) if return_timestamp else refused.payload

    TimestampSigner.unsign = accepting


@mistake
def browser_sessions_never_expire():
    open_session = Interface.open_session

    def opening(self, app, request):
        session = open_session(self, app, request)
        cookie = request.cookies.get(self.get_cookie_name(app))
        if session or not cookie:
            return session
        try:
            data = self.get_signing_serializer(app).loads(cookie)
        except (BadSignature, AttributeError):
            return session
        return self.session_class(data) if isinstance(data, dict) and not data.get("_permanent") else session

    Interface.open_session = opening


@mistake
def no_refresh():
    Interface.should_set_cookie = lambda self, app, session: session.modified


@mistake
def refresh_of_browser_sessions():
    Interface.should_set_cookie = lambda self, app, session: (
        session.modified or app.config["SESSION_REFRESH_EACH_REQUEST"]
    )


@mistake
def wrong_salt():
    build = Application.__init__

    def building(self, config):
        build(self, {**config, "salt": "session-cookie"})

    Application.__init__ = building


@mistake
def fallback_key_signs():
    derive_key = Signer.derive_key
    Signer.derive_key = lambda self, secret_key=None: derive_key(self, secret_key or self.secret_keys[0])


@mistake
def ten_bytes_of_the_signature_are_compared():
    SigningAlgorithm.verify_signature = lambda self, key, value, sig: hmac.compare_digest(
        sig[:10], self.get_signature(key, value)[:10]
    )


@mistake
def timestamp_is_not_signed():
    get_signature, verify_signature = Signer.get_signature, Signer.verify_signature

    def payload(value):
        value = value.encode("utf-8") if isinstance(value, str) else value
        return value.rsplit(b".", 1)[0]

    Signer.get_signature = lambda self, value: get_signature(self, payload(value))
    Signer.verify_signature = lambda self, value, sig: verify_signature(self, payload(value), sig)


@mistake
def no_vary():
    exchange = Application.exchange

    def exchanging(self, now, request):
        answer = exchange(self, now, request)
        return {**answer, "headers": [pair for pair in answer["headers"] if pair[0] != "Vary"]}

    Application.exchange = exchanging


@mistake
def deletion_has_no_attributes():
    delete_cookie = flask.wrappers.Response.delete_cookie
    flask.wrappers.Response.delete_cookie = lambda self, key, **attributes: delete_cookie(self, key)


@mistake
def expires_an_hour_late():
    get_expiration_time = Interface.get_expiration_time

    def late(self, app, session):
        expires = get_expiration_time(self, app, session)
        return None if expires is None else expires + timedelta(hours=1)

    Interface.get_expiration_time = late


@mistake
def expires_in_local_time():
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()

    def local(self, app, session):
        return datetime.fromtimestamp(CLOCK.time()) + app.permanent_session_lifetime if session.permanent else None

    Interface.get_expiration_time = local


@mistake
def session_leaks_into_the_next_request():
    open_session, left = Interface.open_session, []

    def opening(self, app, request):
        session = open_session(self, app, request)
        if not session and session is not None and left:
            session.update(left.pop())
            session.modified = session.accessed = False
        elif session:
            left[:] = [dict(session)]
        return session

    Interface.open_session = opening


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in MISTAKES:
        MISTAKES[sys.argv[1]]()
        flask_adapter.main()
    else:
        sys.exit("name a mistake: " + ", ".join(MISTAKES))
