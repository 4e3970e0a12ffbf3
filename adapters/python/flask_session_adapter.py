"""Flask-Session behind version 2 of the adapter protocol, on Redis or on another of its stores.

    SESSIONPROOF_REDIS=redis://127.0.0.1:6390 python flask_session_adapter.py
    python flask_session_adapter.py fakeredis
    python flask_session_adapter.py careful [fakeredis]
    SESSIONPROOF_MEMCACHED=127.0.0.1:11299 python flask_session_adapter.py memcached
    python flask_session_adapter.py sqlalchemy
    python flask_session_adapter.py cachelib

The argument `careful` takes the interface of `careful_sessions.py`, which is for Redis alone. Flask, Flask-Session and the clients of
the stores run as they are: what is replaced are the places where they ask for the time, or sleep before they try again.
"""

import sys

import flask
import flask.sessions
from flask_session import Session

import framework
from flask_adapter import act, serve_once
from flask_session_stores import choices, configure, packages, store_of
from sessionproof_adapter import installed, runtime_with
from sessionproof_stories import serve_stories

flask.sessions.datetime = framework.HeldDatetime
IS_CAREFUL = "careful" in sys.argv[1:]
STORE = store_of(sys.argv[1:])
#: Flask-Session has no signature, so none of what belongs to one.
MEMBERS = {member for member in framework.members(flask.Flask) if member in framework.FLASK_CONFIG} - {"fallback_keys"}
CALL = "sessionproof.call"


class Application:
    """One Flask application for one configuration."""

    def __init__(self, config):
        self.app = app = flask.Flask("sessionproof", static_folder=framework.STATIC_FOLDER, static_url_path="/static")
        app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
        configure(STORE, app)
        for member in config.given & MEMBERS:
            value = config[member]
            app.config[framework.FLASK_CONFIG[member]] = framework.Application.lifetime(value) if member == "lifetime" else value
        if config["key_prefix"] is not None:
            app.config["SESSION_KEY_PREFIX"] = config["key_prefix"]
        Session(app)
        if IS_CAREFUL:
            from careful_sessions import CarefulSessionInterface

            app.session_interface = CarefulSessionInterface(app, STORE.client, app.session_interface.key_prefix)
        self.interface = app.session_interface
        self.note_opened()
        app.add_url_rule("/", view_func=self.view, methods=["GET", "POST"])

    def note_opened(self):
        open_session = self.interface.open_session

        def noting(app, request):
            session = open_session(app, request)
            request.environ[CALL].opened(session)
            return session

        self.interface.open_session = noting

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

    def regenerate(self, session):
        self.interface.regenerate(session)

    def ident(self, key):
        prefix = self.interface.key_prefix
        return key[len(prefix):] if key.startswith(prefix) else None


if __name__ == "__main__":
    serve_stories(
        name="careful-sessions" if IS_CAREFUL else "flask-session",
        version=installed("flask-session"),
        runtime=runtime_with("flask", "werkzeug", *packages(STORE)),
        store=STORE,
        build=Application,
        request=Application.request,
        regenerate=Application.regenerate,
        ident=Application.ident,
        members=MEMBERS | {"key_prefix"},
        # Flask-Session makes sessions permanent.
        choices={"permanence": "permanent", **({"concurrent": "merge"} if IS_CAREFUL else choices(STORE))},
    )
