"""Quart-Session on Redis behind version 2 of the adapter protocol.

    SESSIONPROOF_REDIS=redis://127.0.0.1:6390 python quart_session_adapter.py
    python quart_session_adapter.py fakeredis

Quart and Quart-Session run as they are: what is replaced is the place where Quart asks for the time. A logout is `session.clear()`. The
client is made with the options with which Quart-Session makes its own.
"""

import sys

import quart
import quart.sessions
from quart_session import Session

import framework
from redis_stores_asyncio import store_of
from sessionproof_adapter import KINDS, installed, runtime_with
from sessionproof_stories_asgi import CALL, serve_asgi_stories

quart.sessions.datetime = framework.HeldDatetime
STORE = store_of(sys.argv[1:], encoding="utf-8", decode_responses=True)
#: Quart-Session has no signature, so none of what belongs to one.
MEMBERS = {member for member in framework.members(quart.Quart) if member in framework.FLASK_CONFIG} - {"fallback_keys"}


class Application:
    """One Quart application for one configuration."""

    def __init__(self, config):
        self.app = app = quart.Quart("sessionproof", static_folder=framework.STATIC_FOLDER, static_url_path="/static")
        app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False, SESSION_TYPE="redis", SESSION_REDIS=STORE.client)
        for member in config.given & MEMBERS:
            value = config[member]
            app.config[framework.FLASK_CONFIG[member]] = framework.Application.lifetime(value) if member == "lifetime" else value
        if config["key_prefix"] is not None:
            app.config["SESSION_KEY_PREFIX"] = config["key_prefix"]
        Session(app)
        self.note_opened()
        app.add_url_rule("/", view_func=self.view, methods=["GET", "POST"])

    def note_opened(self):
        open_session = self.app.session_interface.open_session

        async def noting(app, request):
            session = await open_session(app, request)
            CALL.get().opened(session)
            return session

        self.app.session_interface.open_session = noting

    async def view(self):
        await CALL.get().view_async(quart.session, not_found=lambda: quart.abort(404))
        return "done"

    def ident(self, key):
        prefix = self.app.session_interface.key_prefix
        return key[len(prefix):] if key.startswith(prefix) else None


if __name__ == "__main__":
    serve_asgi_stories(
        name="quart-session",
        version=installed("quart-session"),
        runtime=runtime_with("quart", "flask", "werkzeug", "redis"),
        store=STORE,
        build=Application,
        ident=Application.ident,
        members=MEMBERS | {"key_prefix"},
        values=KINDS,
        # Quart-Session cuts a lifetime to whole seconds.
        choices={"renew": "write", "precision_ms": 1000},
    )
