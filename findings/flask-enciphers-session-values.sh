#!/usr/bin/env bash
# flask-enciphers 3.0.0 with Flask 3.1.3: the session interface is a replacement for Flask's own, and its sessions do not come back as
# Flask's do.
#
# Guess before the run: tuples come back as lists, as from plain JSON; all else as it was put in.
# Behaviour: UUIDs, datetimes and markup come back as plain text, and NaN as None, without a word. Bytes, whole numbers beyond 64 bits and
# maps with numbers as keys answer 500 when the session is saved, where Flask's own interface takes them all. No answer has `Vary: Cookie`.
# Who changes the interface of an application that keeps a datetime in its sessions compares text with datetimes from then on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    flask-enciphers==3.0.0 enciphers==3.0.0 orjson==3.13.0 flask==3.1.3 werkzeug==3.1.9 itsdangerous==2.2.0
cat > "$folder/values.py" <<'END'
import datetime, logging, sys, uuid
from flask import Flask, session
from flask_enciphers import EnciphersSession
from markupsafe import Markup

app = Flask(__name__)
app.secret_key = "key"
app.config["ENCIPHERS_KEY"] = 2**100 + 7
app.logger.disabled = True
logging.disable()
if sys.argv[1] == "enciphers":
    EnciphersSession(app)
values = {}
app.add_url_rule("/put", "put", lambda: session.update(value=values["value"]) or "")
app.add_url_rule("/get", "get", lambda: repr(session.get("value")))
midnight = datetime.datetime(2026, 11, 30, tzinfo=datetime.timezone.utc)
for value in [(1, 2), uuid.UUID(int=5), midnight, Markup("<b>"), float("nan"), b"x", 2**70, {5: "x"}]:
    client = app.test_client()
    values["value"] = value
    status = client.get("/put").status_code
    answer = client.get("/get")
    print(type(value).__name__, status, answer.text, answer.headers.get("Vary"))
END
run() { "$folder/venv/bin/python" "$folder/values.py" "$1"; }
# Output seen, first with the interface of flask-enciphers, then with Flask's own:
diff - <(run enciphers) <<'END'
tuple 200 [1, 2] None
UUID 200 '00000000-0000-0000-0000-000000000005' None
datetime 200 '2026-11-30T00:00:00+00:00' None
Markup 200 '<b>' None
float 200 None None
bytes 500 None None
int 500 None None
dict 500 None None
END
diff - <(run flask) <<'END'
tuple 200 (1, 2) Cookie
UUID 200 UUID('00000000-0000-0000-0000-000000000005') Cookie
datetime 200 datetime.datetime(2026, 11, 30, 0, 0, tzinfo=datetime.timezone.utc) Cookie
Markup 200 Markup('<b>') Cookie
float 200 nan Cookie
bytes 200 b'x' Cookie
int 200 1180591620717411303424 Cookie
dict 200 {'5': 'x'} Cookie
END
echo "as seen: flask-enciphers 3.0.0 loses the types of session values, and refuses some"
