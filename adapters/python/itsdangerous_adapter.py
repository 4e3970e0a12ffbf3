"""Bare itsdangerous, as it is used for Flask's cookie where there is no Flask: Flask's salt and key derivation, plain JSON."""

import hashlib
from importlib.metadata import version

import itsdangerous.timed
from itsdangerous import BadData, URLSafeTimedSerializer
from sessionproof_adapter import CLOCK, Unsupported, raised, rejected, serve, session_of, whole_seconds

itsdangerous.timed.time = CLOCK


class Target:
    def __init__(self, config):
        if not config["secret_key"]:
            raise Unsupported("no secret key")
        keys = [*(config["fallback_keys"] or []), config["secret_key"]]
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
        return target.serializer.dumps(session)
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
        version=version("itsdangerous"),
        build=Target,
        verify=verify,
        sign=sign,
        bench=bench,
        values=["json", "integers", "floats", "surrogates"],
        choices={"odd_payload": "reject", "key_order": "any", "compression": "any"},
    )
