"""Litestar's sessions behind version 2 of the adapter protocol.

    python litestar_adapter.py memory
    python litestar_adapter.py cookie
    SESSIONPROOF_REDIS=redis://127.0.0.1:6390 python litestar_adapter.py redis

`memory` and `redis` keep sessions at the server, `cookie` in an encrypted cookie. Litestar runs as it is: what is replaced are the
clocks of its stores, of its cookie backend, and of `http.cookies`, which dates its cookies. A logout is `request.clear_session()`.
The cookie backend cannot be built without a secret of 16, 24 or 32 bytes, so one is made up where the configuration names none.
A session in memory that has ended counts as gone, though Litestar drops it only when somebody asks for it.
"""

import http.cookies
import sys
from email.utils import formatdate

import litestar.stores.base
from litestar import Litestar, Request, route
from litestar.exceptions import NotFoundException
from litestar.middleware.session.server_side import ServerSideSessionConfig as Config
from litestar.static_files import create_static_files_router
from litestar.stores.memory import MemoryStore

import sessionproof_stories_asgi
from held_datetime import HeldDatetime
from sessionproof_adapter import CLOCK, Unsupported, installed, runtime_with
from sessionproof_stories import FLASK_ACTIONS, NoStore, Store, configured
from sessionproof_stories_asgi import CALL, STATIC_FOLDER, serve_asgi_stories

litestar.stores.base.datetime = HeldDatetime
http.cookies._getdate = lambda future=0: formatdate(CLOCK.now + future, usegmt=True)
BACKEND = next(iter(sys.argv[1:]), "memory")
#: Litestar's name for each config member.
OPTIONS = {"lifetime": "max_age", "cookie_name": "key", "cookie_domain": "domain", "cookie_path": "path", "cookie_secure": "secure",
           "cookie_httponly": "httponly", "cookie_samesite": "samesite"}
OPTIONS.update({"secret_key": "secret"} if BACKEND == "cookie" else {"refresh_each_request": "renew_on_access"})


class Memory(Store):
    """Litestar's store in memory, by the clock of the story."""

    name, states = "memory", ("emptied", "restarted")
    sessions = MemoryStore()

    def begin(self, now):
        self.sessions._store.clear()

    def advance(self, before, now):
        pass

    def look(self):
        return [(key, round(kept.expires_at.timestamp() * 1000 - CLOCK.now * 1000), len(kept.data))
                for key, kept in self.sessions._store.items() if not kept.expired]

    def become(self, state):
        self.begin(None)


if BACKEND == "cookie":
    import litestar.middleware.session.client_side as client_side

    client_side.time, Config = CLOCK, client_side.CookieBackendConfig
    STORE, STORES, CHOICES = NoStore(), {}, {"boundary": "tick", "guard": "signer", "precision_ms": 1000}
elif BACKEND == "redis":
    from litestar.stores.redis import RedisStore
    from redis_stores_asyncio import store_of

    STORE = store_of(())
    STORES, CHOICES = {"sessions": RedisStore(STORE.client)}, {}
elif BACKEND == "memory":
    STORE, STORES, CHOICES = Memory(), {"sessions": Memory.sessions}, {"boundary": "exclusive"}


class Application:
    """One Litestar application for one configuration."""

    def __init__(self, config):
        options = configured(config, OPTIONS)
        if options.get("max_age", 1) < 1:
            raise Unsupported("a lifetime below 1 s")
        if BACKEND == "cookie":
            secret = options.get("secret", b"the adapter's 16")
            options["secret"] = secret.encode() if isinstance(secret, str) else secret
            if len(options["secret"]) not in (16, 24, 32):
                raise Unsupported("a secret that has not 16, 24 or 32 bytes")
        sessions = Config(**options)
        files = create_static_files_router("/static", [STATIC_FOLDER])
        self.app = Litestar([view, files], middleware=[sessions.middleware, noting], stores=STORES, openapi_config=None)


def noting(app):
    """A middleware that notes each session as it was opened."""

    async def middleware(scope, receive, send):
        CALL.get().opened(scope["session"])
        await app(scope, receive, send)

    return middleware


@route("/", http_method=["GET", "HEAD", "POST"], status_code=200)
async def view(request: Request) -> str:
    await CALL.get().view_async(request, act, not_found)
    return "done"


def act(action, request):
    return request.clear_session() if action.do == "clear" else sessionproof_stories_asgi.act(action, request)


def not_found():
    raise NotFoundException


if __name__ == "__main__":
    serve_asgi_stories(
        name=f"litestar-{BACKEND}", version=installed("litestar"), runtime=runtime_with("cryptography", "redis"), store=STORE,
        build=Application, ident=lambda target, key: key.removeprefix("LITESTAR:"), members=set(OPTIONS), without=FLASK_ACTIONS,
        choices={**CHOICES, "permanence": "permanent"})
