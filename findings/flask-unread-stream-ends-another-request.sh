#!/usr/bin/env bash
# Flask 3.1.3, werkzeug 3.1.9: the test client, and an answer made by `stream_with_context` that nobody reads to its end or closes.
#
# Guess before the run: the rest of the answer is thrown away, and no other request notices. A second guess, made when 3.1.0 did
# otherwise: 3.1.2, whose `stream_with_context` was written anew, is free of it.
# Behaviour: the generator holds the request's context. Where it goes away while another request runs, as happens when the garbage
# collector runs or a list of answers is emptied, it takes the context of that other request down. The other view has done its work, and
# the test client raises LookupError instead of giving its answer. If it goes away between requests, or the answer was read or closed,
# nothing happens. So a test fails because of another one before it, now and then. `with client.get(...) as answer:` closes it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check flask==3.1.3 werkzeug==3.1.9 itsdangerous==2.2.0
cat > "$folder/streams.py" <<'END_OF_PROGRAM'
import gc, sys
from flask import Flask, request, session, stream_with_context

app = Flask(__name__)
app.secret_key = "key"
kept = []


@app.get("/stream")
def stream():
    return stream_with_context(letter for letter in "ab")


@app.get("/page")
def page():
    kept.clear()
    gc.collect()
    return f"{request.path} {session['user']}"


client = app.test_client()
with client.session_transaction() as new:
    new["user"] = "anna"
for what in ["read", "closed", "gone before", "gone meanwhile"]:
    answer = client.get("/stream")
    if what == "read":
        answer.get_data()
    if what == "closed":
        answer.close()
    if what == "gone meanwhile":
        kept.append(answer)
    del answer
    sys.unraisablehook = lambda seen: print("ignored:", type(seen.exc_value).__name__)
    try:
        print(what, "-", client.get("/page").text, flush=True)
    except LookupError as error:
        print(what, "-", type(error).__name__, flush=True)
END_OF_PROGRAM
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/streams.py") <<'END_OF_OUTPUT'
read - /page anna
closed - /page anna
gone before - /page anna
ignored: AssertionError
gone meanwhile - LookupError
END_OF_OUTPUT
