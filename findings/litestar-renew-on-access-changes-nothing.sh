#!/usr/bin/env bash
# Litestar 2.25.0, sessions at the server: `renew_on_access=False`, which is the default, renews a session at each access.
#
# What a user expects: the option is described as renewing the session's end when it is accessed, so without it a session that is only read
# ends ten minutes after the login under `max_age=600`.
# Behaviour: each answer stores the session again with a whole lifetime, and sends its cookie again, whether the view wrote, read or did not
# touch it. So the session slides either way, and only the user's absence ends it. Who relies on the default for a limit has none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litestar==2.25.0 httpx==0.28.1 anyio==4.16.0 time-machine==3.6.0
cat > "$folder/renewal.py" <<'END'
import datetime
import time_machine
from litestar import Litestar, Request, get
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.stores.memory import MemoryStore
from litestar.testing import TestClient


@get("/login")
async def login(request: Request) -> str:
    request.session["user"] = "anna"
    return "in"


@get("/page")
async def page(request: Request) -> str:
    return f"user {request.session.get('user')}"


@get("/untouched")
async def untouched() -> str:
    return "hello"


start = datetime.datetime.now(datetime.timezone.utc)
for renew in [True, False]:
    store = MemoryStore()
    sessions = ServerSideSessionConfig(max_age=600, renew_on_access=renew)
    app = Litestar([login, page, untouched], middleware=[sessions.middleware], stores={"sessions": store})
    for minutes, path in [(0, "/login"), (9, "/page"), (18, "/untouched"), (27, "/page")]:
        with time_machine.travel(start + datetime.timedelta(minutes=minutes), tick=True), TestClient(app) as client:
            if minutes:
                client.cookies.set("session", ident)
            answer = client.get(path)
            ident = answer.cookies["session"]
            (kept,) = store._store.values()
            print(f"renew_on_access={renew}, minute {minutes}: {path} {answer.text} - {round(kept.expires_in / 60)} minutes left")
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/renewal.py" 2>/dev/null) <<'END'
renew_on_access=True, minute 0: /login in - 10 minutes left
renew_on_access=True, minute 9: /page user anna - 10 minutes left
renew_on_access=True, minute 18: /untouched hello - 10 minutes left
renew_on_access=True, minute 27: /page user anna - 10 minutes left
renew_on_access=False, minute 0: /login in - 10 minutes left
renew_on_access=False, minute 9: /page user anna - 10 minutes left
renew_on_access=False, minute 18: /untouched hello - 10 minutes left
renew_on_access=False, minute 27: /page user anna - 10 minutes left
END
echo "as seen: in Litestar 2.25.0 renew_on_access=False renews as True does"
