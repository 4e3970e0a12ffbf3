"""Django for stories: its settings, its clock, the middleware that notes a session, and its stores.

Django runs as it is. What is replaced are the places where it asks for the time: `timezone.now`, and `time` in the modules of sessions,
cookies, signatures and caches. A file of a session gets the story's time as that of its last change, which Django takes its end from.
"""

import contextlib
import importlib
import logging
import os
import weakref
from datetime import timedelta

import django
import django.utils.timezone
from django.conf import UserSettingsHolder, settings

from folder_stores import EPOCH, Database, Folder, left_until
from sessionproof_adapter import CLOCK, microseconds
from sessionproof_stories import Store

PACKAGE = "django.contrib.sessions"
#: Where a request has its call.
CALL = "sessionproof.call"
CACHE = "django.core.cache.backends.locmem.LocMemCache"
#: Django's name for each config member.
MEMBERS = {
    "secret_key": "SECRET_KEY",
    "fallback_keys": "SECRET_KEY_FALLBACKS",
    "lifetime": "SESSION_COOKIE_AGE",
    "refresh_each_request": "SESSION_SAVE_EVERY_REQUEST",
    "cookie_name": "SESSION_COOKIE_NAME",
    "cookie_domain": "SESSION_COOKIE_DOMAIN",
    "cookie_path": "SESSION_COOKIE_PATH",
    "cookie_httponly": "SESSION_COOKIE_HTTPONLY",
    "cookie_secure": "SESSION_COOKIE_SECURE",
    "cookie_samesite": "SESSION_COOKIE_SAMESITE",
}
#: Where null stands for a default that Django spells otherwise.
NOT_NULL = {"secret_key", "fallback_keys", "cookie_path"}


def configured(base, config):
    """The settings of one configuration: what it names, on top of those of the adapter."""
    made = UserSettingsHolder(base)
    for member in config.given & set(MEMBERS):
        if config[member] is not None or member not in NOT_NULL:
            setattr(made, MEMBERS[member], config[member])
    return made


def started(backend, **options):
    """Set up Django once for all configurations, with the store of a backend, which it returns."""
    store = STORES[backend]()
    settings.configure(
        SESSION_ENGINE=f"{PACKAGE}.backends.{backend}", INSTALLED_APPS=[PACKAGE], LOGGING_CONFIG=None,
        MIDDLEWARE=[f"{PACKAGE}.middleware.SessionMiddleware", f"{__name__}.noting"], **options, **store.settings)
    # Requests that fail are what some stories are about; they are no news.
    logging.getLogger("django").setLevel(logging.CRITICAL)
    django.setup()
    django.utils.timezone.now = lambda: EPOCH + timedelta(microseconds=microseconds(CLOCK.now))
    for name in (f"{PACKAGE}.middleware", "django.http.response", "django.core.signing", "django.core.cache.backends.base",
                 "django.core.cache.backends.locmem"):
        importlib.import_module(name).time = CLOCK
    store.prepare()
    return store


def noting(get_response):
    """The middleware inside SessionMiddleware: notes the session when Django loads it."""

    def middleware(request):
        session, call = request.session, request.META[CALL]

        def noted(load=session.load):
            opened = load()
            # Django notes there whether the cookie has an end.
            call.opened({key: value for key, value in opened.items() if key != "_session_expiry"})
            return opened

        session.load = noted
        if session.session_key is None:
            call.opened({})
        return get_response(request)

    return middleware


class Tables(Database):
    """Django's table of sessions in SQLite: the backend `db`."""

    TABLE, KEY, END, DATA = "django_session", "session_key", "expire_date", "session_data"
    choices = {"boundary": "exclusive"}

    def __init__(self):
        super().__init__()
        self.settings = {"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": self.file}}}
        self.opened = weakref.WeakSet()

    def prepare(self):
        from django.core.management import call_command
        from django.db import connection
        from django.db.backends.signals import connection_created

        call_command("migrate", verbosity=0)
        connection.close()
        connection_created.connect(lambda sender, connection, **_: self.opened.add(connection), weak=False)

    def connections(self):
        return [opened.connection for opened in self.opened if opened.connection is not None]


class Cache(Store):
    """A cache in this process: the backend `cache`."""

    name, states = "locmem cache", ("emptied",)
    choices = {"boundary": "exclusive"}
    settings = {"CACHES": {"default": {"BACKEND": CACHE, "LOCATION": "sessionproof"}}}

    def prepare(self):
        from django.core.cache import cache

        self.cache = cache

    def begin(self, now):
        self.cache.clear()

    def advance(self, before, now):
        pass  # the clock that it reads has moved

    def become(self, state):
        self.cache.clear()

    def look(self):
        found = []
        for name, end in self.cache._expire_info.items():
            left = None if end is None else round(end * 1_000_000) - microseconds(CLOCK.now)
            if left is None or left > 0:
                # The name holds the cache's prefix and version, and then the backend's prefix.
                found.append((name.rpartition(f"{PACKAGE}.{self.backend}")[2], left and left // 1000, len(self.cache._cache[name])))
        return found

    backend = "cache"


class CachedTables(Tables):
    """A cache in front of the table: the backend `cached_db`. A session in both is one key, with the later end."""

    states = ("emptied",)  # the cache still answers when the table is away

    def __init__(self):
        super().__init__()
        self.name += " behind a locmem cache"
        self.front = Cache()
        self.front.backend = "cached_db"
        self.settings.update(self.front.settings)

    def prepare(self):
        super().prepare()
        self.front.prepare()

    def empty(self):
        super().empty()
        self.front.become("emptied")

    def look(self):
        found = {key: (left, size) for key, left, size in self.front.look()}
        for key, left, size in super().look():
            found[key] = max(found.get(key, (0, 0)), (left, size))
        return [(key, left, size) for key, (left, size) in found.items()]


class Files(Folder):
    """A file for each session: the backend `file`. It compares ends in whole seconds, so that a session ends up to a second early."""

    name = "files"
    choices = {"boundary": "tick", "precision_ms": 1000, "down": "empty"}

    def __init__(self):
        super().__init__()
        self.settings = {"SESSION_FILE_PATH": self.path}

    def prepare(self):
        self.sessions = importlib.import_module(f"{PACKAGE}.backends.file").SessionStore
        save = self.sessions.save

        def saved(session, must_create=False):
            save(session, must_create)
            with contextlib.suppress(OSError):
                os.utime(session._key_to_file(), ns=(CLOCK.time_ns(), CLOCK.time_ns()))

        self.sessions.save = saved

    def look(self):
        """The end is in no file: it is asked of Django, by the configuration of the story."""
        found = []
        for entry in os.scandir(self.where):
            session = self.sessions(entry.name[len(settings.SESSION_COOKIE_NAME):])
            session.storage_path = self.where
            with open(entry.path, encoding="ascii") as file:
                content = file.read()
            left = left_until(session._expiry_date(session.decode(content) if content else {}))
            if left > 0:
                found.append((session.session_key, left // 1000, len(content)))
        return found


class Cookies(Store):
    """No store: the backend `signed_cookies`. An end is counted from the whole second of the signature."""

    name, states, settings = "none, the cookie holds the session", (), {}
    choices = {"boundary": "tick", "precision_ms": 1000, "guard": "signer", "kept": "cookie"}

    def prepare(self):
        pass

    def begin(self, now):
        pass

    def advance(self, before, now):
        pass

    def look(self):
        return []


STORES = {"db": Tables, "cache": Cache, "cached_db": CachedTables, "file": Files, "signed_cookies": Cookies}
