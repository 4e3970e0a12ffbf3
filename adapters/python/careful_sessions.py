"""Sessions of Flask-Session on Redis that a late request cannot bring back.

Flask-Session 0.8.0 writes the whole session back at the end of every request, also of one that only read it. A request that began
before a logout and ended after it so logs the user in again, and undoes a new id or another request's write. Here

- a request that changed nothing sets the end of the key anew and writes no data;
- a request that changed something writes over a live key only. If another request wrote meanwhile, both changes are kept
  (``concurrent="merge"``), or the later request is refused (``concurrent="conflict"``);
- where the key is gone no cookie is set, and a request that had something to write is answered with 409 Conflict, unless it is an
  error already;
- a new session, and a new id from ``regenerate``, are written whatever is there. An id whose session has ended meanwhile cannot be
  exchanged for a new one;
- a lifetime counts to the millisecond, and a shorter one ends older sessions at once, as in plain Flask;
- the deletion of the cookie has all attributes of the cookie.

::

    app.session_interface = CarefulSessionInterface(app, client=redis.Redis())

As with plain Flask, a change inside a nested value counts when ``session.modified = True`` says so.
"""

import copy

from flask_session.redis.redis import RedisSession, RedisSessionInterface
from redis import WatchError

#: How often a write is tried again while others write the same session.
TRIES = 10


class CarefulSession(RedisSession):
    def __init__(self, initial=None, sid=None, permanent=None):
        super().__init__(initial, sid, permanent)
        #: Whether its id is in no store yet.
        self.is_new = initial is None
        #: What the store held under the id that a new one replaced.
        self.replaced = None
        self.before = copy.deepcopy(initial or {})


class CarefulSessionInterface(RedisSessionInterface):
    session_class = CarefulSession

    def __init__(self, app, *arguments, concurrent="merge", **options):
        super().__init__(app, *arguments, **options)
        self.merges = concurrent == "merge"

    # Eight bytes before the data say which lifetime the key was given, in milliseconds.

    def _retrieve_session_data(self, store_id):
        with self.client.pipeline(transaction=False) as both:
            stored, left = both.get(store_id).pttl(store_id).execute()
        if not stored:
            return None
        idle = int.from_bytes(stored[:8], "big") - left
        return self.serializer.decode(stored[8:]) if idle <= milliseconds(self.app) else None

    def save_session(self, app, session, response):
        name, looks = self.get_cookie_name(app), {
            "domain": self.get_cookie_domain(app), "path": self.get_cookie_path(app), "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app), "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }
        if session.accessed:
            response.vary.add("Cookie")
        if not session:
            if session.modified:
                self._delete_session(self._get_store_id(session.sid))
                response.delete_cookie(name, **looks)
                response.vary.add("Cookie")
        elif session.modified and not self.write(app, session):
            if response.status_code < 400:
                response.status_code = 409
                response.set_data("The session ended or changed while this request was under way. Nothing was saved.\n")
        elif session.modified or (app.config["SESSION_REFRESH_EACH_REQUEST"] and self.renew(app, session)):
            if self.should_set_cookie(app, session):
                response.set_cookie(name, session.sid, expires=self.get_expiration_time(app, session), **looks)
                response.vary.add("Cookie")

    def write(self, app, session):
        """Whether the session could be written."""
        key, life, data = self._get_store_id(session.sid), milliseconds(app), dict(session)
        if session.is_new:
            if session.replaced is not None:
                data = merged(session.before, data, session.replaced)
            return self.client.set(key, self.packed(life, data), px=life)
        for _ in range(TRIES):
            with self.client.pipeline() as step:
                step.watch(key)
                stored = step.get(key)
                now = stored and self.serializer.decode(stored[8:])
                if not stored or (now != session.before and not self.merges):
                    return False
                step.multi()
                step.set(key, self.packed(life, merged(session.before, data, now)), px=life)
                try:
                    return step.execute()
                except WatchError:
                    continue
        return False

    def renew(self, app, session):
        """Whether the session was there, and its life could be counted anew. No data are written."""
        key, life = self._get_store_id(session.sid), milliseconds(app)
        if session.is_new:
            return False
        with self.client.pipeline() as step:
            step.watch(key)
            if not step.exists(key):
                return False
            step.multi()
            step.setrange(key, 0, life.to_bytes(8, "big"))
            step.pexpire(key, life)
            try:
                return step.execute()
            except WatchError:
                # Another request renewed or ended it just now.
                return self.client.exists(key)

    def packed(self, life, data):
        return life.to_bytes(8, "big") + self.serializer.encode(data)

    def regenerate(self, session):
        if session and not session.is_new:
            # Only who deletes the old id may have a new one.
            with self.client.pipeline() as both:
                stored, was_there = both.get(self._get_store_id(session.sid)).delete(self._get_store_id(session.sid)).execute()
            session.replaced = self.serializer.decode(stored[8:]) if was_there else None
            session.is_new = bool(was_there)
            session.sid = self._generate_sid(self.sid_length)
            session.modified = True


def milliseconds(app):
    """The lifetime. Redis takes none below one millisecond."""
    return max(1, round(app.permanent_session_lifetime.total_seconds() * 1000))


def merged(before, mine, now):
    """What is stored now, with my changes."""
    changed = {key: value for key, value in mine.items() if key not in before or before[key] != value}
    return {**{key: value for key, value in now.items() if key in mine or key not in before}, **changed}
