"""Real Flask behind the adapter protocol: the oracle of sessionproof.

Each configuration gets a Flask application of its own, which is driven through its whole WSGI request cycle. Nothing of Flask's
session code is replaced but the two places where it asks for the time: `itsdangerous.timed` (the signature's timestamp) and
`flask.sessions` (`Expires`). Both get the instant of the request.

Works with the installed Flask, from 0.10 on.
"""

import io
import sys

import flask
import flask.sessions

import framework
from framework import CLOCK, HeldDatetime
from sessionproof_adapter import KINDS, encode, installed, raised, runtime_with, serve

flask.sessions.datetime = HeldDatetime


class SessionInterface(flask.sessions.SecureCookieSessionInterface):
    """Flask's interface, which notes each session as it was opened."""

    session_class = framework.remembering(flask.sessions.SecureCookieSessionInterface.session_class)
    opened = None

    def open_session(self, app, request):
        session = super().open_session(app, request)
        self.opened = framework.noted(session)
        return session


#: What this release of Flask can be configured with.
MEMBERS = framework.members(flask.Flask)


class Application(framework.Application):
    """One Flask application for one configuration."""

    FRAMEWORK = flask.Flask
    INTERFACE = SessionInterface

    def view(self):
        for action in self.actions:
            if action.do == "raise":
                raise RuntimeError("the view was asked to raise")
            if action.do == "not_found":
                flask.abort(404)
            if action.do == "stream_get":
                return flask.Response(flask.stream_with_context(self.stream(action.key)))
            self.results.append(encode(act(action, flask.session)))
        return "done"

    def stream(self, key):
        yield "streaming: "
        self.results.append(encode(flask.session.get(key)))
        yield "done"

    def verify(self, now, cookie):
        CLOCK.now = now
        with self.app.app_context():
            try:
                session = self.interface.open_session(self.app, self.request(cookie))
            except Exception as error:
                return raised(framework.class_of(error))
            return self.verdict(cookie, session)

    def sign(self, now, session):
        CLOCK.now = now
        with self.app.app_context():
            return self.written(session)

    def bench(self, now, cookie, part):
        """The session as Flask opens it for each request, or the signature by a signer that is made once."""
        CLOCK.now = now
        if part == "signature":
            return self.signature_check(cookie)
        request = self.request(cookie)
        # Flask's own method: what this adapter notes beside it does not count.
        open_session = super(SessionInterface, self.interface).open_session
        return lambda: open_session(self.app, request).came_from_cookie

    def exchange(self, now, request):
        CLOCK.now = now
        self.actions, self.results, self.interface.opened = request.actions, [], None
        seen = []
        serve_once(self.app.wsgi_app, request, seen)
        status, headers = seen[-1]
        return {
            "status": int(status.split()[0]),
            "opened": self.interface.opened,
            "results": self.results,
            "headers": [[name, value] for name, value in headers if name.lower() in ("set-cookie", "vary")],
        }


def act(action, session):
    """Does it as a view may write it: an update takes keys as keywords too, and a default that is `None` is left out."""
    if action.do == "update" and all(isinstance(key, str) for key in action.values):
        items = list(action.values.items())
        return session.update(dict(items[:1]), **dict(items[1:])) if items[1:] else session.update(**action.values)
    if action.do == "setdefault" and action.value is None:
        return session.setdefault(action.key)
    return action.act(session)


#: What a server answers for an application out of which an error came, as old releases let it.
BROKEN = ("500 Internal Server Error", [])


def serve_once(application, request, seen):
    """One request as a WSGI server has it answered; status and headers go to `seen`."""
    is_sent = False
    try:
        body = application(environ(request), lambda status, headers, exc_info=None: seen.append((status, headers)))
        try:
            for part in body:
                is_sent = is_sent or bool(part)
            is_sent = True
        finally:
            if hasattr(body, "close"):
                body.close()
    except Exception:
        # The headers are sent with the first bytes of the body. Until then a server answers with an error.
        if not is_sent:
            seen.append(BROKEN)


def environ(request):
    """A WSGI environment with what a server would put there, built by hand because it is needed a hundred thousand times."""
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "CONTENT_LENGTH": "0",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.cookie_header is not None:
        environ["HTTP_COOKIE"] = request.cookie_header
    return environ


def main():
    serve(
        name="flask",
        version=installed("flask"),
        runtime=runtime_with("werkzeug", "itsdangerous"),
        build=Application,
        verify=Application.verify,
        sign=Application.sign,
        exchange=Application.exchange,
        bench=Application.bench,
        members=MEMBERS,
        values=KINDS,
        choices=framework.choices(),
    )


if __name__ == "__main__":
    main()
