"""A probe for a running Flask or Quart application, so that `sessionproof check --url` can judge it where it runs.

Put this file and ``sessionproof_adapter.py`` beside the application, and mount the probe once the application is configured::

    import sessionproof_probe
    sessionproof_probe.mount(app)

It stays away unless ``SESSIONPROOF_PROBE_UNTIL`` holds a Unix time that is not over and at most an hour ahead, and it answers
nothing any more once that time is over. A request has to prove that it knows the secret key; every other one is answered 404.
Whoever knows the key can make sessions of any kind without a probe, so that it gives nothing away.

A probed request goes through the whole application, as any other does: its middleware (inside the probe), its session
interface, its hooks, its error pages. spec/live-servers.md has the protocol.
"""

import asyncio
import copy
import hashlib
import hmac
import io
import json
import logging
import os
import re
import threading
import time
from importlib.metadata import version

from sessionproof_adapter import (
    KINDS, BadRequest, ExchangeRequest, Unsupported, compression, encode, no_more, parse_line, this_python,
)

PATH = "/sessionproof-probe"
PROTOCOL = 1
#: How far ahead the deadline may lie, and how old a request may be; seconds.
LONGEST, FRESH = 3600, 60
MAX_REQUEST = 1024 * 1024
#: Where a probed request keeps its :class:`Exchange`: a key of the WSGI environment, or of the ASGI scope.
KEY = "sessionproof.exchange"
CREDENTIALS = re.compile("t=([0-9]{1,12}),n=([0-9a-f]{16,64}),mac=([0-9a-f]{64})")
LOG = logging.getLogger("sessionproof_probe")


def mount(app, path=PATH):
    """Let a Flask or Quart application answer probes at `path`, where that is allowed; whether it was.

    Call it when the configuration and the session interface are set, before the first request. A deadline that is no Unix time,
    or more than an hour ahead, raises ``ValueError``.
    """
    until = deadline()
    if until is None:
        return False
    (AsgiProbe if hasattr(app, "asgi_app") else WsgiProbe)(app, path, until)
    LOG.warning("the sessionproof probe is mounted at %s for %d seconds", path, until - time.time())
    return True


def deadline():
    """When the probe has to stop, or None where there is to be none."""
    text = os.environ.get("SESSIONPROOF_PROBE_UNTIL")
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,12}", text):
        raise ValueError("SESSIONPROOF_PROBE_UNTIL: a Unix time in seconds is needed, as in $(( $(date +%s) + 1800 ))")
    if int(text) > time.time() + LONGEST:
        raise ValueError("SESSIONPROOF_PROBE_UNTIL: the time is at most an hour ahead, as in $(( $(date +%s) + 1800 ))")
    return int(text) if int(text) > time.time() else None


class Probe:
    """What the probes of all frameworks share: who may ask, what is asked, and what is answered."""

    framework, choices = None, {}

    def __init__(self, app, path, until):
        self.app, self.path, self.until = app, path, until
        #: The nonces of the last minutes: a request that is sent again is another's.
        self.seen, self.lock = {}, threading.Lock()
        # A copy, since applications share the default interface. Opening is noted there, where the session does not notice.
        self.interface = app.session_interface = copy.copy(app.session_interface)
        self.interface.open_session = self.noting(self.interface.open_session)

    def admits(self, credentials, body):
        """Whether a request proves that it knows the secret key, now and not once more."""
        now, found = time.time(), CREDENTIALS.fullmatch(credentials or "")
        key = self.app.secret_key
        if not (found and key and now < self.until and abs(now - int(found[1])) <= FRESH):
            return False
        derived = hmac.digest(key.encode() if isinstance(key, str) else key, b"sessionproof probe 1", "sha256")
        proof = hmac.new(derived, f"{found[1]}\n{found[2]}\n".encode() + body, "sha256").hexdigest()
        if not hmac.compare_digest(proof, found[3]):
            return False
        with self.lock:
            while self.seen and next(iter(self.seen.values())) < now - 2 * FRESH:
                del self.seen[next(iter(self.seen))]
            is_new = found[2] not in self.seen
            self.seen[found[2]] = now
        return is_new

    def read(self, body):
        """The exchange that is asked for, or the reply where none is needed."""
        try:
            request = parse_line(body)
            op = request.pop("op", None)
            if op == "hello" and request.pop("protocol", None) == PROTOCOL:
                return {"ok": self.hello()}
            if op != "exchange":
                raise Unsupported(f"op {op}")
            exchange = Exchange(request, frozenset(KINDS))
            no_more(request, "member")
            if self.app.session_interface is not self.interface:
                raise BadRequest("the session interface was replaced after the probe was mounted: mount it later")
            return exchange
        except Unsupported as missing:
            return {"unsupported": str(missing)}
        except BadRequest as problem:
            return {"error": str(problem)}

    def hello(self):
        app, interface, config = self.app, self.interface, self.app.config
        lifetime = config["PERMANENT_SESSION_LIFETIME"]
        return {
            "name": self.framework, "version": version(self.framework), "runtime": this_python(), "ops": ["exchange"],
            "values": KINDS, "choices": {"compression": compression(), **self.choices}, "clock": [time.time(), time.time()],
            "config": {
                "lifetime": lifetime if isinstance(lifetime, int) else lifetime.total_seconds(),
                "refresh_each_request": bool(config["SESSION_REFRESH_EACH_REQUEST"]),
                "cookie_name": config.get("SESSION_COOKIE_NAME", "session"),
                "cookie_domain": config["SESSION_COOKIE_DOMAIN"] or None,
                "cookie_path": config["SESSION_COOKIE_PATH"],
                "application_root": config["APPLICATION_ROOT"] or "/",
                "cookie_httponly": bool(config["SESSION_COOKIE_HTTPONLY"]),
                "cookie_secure": bool(config["SESSION_COOKIE_SECURE"]),
                "cookie_samesite": config["SESSION_COOKIE_SAMESITE"],
                "cookie_partitioned": bool(config.get("SESSION_COOKIE_PARTITIONED", False)),
                "salt": getattr(interface, "salt", "cookie-session"),
                "digest": getattr(interface, "digest_method", hashlib.sha1)().name,
                "key_derivation": getattr(interface, "key_derivation", "hmac"),
            },
        }


class Exchange(ExchangeRequest):
    """One probed request, and what came of it."""

    def __init__(self, request, kinds):
        super().__init__(request, kinds)
        self.opened, self.results, self.start, self.problem = None, [], time.time(), None

    def note(self, session):
        try:
            # dict's own method: the session must not notice that it is read.
            self.opened = {} if session is None else encode(dict(dict.items(session)))
        except TypeError as error:
            self.problem = f"the session cannot be read without touching it: {error}"

    def act(self, session, abort):
        """What the view does; the action that is left to be done while the body streams, if there is one."""
        for action in self.actions:
            if action.do == "raise":
                raise RuntimeError("the probe was asked to raise")
            if action.do == "not_found":
                abort(404)
            if action.do == "stream_get":
                return action
            self.results.append(encode(action.act(session)))
        return None

    def reply(self, status):
        if self.problem:
            return {"error": self.problem}
        clock = [self.start, time.time()]
        return {"ok": {"status": status, "opened": self.opened, "results": self.results, "headers": [], "clock": clock}}


def as_json(reply):
    return json.dumps(reply, separators=(",", ":"), allow_nan=False).encode("ascii")


HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
PASSED_ON = ("set-cookie", "vary")


class WsgiProbe(Probe):
    """The probe of a Flask application: a WSGI middleware around it, and a blueprint inside it."""

    framework = "flask"

    def __init__(self, app, path, until):
        super().__init__(app, path, until)
        self.inner, app.wsgi_app = app.wsgi_app, self
        import flask

        blueprint = flask.Blueprint("sessionproof_probe", __name__)

        @blueprint.route(path, methods=["GET", "POST"])
        def view():
            last = flask.request.environ[KEY].act(flask.session, flask.abort)
            return "done" if last is None else flask.Response(flask.stream_with_context(stream(last)))

        @blueprint.route(f"{path}/static/file.txt")
        def file():
            return "static\n"

        def stream(action):
            yield "streaming: "
            flask.request.environ[KEY].results.append(encode(flask.session.get(action.key)))
            yield "done"

        app.register_blueprint(blueprint)

    def noting(self, open_session):
        def opening(app, request):
            session = open_session(app, request)
            if KEY in request.environ:
                request.environ[KEY].note(session)
            return session

        return opening

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path != self.path and not path.startswith(self.path + "/"):
            return self.inner(environ, start_response)
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), MAX_REQUEST))
        if path != self.path or not self.admits(environ.get("HTTP_SESSIONPROOF_PROBE"), body):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Not Found\n"]
        exchange = self.read(body)
        reply, headers = (exchange, []) if isinstance(exchange, dict) else self.exchange(environ, exchange)
        body = as_json(reply)
        start_response("200 OK", HEADERS + [("Content-Length", str(len(body)))] + headers)
        return [body]

    def exchange(self, environ, exchange):
        path = self.path if exchange.path == "/" else self.path + exchange.path
        environ = {**environ, KEY: exchange, "REQUEST_METHOD": exchange.method, "PATH_INFO": path, "CONTENT_LENGTH": "0",
                   "wsgi.input": io.BytesIO()}
        seen = []
        try:
            body = self.inner(environ, lambda status, headers, exc_info=None: seen.append((status, headers)))
            try:
                for _ in body:
                    pass
            finally:
                getattr(body, "close", lambda: None)()
        except Exception:
            return exchange.reply(500), []  # as a server answers whatever an application lets out
        status, headers = seen[-1]
        return exchange.reply(int(status.split()[0])), [pair for pair in headers if pair[0].lower() in PASSED_ON]


class AsgiProbe(Probe):
    """The probe of a Quart application: the same as an ASGI middleware, with a blueprint of Quart's."""

    # Flask's serializer sorts keys by the settings of a Flask application, and there is none.
    framework, choices = "quart", {"key_order": "any"}

    def __init__(self, app, path, until):
        super().__init__(app, path, until)
        self.inner, app.asgi_app = app.asgi_app, self
        import quart

        blueprint = quart.Blueprint("sessionproof_probe", __name__)

        @blueprint.route(path, methods=["GET", "POST"])
        async def view():
            last = quart.request.scope[KEY].act(quart.session, quart.abort)
            return "done" if last is None else quart.Response(quart.stream_with_context(stream)(last))

        @blueprint.route(f"{path}/static/file.txt")
        async def file():
            return "static\n"

        async def stream(action):
            yield b"streaming: "
            if quart.request.method != "HEAD":  # Quart streams there as well, to nobody
                quart.request.scope[KEY].results.append(encode(quart.session.get(action.key)))
            yield b"done"

        app.register_blueprint(blueprint)

    def noting(self, open_session):
        async def opening(app, request):
            session = await open_session(app, request)
            if KEY in request.scope:
                request.scope[KEY].note(session)
            return session

        return opening

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or (path != self.path and not path.startswith(self.path + "/")):
            return await self.inner(scope, receive, send)
        body, more = b"", True
        while more and len(body) <= MAX_REQUEST:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        credentials = dict(scope["headers"]).get(b"sessionproof-probe", b"").decode("latin-1")
        if path != self.path or not self.admits(credentials, body):
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
            return await send({"type": "http.response.body", "body": b"Not Found\n"})
        exchange = self.read(body)
        reply, headers = (exchange, []) if isinstance(exchange, dict) else await self.exchange(scope, exchange)
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS] + headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": as_json(reply)})

    async def exchange(self, scope, exchange):
        path = scope["path"] if exchange.path == "/" else scope["path"] + exchange.path
        scope = {**scope, KEY: exchange, "method": exchange.method, "path": path, "raw_path": path.encode()}
        seen, received = [], iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            return next(received, None) or await asyncio.get_running_loop().create_future()

        async def send(message):
            if message["type"] == "http.response.start":
                seen.append(message)

        try:
            await self.inner(scope, receive, send)
        except Exception:
            return exchange.reply(500), []  # as a server answers whatever an application lets out
        headers = [pair for pair in seen[-1]["headers"] if pair[0].lower().decode("latin-1") in PASSED_ON]
        return exchange.reply(seen[-1]["status"]), headers
