#!/usr/bin/env bash
# Flask-Session 0.8.0 with cachelib 0.17.0, sessions in files: when the folder is gone, a login answers 200 and is lost.
#
# What a user expects: the folder is made again, as it is at the start, or the answer is 500, as with Flask-Session on a Redis that is away.
# Behaviour: cachelib's `set` says by its return value that it stored nothing, and Flask-Session does not look at it. The user gets a welcome
# and a cookie that stands for nothing, and is asked to log in again, for as long as the process runs. A temporary folder that is cleaned up
# by age is a way to get there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    flask-session==0.8.0 cachelib==0.17.0 msgspec==0.23.0 flask==3.1.3 werkzeug==3.1.9
cat > "$folder/logins.py" <<'END'
import logging, shutil, sys
from cachelib.file import FileSystemCache
from flask import Flask, session
from flask_session import Session

files = sys.argv[1]
app = Flask(__name__)
app.config.update(SECRET_KEY="key", SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(files))
logging.disable()
Session(app)


@app.get("/login")
def login():
    session["user"] = "anna"
    return "welcome"


@app.get("/page")
def page():
    return f"user {session.get('user')}"


def told(when):
    client = app.test_client()
    for path in ["/login", "/page"]:
        answer = client.get(path)
        print(when, path, answer.status_code, answer.text, "cookie set" if "Set-Cookie" in answer.headers else "no cookie set")


told("with the folder:")
shutil.rmtree(files)
told("without:")
END
# Output seen:
diff - <("$folder/venv/bin/python" -W ignore "$folder/logins.py" "$folder/sessions") <<'END'
with the folder: /login 200 welcome cookie set
with the folder: /page 200 user anna cookie set
without: /login 200 welcome cookie set
without: /page 200 user None no cookie set
END
echo "as seen: Flask-Session 0.8.0 on cachelib 0.17.0 answers 200 to a login that cannot be stored"
