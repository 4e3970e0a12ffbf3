"""What Flask-Session needs for each of its stores: its configuration, its clock, and what the store decides."""

import importlib
import logging
import os
import struct
import types

from folder_stores import Database, Folder
from framework import HeldDatetime
from sessionproof_adapter import CLOCK, installed, microseconds
from sessionproof_stories import SLEEP


def store_of(words, environ=os.environ):
    """The store that an adapter is told to use: `memcached`, `sqlalchemy`, `cachelib`, or else one of `redis_stores.py`."""
    if "careful" in words and {"memcached", "sqlalchemy", "cachelib"} & set(words):
        raise SystemExit("careful is an interface for Redis: leave out the word for another store")
    if "memcached" in words:
        return memcached(environ.get("SESSIONPROOF_MEMCACHED"))
    if "sqlalchemy" in words:
        return SQLAlchemy()
    if "cachelib" in words:
        return CacheLib()
    import redis_stores

    return redis_stores.store_of(words, environ)


def configure(store, app):
    """Tell an application about its store."""
    if hasattr(store, "configure"):
        store.configure(app)
    else:
        app.config.update(SESSION_TYPE="redis", SESSION_REDIS=store.client)


def choices(store):
    """How the store decides. Flask-Session cuts a lifetime to whole seconds."""
    return {"precision_ms": 1000, **getattr(store, "choices", {})}


def packages(store):
    """What the application uses to reach the store, for reports."""
    return getattr(store, "packages", ["redis"])


def memcached(address):
    """The module's clock is left as it is: an end beyond 30 days is told to the server by the clock that the server has, too."""
    from memcached_store import Memcached

    store = Memcached(address)
    store.configure = lambda app: app.config.update(SESSION_TYPE="memcached", SESSION_MEMCACHED=store.client)
    store.choices, store.packages = {"boundary": "tick", "full": "evict"}, ["pymemcache"]
    return store


class SQLAlchemy(Database):
    """Flask-SQLAlchemy on SQLite. It keeps ends to the microsecond."""

    choices = {"boundary": "exclusive", "precision_ms": 1}
    packages = ["flask-sqlalchemy", "sqlalchemy"]

    def __init__(self):
        super().__init__()
        self.opened = set()
        importlib.import_module("flask_session.sqlalchemy.sqlalchemy").datetime = HeldDatetime
        # It waits before it tries again.
        importlib.import_module("flask_session._utils").time = types.SimpleNamespace(sleep=SLEEP)

    def configure(self, app):
        import flask_sqlalchemy
        import sqlalchemy

        app.config.update(SESSION_TYPE="sqlalchemy", SQLALCHEMY_DATABASE_URI=f"sqlite:///{self.file}")
        database = app.config["SESSION_SQLALCHEMY"] = flask_sqlalchemy.SQLAlchemy(app)
        with app.app_context():
            sqlalchemy.event.listen(database.engine, "connect", lambda connection, record: self.opened.add(connection))
            sqlalchemy.event.listen(database.engine, "close", lambda connection, record: self.opened.discard(connection))

    def connections(self):
        return list(self.opened)


class Readable:
    """Stands where cachelib hashes a key for the name of its file: the name is the key in hex, so that it can be told."""

    def __init__(self, key):
        self.hexdigest = key.hex


class CacheLib(Folder):
    """cachelib's files. Each begins with its end in whole seconds, 0 for none. When there are too many, those that end soonest go."""

    choices = {"boundary": "tick", "full": "evict", "down": "empty"}
    states = ("emptied", "full", "down", "up")
    packages = ["cachelib"]

    def __init__(self):
        super().__init__()
        module = importlib.import_module("cachelib.file")
        module.time, module.sleep = CLOCK.time, SLEEP
        # It warns of each file that it cannot reach, which is what some stories are about.
        logging.getLogger().setLevel(logging.CRITICAL)
        self.client = module.FileSystemCache(self.path, hash_method=Readable)
        self.threshold = self.client._threshold
        self.name = f"files of cachelib {installed('cachelib')}"

    def configure(self, app):
        app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=self.client)

    def become(self, state):
        super().become(state)
        if state == "full":
            self.client._threshold = max(1, self.client._file_count)
        elif state == "up":
            self.client._threshold = self.threshold

    def look(self):
        found = []
        for entry in os.scandir(self.where):
            key = bytes.fromhex(entry.name).decode()
            with open(entry.path, "rb") as file:
                end, = struct.unpack("I", file.read(4))
            left = end * 1_000_000 - microseconds(CLOCK.now)
            if key != self.client._fs_count_file and (end == 0 or left >= 0):
                found.append((key, left // 1000 if end else None, entry.stat().st_size - 4))
        return found
