#!/usr/bin/env bash
# redis-py 8.1.0, asyncio: a client from `from_url` raises at the first command after the server closed its connections.
#
# What a user expects: `from_url` is another way to write the same client, so it tries again as the one from the constructor does.
# Behaviour: of four clients, the asyncio one from `from_url` alone raises ConnectionError, and works from the next command on. The one from the
# constructor and both synchronous ones give the value. After a restart of the server, or a `timeout` of the server on a quiet night, the first
# request of each kept connection fails: with sessions in that Redis, an error for somebody who is logged in.
set -euo pipefail
command -v redis-server redis-cli >/dev/null || { echo "SKIPPED: this needs redis-server and redis-cli"; exit 0; }
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check redis==8.1.0
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >/dev/null &
server=$!
for _ in $(seq 100); do
    redis-cli -p "$port" ping >/dev/null 2>&1 && break
    sleep 0.1
done
redis-cli -p "$port" ping >/dev/null
cat > "$folder/again.py" <<'END'
import asyncio, sys
import redis
from redis.asyncio import Redis

port = int(sys.argv[1])


def drop():
    with redis.Redis(port=port) as admin:
        admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def plain(name, client):
    client.set("key", "value")
    drop()
    try:
        print(name, "-", client.get("key"))
    except redis.ConnectionError as error:
        print(name, "-", type(error).__name__)
    print(name, "- then", client.get("key"))
    client.close()


async def awaited(name, client):
    await client.set("key", "value")
    drop()
    try:
        print(name, "-", await client.get("key"))
    except redis.ConnectionError as error:
        print(name, "-", type(error).__name__)
    print(name, "- then", await client.get("key"))
    await client.aclose()


plain("redis.Redis(port=...)", redis.Redis(port=port))
plain("redis.Redis.from_url(...)", redis.Redis.from_url(f"redis://127.0.0.1:{port}"))
asyncio.run(awaited("redis.asyncio.Redis(port=...)", Redis(port=port)))
asyncio.run(awaited("redis.asyncio.Redis.from_url(...)", Redis.from_url(f"redis://127.0.0.1:{port}")))
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/again.py" "$port") <<'END'
redis.Redis(port=...) - b'value'
redis.Redis(port=...) - then b'value'
redis.Redis.from_url(...) - b'value'
redis.Redis.from_url(...) - then b'value'
redis.asyncio.Redis(port=...) - b'value'
redis.asyncio.Redis(port=...) - then b'value'
redis.asyncio.Redis.from_url(...) - ConnectionError
redis.asyncio.Redis.from_url(...) - then b'value'
END
echo "as seen: in redis-py 8.1.0 only the asyncio client from from_url does not try again"
