#!/usr/bin/env bash
# starsessions 2.2.1 with starlette 1.10.0 and Redis: a lifetime below one second becomes 30 days.
#
# What a user expects: the lifetime is rounded to one second, as the store's own least time to live is, or refused.
# Behaviour: the fraction is cut off. A lifetime of 0 means a session "until the browser closes", which the store keeps for its `gc_ttl` of 30
# days, and the cookie has no end. So the shortest lifetime gives the longest session. A test that wants a session to end soon waits in vain.
set -euo pipefail
command -v redis-server redis-cli >/dev/null || { echo "SKIPPED: this needs redis-server and redis-cli"; exit 0; }
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    starsessions==2.2.1 starlette==1.10.0 redis==8.1.0 itsdangerous==2.2.0 httpx==0.28.1 anyio==4.16.0
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >/dev/null &
server=$!
for _ in $(seq 100); do
    redis-cli -p "$port" ping >/dev/null 2>&1 && break
    sleep 0.1
done
redis-cli -p "$port" ping >/dev/null
cat > "$folder/lifetimes.py" <<'END'
import datetime, re, sys
import redis
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starsessions import SessionAutoloadMiddleware, SessionMiddleware
from starsessions.stores.redis import RedisStore

port = int(sys.argv[1])
server = redis.Redis(port=port)


async def login(request):
    request.session["user"] = "anna"
    return PlainTextResponse("in")


for seconds in [60, 1, 0.9, 0.5]:
    server.flushall()
    store = RedisStore(connection=Redis(port=port))
    sessions = Middleware(
        SessionMiddleware, store=store, lifetime=datetime.timedelta(seconds=seconds), rolling=True, cookie_https_only=False
    )
    app = Starlette(routes=[Route("/login", login)], middleware=[sessions, Middleware(SessionAutoloadMiddleware)])
    with TestClient(app) as client:
        answer = client.get("/login")
    max_age = re.search("max-age=[0-9]+", answer.headers["set-cookie"], re.I)
    lives = [(server.pttl(key) + 999) // 1000 for key in server.keys()]
    print(f"lifetime {seconds} s: status {answer.status_code}, store {lives} s, cookie {max_age[0] if max_age else 'without an end'}")
END
# Output seen:
diff - <("$folder/venv/bin/python" -W ignore "$folder/lifetimes.py" "$port") <<'END'
lifetime 60 s: status 200, store [60] s, cookie max-age=60
lifetime 1 s: status 200, store [1] s, cookie max-age=1
lifetime 0.9 s: status 200, store [2592000] s, cookie without an end
lifetime 0.5 s: status 200, store [2592000] s, cookie without an end
END
echo "as seen: starsessions 2.2.1 keeps a session with a lifetime below one second for 30 days"
