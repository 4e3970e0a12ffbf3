"""Stories for asynchronous applications, on top of `sessionproof_stories.py`.

All requests run on one event loop, in a thread of its own. A held request awaits an event inside its view, so others run meanwhile.
What is left to write is the application and its view::

    from sessionproof_stories_asgi import CALL, serve_asgi_stories

    class Application:                     # one for each distinct configuration; `app` is what a server would run
        def __init__(self, config):
            self.app = mysessions.Middleware(view, lifetime=config["lifetime"])

    async def view(request):
        await CALL.get().view_async(request, act=lambda action, request: action.act(request.session))

    serve_asgi_stories(name="mysessions", version="1.0", store=mystore, build=Application)

:data:`CALL` is the call of the request in whose context something runs. Call ``CALL.get().opened(session)`` where the framework has
just opened the session. Everything else is as in `sessionproof_stories.py`: an event holds a request, nothing sleeps, and every wait
ends with the story. A server's `lifespan` messages are not sent.

It knows nothing about any framework, and needs Python 3.10 or newer.
"""

import asyncio
import contextvars
import threading
from pathlib import Path

import asgi
from sessionproof_stories import ENDED, GRACE, HELD, LIMIT, SLEEP, Call, GivenUp, StoryAdapter

#: The request in whose context something runs.
CALL = contextvars.ContextVar("CALL")
#: Where all requests run.
LOOP = asyncio.new_event_loop()
THREAD = threading.Thread(target=LOOP.run_forever, daemon=True)
#: A folder with `file.txt`, for the address /static.
STATIC_FOLDER = Path(__file__).resolve().parent / "static"


def serve_asgi_stories(**options):
    """Answer requests until standard input ends. Options are those of :class:`AsgiStoryAdapter`."""
    AsgiStoryAdapter(**options).run()


def awaited(coroutine, seconds=LIMIT):
    """The result of a coroutine on the loop, for other threads, which wait for so long at most."""
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result(seconds)


async def answered(target, call):
    """One whole request through the ASGI application of a target."""
    return await asgi.answered(target.app, call)


def act(action, request):
    """Does it to the session of a request, which is not asked for otherwise: a framework may note that."""
    return None if action.do == "nothing" else action.act(request.session)


async def sleep(seconds):
    """Put it where a library has `asyncio.sleep`: it moves the clocks of the story and takes no time."""
    call = CALL.get(None)
    if call is None or SLEEP.story is None:
        raise RuntimeError("something slept outside of a story")
    call.slept += seconds
    SLEEP.story.move(seconds)


class AsgiStoryAdapter(StoryAdapter):
    """As :class:`StoryAdapter`, for an application whose requests are coroutines.

    :param request: the coroutine ``request(target, call)`` answers one whole request and returns its status and headers. Without it
        ``target.app`` is taken for an ASGI application.
    """

    def __init__(self, *, request=answered, **options):
        super().__init__(request=request, **options)
        if not THREAD.is_alive():
            THREAD.start()

    def run(self):
        try:
            super().run()
        finally:
            LOOP.call_soon_threadsafe(LOOP.stop)
            THREAD.join(GRACE)

    def call(self, *about):
        return AsyncCall(*about)


class AsyncCall(Call):
    """One request. The view awaits :meth:`view_async` where a synchronous one calls `view`."""

    async def view_async(self, session, act=None, not_found=None):
        self.run_actions(self.actions, session, act, not_found)
        if self.is_held:
            self.was_held = True
            self.moves.put(HELD)
            try:
                await asyncio.wait_for(self.is_ordered.wait(), self.story.adapter.limit + GRACE)
            except asyncio.TimeoutError:
                raise GivenUp("nothing ended this request") from None
            actions = self.orders.get_nowait()
            if actions is None:
                raise GivenUp("the story broke off")
            self.run_actions(actions, session, act, not_found)

    # On the loop.

    async def run(self):
        CALL.set(self)
        try:
            self.answer = await self.story.adapter.request(self.story.target, self)
        except BaseException as error:
            self.error = error
        self.moves.put(ENDED)

    # The thread of the story.

    def start(self):
        self.is_ordered = asyncio.Event()
        asyncio.run_coroutine_threadsafe(self.run(), LOOP)

    def go_on(self, actions):
        super().go_on(actions)
        LOOP.call_soon_threadsafe(self.is_ordered.set)

    def give_up(self):
        super().give_up()
        LOOP.call_soon_threadsafe(self.is_ordered.set)
