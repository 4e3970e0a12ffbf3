"""Real Flask behind the adapter protocol: the oracle of sessionproof.

Each configuration gets a Flask application of its own, which is driven through its whole WSGI request cycle. Nothing of Flask's
session code is replaced but the two places where it asks for the time: `itsdangerous.timed` (the signature's timestamp) and
`flask.sessions` (`Expires`). Both get the instant of the request.

Works with the installed Flask, from 2.2 on (older ones as far as their parts are there).
"""

import atexit
import hashlib
import io
import logging
import shutil
import sys
import tempfile
import types
import warnings
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path

import flask
import flask.sessions
import itsdangerous
import itsdangerous.timed

from sessionproof_adapter import (
    CONFIG, KINDS, BadRequest, accepted, compression, encode, microseconds, raised, rejected, serve,
)

# The clock.

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class HeldTime:
    """Stands where a module expects `time`. It has no other function, so that no other clock slips in."""

    now = 0

    def time(self):
        return float(self.now)


class HeldDatetime(datetime):
    """Stands where `flask.sessions` expects `datetime`."""

    @classmethod
    def now(cls, tz=None):
        instant = EPOCH + timedelta(microseconds=microseconds(CLOCK.now))
        return instant.astimezone(tz) if tz is not None else instant.replace(tzinfo=None)

    @classmethod
    def utcnow(cls):
        return cls.now()


CLOCK = HeldTime()
itsdangerous.timed.time = CLOCK
flask.sessions.datetime = HeldDatetime


# The application.


class Session(flask.sessions.SecureCookieSession):
    """Flask's session, which remembers whether a cookie filled it: an accepted empty session looks like a rejected one."""

    def __init__(self, *initial):
        super().__init__(*initial)
        self.came_from_cookie = bool(initial)


class SessionInterface(flask.sessions.SecureCookieSessionInterface):
    """Flask's interface, which notes each session as it was opened."""

    session_class = Session
    opened = None

    def open_session(self, app, request):
        session = super().open_session(app, request)
        # dict's own method: the session must not notice that it is read.
        self.opened = {} if session is None else encode(dict(dict.items(session)))
        return session


#: Flask's name for each config member, where it is a key of `app.config`.
FLASK_CONFIG = {
    "secret_key": "SECRET_KEY",
    "fallback_keys": "SECRET_KEY_FALLBACKS",
    "lifetime": "PERMANENT_SESSION_LIFETIME",
    "refresh_each_request": "SESSION_REFRESH_EACH_REQUEST",
    "cookie_name": "SESSION_COOKIE_NAME",
    "cookie_domain": "SESSION_COOKIE_DOMAIN",
    "cookie_path": "SESSION_COOKIE_PATH",
    "application_root": "APPLICATION_ROOT",
    "cookie_httponly": "SESSION_COOKIE_HTTPONLY",
    "cookie_secure": "SESSION_COOKIE_SECURE",
    "cookie_samesite": "SESSION_COOKIE_SAMESITE",
    "cookie_partitioned": "SESSION_COOKIE_PARTITIONED",
}
#: What this release of Flask can be configured with.
MEMBERS = {
    member for member in CONFIG if member not in FLASK_CONFIG or FLASK_CONFIG[member] in flask.Flask.default_config
}


class StaticFolder:
    """A folder with `file.txt`, made when first asked for and removed at exit."""

    path = None

    def get(self):
        if self.path is None:
            self.path = tempfile.mkdtemp(prefix="sessionproof-static-")
            atexit.register(shutil.rmtree, self.path, ignore_errors=True)
            Path(self.path, "file.txt").write_text("static\n")
        return self.path


STATIC_FOLDER = StaticFolder()


class Application:
    """One Flask application for one configuration."""

    def __init__(self, config):
        self.interface = SessionInterface()
        self.cookie_name = config["cookie_name"]
        self.interface.salt = config["salt"]
        self.interface.key_derivation = config["key_derivation"]
        if config["digest"] != "sha1":
            self.interface.digest_method = getattr(hashlib, config["digest"])
        self.app = app = flask.Flask("sessionproof", static_folder=STATIC_FOLDER.get(), static_url_path="/static")
        app.session_interface = self.interface
        app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
        for member, name in FLASK_CONFIG.items():
            if member in MEMBERS:
                app.config[name] = self.lifetime(config[member]) if member == "lifetime" else config[member]
        app.add_url_rule("/", view_func=self.view, methods=["GET", "POST"])
        self.actions = self.results = ()

    @staticmethod
    def lifetime(seconds):
        if isinstance(seconds, int):
            return seconds
        try:
            return timedelta(seconds=seconds)
        except (OverflowError, ValueError) as error:
            raise BadRequest(f"lifetime: {error}") from None

    def view(self):
        for action in self.actions:
            if action.do == "raise":
                raise RuntimeError("the view was asked to raise")
            if action.do == "not_found":
                flask.abort(404)
            if action.do == "stream_get":
                return flask.Response(flask.stream_with_context(self.stream(action.key)))
            self.results.append(encode(action.act(flask.session)))
        return "done"

    def stream(self, key):
        yield "streaming: "
        self.results.append(encode(flask.session.get(key)))
        yield "done"

    def verify(self, now, cookie):
        CLOCK.now = now
        request = types.SimpleNamespace(cookies={self.cookie_name: cookie})
        with self.app.app_context():
            try:
                session = self.interface.open_session(self.app, request)
            except Exception as error:
                return raised(class_of(error))
            if session is not None and session.came_from_cookie:
                return accepted(session)
            return rejected(self.reason(cookie))

    def reason(self, cookie):
        """Why the cookie was rejected, asked of the signing serializer that rejected it."""
        serializer = self.interface.get_signing_serializer(self.app)
        if serializer is None or not cookie:
            return "signature"
        lifetime = self.app.permanent_session_lifetime
        try:
            serializer.loads(cookie, max_age=int(lifetime.total_seconds()))
        except itsdangerous.SignatureExpired as expired:
            # Under a negative lifetime a signature can be both; the words say which of the two tests refused it.
            return "future" if "< 0" in str(expired) else "expired"
        except itsdangerous.BadSignature:
            signers = serializer.iter_unsigners()
            return "timestamp" if any(is_signed(signer, cookie) for signer in signers) else "signature"

    def sign(self, now, session):
        CLOCK.now = now
        with self.app.app_context():
            try:
                return as_text(self.interface.get_signing_serializer(self.app).dumps(dict(session)))
            except Exception as error:
                return raised(class_of(error))

    def bench(self, now, cookie, part):
        """The session as Flask opens it for each request, or the signature by a signer that is made once."""
        CLOCK.now = now
        if part == "load":
            request = types.SimpleNamespace(cookies={self.cookie_name: cookie})
            # Flask's own method: what this adapter notes beside it does not count.
            open_session = super(SessionInterface, self.interface).open_session
            return lambda: open_session(self.app, request).came_from_cookie
        serializer = self.interface.get_signing_serializer(self.app)
        signer = serializer.make_signer(serializer.salt)
        lifetime = int(self.app.permanent_session_lifetime.total_seconds())
        return lambda: is_young(signer, cookie, lifetime)

    def exchange(self, now, request):
        CLOCK.now = now
        self.actions, self.results, self.interface.opened = request.actions, [], None
        seen = []
        body = self.app.wsgi_app(environ(request), lambda status, headers, exc_info=None: seen.append((status, headers)))
        try:
            for _ in body:
                pass
        finally:
            if hasattr(body, "close"):
                body.close()
        status, headers = seen[-1]
        return {
            "status": int(status.split()[0]),
            "opened": self.interface.opened,
            "results": self.results,
            "headers": [[name, value] for name, value in headers if name.lower() in ("set-cookie", "vary")],
        }


def is_signed(signer, cookie):
    """Whether the signature is right, whatever the timestamp says."""
    try:
        itsdangerous.Signer.unsign(signer, cookie)
        return True
    except itsdangerous.BadSignature:
        return False


def is_young(signer, cookie, lifetime):
    """Whether the signature is right and the timestamp within the lifetime."""
    try:
        signer.unsign(cookie, max_age=lifetime)
        return True
    except itsdangerous.BadSignature:
        return False


def class_of(error):
    """What is said of an error. Its text would differ from one Python to the next, and the vectors with it."""
    return type(error).__name__


def as_text(cookie):
    return cookie.decode("ascii") if isinstance(cookie, bytes) else cookie


def environ(request):
    """A WSGI environment with what a server would put there, built by hand because it is needed a hundred thousand times."""
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": "0",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.cookie_header is not None:
        environ["HTTP_COOKIE"] = request.cookie_header
    return environ


# What there is to say about it.

def quiet():
    """Errors in the view and oversize cookies are what some cases are about; they are no news."""
    logging.getLogger("sessionproof").disabled = True
    warnings.filterwarnings("ignore", message=".*cookie is too large")


quiet()

def main():
    serve(
        name="flask",
        version=version("flask"),
        build=Application,
        verify=Application.verify,
        sign=Application.sign,
        exchange=Application.exchange,
        bench=Application.bench,
        members=MEMBERS,
        values=KINDS,
        choices={
            "base64": "lenient",
            "odd_payload": "raise",
            "timestamp_range": "raise",
            "compression": compression(),
            "key_order": "sorted",
            "reasons": "typed",
        },
    )


if __name__ == "__main__":
    main()
