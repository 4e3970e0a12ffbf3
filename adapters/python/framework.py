"""What the adapters of Flask and of the frameworks that are built like it share: clock, configuration, verdicts.

`flask_adapter.py` and `quart_adapter.py` add how each of the two is called.
"""

import hashlib
import logging
import types
import warnings
from datetime import timedelta
from pathlib import Path

import itsdangerous

from held_datetime import HeldDatetime  # noqa: F401
from sessionproof_adapter import CLOCK, CONFIG, BadRequest, accepted, compression, encode, given, raised, rejected

# The clock.

if not hasattr(itsdangerous, "__path__"):
    # Before 1.1 it is one module.
    itsdangerous.time = CLOCK
else:
    import itsdangerous.timed

    itsdangerous.timed.time = CLOCK


# The application.


def remembering(session_class):
    """A framework's class of sessions, which remembers whether a cookie filled it: an accepted empty session looks like a
    rejected one."""

    class Session(session_class):
        def __init__(self, *initial, **items):
            super().__init__(*initial, **items)
            self.came_from_cookie = bool(initial or items)

    return Session


def noted(session):
    """A session as it was opened, in the encoding of the protocol."""
    # dict's own method: the session must not notice that it is read.
    return {} if session is None else encode(dict(dict.items(session)))


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


def members(framework):
    """What this release of a framework can be configured with."""
    known = framework.default_config if hasattr(framework, "default_config") else framework("sessionproof").config
    return {member for member in CONFIG if member not in FLASK_CONFIG or FLASK_CONFIG[member] in known}


#: A folder with `file.txt`: nothing is made that an interrupted run could leave behind.
STATIC_FOLDER = str(Path(__file__).resolve().parent / "static")


class Application:
    """One application for one configuration. `FRAMEWORK` is the class of the framework, `INTERFACE` that of its sessions."""

    FRAMEWORK = INTERFACE = None

    def __init__(self, config):
        self.interface = self.INTERFACE()
        # What the request does not name is left as it is: a framework whose default is another one shows it.
        named = given(config)
        for member in named & {"salt", "key_derivation"}:
            setattr(self.interface, member, config[member])
        if "digest" in named:
            self.interface.digest_method = getattr(hashlib, config["digest"])
        self.app = app = self.FRAMEWORK("sessionproof", static_folder=STATIC_FOLDER, static_url_path="/static")
        app.session_interface = self.interface
        app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
        known = members(self.FRAMEWORK)
        for member, name in FLASK_CONFIG.items():
            if member in known and member in named:
                app.config[name] = self.lifetime(config[member]) if member == "lifetime" else config[member]
        self.cookie_name = app.config["SESSION_COOKIE_NAME"]
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

    def request(self, cookie):
        """As much of a request as opening a session needs."""
        return types.SimpleNamespace(cookies={self.cookie_name: cookie})

    def verdict(self, cookie, session):
        """What opening the session came to."""
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
            # Before fallback keys there was one signer.
            several = hasattr(serializer, "iter_unsigners")
            signers = serializer.iter_unsigners() if several else [serializer.make_signer(serializer.salt)]
            return "timestamp" if any(is_signed(signer, cookie) for signer in signers) else "signature"

    def written(self, session):
        """The cookie of a session, by the serializer that the framework signs with."""
        try:
            return as_text(self.interface.get_signing_serializer(self.app).dumps(dict(session)))
        except Exception as error:
            return raised(class_of(error))

    def signature_check(self, cookie):
        """Signature and age alone, by a signer that is made once."""
        serializer = self.interface.get_signing_serializer(self.app)
        signer = serializer.make_signer(serializer.salt)
        lifetime = int(self.app.permanent_session_lifetime.total_seconds())
        return lambda: is_young(signer, cookie, lifetime)


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


# What there is to say about it.

def choices():
    """How Flask decides."""
    return {
        "base64": "lenient",
        "odd_payload": "raise",
        "timestamp_range": "raise",
        "compression": compression(),
        "key_order": "sorted",
        "reasons": "typed",
    }


def quiet():
    """Errors in the view and oversize cookies are what some cases are about; they are no news."""
    for name in ("sessionproof", "flask.app", "quart.app"):
        logging.getLogger(name).disabled = True
    warnings.filterwarnings("ignore", message=".*cookie is too large")


quiet()
