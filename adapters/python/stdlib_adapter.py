"""Flask's session cookie by Python's standard library alone: the adapter to read first, and to start from.

It reads and writes plain JSON values under one secret key. Everything else that the suite asks about is declined by what is offered
at the end, and counted in sight.
"""

import hashlib
import hmac
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from sessionproof_adapter import accepted, rejected, serve


def build(config):
    """Once for each configuration: the signing key and the lifetime in whole seconds."""
    secret = config["secret_key"] or ""
    secret = secret.encode() if isinstance(secret, str) else secret
    return hmac.digest(secret, b"cookie-session", hashlib.sha1), int(config["lifetime"])


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(target, now, cookie):
    key, lifetime = target
    signed, _, signature = cookie.rpartition(".")
    payload, _, timestamp = signed.rpartition(".")
    if not key or not hmac.compare_digest(b64(hmac.digest(key, signed.encode(), hashlib.sha1)).encode(), signature.encode()):
        return rejected()
    age = int(now) - int.from_bytes(unb64(timestamp), "big")
    if age > lifetime or age < 0:
        return rejected()
    text = zlib.decompress(unb64(payload[1:])) if payload.startswith(".") else unb64(payload)
    return accepted(json.loads(text))


def sign(target, now, session):
    text = json.dumps(session, separators=(",", ":"), sort_keys=True).encode()
    deflated = zlib.compress(text)
    payload = "." + b64(deflated) if len(deflated) < len(text) - 1 else b64(text)
    seconds = int(now)
    signed = f"{payload}.{b64(seconds.to_bytes((seconds.bit_length() + 7) // 8, 'big'))}"
    return f"{signed}.{b64(hmac.digest(target[0], signed.encode(), hashlib.sha1))}"


if __name__ == "__main__":
    serve(
        name="stdlib",
        version="1",
        build=build,
        verify=verify,
        sign=sign,
        values=["json", "integers", "floats"],
        members={"secret_key", "lifetime"},
        choices={"base64": "strict", "odd_payload": "reject", "timestamp_range": "reject"},
    )
