"""memcached as a store of stories: a real server whose clock runs.

To make time pass, `touch` shortens the life of each item. memcached counts whole seconds, and so do the moves of its clock: they fall
on the whole seconds of the story. An item may therefore end up to a second early, and never late.

The server at `SESSIONPROOF_MEMCACHED` (`127.0.0.1:PORT`) belongs to the adapter, which empties it.
"""

import contextlib
import socket

import pymemcache
from pymemcache.client.base import normalize_server_spec

from sessionproof_stories import Store

#: How long the server may take for an answer, in seconds.
PATIENCE = 1.5


class Client(pymemcache.Client):
    """The application's client, which remembers the names of what it wrote: a listing of memcached's own is neither complete nor quick."""

    def __init__(self, server):
        # Else a write without an answer delays the next command by 40 ms.
        super().__init__(server, no_delay=True)
        self.written = set()

    def set(self, key, *rest, **members):
        is_sent = super().set(key, *rest, **members)
        self.written.add(key)
        return is_sent


class Memcached(Store):
    clock = "advanced"
    states = ("emptied", "down", "up", "restarted")

    def __init__(self, address):
        self.address = address
        # As Flask-Session makes its own. It connects when it is first used.
        self.client = Client(address) if address else None
        self.closed_port = None
        self.is_ours = False

    def open(self):
        if not self.address:
            raise RuntimeError("SESSIONPROOF_MEMCACHED is not set: give the address of an empty memcached, such as 127.0.0.1:11299")
        try:
            self.admin = socket.create_connection(normalize_server_spec(self.address), timeout=PATIENCE).makefile("rwb")
            version = self.ask("version").decode().split()[1]
        except (OSError, IndexError) as error:
            raise RuntimeError(f"there is no memcached at {self.address}: {error}") from None
        if self.listing("lru_crawler metadump hash"):
            raise RuntimeError(f"the memcached at {self.address} holds keys. Stories empty the server, so they want one of their own")
        if sum(b":state " in line and b"conn_listening" not in line for line in self.listing("stats conns")) > 1:
            raise RuntimeError(f"another program uses the memcached at {self.address}. Each adapter wants a server of its own")
        self.name = f"memcached {version}"
        self.is_ours = True

    def begin(self, now):
        self.become("up")
        self.become("emptied")
        self.client.written.clear()

    def advance(self, before, now):
        seconds = now // 1_000_000 - before // 1_000_000
        self.settle()
        clock, items = self.items()
        for key, left, _ in items:
            if seconds and left >= 0:
                # As an instant: what is told as a number of seconds would begin a tick later if one fell in between.
                self.ask(f"touch {key} {clock + left - seconds}")

    def look(self):
        self.settle()
        return [(key, None if left < 0 else left * 1000, size) for key, left, size in self.items()[1]]

    def become(self, state):
        self.settle()
        if state in ("emptied", "restarted"):
            self.ask("flush_all")
        if state == "restarted" and self.client.sock is not None:
            self.client.sock.shutdown(socket.SHUT_RDWR)
        elif state == "down" and self.closed_port is None:
            self.closed_port = socket.socket()
            self.closed_port.bind(("127.0.0.1", 0))
            self.look_at(self.closed_port.getsockname())
        elif state == "up" and self.closed_port is not None:
            self.look_at(normalize_server_spec(self.address))
            self.closed_port.close()
            self.closed_port = None

    def look_at(self, server):
        """The application's connection breaks, and its client looks elsewhere for the next one."""
        self.client.close()
        self.client.server = server

    def settle(self):
        """What the application has sent without waiting for an answer is done when the server answers what comes after it."""
        if self.client.sock is not None:
            with contextlib.suppress(OSError, pymemcache.MemcacheError):
                self.client.version()

    def items(self):
        """The server's clock in seconds, and each live key that the application wrote: its remaining seconds, -1 for no end, and size."""
        clock, before = self.time(), None
        while clock != before:
            found = []
            for key in sorted(self.client.written):
                hit, *flags = self.ask(f"mg {key} t s").decode().split()
                if hit == "HD":
                    numbers = {flag[0]: int(flag[1:]) for flag in flags}
                    found.append((key, numbers["t"], numbers["s"]))
            clock, before = self.time(), clock
        return clock, found

    def time(self):
        return next(int(line.split()[2]) for line in self.listing("stats") if line.startswith(b"STAT time "))

    def listing(self, command):
        """The lines of an answer up to its end."""
        lines, line = [], self.ask(command)
        while line != b"END":
            if not line.startswith((b"STAT", b"key=")):
                raise RuntimeError(f"the memcached at {self.address} answers {command} with {line.decode()!r}")
            lines.append(line)
            line = self.admin.readline().rstrip()
        return lines

    def ask(self, command):
        self.admin.write(command.encode() + b"\r\n")
        self.admin.flush()
        return self.admin.readline().rstrip()

    def close(self):
        # A server that was refused is somebody's, and keeps what it holds.
        if self.is_ours:
            with contextlib.suppress(OSError):
                self.ask("flush_all")
