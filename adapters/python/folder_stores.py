"""Stores of stories in a folder of their own: an SQLite database, or a file for each session.

The folder is made at the start and removed at the end. A store that is down is a folder that has been moved away, as a disk that is no
longer mounted; connections to a database in it are closed. What has ended is no key of `look`, even where the store has not swept it yet.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from datetime import datetime, timezone

from sessionproof_adapter import CLOCK, microseconds
from sessionproof_stories import Store

#: Where Linux keeps files in memory, unless TMPDIR names another place: a database waits for a disk at each write.
MEMORY = "/dev/shm"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Folder(Store):
    """A folder by the clock of the story. Subclasses say how to look, and how to empty it."""

    states = ("emptied", "down", "up")

    def __init__(self):
        is_told = "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK)
        self.root = tempfile.mkdtemp(prefix="sessionproof-", dir=None if is_told else MEMORY)
        #: Where the application looks.
        self.path = os.path.join(self.root, "store")
        self.away = os.path.join(self.root, "away")
        os.mkdir(self.path)

    @property
    def where(self):
        """Where the folder is now."""
        return self.away if os.path.isdir(self.away) else self.path

    def begin(self, now):
        self.become("up")
        self.empty()

    def advance(self, before, now):
        pass  # the clock that it reads has moved

    def become(self, state):
        if state == "emptied":
            self.empty()
        elif state == "down" and self.where == self.path:
            os.rename(self.path, self.away)
        elif state == "up" and self.where == self.away:
            os.rename(self.away, self.path)

    def empty(self):
        for entry in os.scandir(self.where):
            os.unlink(entry.path)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Database(Folder):
    """A table of sessions in SQLite, with ends as naive text in UTC. A session has ended at the very moment of its end."""

    #: The table, and its columns of keys, ends and data.
    TABLE, KEY, END, DATA = "sessions", "session_id", "expiry", "data"
    FILE = "sessions.sqlite3"

    def __init__(self):
        super().__init__()
        self.name = f"sqlite {sqlite3.sqlite_version}"

    @property
    def file(self):
        """Where the application looks."""
        return os.path.join(self.path, self.FILE)

    def connections(self):
        """The connections that the application has open, of `sqlite3`."""
        return []

    def become(self, state):
        super().become(state)
        if state == "down":
            for connection in self.connections():
                connection.close()

    def empty(self):
        with self.connected() as database, contextlib.suppress(sqlite3.OperationalError):  # no table yet
            database.execute(f"DELETE FROM {self.TABLE}")

    def look(self):
        with self.connected() as database:
            rows = database.execute(f"SELECT {self.KEY}, {self.END}, length({self.DATA}) FROM {self.TABLE}").fetchall()
        left = [(key, left_until(datetime.fromisoformat(end)), size) for key, end, size in rows]
        return [(key, micros // 1000, size) for key, micros, size in left if micros > 0]

    @contextlib.contextmanager
    def connected(self):
        database = sqlite3.connect(os.path.join(self.where, self.FILE), isolation_level=None)
        try:
            yield database
        finally:
            database.close()


def left_until(end):
    """Whole microseconds from the time of the story to a moment. Without a zone it is in UTC."""
    since = (end if end.tzinfo else end.replace(tzinfo=timezone.utc)) - EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds - microseconds(CLOCK.now)
