"""Flask applications of many shapes, each with and without the probe: strangers are answered alike, and the log is the same.

With a proof, each of them answers the probe. What goes wrong raises ``AssertionError``.
"""

import contextlib
import hashlib
import io
import json
import logging.config
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import flask
import sessionproof_probe as probe
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

PATH = "/sessionproof-probe"
HELLO = b'{"op":"hello","protocol":2}'
FOLDER = tempfile.mkdtemp()
Path(FOLDER, "file.txt").write_text("a file")
SHAPES = {}


def application(cls=flask.Flask, **options):
    app = cls("an_application", **options)
    app.secret_key = "key"

    def home(**_):
        return f"hello {flask.session.get('user')}"

    app.add_url_rule("/", "home", home, **({"host": "<host>"} if options.get("host_matching") else {}))
    return app


def shape(make):
    SHAPES[make.__name__] = make
    return make


@shape
def plain(mount):
    app = application()
    mount(app)
    return app


@shape
def files_at_the_root(mount):
    app = application(static_folder=FOLDER, static_url_path="")
    mount(app)
    return app


@shape
def hosts(mount):
    app = application(host_matching=True, static_host="localhost")
    mount(app)
    return app


@shape
def subdomains(mount):
    app = application(subdomain_matching=True)
    app.config["SERVER_NAME"] = "localhost"
    mount(app)
    return app


@shape
def every_path(mount):
    app = application()
    app.add_url_rule("/<path:path>", "page", lambda path: f"page {path}", methods=["GET", "POST", "PUT"])
    mount(app)
    return app


@shape
def site_map(mount):
    app = application()
    app.add_url_rule("/map", "map", lambda: [f"{rule} {rule.endpoint}" for rule in app.url_map.iter_rules()])
    app.add_url_rule("/parts", "parts", lambda: [sorted(app.blueprints), sorted(app.view_functions)])
    mount(app)
    return app


@shape
def own_page_at_the_path(mount):
    app = application()
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.add_url_rule(PATH + "/", "own", lambda: flask.request.get_data(), methods=["GET", "POST"])
    mount(app)
    return app


@shape
def traps(mount):
    app = application()
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    mount(app)
    return app


@shape
def propagates(mount):
    app = application()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    mount(app)
    return app


@shape
def debugs(mount):
    app = application()
    app.config["DEBUG"] = True
    mount(app)
    return app


@shape
def fixed_by_a_proxy(mount):
    app = application()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
    mount(app)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
    return app


@shape
def below_a_path(mount):
    app = application()
    app.config["APPLICATION_ROOT"] = "/below"
    mount(app)
    return DispatcherMiddleware(NotFound(), {"/below": app})


@shape
def own_interface(mount):
    class Interface(SecureCookieSessionInterface):
        def open_session(self, app, request):
            session = super().open_session(app, request)
            session.setdefault("visits", 1)
            return session

    app = application()
    app.session_interface = Interface()
    mount(app)
    return app


@shape
def own_class(mount):
    class Application(flask.Flask):
        def create_url_adapter(self, request):
            return super().create_url_adapter(request)

        def log_exception(self, exc_info):
            self.logger.critical("broken")

    app = application(Application)
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    mount(app)
    return app


def logs(when):
    def make(mount):
        app = application()

        def log():
            app.logger.warning("a warning")
            return [len(app.logger.handlers), len(app.logger.filters), app.logger.level, app.logger.disabled]

        app.add_url_rule("/log", "log", log)
        app.add_url_rule("/broken", "broken", lambda: 1 / 0)
        handlers = {"handler": {"class": "logging.StreamHandler"}}
        for step in when.split("_"):
            if step == "mount":
                mount(app)
            elif step == "configure":
                logging.config.dictConfig({"version": 1, "handlers": handlers, "root": {"handlers": ["handler"]}})
        return app

    return make


SHAPES |= {when: logs(when) for when in ["mount", "configure_mount", "mount_configure"]}


def ask(app, method, path, body=b"", headers=()):
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "HTTP_HOST": "localhost", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, **dict(headers),
    }
    seen = []
    try:
        answer = app(environ, lambda status, headers, exc_info=None: seen.append((status, headers)))
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
    except Exception as error:
        return repr(error), [], b""
    return *seen[-1], body


NUMBER = iter(range(10**9))


def credentials(body, key="key", time=time.time):
    t, n, h = str(int(time())), f"{next(NUMBER):032x}", hashlib.sha256(body).hexdigest()
    mac = probe.Proofs(key).mac(b"request", t.encode(), n.encode(), h.encode()).hex()
    return {"HTTP_SESSIONPROOF_PROBE": f"t={t},n={n},h={h},mac={mac}"}.items()


STALE = time.time() - 100
UNPROVED = [
    (), credentials(HELLO, key="another key"), credentials(HELLO, time=lambda: STALE), credentials(b"another body"),
    {"HTTP_SESSIONPROOF_PROBE": "\xe9" * 5}.items(), {"HTTP_SESSIONPROOF_PROBE": "t=1," * 20000}.items(),
    # Two such headers are one to an application.
    {"HTTP_SESSIONPROOF_PROBE": ",".join(next(iter(credentials(HELLO)))[1] for _ in range(2))}.items(),
]
PATHS = ["/", PATH, PATH + "/", "/" + PATH, PATH + "/static/file.txt", "/below" + PATH, "/below/", "/map", "/parts", "/log", "/broken",
         "/file.txt", "/nowhere"]
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND", "odd"]


def answers(app):
    for path in PATHS:
        for method in METHODS:
            for headers in UNPROVED:
                if headers and path in ("/broken", "/log", "/map"):
                    continue
                status, sent, body = ask(app, method, path, HELLO if method in ("POST", "PUT") else b"", headers)
                sent = [
                    (name, re.sub(r"\.[\w-]{6}\.[\w-]{27}", "", value))  # when it was signed
                    for name, value in sent if name not in ("Date", "Last-Modified", "ETag")
                ]
                yield method, path, dict(headers), status, sent, body


def judged(make, until):
    """The application, what strangers are answered, and what it logs."""
    os.environ["SESSIONPROOF_PROBE_UNTIL"] = until
    logging.root.handlers.clear()
    logging.root.manager.loggerDict.clear()
    with contextlib.redirect_stderr(io.StringIO()) as log:
        app = make(probe.mount)
        return app, list(answers(app)), re.sub("0x[0-9a-f]+|, line .*", "", log.getvalue())


probe.LOG.disabled = True
for name, make in SHAPES.items():
    _, right, right_log = judged(make, "")
    app, with_probe, log = judged(make, str(int(time.time()) + 600))
    for one, other in zip(right, with_probe, strict=True):
        assert one == other, f"{name}:\n{one}\n{other}"
    without_frames = [line for line in log.splitlines() if "sessionproof_probe.py" not in line and "self.inner(" not in line]
    assert len(without_frames) == len(right_log.splitlines()), f"{name}:\n{right_log}\n{log}"
    path = ("/below" if name == "below_a_path" else "") + PATH
    statuses = []
    for method, below in [("GET", "/"), ("GET", "/static/file.txt"), ("GET", "/missing"), ("HEAD", "/"), ("OPTIONS", "/"), ("PUT", "/")]:
        actions = [{"do": "set", "key": "test user", "value": 1}]
        body = json.dumps({"op": "exchange", "method": method, "path": below, "actions": actions}).encode()
        with contextlib.redirect_stderr(io.StringIO()):
            status, headers, answer = ask(app, "POST", path, body, credentials(body))
        assert status == "200 OK" and dict(headers)["Sessionproof-Proof"], f"{name}: {status} {answer}"
        statuses.append(json.loads(answer)["ok"]["status"])
    assert statuses == ([200, 200, 500, 200, 200, 500] if name == "traps" else [200, 200, 404, 200, 200, 405]), f"{name}: {statuses}"
print(f"{len(SHAPES)} shapes are alike")
