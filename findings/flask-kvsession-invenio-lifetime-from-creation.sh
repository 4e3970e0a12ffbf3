#!/usr/bin/env bash
# Flask-KVSession-Invenio 1.0.1 with Flask 3.1.3: a permanent session ends one lifetime after it began, however active its user is, and
# the cookie promises more.
#
# Guess before the run: the lifetime slides with each write, as Flask's own does, since the store gets a new time to live each time.
# Behaviour: the session's id holds the time at which the session began, and that time alone is compared with
# PERMANENT_SESSION_LIFETIME. Each write sends an Expires one lifetime ahead, which the server does not keep: under a lifetime of ten minutes
# a user who comes every minute is out in the eleventh, with a cookie that says nine minutes more. A logout that clears the session writes an
# empty one and sends its cookie again, where Flask deletes the cookie.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    flask-kvsession-invenio==1.0.1 simplekv==0.14.1 flask==3.1.3 werkzeug==3.1.9 itsdangerous==2.2.0 time-machine==3.6.0
cat > "$folder/visits.py" <<'END'
import datetime, re, sys
import time_machine
from flask import Flask, session

app = Flask(__name__)
app.secret_key = "key"
app.config["PERMANENT_SESSION_LIFETIME"] = 600
if sys.argv[1] == "kvsession":
    from flask_kvsession import KVSessionExtension
    from simplekv.memory import DictStore

    KVSessionExtension(DictStore(), app)


@app.get("/login")
def login():
    session.permanent = True
    session.update(user=1, visits=0)
    return "in"


@app.get("/visit")
def visit():
    session["visits"] = session.get("visits", 0) + 1
    return f"user {session.get('user')}"


@app.get("/logout")
def logout():
    session.clear()
    return "out"


def told(minute, answer):
    cookie = answer.headers.get("Set-Cookie", "")
    expires = re.search(r"Expires=\w+, \d+ \w+ (\d+ \d+:\d+)", cookie)
    kind = "deleted" if "Max-Age=0" in cookie else f"until {expires[1]}" if expires else "set" if cookie else "nothing set"
    print(minute, answer.text, kind)


client = app.test_client()
start = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.timezone.utc)
with time_machine.travel(start, tick=False) as clock:
    told(0, client.get("/login"))
    for minute in range(1, 12):
        clock.move_to(start + datetime.timedelta(minutes=minute))
        answer = client.get("/visit")
        if minute > 8:
            told(minute, answer)
    client.get("/login")
    told("logout", client.get("/logout"))
END
run() { "$folder/venv/bin/python" -W ignore "$folder/visits.py" "$1"; }
# Output seen, first with Flask-KVSession, then with Flask's own sessions:
diff - <(run kvsession) <<'END'
0 in until 2026 12:10
9 user 1 until 2026 12:19
10 user 1 until 2026 12:20
11 user None set
logout out set
END
diff - <(run flask) <<'END'
0 in until 2026 12:10
9 user 1 until 2026 12:19
10 user 1 until 2026 12:20
11 user 1 until 2026 12:21
logout out deleted
END
echo "as seen: Flask-KVSession-Invenio 1.0.1 counts a session's lifetime from its beginning"
