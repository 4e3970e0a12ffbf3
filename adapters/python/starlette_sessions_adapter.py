"""Starlette's own SessionMiddleware behind version 2 of the adapter protocol: a signed cookie, and no store.

    python starlette_sessions_adapter.py

Starlette runs as it is: what is replaced is the clock of itsdangerous, which signs the cookie. A logout is `request.session.clear()`.
Starlette cannot be built without a secret, so one is made up where the configuration names none.
"""

import itsdangerous.timed
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sessionproof_adapter import CLOCK, Unsupported, installed, runtime_with
from sessionproof_stories import NoStore, configured
from sessionproof_stories_asgi import CALL, STATIC_FOLDER, act, serve_asgi_stories

itsdangerous.timed.time = CLOCK
#: Starlette's name for each config member.
OPTIONS = {
    "secret_key": "secret_key",
    "lifetime": "max_age",
    "cookie_name": "session_cookie",
    "cookie_domain": "domain",
    "cookie_path": "path",
    "cookie_secure": "https_only",
    "cookie_samesite": "same_site",
    "cookie_partitioned": "partitioned",
}


class Application:
    """One Starlette application for one configuration."""

    def __init__(self, config):
        options = configured(config, OPTIONS)
        secret = options.setdefault("secret_key", "a secret of the adapter")
        if not isinstance(secret, str):
            raise Unsupported("a secret of bytes")
        self.app = Starlette(
            routes=[Route("/", view, methods=["GET", "POST"]), Mount("/static", StaticFiles(directory=STATIC_FOLDER))],
            middleware=[Middleware(SessionMiddleware, **options), Middleware(Opened)])


class Opened:
    """Notes each session as it was opened, without asking for it."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        CALL.get().opened(scope["session"])
        await self.app(scope, receive, send)


async def view(request):
    await CALL.get().view_async(request, act, not_found)
    return PlainTextResponse("done")


def not_found():
    raise HTTPException(404)


if __name__ == "__main__":
    serve_asgi_stories(
        name="starlette",
        version=installed("starlette"),
        runtime=runtime_with("itsdangerous"),
        store=NoStore(),
        build=Application,
        members=set(OPTIONS),
        values=["json", "integers", "floats", "surrogates"],
        without=["permanent", "set_permanent", "set_permanent_to"],
        # itsdangerous counts the seconds that have begun.
        choices={"permanence": "permanent", "boundary": "tick", "renew": "write", "guard": "signer", "precision_ms": 1000},
    )
