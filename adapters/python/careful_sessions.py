"""Sessions of Flask-Session on Redis that a late request cannot bring back.

Flask-Session 0.8.0 writes the whole session back at the end of every request, also of one that only read it. A request that began
before a logout and ended after it so logs the user in again, and undoes a new id or another request's write. Here

- a request that changed nothing sets the end of the key anew (`PEXPIRE`) and writes no data;
- a request that changed something writes over a live key only (`SET … XX`);
- where the key is gone no cookie is set, and a request that had something to write is answered with 409 Conflict, unless it is an
  error already;
- a new session, and a new id from ``regenerate``, are written whatever is there. An id whose session has ended meanwhile cannot be
  exchanged for a new one.

::

    app.session_interface = CarefulSessionInterface(app, client=redis.Redis())

Two requests that write at the same time still leave what the last one wrote. As with plain Flask, a change inside a nested value
counts when ``session.modified = True`` says so.
"""

from flask_session.redis.redis import RedisSession, RedisSessionInterface


class CarefulSession(RedisSession):
    def __init__(self, initial=None, sid=None, permanent=None):
        super().__init__(initial, sid, permanent)
        #: Whether its id is in no store yet.
        self.is_new = initial is None
        #: Whether the store lost it while the request ran.
        self.has_ended = False


class CarefulSessionInterface(RedisSessionInterface):
    session_class = CarefulSession

    def _upsert_session(self, session_lifetime, session, store_id):
        lifetime = round(session_lifetime.total_seconds() * 1000)
        if session.is_new or session.modified:
            data = self.serializer.encode(session)
            is_kept = self.client.set(store_id, data, px=lifetime, xx=not session.is_new)
        else:
            is_kept = self.client.pexpire(store_id, lifetime)
        session.has_ended = not is_kept

    def should_set_cookie(self, app, session):
        return not session.has_ended and super().should_set_cookie(app, session)

    def save_session(self, app, session, response):
        super().save_session(app, session, response)
        if session.has_ended and session.modified and response.status_code < 400:
            response.status_code = 409
            response.set_data("The session ended while this request was under way. Nothing was saved.\n")

    def regenerate(self, session):
        if session:
            # Only who deletes the old id may have a new one.
            is_live = session.is_new or self.client.delete(self._get_store_id(session.sid)) == 1
            super().regenerate(session)
            session.is_new = is_live
