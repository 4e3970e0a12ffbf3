#!/usr/bin/env bash
# Beaker 1.14.1: the session of a request is used like a dictionary, and is true when it is empty and has no length.
#
# What a user expects: as a dictionary, and as Flask's session, it is false when there is nothing in it, and its length is the number of keys.
# Behaviour: what a request gets stands in front of the dictionary and does not hand these on. It is always true, so `if not session:
# redirect to the login` never redirects, and `len` raises TypeError. Reading a key by `session["user"]` works, and so do `in` and `keys()`.
# The keys are no way to ask either: a new session has four of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check beaker==1.14.1
cat > "$folder/empty.py" <<'END'
from beaker.middleware import SessionMiddleware


def shown(what, ask):
    try:
        print(what, "-", ask())
    except TypeError as error:
        print(what, "-", type(error).__name__)


def view(environ, start_response):
    session = environ["beaker.session"]
    for when in ["new", "with a user", "cleared"]:
        if when == "with a user":
            session["user"] = "anna"
        if when == "cleared":
            session.clear()
        shown(f"{when}: keys", lambda: sorted(session.keys()))
        shown(f"{when}: 'user' in session", lambda: "user" in session)
        shown(f"{when}: bool(session)", lambda: bool(session))
        shown(f"{when}: len(session)", lambda: len(session))
    start_response("200 OK", [])
    return []


app = SessionMiddleware(view, {"session.type": "memory"})
list(app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda *_: None))
END
# Output seen:
diff - <("$folder/venv/bin/python" "$folder/empty.py") <<'END'
new: keys - ['_accessed_time', '_creation_time', '_domain', '_path']
new: 'user' in session - False
new: bool(session) - True
new: len(session) - TypeError
with a user: keys - ['_accessed_time', '_creation_time', '_domain', '_path', 'user']
with a user: 'user' in session - True
with a user: bool(session) - True
with a user: len(session) - TypeError
cleared: keys - ['_domain', '_path']
cleared: 'user' in session - False
cleared: bool(session) - True
cleared: len(session) - TypeError
END
echo "as seen: in Beaker 1.14.1 an empty session is true and has no length"
