#!/usr/bin/env bash
# Litestar 2.25.0, sessions at the server: a page that does not use the session stores one for each visitor all the same.
#
# What a user expects: nothing is stored and no cookie is sent until a view puts something into the session, and a session that was emptied goes.
# Behaviour: each answer of a route sets a cookie, and the session is stored, empty or not, for two weeks. Each visit of a crawler or a health
# check, which keeps no cookies, adds one to the store. A logout that empties the session, by `pop` or `clear`, leaves an empty session and its
# cookie; only `request.clear_session()` deletes both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litestar==2.25.0 httpx==0.28.1 anyio==4.16.0
cat > "$folder/visitors.py" <<'END'
from litestar import Litestar, Request, get
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.stores.memory import MemoryStore
from litestar.testing import TestClient


@get("/page")
async def page() -> str:
    return "hello"


@get("/login")
async def login(request: Request) -> str:
    request.session["user"] = "anna"
    return "in"


@get("/logout-by-pop")
async def logout_by_pop(request: Request) -> str:
    request.session.pop("user")
    return "out"


@get("/logout-by-clear")
async def logout_by_clear(request: Request) -> str:
    request.session.clear()
    return "out"


@get("/clear-session")
async def clear_session(request: Request) -> str:
    request.clear_session()
    return "out"


def told(who, client, path):
    answer = client.get(path)
    cookie = answer.headers.get("set-cookie", "")
    kind = "deleted" if cookie.startswith("session=null") else "set" if cookie else "none"
    print(who, path, answer.status_code, "- cookie", kind, "-", len(store._store), "in the store")


store = MemoryStore()
handlers = [page, login, logout_by_pop, logout_by_clear, clear_session]
app = Litestar(handlers, middleware=[ServerSideSessionConfig().middleware], stores={"sessions": store})
for visitor in [1, 2, 3]:
    with TestClient(app) as client:
        told(f"visitor {visitor}", client, "/page")
        told(f"visitor {visitor}", client, "/page")
with TestClient(app) as client:
    told("visitor 4", client, "/not-there")
for logout in ["/logout-by-pop", "/logout-by-clear", "/clear-session"]:
    store._store.clear()
    with TestClient(app) as client:
        told("anna", client, "/login")
        told("anna", client, logout)
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/visitors.py" 2>/dev/null) <<'END'
visitor 1 /page 200 - cookie set - 1 in the store
visitor 1 /page 200 - cookie set - 1 in the store
visitor 2 /page 200 - cookie set - 2 in the store
visitor 2 /page 200 - cookie set - 2 in the store
visitor 3 /page 200 - cookie set - 3 in the store
visitor 3 /page 200 - cookie set - 3 in the store
visitor 4 /not-there 404 - cookie none - 3 in the store
anna /login 200 - cookie set - 1 in the store
anna /logout-by-pop 200 - cookie set - 1 in the store
anna /login 200 - cookie set - 1 in the store
anna /logout-by-clear 200 - cookie set - 1 in the store
anna /login 200 - cookie set - 1 in the store
anna /clear-session 200 - cookie deleted - 0 in the store
END
echo "as seen: Litestar 2.25.0 stores an empty session for each visitor"
