"""The server that browsers visit: real Flask on loopback, told before each visit what to answer.

It sets cookies in two ways: through a Flask session, as applications do, and as a Set-Cookie header written out in full, for what
Flask never writes.
"""

import hashlib
import threading
import time
from email.utils import formatdate
from typing import NamedTuple

from flask import Flask, Response, request, session
from werkzeug.serving import WSGIRequestHandler, make_server

#: The icon keeps browsers from asking for /favicon.ico.
PAGE = '<!doctype html><link rel="icon" href="data:,"><title>page</title>'


class Answer(NamedTuple):
    """What one visit was answered."""

    #: When, in Unix seconds.
    now: float
    #: The Cookie header of the request, or None.
    sent: str
    #: The Set-Cookie headers of the answer.
    set: list
    #: The session as it was opened; empty where none was asked for.
    opened: dict


class Server:
    def __init__(self):
        self.told = self.answer = self.date = None
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def expect(self, set_cookies=None, flask=None, date=None):
        """What the next visit gets: Set-Cookie headers and perhaps a Date, or a view of an application with such a
        configuration, with the Date of its clock."""
        self.told, self.answer, self.date = (set_cookies, flask), None, date

    def __call__(self, environ, start_response):
        set_cookies, flask = self.told
        app = of_session(**flask) if flask else of_headers(set_cookies or [])
        opened = {}
        app.config["OPENED"] = opened

        def noting(status, headers, exc_info=None):
            written = [value for name, value in headers if name == "Set-Cookie"]
            now = time.time()
            self.date = now if flask else self.date
            self.answer = Answer(now, environ.get("HTTP_COOKIE"), written, opened)
            return start_response(status, headers, exc_info)

        return app(environ, noting)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_header(self, keyword, value):
        """Without Date, unless it is asked for: what a browser makes of that is a matter of its own."""
        if keyword.lower() != "date":
            super().send_header(keyword, value)

    def end_headers(self):
        if self.server.app.date is not None:
            super().send_header("Date", formatdate(self.server.app.date, usegmt=True))
        super().end_headers()

    def log(self, *_):
        pass


def of_headers(set_cookies):
    def view(path):
        response = page()
        for header in set_cookies:
            response.headers.add("Set-Cookie", header)
        return response

    return application(view)


def of_session(does, config):
    def view(path):
        app.config["OPENED"].update(session)
        DOES[does]()
        return page()

    app = application(view)
    app.config.update(SECRET_KEY="a key for browsers", **config)
    return app


def application(view):
    app = Flask("visited", static_folder=None)
    app.add_url_rule("/", view_func=view, endpoint="root", defaults={"path": ""})
    app.add_url_rule("/<path:path>", view_func=view, endpoint="page")
    return app


def page():
    return Response(PAGE, mimetype="text/html", headers={"Cache-Control": "no-store"})


def log_in():
    session["user"] = "ada"


def log_in_permanently():
    session.permanent = True
    log_in()


def grow():
    """More than a cookie holds, and nothing that compression could make small."""
    session["cart"] = "".join(hashlib.sha512(bytes([part])).hexdigest() for part in range(80))


DOES = {
    "grow": grow,
    "log in": log_in,
    "log in permanently": log_in_permanently,
    "log out": lambda: session.clear(),
    "read": lambda: session.get("user"),
}
