#!/usr/bin/env bash
# Django 5.2.19, sessions in files: a session with `set_expiry(60)` does not end after 60 seconds at the server.
#
# What a user expects: the documentation says that a session with a number ends after that many seconds without activity. So the file is
# refused after 60 seconds, as the database backend does, and as files do for `set_expiry(timedelta(seconds=60))`.
# Behaviour: the session with the number is still read a year later, past SESSION_COOKIE_AGE (two weeks) too. The one with a timedelta ends
# after 60 seconds. The cookie has a Max-Age of 60 in both cases, so a browser forgets it in time, and only the server does not. The command
# `clearsessions` leaves the file where it is, so the folder grows. The database backend ends both in time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check django==5.2.19 asgiref==3.13.0 sqlparse==0.6.1 time-machine==3.6.0
mkdir "$folder/sessions"
cat > "$folder/expiry.py" <<'END'
import datetime, os, sys
import django, time_machine
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import path

backend, files = sys.argv[1:]
LIFETIMES = {"number": 60, "timedelta": datetime.timedelta(seconds=60)}


def login(request, kind):
    request.session["user"] = "anna"
    request.session.set_expiry(LIFETIMES[kind])
    return HttpResponse("in")


def page(request):
    return HttpResponse(request.session.get("user"))


urlpatterns = [path("login/<kind>", login), path("page", page)]
settings.configure(
    SECRET_KEY="key",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["testserver"],
    USE_TZ=True,
    SESSION_ENGINE=f"django.contrib.sessions.backends.{backend}",
    SESSION_FILE_PATH=files,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
)
django.setup()
call_command("migrate", verbosity=0)
start = datetime.datetime.now(datetime.timezone.utc)
for kind in LIFETIMES:
    with time_machine.travel(start, tick=False) as clock:
        client = Client()
        cookie = client.get(f"/login/{kind}").cookies["sessionid"]
        print(kind, "Max-Age", cookie["max-age"])
        for seconds in [59, 61, 365 * 86400]:
            clock.move_to(start + datetime.timedelta(seconds=seconds))
            call_command("clearsessions")
            answer = Client(headers={"cookie": f"sessionid={cookie.value}"}).get("/page")
            print(kind, "after", seconds, "s:", answer.text, "-", len(os.listdir(files)), "files")
END
run() { "$folder/venv/bin/python" "$folder/expiry.py" "$1" "$folder/sessions"; }
# Output seen, first with the database backend, then with files:
diff - <(run db) <<'END'
number Max-Age 60
number after 59 s: anna - 0 files
number after 61 s: None - 0 files
number after 31536000 s: None - 0 files
timedelta Max-Age 60
timedelta after 59 s: anna - 0 files
timedelta after 61 s: None - 0 files
timedelta after 31536000 s: None - 0 files
END
diff - <(run file) <<'END'
number Max-Age 60
number after 59 s: anna - 1 files
number after 61 s: anna - 1 files
number after 31536000 s: anna - 1 files
timedelta Max-Age 60
timedelta after 59 s: anna - 2 files
timedelta after 61 s: None - 1 files
timedelta after 31536000 s: None - 1 files
END
echo "as seen: in Django 5.2.19 set_expiry(60) does not end a session that is kept in a file"
