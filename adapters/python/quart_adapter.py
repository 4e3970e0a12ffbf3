"""Real Quart behind the adapter protocol, and with the argument `anyquart` its fork AnyQuart.

Each configuration gets an application of its own, which is driven through its whole ASGI request cycle. As with Flask, nothing is
replaced but the two places where the session code asks for the time.
"""

import asyncio
import importlib
import inspect
import sys

import framework
from asgi import answered
from framework import CLOCK
from sessionproof_adapter import KINDS, encode, installed, raised, runtime_with, serve

NAME = "anyquart" if sys.argv[1:] == ["anyquart"] else "quart"
quart = importlib.import_module(NAME)
sessions = importlib.import_module(f"{NAME}.sessions")
Quart = quart.AnyQuart if NAME == "anyquart" else quart.Quart
sessions.datetime = framework.HeldDatetime
LOOP = asyncio.new_event_loop()
# Before Python 3.10 what waits asks for the loop when it is made.
asyncio.set_event_loop(LOOP)


#: Old releases open an empty session that a cookie held as they open one without a cookie. So it is noted whether one was read.
OPENS_BY_KEYWORDS = "**data" in inspect.getsource(sessions.SecureCookieSessionInterface.open_session)


class SessionInterface(sessions.SecureCookieSessionInterface):
    """Quart's interface, which notes each session as it was opened."""

    session_class = framework.remembering(sessions.SecureCookieSession)
    opened = None
    is_read = False

    def get_signing_serializer(self, app):
        serializer = super().get_signing_serializer(app)
        if OPENS_BY_KEYWORDS and serializer is not None:
            loads = serializer.loads

            def noted_loads(*arguments, **options):
                self.is_read = False
                data = loads(*arguments, **options)
                self.is_read = True
                return data

            serializer.loads = noted_loads
        return serializer

    async def open_session(self, app, request):
        self.is_read = False
        session = await super().open_session(app, request)
        if self.is_read:
            session.came_from_cookie = True
        self.opened = framework.noted(session)
        return session


class Application(framework.Application):
    """One Quart application for one configuration."""

    FRAMEWORK = Quart
    INTERFACE = SessionInterface

    async def view(self):
        for action in self.actions:
            if action.do == "raise":
                raise RuntimeError("the view was asked to raise")
            if action.do == "not_found":
                quart.abort(404)
            if action.do == "stream_get":
                return quart.Response(quart.stream_with_context(self.stream)(action.key))
            self.results.append(encode(action.act(quart.session)))
        return "done"

    async def stream(self, key):
        yield "streaming: "
        self.results.append(encode(quart.session.get(key)))
        yield "done"

    def verify(self, now, cookie):
        CLOCK.now = now
        try:
            session = LOOP.run_until_complete(self.interface.open_session(self.app, self.request(cookie)))
        except Exception as error:
            return raised(framework.class_of(error))
        return self.verdict(cookie, session)

    def sign(self, now, session):
        CLOCK.now = now
        return self.written(session)

    def bench(self, now, cookie, part):
        """The session as Quart opens it for each request, or the signature by a signer that is made once."""
        CLOCK.now = now
        if part == "signature":
            return self.signature_check(cookie)
        request = self.request(cookie)
        open_session = super(SessionInterface, self.interface).open_session
        return lambda: finished(open_session(self.app, request)).came_from_cookie

    def exchange(self, now, request):
        CLOCK.now = now
        self.actions, self.results, self.interface.opened = request.actions, [], None
        status, headers = LOOP.run_until_complete(answered(self.app, request))
        return {
            "status": status,
            "opened": self.interface.opened,
            "results": self.results,
            "headers": [[name, value] for name, value in headers if name.lower() in ("set-cookie", "vary")],
        }


def finished(coroutine):
    """The result of a coroutine that waits for nothing, without what a loop costs."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("opening a session waited for something")


if __name__ == "__main__":
    serve(
        name=NAME,
        version=installed(NAME),
        runtime=runtime_with("flask", "werkzeug", "itsdangerous"),
        build=Application,
        verify=Application.verify,
        sign=Application.sign,
        exchange=Application.exchange,
        bench=Application.bench,
        members=framework.members(Quart),
        values=KINDS,
        choices={**framework.choices(), "key_order": "any"},
    )
