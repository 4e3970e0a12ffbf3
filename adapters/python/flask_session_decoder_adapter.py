"""flask-session-decoder: reads Flask's cookies, for services that share a login. It takes no lifetime."""

from importlib.metadata import version

from flask_session_decoder import FlaskSessionDecoder
from sessionproof_adapter import CONFIG, Unsupported, rejected, serve, session_of


def build(config):
    if not config["secret_key"]:
        raise Unsupported("no secret key")
    how = {"salt": config["salt"].encode()} if "salt" in config.given else {}
    return FlaskSessionDecoder(secret_key=config["secret_key"], **how)


def verify(decoder, now, cookie):
    # It lets all kinds of errors out. Whoever calls it catches them all, as fastapi-flask-auth does.
    try:
        return session_of(decoder.json(cookie))
    except Exception:
        return rejected()


def bench(decoder, now, cookie, part):
    return lambda: decoder.verify(cookie) if part == "signature" else decoder.json(cookie)


if __name__ == "__main__":
    serve(
        name="flask-session-decoder",
        version=version("flask-session-decoder"),
        build=build,
        verify=verify,
        bench=bench,
        members=set(CONFIG) - {"fallback_keys", "lifetime", "digest", "key_derivation"},
        values=["json", "integers", "floats", "surrogates"],
        choices={"odd_payload": "reject", "timestamp_range": "reject"},
    )
