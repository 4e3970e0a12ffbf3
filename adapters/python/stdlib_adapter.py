"""Flask's session cookie by Python's standard library alone: the adapter to read first, and to start from.

It reads and writes plain JSON values. What it does not have is declared at the end, or answered by `Unsupported`: the suite skips
that, and counts it in sight.
"""

import hashlib
import hmac
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta

from sessionproof_adapter import CONFIG, Unsupported, accepted, raised, rejected, serve

LAST_SECOND = 253_402_300_799  # of the year 9999
TAGS = (" di", " t", " b", " m", " u", " d")


class Target:
    """What is made once for each configuration: the signing keys, the current one first, and the lifetime in whole seconds."""

    def __init__(self, config):
        secrets = [config["secret_key"], *reversed(config["fallback_keys"] or [])] if config["secret_key"] else []
        secrets = [secret.encode() if isinstance(secret, str) else secret for secret in secrets]
        self.keys = [hmac.digest(secret, config["salt"].encode(), hashlib.sha1) for secret in secrets]
        try:
            self.lifetime = int(timedelta(seconds=config["lifetime"]).total_seconds())
        except OverflowError as error:
            self.lifetime = error


def verify(target, now, cookie):
    if not cookie or not target.keys:
        return rejected()
    if isinstance(target.lifetime, OverflowError):
        return raised(target.lifetime)
    signed, _, signature = cookie.rpartition(".")
    if not any(hmac.compare_digest(mac(key, signed).encode(), signature.encode()) for key in target.keys):
        return rejected()
    try:
        payload, dot, timestamp = signed.rpartition(".")
        stamp = unb64(timestamp)
        seconds = int.from_bytes(stamp, "big")
        age = int(now) - seconds
        if not dot or len(stamp) > 8 or seconds > LAST_SECOND or age > target.lifetime or age < 0:
            return rejected()
        text = zlib.decompress(unb64(payload[1:])) if payload.startswith(".") else unb64(payload)
        session = untag(json.loads(text.decode()))
        return accepted({} if session is None else session)
    except (ValueError, TypeError, AttributeError, zlib.error):
        return rejected()  # signed, but not a session


def sign(target, now, session):
    if not target.keys:
        return raised("there is no secret key")
    if now < 0:
        return raised("there are no timestamps before 1970")
    text = json.dumps(tag(session), separators=(",", ":"), sort_keys=True).encode()
    deflated = zlib.compress(text)
    payload = "." + b64(deflated) if len(deflated) < len(text) - 1 else b64(text)
    seconds = int(now)
    signed = f"{payload}.{b64(seconds.to_bytes((seconds.bit_length() + 7) // 8, 'big'))}"
    return f"{signed}.{mac(target.keys[0], signed)}"


def mac(key, signed):
    return b64(hmac.digest(key, signed.encode(), hashlib.sha1))


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64(data) != text:
        raise ValueError("not the canonical spelling")
    return data


def tag(value):
    """A map that looks like a tag is escaped, or it would be read as what the tag stands for."""
    if isinstance(value, list):
        return [tag(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in TAGS:
            return {" di": {f"{key}__": tag(item) for key, item in value.items()}}
        return {key: tag(item) for key, item in value.items()}
    return value


def untag(value):
    if isinstance(value, list):
        return [untag(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) == " di":
            (key, item), *_ = value[" di"].items()
            return {key[:-2]: untag(item)}
        if len(value) == 1 and next(iter(value)) in TAGS:
            raise Unsupported(f"values with the tag {next(iter(value))!r}")
        return {key: untag(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    serve(
        name="stdlib",
        version="1",
        build=Target,
        verify=verify,
        sign=sign,
        values=["json", "integers", "floats", "surrogates"],
        members=set(CONFIG) - {"digest", "key_derivation"},
        choices={"base64": "strict", "odd_payload": "reject", "timestamp_range": "reject", "fallback_text": "refuse"},
    )
