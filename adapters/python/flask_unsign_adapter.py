"""flask-unsign: a tool for penetration tests that checks and makes Flask's cookies. It takes no lifetime."""

import itsdangerous.timed
from flask_unsign import session as flask_unsign
from flask_unsign.exceptions import DecodeError
from itsdangerous import BadData
from sessionproof_adapter import (
    CLOCK, CONFIG, KINDS, Unsupported, installed, raised, rejected, runtime_with, serve, session_of,
)

itsdangerous.timed.time = CLOCK


class Target:
    def __init__(self, config):
        if not config["secret_key"]:
            raise Unsupported("no secret key")
        self.how = {"secret": config["secret_key"]}
        if "salt" in config.given:
            self.how["salt"] = config["salt"]


def verify(target, now, cookie):
    try:
        return session_of(flask_unsign.decode(cookie)) if flask_unsign.verify(cookie, **target.how) else rejected()
    except (BadData, DecodeError):
        return rejected()
    except Exception as error:
        return raised(error)


def sign(target, now, session):
    try:
        return flask_unsign.sign(session, **target.how)
    except Exception as error:
        return raised(error)


if __name__ == "__main__":
    serve(
        name="flask-unsign",
        version=installed("flask-unsign"),
        runtime=runtime_with("flask", "itsdangerous"),
        build=Target,
        verify=verify,
        sign=sign,
        members=set(CONFIG) - {"fallback_keys", "lifetime", "digest", "key_derivation"},
        values=KINDS,
        choices={"odd_payload": "reject", "compression": "any", "key_order": "any"},
    )
