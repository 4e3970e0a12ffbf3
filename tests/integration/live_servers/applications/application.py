"""The applications that tests/live_servers judges: one for each word that APPLICATION may be."""

import os
from datetime import timedelta

import sessionproof_probe

WORD = os.environ["APPLICATION"]

if WORD.startswith("quart"):
    from quart import Quart as Application, request, session
    from quart.sessions import SecureCookieSessionInterface
else:
    from flask import Flask as Application, request, session
    from flask.sessions import SecureCookieSessionInterface

app = Application(__name__)
app.secret_key = os.environ["APPLICATION_KEY"]
app.config["PERMANENT_SESSION_LIFETIME"] = 1800


class Deaf(SecureCookieSessionInterface):
    """Takes a cookie however old it is."""

    def get_signing_serializer(self, app):
        serializer = super().get_signing_serializer(app)
        loads = serializer.loads
        serializer.loads = lambda value, max_age=None: loads(value)
        return serializer


class Lazy(SecureCookieSessionInterface):
    """Forgets to renew."""

    def should_set_cookie(self, app, session):
        return session.modified


if WORD == "deaf":
    app.session_interface = Deaf()
elif WORD == "lazy":
    app.session_interface = Lazy()
elif WORD == "configured":
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=1800.5),
        SECRET_KEY_FALLBACKS=["an old key"],
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_NAME="sid",
        SESSION_COOKIE_DOMAIN="example.com",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=True,
        APPLICATION_ROOT="/app",
    )
elif WORD == "short":
    app.config["PERMANENT_SESSION_LIFETIME"] = 4


def home():
    return f"hello {session.get('user')}"


async def home_in_quart():
    return home()


async def echo_in_quart():
    return f"{request.method} {(await request.get_data()).decode()}\n"


def echo():
    return f"{request.method} {request.get_data(as_text=True)}\n"


if WORD.endswith("echo"):
    view = echo_in_quart if WORD.startswith("quart") else echo
    app.add_url_rule("/sessionproof-probe", "own", view, methods=["GET", "POST"])
elif WORD == "buggy":

    @app.after_request
    def break_down(response):
        return 1 / 0

elif WORD == "remembering":

    @app.before_request
    def protect_forms():
        session.setdefault("csrf_token", "secret-of-a-form")

    @app.after_request
    def remember(response):
        response.set_cookie("remember_token", "8|secret-of-a-user", max_age=60, httponly=True)
        return response
elif WORD == "talkative":
    from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer

    SIGNS = {"secret_key": app.secret_key, "salt": "cookie-session", "key_derivation": "hmac"}

    @app.before_request
    def fill():
        session["user"] = "secret-of-a-user"
        session["csrf_token"] = "secret-of-a-form"
        session["pages"] = "secret-of-a-page " * 50  # so that it is compressed
        session["nested"] = {"secret-of-a-key": ["secret-of-a-list"]}

    @app.after_request
    def set_more(response):
        values = [
            "secret-of-a-store",
            Signer(**SIGNS).sign("secret-of-an-id").decode(),
            TimestampSigner(**SIGNS).sign("secret-of-a-signer").decode(),
            URLSafeTimedSerializer(app.secret_key, salt="another").dumps({"user": "secret-of-a-salt"}),
            URLSafeTimedSerializer(app.secret_key, salt="cookie-session", signer_kwargs={"key_derivation": "hmac"}).dumps(["secret-of-an-item"]),
        ]
        for number, value in enumerate(values):
            response.set_cookie("session", value, path=f"/{number}")
        response.headers.add("Set-Cookie", 'choice="a;secret-of-a-choice"; Path=/; note=secret-of-a-note')
        response.headers.add("Set-Cookie", "secret-of-nobody; Path=/")
        return response


app.add_url_rule("/", "home", home_in_quart if WORD.startswith("quart") else home)
sessionproof_probe.mount(app)
