#!/usr/bin/env bash
# Flask-Session 0.8.0 with Flask-SQLAlchemy 3.1.1 and SQLAlchemy 2.1.9: what a view wrote before
# it failed is committed.
#
# What a user expects: a view that raises before its commit leaves nothing behind, as with Flask's own sessions and Flask-SQLAlchemy.
# Behaviour: Flask-Session stores the session at the end of the request, with the application's own `db.session`, and commits that. The answer is
# 500, and the ten that were taken from one account are gone without having reached the other. It happens to those who have a session; the same
# request without one leaves nothing, so a test without a login does not show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    flask-session==0.8.0 flask-sqlalchemy==3.1.1 sqlalchemy==2.1.9 flask==3.1.3 werkzeug==3.1.9 cachelib==0.17.0 msgspec==0.23.0
cat > "$folder/transfer.py" <<'END'
import logging, sys
from flask import Flask, session
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(SECRET_KEY="key", SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[2]}/{sys.argv[1]}.db")
logging.disable()
db = SQLAlchemy(app)


class Account(db.Model):
    name = db.Column(db.String, primary_key=True)
    money = db.Column(db.Integer)


if sys.argv[1] == "stored":
    from flask_session import Session

    app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=db)
    Session(app)


@app.get("/login")
def login():
    session["user"] = "anna"
    return "in"


@app.get("/transfer")
def transfer():
    db.session.get(Account, "anna").money -= 10
    raise RuntimeError("the other account is not there")


def balance():
    with app.app_context():
        return db.session.get(Account, "anna").money


with app.app_context():
    db.create_all()
    db.session.add(Account(name="anna", money=100))
    db.session.commit()
visitor, client = app.test_client(), app.test_client()
client.get("/login")
print("failed transfer of a visitor:", visitor.get("/transfer").status_code, "- balance", balance())
print("failed transfer with a session:", client.get("/transfer").status_code, "- balance", balance())
END
run() { "$folder/venv/bin/python" -W ignore "$folder/transfer.py" "$1" "$folder"; }
# Output seen, first with sessions in the database, then with Flask's own:
diff - <(run stored) <<'END'
failed transfer of a visitor: 500 - balance 100
failed transfer with a session: 500 - balance 90
END
diff - <(run flask) <<'END'
failed transfer of a visitor: 500 - balance 100
failed transfer with a session: 500 - balance 100
END
echo "as seen: Flask-Session 0.8.0 commits what a view that failed had written"
