"""Stories: version 2 of the adapter protocol, on top of `sessionproof_adapter.py`.

A story is a sequence of steps against one empty store. Requests may overlap: one can be held inside its view while others run.
This file reads the steps, holds requests, keeps the cookies of each user agent and moves the clocks. What is left to write is how
your framework answers one request::

    from sessionproof_stories import serve_stories
    import mysessions, mystore

    def build(config):                     # once for each distinct configuration, and at each step `restart`
        return mysessions.Application(lifetime=config["lifetime"], store=mystore.client)

    def request(application, call):        # one whole request, on a thread of its own
        def view(session):
            call.view(session)             # the actions; this is where a request is held
        response = application.handle(call.method, call.path, call.cookie_header, view)
        return response.status, response.headers

    serve_stories(name="mysessions", version="1.0", store=mystore, build=build, request=request)

Call ``call.opened(session)`` where your framework has just opened the session, before anything else looks at it. The two rules of
`sessionproof_adapter.py` hold here too: an exception that leaves ``build`` or ``request`` is an error of the adapter, and
``raise Unsupported("...")`` says what the implementation does not have.

A *store* is an object with the methods of :class:`Store`; `redis_stores.py` has three. Nothing sleeps here. Every wait has the same
end, :data:`LIMIT` seconds after the story began, and an error that says what it waited for.

It knows nothing about Flask or Redis, and needs Python 3.7 or newer.
"""

import math
import queue
import random
import threading
import time
from email.utils import parsedate_to_datetime

from sessionproof_adapter import (
    CLOCK, CONFIG, Action, Adapter, BadRequest, Unsupported, _text_or_null, encode, microseconds, no_more, read_config, read_now,
    read_text,
)

PROTOCOL = 2
#: A story takes at most so many seconds, so that the suite, which waits for 10, hears why.
LIMIT = 7.0
#: What a request that is let go after an error may still take.
GRACE = 1.0
HOST = "localhost"

#: What the store may be told to be, by the protocol's words.
STATES = ("emptied", "full", "down", "up", "restarted")
#: Actions by Flask's own names, which a session that is a plain map has nothing for.
FLASK_ACTIONS = ("permanent", "set_permanent", "set_permanent_to", "modified", "set_modified")
#: The choices with their values. The first is what counts where an adapter names none.
CHOICES = {
    "boundary": ("inclusive", "exclusive", "tick"),
    "renew": ("request", "use", "write"),
    "late_write": ("error", "drop"),
    "concurrent": ("last", "merge", "conflict"),
    "full": ("refuse", "evict"),
    "down": ("error", "empty"),
    "guard": ("none", "signer"),
    "kept": ("store", "cookie"),
    "permanence": ("browser", "permanent"),
}
#: The members of each step, and those that it cannot be without.
STEPS = {
    "request": ({"as", "actions", "method", "path", "cookie_header"}, {"as"}),
    "begin": ({"name", "as", "actions", "method", "path", "cookie_header"}, {"name", "as"}),
    "end": ({"name", "actions"}, {"name"}),
    "advance": ({"seconds"}, {"seconds"}),
    "look": (set(), set()),
    "copy": ({"as", "from"}, {"as", "from"}),
    "store": ({"is"}, {"is"}),
    "restart": ({"config"}, set()),
}

# Whether two applications that share a store keep apart is a question of stories alone. None leaves the implementation's default.
CONFIG.setdefault("key_prefix", (_text_or_null, None))


def serve_stories(**options):
    """Answer requests until standard input ends. Options are those of :class:`StoryAdapter`."""
    StoryAdapter(**options).run()


class Store:
    """What the helper asks of a store. Times are whole microseconds since the epoch."""

    name = "a store and its version, for reports"
    #: `held`: the store's clock stands still between steps. `advanced`: it runs, and is moved besides.
    clock = "held"
    states = STATES

    def open(self):
        """Connect, and refuse with a clear message a store that is not there or that holds anything."""

    def begin(self, now):
        """Be empty and reachable, with room, at this time."""
        raise NotImplementedError

    def advance(self, before, now):
        """The application's clock has moved: move the store's by as much."""
        raise NotImplementedError

    def look(self):
        """The keys as ``[(name, remaining life in ms or None, bytes)]``."""
        raise NotImplementedError

    def become(self, state):
        """One of :data:`STATES`."""
        raise Unsupported(f"a store that is {state}")

    def close(self):
        """Leave nothing behind. Called at the end even where `open` refused."""


class NoStore(Store):
    """Sessions that live in the cookie: there is nothing to look at."""

    name = "cookie"
    states = ()

    def begin(self, now):
        pass

    def advance(self, before, now):
        pass

    def look(self):
        return []


def configured(config, names, nullable=("cookie_domain", "cookie_path")):
    """What a request configures, by the names that the implementation has for it. For what counts whole seconds, and has null for no
    member, or as the default of those that are `nullable`."""
    options = {}
    for member in config.given & set(names):
        value = config[member]
        if member == "lifetime" and value % 1:
            raise Unsupported("a lifetime that is not whole seconds")
        if value is None and member not in nullable:
            raise Unsupported(f"{member} that is null")
        if value is not None:
            options[names[member]] = int(value) if member == "lifetime" else value
    return options


class StoryAdapter(Adapter):
    """One implementation, whose sessions live in a store, behind the protocol.

    :param store: a :class:`Store`.
    :param build: as in :class:`Adapter`.
    :param request: ``request(target, call)`` answers one whole request and returns its status and headers. It runs on a thread.
    :param regenerate: ``regenerate(target, session)`` gives the session a new id. Without it the action is unsupported.
    :param ident: ``ident(target, key)`` gives the cookie's value for a key of the store, None for a key that is no session.
    :param without: the actions that the implementation has nothing for.
    :param choices: of :data:`CHOICES`; and ``precision_ms``, to which ends are kept.
    """

    def __init__(self, *, store, request, regenerate=None, ident=None, without=(), choices=None, limit=LIMIT, **options):
        super().__init__(**options)
        self.members |= {"key_prefix"} if options.get("members") is None else set()
        self.store, self.request, self.regenerate, self.ident = store, request, regenerate, ident
        self.story_choices = {name: words[0] for name, words in CHOICES.items()}
        kept = "cookie" if isinstance(store, NoStore) else "store"
        self.story_choices.update({"precision_ms": 1, "kept": kept}, **(choices or {}))
        if self.story_choices["guard"] == "none":
            # A key that guards nothing changes nothing.
            self.members |= {"secret_key"}
        self.without, self.limit = frozenset(without), limit
        self.is_open, self.stuck = False, None

    def open_store(self):
        if not self.is_open:
            self.store.open()
            self.is_open = True

    def run(self):
        try:
            super().run()
        finally:
            self.store.close()

    def call(self, *about):
        """A request that is about to begin."""
        return Call(*about)

    def leave(self):
        self.store.close()
        super().leave()

    def dispatch(self, request):
        if request.get("op") == "hello" and request.get("protocol") == PROTOCOL:
            no_more(set(request) - {"op", "protocol"}, "member")
            self.open_store()
            choices = {**self.description.get("choices", {}), **self.story_choices}
            return {**self.description, "protocol": PROTOCOL, "ops": [*self.handlers, "story"], "choices": choices, "story": {
                "store": self.store.name, "clock": self.store.clock, "states": list(self.store.states),
                "regenerate": self.regenerate is not None,
            }}
        if request.get("op") != "story":
            return super().dispatch(request)
        self.open_store()
        if self.stuck:
            raise RuntimeError(f"a request of an earlier story still runs, so no later one can be trusted: {self.stuck}")
        del request["op"]
        now, config, steps = read_now(request.pop("now", None)), request.pop("config", {}), request.pop("steps", None)
        no_more(request, "member")
        return {"steps": Story(self, config, now, read_steps(steps, self)).played()}


def read_steps(raw, adapter):
    """All steps, checked before the first one runs."""
    if not isinstance(raw, list):
        raise BadRequest("steps: a list is needed")
    steps, held = [], set()
    for at, step in enumerate(raw):
        if not isinstance(step, dict) or not isinstance(step.get("do"), str):
            raise BadRequest(f"step {at}: an object with `do` is needed")
        do = step["do"]
        if do not in STEPS:
            raise Unsupported(f"step {do}")
        known, needed = STEPS[do]
        no_more(set(step) - known - {"do"}, f"member of step {do}")
        for member in needed - set(step):
            raise BadRequest(f"step {at} ({do}): {member} is missing")
        steps.append(read_step(at, dict(step), held, adapter))
    if held:
        raise BadRequest(f"steps: nothing ends {', '.join(sorted(held))}")
    return steps


def read_step(at, step, held, adapter):
    do = step["do"]
    for member in {"as", "from", "name", "method", "path"} & set(step):
        read_text(step[member], f"step {at} ({do}): {member}")
    if step.get("cookie_header") is not None:
        read_text(step["cookie_header"], f"step {at} ({do}): cookie_header")
    if do in ("request", "begin", "end"):
        if not isinstance(step.get("actions", []), list):
            raise BadRequest(f"step {at} ({do}): actions: a list is needed")
        step["actions"] = [read_action(action, adapter) for action in step.get("actions", [])]
    if do == "begin":
        if step["name"] in held:
            raise BadRequest(f"step {at} (begin): {step['name']} has begun already")
        held.add(step["name"])
    elif do == "end":
        if step["name"] not in held:
            raise BadRequest(f"step {at} (end): {step['name']} has not begun")
        held.remove(step["name"])
    elif do == "advance" and (type(step["seconds"]) not in (int, float) or step["seconds"] < 0):
        raise BadRequest(f"step {at} (advance): seconds: a number from 0 on is needed")
    elif do == "store" and step["is"] not in adapter.store.states:
        raise Unsupported(f"a store that is {step['is']}")
    elif do == "restart" and held:
        raise BadRequest(f"step {at} (restart): {', '.join(sorted(held))} has not ended")
    return step


def read_action(raw, adapter):
    if raw != {"do": "regenerate"}:
        action = Action(raw, adapter.values)
        if action.do == "stream_get":
            raise Unsupported("action stream_get in a story")
        if action.do == "set_permanent" and "set_permanent" in adapter.without:
            # Where every session is what is asked for, there is nothing to do.
            if action.value is (adapter.story_choices["permanence"] == "permanent"):
                return Action({"do": "nothing"}, adapter.values)
        if action.do in adapter.without:
            raise Unsupported(f"action {action.do}")
        return action
    if adapter.regenerate is None:
        raise Unsupported("action regenerate")
    return Regenerate()


class Regenerate:
    """The action that a framework has in its own way."""

    do = "regenerate"


class Whole:
    """Stands where a held request has its name."""

    def __repr__(self):
        return "the request"


ALONE = Whole()


class Story:
    """One story while it is played."""

    def __init__(self, adapter, config, now, steps):
        self.adapter, self.store, self.steps, self.raw_config = adapter, adapter.store, steps, config
        self.target = adapter.target(config)
        self.now = microseconds(now)
        self.jars, self.held = {}, {}
        self.started, self.started_by_wall = time.monotonic(), time.time()
        self.deadline = self.started + adapter.limit

    def played(self):
        """The answer of each step."""
        answers = []
        # What a library draws before it tries again is the same in each story. An id drawn from here would be, too, and so be found.
        random.seed(0)
        self.set_clock()
        self.store.begin(self.now)
        SLEEP.story = self
        try:
            for at, step in enumerate(self.steps):
                try:
                    answers.append({**getattr(self, f"_{step['do']}")(step), **self.passed()})
                except (Unsupported, BadRequest):
                    raise
                except Exception as error:
                    raise RuntimeError(f"step {at} ({step['do']}): {type(error).__name__}: {error}") from error
            return answers
        finally:
            self.let_go()
            SLEEP.story = None

    def set_clock(self):
        CLOCK.now = self.now / 1_000_000

    def move(self, seconds):
        """The time of the application and of the store."""
        before, self.now = self.now, self.now + microseconds(seconds)
        self.set_clock()
        self.store.advance(before, self.now)

    def passed(self):
        """How long the story took so far, where the store noticed: by so much keys may end too early."""
        if self.store.clock == "held":
            return {}
        seconds = max(time.monotonic() - self.started, time.time() - self.started_by_wall)
        return {"passed_ms": math.ceil(seconds * 1000) + 1}

    def let_go(self):
        """After an error: no request of this story may write into the next one."""
        for name, call in self.held.items():
            call.give_up()
        for name, call in self.held.items():
            if not call.ends_within(GRACE):
                self.adapter.stuck = f"{name!r} did not end {GRACE:g} s after it was let go"

    # The steps.

    def _request(self, step):
        call = self.begun(ALONE, step, is_held=False)
        return {"cookie_header": call.cookie_header, **self.finished(ALONE, call)}

    def _begin(self, step):
        call = self.begun(step["name"], step, is_held=True)
        self.await_(step["name"], call, "reached its hold nor ended")
        results, call.results = call.results, []
        return {"held": call.state == HELD, "cookie_header": call.cookie_header, "opened": call.seen, "results": results}

    def _end(self, step):
        call = self.held[step["name"]]
        call.go_on(step["actions"])
        return self.finished(step["name"], call)

    def _advance(self, step):
        self.move(step["seconds"])
        return {}

    def _look(self, step):
        keys = self.store.look()
        ident = self.adapter.ident or (lambda target, key: None)
        return {"keys": [{"key": key, "id": ident(self.target, key), "ends_in_ms": left, "bytes": size} for key, left, size in sorted(keys)]}

    def _copy(self, step):
        # In place: a request under way still brings its cookies there.
        self.jar(step["as"]).cookies = dict(self.jar(step["from"]).cookies)
        return {}

    def _store(self, step):
        self.store.become(step["is"])
        return {}

    def _restart(self, step):
        self.raw_config = step.get("config", self.raw_config)
        self.target = self.adapter.build(read_config(self.raw_config, self.adapter.members))
        return {}

    # Requests.

    def jar(self, agent):
        return self.jars.setdefault(agent, Jar())

    def begun(self, name, step, is_held):
        jar, path = self.jar(step["as"]), step.get("path", "/")
        cookies = step["cookie_header"] if "cookie_header" in step else jar.header(path, self.now / 1_000_000)
        call = self.adapter.call(self, step.get("method", "GET"), path, cookies, step["actions"], is_held, jar)
        self.held[name] = call
        call.start()
        return call

    def await_(self, name, call, what):
        if not call.moves_by(self.deadline):
            where = "held in its view" if call.was_held else "on its way to the view"
            raise TimeoutError(f"{name!r} neither {what} within the {self.adapter.limit:g} s of a story; it was {where}")

    def finished(self, name, call):
        """Wait for the end of a request. Its cookies reach the user agent now."""
        if call.state != ENDED:
            self.await_(name, call, "ended nor failed")
        del self.held[name]
        if call.error is not None:
            raise call.error
        status, headers = call.answer
        headers = [[field, value] for field, value in headers if field.lower() in ("set-cookie", "vary")]
        for field, value in headers:
            if field.lower() == "set-cookie":
                call.jar.take(value, call.path, self.now / 1_000_000)
        slept = {"slept_ms": round(call.slept * 1000)} if call.slept else {}
        return {"status": status, "opened": call.seen, "results": call.results, "headers": headers, **slept}


BEGUN, HELD, ENDED = "begun", "held", "ended"


class GivenUp(Exception):
    """Comes out of the view of a held request when its story broke off."""


class Call:
    """One request. The adapter reads `method`, `path` and `cookie_header`, and calls :meth:`opened` and :meth:`view`."""

    def __init__(self, story, method, path, cookie_header, actions, is_held, jar):
        self.method, self.path, self.cookie_header = method, path, cookie_header
        self.story, self.actions, self.is_held, self.jar = story, actions, is_held, jar
        self.state, self.was_held, self.seen, self.results = BEGUN, False, None, []
        self.answer = self.error = None
        self.slept = 0.0
        self.moves, self.orders = queue.SimpleQueue(), queue.SimpleQueue()

    def opened(self, session):
        """The session as it was opened. Give the mapping itself, so that its own methods do not notice."""
        self.seen = {} if session is None else encode(dict(dict.items(session) if isinstance(session, dict) else session))

    def view(self, session, act=None, not_found=None):
        """What the view does: the actions, and between those of `begin` and those of `end` the hold.

        ``act(action, session)`` does one action in the framework's own way; ``not_found()`` raises its 404.
        """
        self.run_actions(self.actions, session, act, not_found)
        if self.is_held:
            self.was_held = True
            self.moves.put(HELD)
            try:
                actions = self.orders.get(timeout=self.story.adapter.limit + GRACE)
            except queue.Empty:
                raise GivenUp("nothing ended this request") from None
            if actions is None:
                raise GivenUp("the story broke off")
            self.run_actions(actions, session, act, not_found)

    def run_actions(self, actions, session, act, not_found):
        for action in actions:
            if action.do == "raise":
                raise RuntimeError("the view was asked to raise")
            if action.do == "not_found":
                if not_found is None:
                    raise Unsupported("action not_found")
                not_found()
            elif action.do == "regenerate":
                self.story.adapter.regenerate(self.story.target, session)
                self.results.append(None)
            else:
                self.results.append(encode(act(action, session) if act else action.act(session)))

    # The thread of the request.

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        SLEEP.call.here = self
        try:
            self.answer = self.story.adapter.request(self.story.target, self)
        except BaseException as error:
            self.error = error
        self.moves.put(ENDED)

    # The thread of the story.

    def moves_by(self, deadline):
        """Whether it is held, or ends, before then."""
        try:
            self.state = self.moves.get(timeout=max(0.0, deadline - time.monotonic()))
            return True
        except queue.Empty:
            return False

    def go_on(self, actions):
        self.orders.put(actions)

    def give_up(self):
        self.orders.put(None)

    def ends_within(self, seconds):
        deadline = time.monotonic() + seconds
        while self.state != ENDED:
            if not self.moves_by(deadline):
                return False
        return True


class Sleep:
    """Put it where a library has `sleep`: it moves the clocks of the story and takes no time."""

    story = None
    call = threading.local()

    def __call__(self, seconds):
        call = getattr(self.call, "here", None)
        if call is None or self.story is None:
            raise RuntimeError("something slept outside of a story")
        call.slept += seconds
        self.story.move(seconds)


SLEEP = Sleep()


class Jar:
    """The cookies of one user agent, which talks to one host that counts as secure (RFC 6265bis, 5.6 and 5.8)."""

    def __init__(self):
        #: (name, domain, path) → (value, end in seconds or None)
        self.cookies = {}

    def header(self, path, now):
        """What it sends: longer paths first, then in the order of creation. None without cookies."""
        sent = [(name, where, value) for (name, _, where), (value, end) in self.cookies.items()
                if (end is None or end >= now) and reaches(where, path)]
        sent.sort(key=lambda cookie: -len(cookie[1]))
        return "; ".join(f"{name}={value}" if name else value for name, _, value in sent) or None

    def take(self, header, path, now):
        """A Set-Cookie header, and what it does to the jar."""
        pair, *rest = header.split(";")
        name, equals, value = pair.partition("=")
        name, value = (name.strip(), value.strip()) if equals else ("", name.strip())
        given = {}
        for attribute in rest:
            word, _, text = attribute.partition("=")
            given[word.strip().lower()] = text.strip()
        domain, where = given.get("domain", "").lstrip(".").lower(), given.get("path", "")
        if domain not in ("", HOST):
            return
        if name.lower().startswith("__secure-") and "secure" not in given:
            return
        if name.lower().startswith("__host-") and ("secure" not in given or domain or where != "/"):
            return
        where = where if where.startswith("/") else path.rpartition("/")[0] or "/"
        end = ends_at(given, now)
        if end is not None and end < now:
            self.cookies.pop((name, domain, where), None)
        else:
            self.cookies[name, domain, where] = (value, end)


def ends_at(given, now):
    """The last instant at which it is kept: Max-Age before Expires; what cannot be read is not there."""
    try:
        seconds = int(given["max-age"])
        return now + seconds if seconds > 0 else -math.inf
    except (KeyError, ValueError):
        pass
    try:
        return parsedate_to_datetime(given["expires"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def reaches(where, path):
    return path == where or path.startswith(where) and (where.endswith("/") or path[len(where)] == "/")
