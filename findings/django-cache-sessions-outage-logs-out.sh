#!/usr/bin/env bash
# Django 5.2.19, sessions in the cache (redis-py 8.1.0): a short outage of Redis logs out everybody who loads a page meanwhile, with status 200.
#
# What a user expects: while the cache is away, a page that reads the session is an error, as a login is (500), and the cookie stays; when the
# cache is back the user is still logged in.
# Behaviour: whatever the cache raises while a session is loaded counts as "no such session". The page is shown as to a stranger, with status
# 200, and its answer deletes the cookie. Health checks stay green, and the session waits in the cache for a cookie that the browser no longer
# has: sent again, it works.
set -euo pipefail
command -v redis-server redis-cli >/dev/null || { echo "SKIPPED: this needs redis-server and redis-cli"; exit 0; }
folder=$(mktemp -d)
port=
trap '[ -z "$port" ] || redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 redis==8.1.0
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$folder/outage.py" <<'END'
import logging, subprocess, sys, time
import django
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path

port, folder = sys.argv[1:]


def start():
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, "--daemonize", "yes"]
    subprocess.run(["redis-server", *options], check=True, stdout=subprocess.DEVNULL)
    for _ in range(100):
        if subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True, text=True).stdout == "PONG\n":
            return
        time.sleep(0.1)
    sys.exit("redis-server does not answer")


def login(request):
    request.session["user"] = "anna"
    return HttpResponse("in")


def page(request):
    return HttpResponse(f"user {request.session.get('user')}")


urlpatterns = [path("login", login), path("page", page)]
settings.configure(
    SECRET_KEY="key",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}"}},
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
)
django.setup()
logging.disable()


def told(when, client, path):
    answer = client.get(path)
    cookie = answer.cookies.get("sessionid")
    if cookie is not None and not cookie.value:
        del client.cookies["sessionid"]
    kind = "no cookie set" if cookie is None else "cookie set" if cookie.value else "cookie deleted"
    print(when, path, answer.status_code, answer.text if answer.status_code == 200 else "", "-", kind)
    return cookie and cookie.value


start()
browser = Client(raise_request_exception=False)
ident = told("Redis there:", browser, "/login")
told("Redis there:", browser, "/page")
subprocess.run(["redis-cli", "-p", port, "shutdown", "save"], check=True)
told("Redis away:", browser, "/page")
told("Redis away:", Client(raise_request_exception=False), "/login")
start()
told("Redis back:", browser, "/page")
told("Redis back, the deleted cookie sent again:", Client(headers={"cookie": f"sessionid={ident}"}), "/page")
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/outage.py" "$port" "$folder") <<'END'
Redis there: /login 200 in - cookie set
Redis there: /page 200 user anna - no cookie set
Redis away: /page 200 user None - cookie deleted
Redis away: /login 500  - no cookie set
Redis back: /page 200 user None - no cookie set
Redis back, the deleted cookie sent again: /page 200 user anna - no cookie set
END
echo "as seen: with sessions in Django 5.2.19's cache an outage of the cache deletes the cookies of those who only read"
