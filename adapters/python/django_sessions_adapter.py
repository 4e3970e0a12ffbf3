"""Django's sessions behind version 2 of the adapter protocol.

    python django_sessions_adapter.py BACKEND [save_every_request]

BACKEND is `db`, `cache`, `cached_db`, `file` or `signed_cookies`. With `save_every_request` SESSION_SAVE_EVERY_REQUEST is on; a
configuration that names `refresh_each_request` sets it, too. Each request runs through Django's whole WSGI handler, with
SessionMiddleware and one view. Django runs as it is: `django_stores.py` says where the clock is replaced.

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
from django.conf import UserSettingsHolder, settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpResponse
from django.urls import path
from django.views import View
from django.views.static import serve

from django_stores import PACKAGE, STORES, hold_clock
from sessionproof_adapter import Unsupported, runtime_with
from sessionproof_stories import serve_stories

CALL = "sessionproof.call"
SETTINGS = {
    "secret_key": "SECRET_KEY",
    "fallback_keys": "SECRET_KEY_FALLBACKS",
    "lifetime": "SESSION_COOKIE_AGE",
    "refresh_each_request": "SESSION_SAVE_EVERY_REQUEST",
    "cookie_name": "SESSION_COOKIE_NAME",
    "cookie_domain": "SESSION_COOKIE_DOMAIN",
    "cookie_path": "SESSION_COOKIE_PATH",
    "cookie_httponly": "SESSION_COOKIE_HTTPONLY",
    "cookie_secure": "SESSION_COOKIE_SECURE",
    "cookie_samesite": "SESSION_COOKIE_SAMESITE",
}
#: Where null stands for a default that Django spells otherwise.
NOT_NULL = {"secret_key", "fallback_keys", "cookie_path"}


class Application:
    """Django's handler with the settings of one configuration. Django has one place for settings: each request puts its own there."""

    def __init__(self, config):
        self.settings = UserSettingsHolder(BASE)
        for member in config.given & set(SETTINGS):
            if config[member] is not None or member not in NOT_NULL:
                setattr(self.settings, SETTINGS[member], config[member])
        settings._wrapped = self.settings
        self.handler = WSGIHandler()

    def request(self, call):
        settings._wrapped = self.settings
        environ = {"REQUEST_METHOD": call.method, "PATH_INFO": call.path, "HTTP_HOST": "localhost", CALL: call}
        if call.cookie_header is not None:
            environ["HTTP_COOKIE"] = call.cookie_header
        setup_testing_defaults(environ)
        answers = []
        response = self.handler(environ, lambda status, headers: answers.append((int(status.split()[0]), headers)))
        for _ in response:
            pass
        response.close()
        if isinstance(environ[CALL], Unsupported):
            raise environ[CALL]
        return answers[-1]


def noting(get_response):
    """The middleware inside SessionMiddleware, which notes the session when Django loads it."""

    def middleware(request):
        session, call = request.session, request.META[CALL]

        def noted(load=session.load):
            opened = load()
            call.opened(opened)
            return opened

        session.load = noted
        if session.session_key is None:
            call.opened({})
        return get_response(request)

    return middleware


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
    "set_permanent_to": lambda session, action: session.set_expiry(None if action.value else 0),
}


def act(action, session):
    if action.do in ("bool", "popitem", "union"):
        raise Unsupported(f"action {action.do}")
    return DJANGO_WAYS[action.do](session, action) if action.do in DJANGO_WAYS else action.act(session)


urlpatterns = [path("", Main.as_view()), path("static/<path:path>", serve, {"document_root": Path(__file__).parent / "static"})]

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in STORES or set(sys.argv[2:]) > {"save_every_request"}:
        sys.exit(__doc__)
    STORE, IS_SAVED = STORES[sys.argv[1]](), "save_every_request" in sys.argv
    settings.configure(
        SECRET_KEY="the adapter's own", SESSION_ENGINE=f"{PACKAGE}.backends.{sys.argv[1]}", SESSION_SAVE_EVERY_REQUEST=IS_SAVED,
        MIDDLEWARE=[f"{PACKAGE}.middleware.SessionMiddleware", f"{__name__}.noting"], INSTALLED_APPS=[PACKAGE],
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"], LOGGING_CONFIG=None, USE_TZ=True, **STORE.settings)
    BASE = settings._wrapped
    django.setup()
    hold_clock()
    STORE.prepare()
    serve_stories(
        name=" ".join(["django", *sys.argv[1:]]), version=django.__version__, runtime=runtime_with("asgiref", "sqlparse"),
        store=STORE, build=Application, request=Application.request, regenerate=lambda application, session: session.cycle_key(),
        ident=lambda application, key: key, members=set(SETTINGS), choices={"renew": "request" if IS_SAVED else "write", **STORE.choices})
