"""starsessions for Starlette behind version 2 of the adapter protocol.

    python starsessions_adapter.py memory
    SESSIONPROOF_REDIS=redis://127.0.0.1:6390 python starsessions_adapter.py redis
    python starsessions_adapter.py fakeredis

Every request loads its session, by the package's SessionAutoloadMiddleware. starsessions runs as it is: what is replaced is the clock by
which it counts what is left. A logout is `request.session.clear()`. `refresh_each_request` is `rolling`, which is off by default.
"""

import sys
from datetime import timedelta

import starsessions.session
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starsessions import InMemoryStore, SessionAutoloadMiddleware, SessionMiddleware, regenerate_session_id

from sessionproof_adapter import CLOCK, Unsupported, installed, runtime_with
from sessionproof_stories import FLASK_ACTIONS, Store, configured
from sessionproof_stories_asgi import CALL, STATIC_FOLDER, act, serve_asgi_stories

starsessions.session.time = CLOCK
BACKEND = next(iter(sys.argv[1:]), "memory")
PREFIX = "starsessions."
#: The package's name for each config member.
OPTIONS = {
    "refresh_each_request": "rolling",
    "cookie_name": "cookie_name",
    "cookie_domain": "cookie_domain",
    "cookie_path": "cookie_path",
    "cookie_secure": "cookie_https_only",
    "cookie_samesite": "cookie_same_site",
}


class Memory(Store):
    """The package's store in memory, which keeps everything for ever."""

    name, states = "memory", ("emptied", "restarted")
    sessions = InMemoryStore()

    def begin(self, now):
        self.sessions.data.clear()

    def advance(self, before, now):
        pass

    def look(self):
        return [(key, None, len(data)) for key, data in self.sessions.data.items()]

    def become(self, state):
        self.begin(None)


if BACKEND == "memory":
    STORE, MEMBERS = Memory(), {"lifetime", *OPTIONS}
elif BACKEND in ("redis", "fakeredis"):
    from starsessions.stores.redis import RedisStore

    from redis_stores_asyncio import store_of

    STORE, MEMBERS = store_of(sys.argv[1:]), {"lifetime", "key_prefix", *OPTIONS}


class Application:
    """One Starlette application for one configuration."""

    def __init__(self, config):
        options, self.prefix = configured(config, OPTIONS), PREFIX if config["key_prefix"] is None else config["key_prefix"]
        if "lifetime" in config.given:
            if config["lifetime"] < 0:
                raise Unsupported("a negative lifetime")
            options["lifetime"] = timedelta(seconds=config["lifetime"])
        if BACKEND == "memory":
            options["store"] = STORE.sessions
        else:
            options["store"] = RedisStore(connection=STORE.client, prefix=self.prefix)
        self.app = Starlette(
            routes=[Route("/", view, methods=["GET", "POST"]), Mount("/static", StaticFiles(directory=STATIC_FOLDER))],
            middleware=[Middleware(SessionMiddleware, **options), Middleware(SessionAutoloadMiddleware), Middleware(Opened)])

    def ident(self, key):
        return key if BACKEND == "memory" else key[len(self.prefix):] if key.startswith(self.prefix) else None


class Opened:
    """Notes each session as it was opened."""

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
        name=f"starsessions-{BACKEND}", version=installed("starsessions"), runtime=runtime_with("starlette", "redis"), store=STORE,
        build=Application, ident=Application.ident, regenerate=lambda target, request: regenerate_session_id(request),
        members=MEMBERS, values=["json", "integers", "floats", "surrogates"], without=FLASK_ACTIONS, choices={"permanence": "permanent", "precision_ms": 1000})
