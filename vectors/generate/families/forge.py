"""Cookies that no Flask would write: signed all the same, or bent after signing.

Only itsdangerous' bare signer is used, so that payload and timestamp may be anything.
"""

import base64
import hashlib
import json
import zlib

from itsdangerous import Signer

from .case import KEY, T


def b64(data):
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def timestamp(seconds):
    """An instant as a cookie carries it: big-endian without leading zeros."""
    return b64(seconds.to_bytes((seconds.bit_length() + 7) // 8, "big"))


def signed(text, key=KEY, salt="cookie-session", digest="sha1", derivation="hmac"):
    """`text` and its signature, whatever the text is."""
    signer = Signer(key, salt=salt, key_derivation=derivation, digest_method=getattr(hashlib, digest))
    return signer.sign(text.encode("latin-1")).decode("latin-1")


def of_json(text, at=T, **how):
    """A cookie around this JSON text (or these bytes), signed at that second."""
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return signed(f"{b64(data)}.{timestamp(at)}", **how)


def of(session, at=T, **how):
    """The cookie of a session of plain JSON values, as Flask writes it when it does not pay to compress."""
    return of_json(json.dumps(session, separators=(",", ":"), sort_keys=True), at, **how)


def of_deflated(data, at=T, **how):
    """A cookie with the mark of compression around these bytes."""
    return signed(f".{b64(data)}.{timestamp(at)}", **how)


def deflated(text):
    return zlib.compress(text if isinstance(text, bytes) else text.encode("utf-8"))
