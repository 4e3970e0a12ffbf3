"""A probe for a running Flask or Quart application, so that `sessionproof check --url` can judge it where it runs.

Put this file and ``sessionproof_adapter.py`` beside the application, and mount the probe once the application is configured::

    import sessionproof_probe
    sessionproof_probe.mount(app)

It stays away unless ``SESSIONPROOF_PROBE_UNTIL`` holds a Unix time that is not over and at most an hour ahead, and it answers
nothing any more once that time is over. A request has to prove that it knows the secret key; every other one goes on to the
application as it came, which answers it as if there were no probe. Each answer proves in turn that the server knows the key.
Whoever knows the key can make sessions of any kind without a probe, so that it gives nothing away.

A probed request goes through the whole application, as any other does: its middleware (inside the probe), its session
interface, its hooks, its error pages. spec/live-servers.md has the protocol and says who learns what.
"""

import asyncio
import base64
import contextlib
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
from datetime import timedelta
from importlib.metadata import version

from werkzeug.routing import Map, Rule

from sessionproof_adapter import (
    KINDS, BadRequest, ExchangeRequest, Unsupported, compression, encode, no_more, parse_line, this_python,
)

PATH = "/sessionproof-probe"
PROTOCOL = 2
#: How far ahead the deadline may lie, and how old a request may be; seconds.
LONGEST, FRESH = 3600, 60
MAX_REQUEST = 1024 * 1024
#: Where a probed request keeps its :class:`Exchange`: a key of the WSGI environment, or of the ASGI scope.
KEY = "sessionproof.exchange"
CREDENTIALS = re.compile("t=([0-9]{1,12}),n=([0-9a-f]{16,64}),h=([0-9a-f]{64}),mac=([0-9a-f]{64})")
LOG = logging.getLogger("sessionproof_probe")
#: The rules of the probe's views. They stand in a map of their own, so that the application's holds nothing but its own.
VIEW, FILE = "sessionproof_probe.view", "sessionproof_probe.file"
RULES = Map(
    [Rule("/", endpoint=VIEW, methods=["GET", "OPTIONS", "POST"]), Rule("/static/file.txt", endpoint=FILE, methods=["GET", "OPTIONS"])],
    merge_slashes=False,
)
for rule in RULES.iter_rules():
    rule.provide_automatic_options = True


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


class Proofs:
    """What is derived from the secret key: one key for each purpose, none of which signs sessions."""

    def __init__(self, secret_key):
        self.secret = secret_key.encode() if isinstance(secret_key, str) else secret_key

    def mac(self, purpose, *parts):
        key = hmac.digest(self.secret, b"sessionproof probe 2 " + purpose, "sha256")
        return hmac.digest(key, b"\n".join(parts), "sha256")

    def is_request(self, proof, *parts):
        return hmac.compare_digest(self.mac(b"request", *parts).hex(), proof)

    def answer(self, nonce, status, body):
        """The proof that goes with an answer."""
        return self.mac(b"answer", nonce, str(status).encode(), body).hex()

    def unseal(self, nonce, sealed):
        """A sealed Cookie header: each block of 32 bytes is hidden by the MAC of the nonce and the block's number."""
        blocks = (self.mac(b"cookie", nonce, str(number).encode()) for number in range(-(-len(sealed) // 32)))
        return bytes(a ^ b for a, b in zip(sealed, b"".join(blocks)))


def expected(error):
    """Marks an error that the suite asked for, so that it is not logged as the application's."""
    with contextlib.suppress(AttributeError):  # it takes no attributes: then it is logged
        error.sessionproof_expected = True
    return error


def is_the_applications(record):
    """Whether a log record is about anything but an error that the suite asked for."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return not getattr(error, "sessionproof_expected", False)


class Detour:
    """The URL adapter of a probed request: it leads to the probe's views, and is the application's for all else."""

    def __init__(self, adapter, exchange):
        self.adapter, self.to = adapter, RULES.bind("localhost", path_info=exchange.path, default_method=exchange.method)

    def match(self, path_info=None, *arguments, **options):
        return (self.to if path_info is None else self.adapter).match(path_info, *arguments, **options)

    def __getattr__(self, name):
        return getattr(self.adapter, name)


class Probe:
    """What the probes of all frameworks share: who may ask, what is asked, and what is answered."""

    framework, choices = None, {}
    #: The attribute of a request that holds :data:`KEY` when it is probed.
    holder = None

    def __init__(self, app, path, until):
        self.app, self.path, self.until = app, path, until
        #: The nonces of the last minutes: a request that is sent again is another's.
        self.seen, self.lock = {}, threading.Lock()
        # A copy, since applications share the default interface. Opening is noted there, where the session does not notice.
        self.interface = app.session_interface = copy.copy(app.session_interface)
        self.interface.open_session = self.noting(self.interface.open_session)
        self.interface.save_session = self.saving(self.interface.save_session)
        # The application's rules, views and loggers stay as they are: people list them, and set them up again.
        app.create_url_adapter = self.leading(app.create_url_adapter)

    def ready(self):
        """What is done once a proved request has come, and not before."""
        self.app.view_functions.update(self.views)
        # The logger by its name: asking the application for it would set it up before the application does.
        logging.getLogger(self.app.name).addFilter(is_the_applications)

    def leading(self, create_url_adapter):
        def create(request, *rest):
            adapter, exchange = create_url_adapter(request, *rest), getattr(request, self.holder, {}).get(KEY)
            return adapter if exchange is None else Detour(adapter, exchange)

        return create

    def below(self, exchange):
        """The path that the application sees."""
        return self.path if exchange.path == "/" else self.path + exchange.path

    def proofs(self):
        return Proofs(self.app.secret_key or b"")

    def admits(self, method, path, credentials):
        """The nonce and the body's hash of a request that proves that it knows the secret key, now and not once more."""
        if method != "POST" or path != self.path:
            return None
        now, found = time.time(), CREDENTIALS.fullmatch(credentials or "")
        if not (found and self.app.secret_key and now < self.until and abs(now - int(found[1])) <= FRESH):
            return None
        if not self.proofs().is_request(found[4], *(part.encode() for part in found.groups()[:3])):
            return None
        with self.lock:
            while self.seen and next(iter(self.seen.values())) < now - 2 * FRESH:
                del self.seen[next(iter(self.seen))]
            is_new = found[2] not in self.seen
            self.seen[found[2]] = now
        return (found[2].encode(), found[3]) if is_new else None

    def read(self, nonce, body):
        """The exchange that is asked for, or the reply where none is needed."""
        try:
            request = parse_line(body)
            op = request.pop("op", None)
            if op == "hello" and request.pop("protocol", None) == PROTOCOL:
                return {"ok": self.hello()}
            if op != "exchange":
                raise Unsupported(f"op {op}")
            sealed = request.pop("sealed_cookie_header", None)
            if sealed is not None:
                request["cookie_header"] = self.proofs().unseal(nonce, base64.b64decode(sealed)).decode("latin-1")
            exchange = Exchange(request, frozenset(KINDS))
            no_more(request, "member")
            if self.app.session_interface is not self.interface:
                raise BadRequest("the session interface was replaced after the probe was mounted: mount it later")
            return exchange
        except Unsupported as missing:
            return {"unsupported": str(missing)}
        except (BadRequest, TypeError, ValueError) as problem:
            return {"error": str(problem)}

    def hello(self):
        app, interface, config = self.app, self.interface, self.app.config
        lifetime = config["PERMANENT_SESSION_LIFETIME"]
        return {
            "name": self.framework, "version": version(self.framework), "runtime": this_python(), "ops": ["exchange"],
            "values": KINDS, "choices": {"compression": compression(), **self.choices}, "clock": [time.time(), time.time()],
            "config": {
                "lifetime": lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime,
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

    def answer(self, nonce, reply):
        """The body of an answer, and the headers that go with it."""
        body = json.dumps(reply, separators=(",", ":"), allow_nan=False).encode("ascii")
        proof = self.proofs().answer(nonce, 200, body)
        return body, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
                      ("Sessionproof-Proof", proof)]


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
            if action.do == "not_found":
                abort(404)
            if action.do == "stream_get":
                return action
            try:
                if action.do == "raise":
                    raise RuntimeError("the probe was asked to raise")
                self.results.append(encode(action.act(session)))
            except Exception as error:
                raise expected(error)
        return None

    def reply(self, status):
        if self.problem:
            return {"error": self.problem}
        clock = [self.start, time.time()]
        return {"ok": {"status": status, "opened": self.opened, "results": self.results, "headers": [], "clock": clock}}


PASSED_ON = ("set-cookie", "vary")


class WsgiProbe(Probe):
    """The probe of a Flask application: a WSGI middleware around it, and views inside it."""

    framework, holder = "flask", "environ"

    def __init__(self, app, path, until):
        super().__init__(app, path, until)
        self.inner, app.wsgi_app = app.wsgi_app, self
        self.views = {VIEW: self.view, FILE: lambda: "static\n"}

    @staticmethod
    def view():
        import flask

        exchange = flask.request.environ[KEY]

        def stream(action):
            yield "streaming: "
            exchange.results.append(encode(flask.session.get(action.key)))
            yield "done"

        last = exchange.act(flask.session, flask.abort)
        return "done" if last is None else flask.Response(flask.stream_with_context(stream(last)))

    def noting(self, open_session):
        def opening(app, request):
            if KEY not in request.environ:
                return open_session(app, request)
            try:
                session = open_session(app, request)
            except Exception as error:
                raise expected(error)
            request.environ[KEY].note(session)
            return session

        return opening

    def saving(self, save_session):
        import flask

        def save(app, session, response):
            if not flask.has_request_context() or KEY not in flask.request.environ:
                return save_session(app, session, response)
            try:
                return save_session(app, session, response)
            except Exception as error:
                raise expected(error)

        return save

    def __call__(self, environ, start_response):
        method, path = environ.get("REQUEST_METHOD"), environ.get("PATH_INFO", "")
        admitted = self.admits(method, path, environ.get("HTTP_SESSIONPROOF_PROBE"))
        length = environ.get("CONTENT_LENGTH") or "0"
        if not admitted or not re.fullmatch("[1-9][0-9]{0,6}", length) or int(length) > MAX_REQUEST:
            return self.inner(environ, start_response)
        nonce, digest = admitted
        body = self.body(environ["wsgi.input"], int(length))
        if hashlib.sha256(body).hexdigest() != digest:
            return self.inner({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}, start_response)
        exchange = self.read(nonce, body)
        reply, passed_on = (exchange, []) if isinstance(exchange, dict) else self.exchange(environ, exchange)
        body, headers = self.answer(nonce, reply)
        start_response("200 OK", headers + passed_on)
        return [body]

    @staticmethod
    def body(stream, length):
        """As much of a body as arrives, and no more than was announced."""
        body = b""
        while len(body) < length:
            chunk = stream.read(length - len(body))
            if not chunk:
                break
            body += chunk
        return body

    def exchange(self, environ, exchange):
        self.ready()
        environ = {**environ, KEY: exchange, "REQUEST_METHOD": exchange.method, "PATH_INFO": self.below(exchange),
                   "CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()}
        del environ["HTTP_SESSIONPROOF_PROBE"]
        environ.pop("HTTP_COOKIE", None)
        if exchange.cookie_header is not None:
            environ["HTTP_COOKIE"] = exchange.cookie_header
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
    """The probe of a Quart application: the same as an ASGI middleware, with views of Quart's."""

    # Flask's serializer sorts keys by the settings of a Flask application, and there is none.
    framework, holder, choices = "quart", "scope", {"key_order": "any"}

    def __init__(self, app, path, until):
        super().__init__(app, path, until)
        self.inner, app.asgi_app = app.asgi_app, self
        self.views = {VIEW: self.view, FILE: self.file}

    @staticmethod
    async def view():
        import quart

        exchange = quart.request.scope[KEY]

        async def stream(action):
            yield b"streaming: "
            if quart.request.method != "HEAD":  # Quart streams there as well, to nobody
                exchange.results.append(encode(quart.session.get(action.key)))
            yield b"done"

        last = exchange.act(quart.session, quart.abort)
        return "done" if last is None else quart.Response(quart.stream_with_context(stream)(last))

    @staticmethod
    async def file():
        return "static\n"

    def noting(self, open_session):
        async def opening(app, request):
            if KEY not in request.scope:
                return await open_session(app, request)
            try:
                session = await open_session(app, request)
            except Exception as error:
                raise expected(error)
            request.scope[KEY].note(session)
            return session

        return opening

    def saving(self, save_session):
        import quart

        async def save(app, session, response):
            if not quart.has_request_context() or KEY not in quart.request.scope:
                return await save_session(app, session, response)
            try:
                return await save_session(app, session, response)
            except Exception as error:
                raise expected(error)

        return save

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        given = (value for name, value in scope["headers"] if name.lower() == b"sessionproof-probe")
        credentials = b",".join(given).decode("latin-1")  # two are none, as in WSGI
        admitted = self.admits(scope["method"], path, credentials)
        if not admitted:
            return await self.inner(scope, receive, send)
        nonce, digest = admitted
        body, messages = b"", []
        while len(body) <= MAX_REQUEST:
            messages.append(await receive())
            body += messages[-1].get("body", b"")
            if not messages[-1].get("more_body", False):
                break
        if hashlib.sha256(body).hexdigest() != digest:

            async def again():
                return messages.pop(0) if messages else await receive()

            return await self.inner(scope, again, send)
        exchange = self.read(nonce, body)
        reply, passed_on = (exchange, []) if isinstance(exchange, dict) else await self.exchange(scope, exchange)
        body, headers = self.answer(nonce, reply)
        headers = [(name.lower().encode(), value.encode()) for name, value in headers] + passed_on
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def exchange(self, scope, exchange):
        self.ready()
        path = scope["path"].removesuffix(self.path) + self.below(exchange)
        headers = [pair for pair in scope["headers"] if pair[0] not in (b"cookie", b"sessionproof-probe")]
        if exchange.cookie_header is not None:
            headers.append((b"cookie", exchange.cookie_header.encode("latin-1")))
        scope = {**scope, KEY: exchange, "method": exchange.method, "path": path, "raw_path": path.encode(), "headers": headers}
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
