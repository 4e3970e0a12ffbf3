#!/usr/bin/env bash
# Beaker 1.14.1: with `cookie_expires` a session's cookie ends that long after the login, however active the user is, while the store goes on.
#
# What a user expects: with `timeout` and `cookie_expires` of ten minutes both, a user who comes every four minutes stays: store and cookie are
# renewed together, or neither is.
# Behaviour: the store renews the session at each read and each write, and the cookie is sent at the login and not again, after a write
# either. Its end stays at ten past twelve. The visit at 12:12 below still works, and a browser would have dropped the cookie two minutes
# before. A request that does not use the session renews nothing: after eleven minutes of those the session has ended at the server as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check beaker==1.14.1 time-machine==3.6.0
cat > "$folder/visits.py" <<'END'
import datetime, re, sys
import time_machine
from beaker.middleware import SessionMiddleware


def views(environ, start_response):
    session = environ["beaker.session"]
    path = environ["PATH_INFO"]
    if path == "/login":
        session["user"] = "anna"
        session.save()
    if path == "/write":
        session["visits"] = session.get("visits", 0) + 1
        session.save()
    if path == "/logout":
        session.delete()
    text = "hello" if path == "/untouched" else f"user {session.get('user')}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


options = {"session.type": "file", "session.data_dir": sys.argv[1], "session.timeout": 600, "session.cookie_expires": 600}
app = SessionMiddleware(views, options)
start = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.timezone.utc)


def get(minute, path, cookie=""):
    seen = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_COOKIE": cookie}
    with time_machine.travel(start + datetime.timedelta(minutes=minute), tick=False):
        body = b"".join(app(environ, lambda status, headers, _=None: seen.update(status=status, headers=headers)))
    set_cookie = {name.lower(): value for name, value in seen["headers"]}.get("set-cookie", "")
    expires = re.search(r"expires=\S+ \S+ (\d+:\d+)", set_cookie, re.I)
    print(minute, path, body.decode(), "- cookie", f"until {expires[1]}" if expires else "set" if set_cookie else "not set")
    return set_cookie.split(";")[0] or cookie


cookie = get(0, "/login")
for minute in [4, 8, 12, 16, 20]:
    get(minute, "/page" if minute % 8 else "/write", cookie)
get(24, "/untouched", cookie)
get(29, "/untouched", cookie)
get(31, "/page", cookie)
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/visits.py" "$folder/sessions") <<'END'
0 /login user anna - cookie until 12:10
4 /page user anna - cookie not set
8 /write user anna - cookie not set
12 /page user anna - cookie not set
16 /write user anna - cookie not set
20 /page user anna - cookie not set
24 /untouched hello - cookie not set
29 /untouched hello - cookie not set
31 /page user None - cookie until 12:41
END
echo "as seen: Beaker 1.14.1 renews a session in the store and not its cookie"
