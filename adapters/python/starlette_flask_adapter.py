"""starlette-flask: the middleware that gives Starlette and FastAPI Flask's cookie, driven through ASGI requests."""

import hashlib

import itsdangerous.timed
from starlette.requests import cookie_parser
from starlette_flask.middleware.sessions import SessionMiddleware
from sessionproof_adapter import (
    CLOCK, CONFIG, Unsupported, accepted, installed, raised, rejected, runtime_with, serve, whole_seconds,
)

itsdangerous.timed.time = CLOCK


class Target:
    def __init__(self, config):
        if not config["secret_key"]:
            raise Unsupported("no secret key")
        self.view, how = None, {}
        # What is not configured is left to the middleware.
        if "cookie_name" in config.given:
            how["session_cookie"] = config["cookie_name"]
        if "lifetime" in config.given:
            how["max_age"] = whole_seconds(config["lifetime"])
        if "salt" in config.given:
            how["salt"] = config["salt"].encode()
        if {"key_derivation", "digest"} & config.given:
            digest = getattr(hashlib, config["digest"])
            how["signer_kwargs"] = {"key_derivation": config["key_derivation"], "digest_method": digest}
        self.middleware = SessionMiddleware(self.answer, config["secret_key"], **how)
        self.name = self.middleware.session_cookie

    async def answer(self, scope, receive, send):
        self.view(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def request(self, view, headers=()):
        """One request, during which `view` is called with the scope. The result is the headers of the answer."""
        self.view, sent = view, []

        async def send(message):
            sent.append(message)

        try:
            self.middleware({"type": "http", "headers": list(headers)}, None, send).send(None)
        except StopIteration:
            return sent[0]["headers"]


def verify(target, now, cookie):
    header, opened = f"{target.name}={cookie}", []
    if not header.isascii() or cookie_parser(header).get(target.name) != cookie:
        raise Unsupported("a value that a Cookie header does not bring across")
    # The middleware puts a new map in the place of a cookie that it refuses, and says nothing.
    try:
        target.request(lambda scope: opened.append(scope["session"]), [(b"cookie", header.encode())])
    except Exception as error:
        return raised(error)
    if opened[0] or is_signed(target, cookie):
        # Whatever the payload holds is put there; a view expects a map.
        return accepted(opened[0]) if isinstance(opened[0], dict) else raised("the session is no map")
    return rejected()


def is_signed(target, cookie):
    """Whether an empty session is what the cookie holds."""
    return target.middleware.serializer.loads_unsafe(cookie)[0]


def sign(target, now, session):
    if not session:
        raise Unsupported("an empty session, which gets no cookie")
    try:
        headers = target.request(lambda scope: scope["session"].update(session))
    except Exception as error:
        return raised(error)
    return dict(headers)[b"set-cookie"].decode().split(";")[0].partition("=")[2]


if __name__ == "__main__":
    serve(
        name="starlette-flask",
        version=installed("starlette-flask"),
        runtime=runtime_with("starlette", "itsdangerous"),
        build=Target,
        verify=verify,
        sign=sign,
        members=set(CONFIG) - {"fallback_keys"},
        values=["json", "integers", "floats", "surrogates"],
        choices={"key_order": "any", "compression": "any"},
    )
