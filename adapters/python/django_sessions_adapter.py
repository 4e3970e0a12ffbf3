"""Django's sessions behind version 2 of the adapter protocol.

    python django_sessions_adapter.py BACKEND [save_every_request]

BACKEND is `db`, `cache`, `cached_db`, `file` or `signed_cookies`. With `save_every_request` SESSION_SAVE_EVERY_REQUEST is on; a
configuration that names `refresh_each_request` sets it, too. Each request runs through Django's whole WSGI handler, with
SessionMiddleware and one view. Django runs as it is: `django_for_stories.py` replaces the clock, and says where.

- Django opens a session when it is first used. `opened` is null in a request that never used it.
- `clear` is `flush()`, as Django's own logout does it. `regenerate` is `cycle_key()`, as its login does it.
- `set_permanent` is `set_expiry(None)` for true, the lifetime of the configuration, and `set_expiry(0)` for false, a cookie that ends
  with the browser.
- `iterate` and `len` ask `keys()`. What Django's sessions do not have is unsupported: `bool`, `popitem`, `union`.
- Django does not start without a secret key. Where the configuration has none, the adapter's is taken.
"""

import sys
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpResponse
from django.urls import path
from django.views import View
from django.views.static import serve

from django_for_stories import CALL, MEMBERS, STORES, configured, started
from sessionproof_adapter import Unsupported, runtime_with
from sessionproof_stories import serve_stories


class Application:
    """Django's handler with the settings of one configuration. Django has one place for settings: each request puts its own there."""

    def __init__(self, config):
        self.settings = settings._wrapped = configured(BASE, config)
        self.handler = WSGIHandler()

    def request(self, call):
        settings._wrapped = self.settings
        environ = {"REQUEST_METHOD": call.method, "PATH_INFO": call.path, "HTTP_HOST": "localhost", CALL: call}
        if call.cookie_header is not None:
            environ["HTTP_COOKIE"] = call.cookie_header
        setup_testing_defaults(environ)
        answers = []
        response = self.handler(environ, lambda status, headers: answers.append((int(status.split()[0]), headers)))
        b"".join(response)
        response.close()
        if isinstance(environ[CALL], Unsupported):
            raise environ[CALL]
        status, headers = answers[-1]
        # Django puts a space in front of a cookie, which a client takes for no part of it (RFC 9110, 5.5).
        return status, [(name, value.strip()) for name, value in headers]


class Main(View):
    def get(self, request):
        try:
            request.META[CALL].view(request.session, act, not_found)
        except Unsupported as missing:
            request.META[CALL] = missing
            raise
        return HttpResponse("done")

    post = get


def not_found():
    raise Http404


DJANGO_WAYS = {
    "clear": lambda session, action: session.flush(),
    "iterate": lambda session, action: list(session.keys()),
    "len": lambda session, action: len(session.keys()),
    "permanent": lambda session, action: not session.get_expire_at_browser_close(),
    "set_permanent": lambda session, action: session.set_expiry(None if action.value else 0),
}
DJANGO_WAYS["set_permanent_to"] = DJANGO_WAYS["set_permanent"]


def act(action, session):
    if action.do in ("bool", "popitem", "union"):
        raise Unsupported(f"action {action.do}")
    return DJANGO_WAYS[action.do](session, action) if action.do in DJANGO_WAYS else action.act(session)


urlpatterns = [path("", Main.as_view()), path("static/<path:path>", serve, {"document_root": Path(__file__).parent / "static"})]

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in STORES or set(sys.argv[2:]) - {"save_every_request"}:
        sys.exit(__doc__)
    IS_SAVED = "save_every_request" in sys.argv
    STORE = started(
        sys.argv[1], SECRET_KEY="the adapter's own", SESSION_SAVE_EVERY_REQUEST=IS_SAVED, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"])
    BASE = settings._wrapped
    serve_stories(
        name=" ".join(["django", *sys.argv[1:]]),
        version=django.__version__,
        runtime=runtime_with("asgiref", "sqlparse"),
        store=STORE,
        build=Application,
        request=Application.request,
        regenerate=lambda application, session: session.cycle_key(),
        ident=lambda application, key: key,
        members=set(MEMBERS),
        choices={"permanence": "permanent", **STORE.choices},
    )
