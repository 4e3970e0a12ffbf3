"""A lifetime per user: a recipe that leaks, and one that does not.

`docs/claims.md` shows both and says why. They are real code, not sketches: the recordings in `vectors/recipes/` were made by
running them, and whoever needs a lifetime per user can copy the second.
"""

from datetime import datetime, timedelta, timezone

from flask import session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

LIFETIMES = {"admin": timedelta(hours=8), "user": timedelta(minutes=30)}


def set_lifetime_in_a_hook(app):
    @app.before_request
    def set_session_lifetime():
        role = session.get("role")
        if role in LIFETIMES:
            app.permanent_session_lifetime = LIFETIMES[role]
            session.permanent = True


class LifetimePerUser(SecureCookieSessionInterface):
    def lifetime(self, app, session):
        # dict's own method: the session must not notice that it is read, or every answer would get a Vary.
        return LIFETIMES.get(dict.get(session, "role"), app.permanent_session_lifetime)

    def open_session(self, app, request):
        serializer = self.get_signing_serializer(app)
        value = request.cookies.get(self.get_cookie_name(app))
        if serializer is None or not value:
            return super().open_session(app, request)
        try:
            session = self.session_class(serializer.loads(value))  # whose it is, at any age
            serializer.loads(value, max_age=int(self.lifetime(app, session).total_seconds()))
            return session
        except BadSignature:
            return self.session_class()

    def get_expiration_time(self, app, session):
        return datetime.now(timezone.utc) + self.lifetime(app, session) if session.permanent else None
