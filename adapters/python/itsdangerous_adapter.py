"""Bare itsdangerous, as it is used for Flask's cookie where there is no Flask: Flask's salt and key derivation, plain JSON."""

import hashlib

import itsdangerous
from itsdangerous import BadData, URLSafeTimedSerializer
from sessionproof_adapter import (
    CLOCK, Unsupported, installed, raised, rejected, runtime_with, serve, session_of, whole_seconds,
)

VERSION = installed("itsdangerous")
#: Lists of keys came with 2.0.
TAKES_LISTS = int(VERSION.split(".")[0]) >= 2

if not hasattr(itsdangerous, "__path__"):
    # Before 1.1 it is one module.
    itsdangerous.time = CLOCK
else:
    import itsdangerous.timed

    itsdangerous.timed.time = CLOCK


class Target:
    def __init__(self, config):
        if not config["secret_key"]:
            raise Unsupported("no secret key")
        keys = [*(config["fallback_keys"] or []), config["secret_key"]]
        if not TAKES_LISTS:
            if len(keys) > 1:
                raise Unsupported("fallback keys before itsdangerous 2.0")
            keys = config["secret_key"]
        how = {"key_derivation": config["key_derivation"], "digest_method": getattr(hashlib, config["digest"])}
        self.serializer = URLSafeTimedSerializer(keys, salt=config["salt"], signer_kwargs=how)
        self.lifetime = whole_seconds(config["lifetime"])


def verify(target, now, cookie):
    try:
        session = target.serializer.loads(cookie, max_age=target.lifetime)
    except BadData:
        return rejected()
    except Exception as error:
        return raised(error)
    return session_of(session)


def sign(target, now, session):
    try:
        cookie = target.serializer.dumps(session)
        return cookie.decode("ascii") if isinstance(cookie, bytes) else cookie
    except Exception as error:
        return raised(error)


def bench(target, now, cookie, part):
    if part == "signature":
        signer = target.serializer.make_signer()
        return lambda: signer.unsign(cookie, max_age=target.lifetime)
    return lambda: target.serializer.loads(cookie, max_age=target.lifetime)


if __name__ == "__main__":
    serve(
        name="itsdangerous",
        version=VERSION,
        runtime=runtime_with(),
        build=Target,
        verify=verify,
        sign=sign,
        bench=bench,
        values=["json", "integers", "floats", "surrogates"],
        choices={"odd_payload": "reject", "key_order": "any", "compression": "any"},
    )
