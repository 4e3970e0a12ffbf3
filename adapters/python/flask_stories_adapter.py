"""Flask's own signed cookie behind version 2 of the adapter protocol: overlapping requests, and no store.

    python flask_stories_adapter.py

Flask runs as it is: what is replaced are the places where it asks for the time. A logout is `session.clear()`. Without a `secret_key`
in the configuration Flask answers every write with status 500.
"""

import flask

import flask_adapter
import framework
from flask_adapter import MEMBERS, act, serve_once
from sessionproof_adapter import KINDS, installed, runtime_with
from sessionproof_stories import NoStore, serve_stories

CALL = "sessionproof.call"


class SessionInterface(flask.sessions.SecureCookieSessionInterface):
    """Flask's interface, which notes each session as it was opened."""

    def open_session(self, app, request):
        session = super().open_session(app, request)
        request.environ[CALL].opened(session)
        return session


class Application(flask_adapter.Application):
    """One Flask application for one configuration."""

    INTERFACE = SessionInterface

    def view(self):
        flask.request.environ[CALL].view(flask.session, act, lambda: flask.abort(404))
        return "done"

    def request(self, call):
        answers = []

        def application(environ, start_response):
            return self.app.wsgi_app({**environ, CALL: call}, start_response)

        serve_once(application, call, answers)
        status, headers = answers[-1]
        return int(status.split()[0]), headers


if __name__ == "__main__":
    serve_stories(
        name="flask",
        version=installed("flask"),
        runtime=runtime_with("werkzeug", "itsdangerous"),
        store=NoStore(),
        build=Application,
        request=Application.request,
        members=MEMBERS,
        values=KINDS,
        # itsdangerous counts the seconds that have begun.
        choices={"boundary": "tick", "guard": "signer", "precision_ms": 1000},
    )
