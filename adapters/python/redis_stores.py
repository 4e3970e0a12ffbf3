"""Redis as a store of stories: a real server, a real server whose clock is held, and fakeredis.

The server belongs to the adapter: it is emptied for each story, filled and cut off. So it has to be empty at first, and each copy
of an adapter needs one of its own.
"""

import contextlib
import mmap
import os
import socket

import redis
import redis.connection
import redis.retry

from sessionproof_adapter import CLOCK, Unsupported, installed
from sessionproof_stories import SLEEP, Store

# What waits before it tries again moves the story's clock.
redis.retry.sleep = SLEEP

#: Within a script the server's clock stands still, so nothing is lost between asking and setting. Works from Redis 5 on.
ADVANCE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end"""
LOOK = """
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    table.insert(found, {key, redis.call('PTTL', key), kind == 'string' and redis.call('STRLEN', key) or 0})
end
return found"""
NAME = "sessionproof"


def store_of(words, environ=os.environ):
    """The store that an adapter is told to use: the argument `fakeredis`, or the server at `SESSIONPROOF_REDIS`. With
    `SESSIONPROOF_REDIS_CLOCK` that server reads its clock from the file of this name."""
    if "fakeredis" in words:
        return FakeRedis()
    url, clock = environ.get("SESSIONPROOF_REDIS"), environ.get("SESSIONPROOF_REDIS_CLOCK")
    return HeldRedis(url, clock) if clock else Redis(url)


class Redis(Store):
    """A server whose clock runs. To make time pass, the life of each key is shortened."""

    clock = "advanced"

    def __init__(self, url):
        self.url = url
        self.client = client_of(url) if url else None
        self.closed_port = None
        self.state = "up"
        self.is_ours = False

    def open(self):
        if not self.url:
            raise RuntimeError("SESSIONPROOF_REDIS is not set: give the address of an empty Redis, such as redis://127.0.0.1:6390")
        self.admin = redis.Redis.from_url(self.url, client_name=NAME, socket_timeout=1.5, retry=None)
        try:
            server = self.admin.info("server")
        except redis.RedisError as error:
            raise RuntimeError(f"there is no Redis at {self.url}: {error}") from None
        version = server["redis_version"]
        if int(version.split(".")[0]) < 5:
            raise RuntimeError(f"Redis {version} at {self.url} is too old: 5 is needed")
        if self.admin.info("keyspace"):
            raise RuntimeError(f"the Redis at {self.url} holds keys. Stories empty the server, so they want one of their own")
        if sum(client["name"] == NAME for client in self.admin.client_list()) > 1:
            raise RuntimeError(f"another adapter uses the Redis at {self.url}. Each copy wants a server of its own")
        # Valkey says which Redis it answers like, and its own version beside it.
        self.name = f"valkey {server['valkey_version']}" if "valkey_version" in server else f"redis {version}"
        self.is_ours = True
        self.advance_script, self.look_script = self.admin.register_script(ADVANCE), self.admin.register_script(LOOK)

    def begin(self, now):
        self.become("up")
        self.admin.flushall()

    def advance(self, before, now):
        self.advance_script(args=[now // 1000 - before // 1000])

    def look(self):
        return [(as_text(name), None if left < 0 else left, size) for name, left, size in self.look_script()]

    def become(self, state):
        if state == "emptied":
            self.admin.flushall()
        elif state == "restarted":
            self.admin.flushall()
            self.admin.client_kill_filter(_type="normal", skipme=True)
        elif state == "full":
            self.admin.config_set("maxmemory-policy", "noeviction")
            self.admin.config_set("maxmemory", 1)
            self.state = state
        elif state == "down":
            self.cut_off()
            self.state = state
        elif self.state != "up":
            self.admin.config_set("maxmemory", 0)
            self.connect_again()
            self.state = "up"

    def cut_off(self):
        """The application's connections break, and new ones are refused: its client looks where nobody listens."""
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        self.closed_port, self.address = taken, dict(self.client.connection_pool.connection_kwargs)
        self.look_at({"host": "127.0.0.1", "port": taken.getsockname()[1]})

    def connect_again(self):
        if self.closed_port is not None:
            self.look_at(self.address)
            self.closed_port.close()
            self.closed_port = None

    def look_at(self, address):
        pool = self.client.connection_pool
        pool.connection_kwargs.update(address)
        # A connection that was closed would open again at its own address, so the pool forgets them all.
        pool.disconnect()
        pool.reset()

    def close(self):
        # A server that was refused is somebody's, and keeps what it holds.
        if self.is_ours:
            with contextlib.suppress(redis.RedisError):
                self.admin.flushall()


class HeldRedis(Redis):
    """A server that was started with `tests/fixtures/held_clock.c`: it reads its clock from a file, in microseconds."""

    clock = "held"

    def __init__(self, url, clock):
        super().__init__(url)
        with open(clock, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 8)

    def open(self):
        self.set(1_000_000_000_123_456)
        super().open()
        if self.admin.time() != (1_000_000_000, 123_456):
            raise RuntimeError(f"the Redis at {self.url} does not take its clock from the file of SESSIONPROOF_REDIS_CLOCK")
        self.name += ", clock held"

    def begin(self, now):
        super().begin(now)
        self.set(now)

    def advance(self, before, now):
        self.set(now)

    def set(self, now):
        self.page[:] = now.to_bytes(8, "little")


class FakeRedis(Store):
    """fakeredis, in this process, by the clock of the story."""

    clock = "held"
    states = ("emptied", "down", "up", "restarted")

    def __init__(self):
        import fakeredis
        import fakeredis._helpers
        import fakeredis._socket._base
        import fakeredis.commands_mixins.server_mixin

        for module in (fakeredis._helpers, fakeredis._socket._base, fakeredis.commands_mixins.server_mixin):
            module.time = CLOCK
        self.server = fakeredis.FakeServer()
        self.client = fakeredis.FakeRedis(server=self.server)
        self.admin = fakeredis.FakeRedis(server=self.server)
        self.name = f"fakeredis {installed('fakeredis')}"

    def begin(self, now):
        self.server.connected = True
        self.admin.flushall()

    def advance(self, before, now):
        pass  # the clock that it reads has moved

    def look(self):
        was, self.server.connected = self.server.connected, True
        found = []
        for name in self.admin.keys():
            left = self.admin.pttl(name)
            found.append((as_text(name), None if left < 0 else left, self.admin.strlen(name)))
        self.server.connected = was
        return found

    def become(self, state):
        if state in ("emptied", "restarted"):
            self.admin.flushall()
        elif state in ("down", "up"):
            self.server.connected = state == "up"
        else:
            raise Unsupported(f"fakeredis that is {state}")


def client_of(url):
    """The application's client. Made by its constructor, as Flask-Session makes its own, it tries ten times where `from_url` tries
    once (redis-py 8)."""
    address = redis.connection.parse_url(url)
    if "path" in address:
        address["unix_socket_path"] = address.pop("path")
    address.pop("connection_class", None)
    return redis.Redis(**address)


def as_text(name):
    return name.decode("utf-8", "backslashreplace")
