"""Beaker's SessionMiddleware, with its store in memory, behind version 2 of the adapter protocol.

    python beaker_adapter.py

The view calls `session.save()` after each action that writes, and logs out by `session.delete()`. `lifetime` is Beaker's `timeout`, which
the server enforces; the cookie has no end, as is Beaker's default. What is replaced are the places where Beaker asks for the time.
Beaker opens a session only when it is used: what is told as opened is what it would have given before the view. Its memory keeps for
ever what has ended: a session counts as gone when the application would not get it any more.
"""

import base64
import contextlib
import pickle
from http import HTTPStatus
from wsgiref.util import setup_testing_defaults

import beaker.session
from beaker.container import MemoryNamespaceManager
from beaker.middleware import SessionMiddleware

from held_datetime import HeldDatetime
from sessionproof_adapter import CLOCK, KINDS, installed, runtime_with
from sessionproof_stories import FLASK_ACTIONS, Store, configured, serve_stories

beaker.session.time, beaker.session.datetime = CLOCK, HeldDatetime
CALL = "sessionproof.call"
WRITES = {"append", "delete", "mutate", "pop", "popitem", "set", "set_made", "setdefault", "union", "update"}
#: Beaker's name for each config member.
OPTIONS = {"lifetime": "timeout", "secret_key": "secret", "cookie_name": "key", "cookie_domain": "cookie_domain",
           "cookie_path": "cookie_path", "cookie_secure": "secure", "cookie_httponly": "httponly", "cookie_samesite": "samesite"}


class Memory(Store):
    """Beaker's dictionaries: one for each id, in which the session is a text."""

    name, states, timeout = "memory", ("emptied",), None

    def begin(self, now):
        MemoryNamespaceManager.namespaces.dict.clear()

    def advance(self, before, now):
        pass

    def look(self):
        kept = [(ident, text["session"]) for ident, text in MemoryNamespaceManager.namespaces.dict.items() if "session" in text]
        return [(ident, self.left(text), len(text)) for ident, text in kept if self.left(text) is None or self.left(text) >= 0]

    def left(self, text):
        used = pickle.loads(base64.b64decode(text)).get("_accessed_time")
        return None if self.timeout is None or used is None else round((used + self.timeout - CLOCK.now) * 1000)

    def become(self, state):
        for kept in MemoryNamespaceManager.namespaces.dict.values():
            kept.clear()


class Application:
    """One WSGI application for one configuration."""

    def __init__(self, config):
        options = configured(config, OPTIONS, nullable=("cookie_domain", "cookie_path", "cookie_samesite", "secret_key"))
        if config["cookie_samesite"] is None and "cookie_samesite" in config.given:
            options["samesite"] = None
        self.app = SessionMiddleware(application, {"session.type": "memory", **{f"session.{name}": options[name] for name in options}})
        STORE.timeout = self.app.options["timeout"]

    def request(self, call):
        STORE.timeout = self.app.options["timeout"]
        environ = {"REQUEST_METHOD": call.method, "PATH_INFO": call.path, CALL: call}
        if call.cookie_header is not None:
            environ["HTTP_COOKIE"] = call.cookie_header
        setup_testing_defaults(environ)
        call.opened(beaker.session.SessionObject(dict(environ), **self.app.options)._session())
        answers = [(500, [])]
        with contextlib.suppress(Exception):
            self.app(environ, lambda status, headers, exc_info=None: answers.append((int(status.split()[0]), headers)))
        return answers[-1]

    def regenerate(self, session):
        session.regenerate_id()
        session.save()

    def ident(self, key):
        secret = self.app.options["secret"]
        return beaker.session.SignedCookie(secret).value_encode(key)[1] if secret else key


def application(environ, start_response):
    path, method, status = environ["PATH_INFO"], environ["REQUEST_METHOD"], HTTPStatus.OK
    if path == "/" and method in ("GET", "HEAD", "POST"):
        try:
            environ[CALL].view(environ["beaker.session"], act, not_found)
        except FileNotFoundError:
            status = HTTPStatus.NOT_FOUND
    elif path == "/" and method != "OPTIONS":
        status = HTTPStatus.METHOD_NOT_ALLOWED
    elif path not in ("/", "/static/file.txt"):
        status = HTTPStatus.NOT_FOUND
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain")])
    return [b"done"]


def act(action, session):
    result = session.delete() if action.do == "clear" else action.act(session)
    if action.do in WRITES:
        session.save()
    return result


def not_found():
    raise FileNotFoundError


STORE = Memory()
if __name__ == "__main__":
    serve_stories(
        name="beaker", version=installed("beaker"), runtime=runtime_with(), store=STORE, build=Application, request=Application.request,
        regenerate=Application.regenerate, ident=Application.ident, members=set(OPTIONS), values=KINDS,
        without=FLASK_ACTIONS, choices={"renew": "use"})
