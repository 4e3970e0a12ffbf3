#!/usr/bin/env bash
# Flask-Session 0.8.0 with cachelib 0.17.0, sessions in files: with more than 500 users those whose last request is oldest are logged
# out, long before their sessions end.
#
# What a user expects: a session lasts its lifetime, 31 days here, and files are limited by the disk alone.
# Behaviour: cachelib keeps some 500 files by default, and Flask-Session leaves it so. Beyond that each login deletes the session that ends
# soonest. With 520 logins within nine minutes, nineteen users are strangers at their next request, and nothing is said about it: no error,
# no warning. `FileSystemCache(folder, threshold=0)` sets no limit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    flask-session==0.8.0 cachelib==0.17.0 msgspec==0.23.0 flask==3.1.3 werkzeug==3.1.9 time-machine==3.6.0
cat > "$folder/users.py" <<'END'
import datetime, os, sys
import time_machine
from cachelib.file import FileSystemCache
from flask import Flask, session
from flask_session import Session

def site(files, **options):
    app = Flask(__name__)
    app.config.update(SECRET_KEY="key", SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(files, **options))
    Session(app)
    app.add_url_rule("/login", "login", lambda: session.update(user="anna") or "welcome")
    app.add_url_rule("/page", "page", lambda: f"user {session.get('user')}")
    return app


start = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.timezone.utc)
for logins, options in [(500, {}), (520, {}), (520, {"threshold": 0})]:
    app = site(os.path.join(sys.argv[1], f"{logins}{len(options)}"), **options)
    users = [app.test_client() for _ in range(logins)]
    with time_machine.travel(start, tick=False) as clock:
        for number, user in enumerate(users):
            clock.move_to(start + datetime.timedelta(seconds=number))
            user.get("/login")
        out = [number for number, user in enumerate(users, 1) if user.get("/page").text == "user None"]
    print(f"{logins} logins {options}: {len(out)} logged out", f"(users {out[0]} to {out[-1]})" if out else "")
END
# Output seen:
diff - <("$folder/venv/bin/python" -W ignore "$folder/users.py" "$folder/sessions") <<'END'
500 logins {}: 0 logged out 
520 logins {}: 19 logged out (users 1 to 19)
520 logins {'threshold': 0}: 0 logged out 
END
echo "as seen: Flask-Session 0.8.0 on cachelib 0.17.0 logs users out beyond 500"
