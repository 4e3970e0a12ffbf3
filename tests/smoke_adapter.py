"""An adapter with good manners, or with one mistake, for the tests of `check --smoke`.

    python tests/smoke_adapter.py [MISTAKE]

`python tests/smoke_adapter.py --list` names them. It speaks the protocol by itself, since the helper would not let a mistake through.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
import time
from pathlib import Path

HELLO = {"name": "mannered", "ops": ["verify", "sign", "exchange"]}
MEMBERS = {"hello": {"protocol"}, "verify": {"cookie"}, "sign": {"session"}, "exchange": {"cookie_header", "actions"}}
CONFIG = {"secret_key", "lifetime"}
HELLOS = {
    "hello_has_no_name": {"ops": ["verify"]},
    "hello_has_an_empty_name": {**HELLO, "name": ""},
    "hello_names_another_operation": {**HELLO, "ops": ["read"]},
    "hello_names_another_kind": {**HELLO, "values": ["json", "tuples"]},
    "hello_names_another_choice": {**HELLO, "choices": {"compresion": "any"}},
    "hello_decides_otherwise": {**HELLO, "choices": {"compression": "brotli"}},
    "hello_speaks_another_protocol": {**HELLO, "protocol": 2},
    "declares_what_it_has_not": {**HELLO, "values": ["json", "uuid"]},
}
mistake = sys.argv[1] if len(sys.argv) > 1 else None
keys = {}


class Unsupported(Exception):
    pass


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_(name):
    return mistake == name


def key_of(config):
    unknown = set(config) - CONFIG
    if unknown and not is_("members_of_config_are_ignored"):
        raise Unsupported(f"config {unknown}")
    if is_("keeps_the_first_configuration"):
        return keys.setdefault("first", config["secret_key"])
    return config["secret_key"]


def mac(key, text):
    derived = hmac.digest(key.encode(), b"cookie-session", hashlib.sha1)
    return b64(hmac.digest(derived, text.encode(), hashlib.sha1))


def plain(value):
    """A value without the encoding of the protocol: of its markers, only the escape of maps is known."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith("$"):
            if "$map" in value and all(isinstance(key, str) for key, _ in value["$map"]):
                return {key: plain(item) for key, item in value["$map"]}
            if not is_("guesses_at_kinds"):
                raise Unsupported(f"a value of the kind {next(iter(value))}")
        return {key: plain(item) for key, item in value.items()}
    return str(value) if is_("values_are_text") and isinstance(value, int) else value


def encoded(value):
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith("$"):
            return {"$map": [[key, encoded(item)] for key, item in value.items()]}
        return {key: encoded(item) for key, item in value.items()}
    return value


def sign(key, now, session):
    seconds = int(time.time() if is_("signs_by_its_own_clock") else now)
    stamp = b64(seconds.to_bytes(4, "big"))
    signed = b64(json.dumps(session, separators=(",", ":"), sort_keys=True).encode()) + "." + stamp
    return signed + "." + mac(key, signed)


def verify(key, now, lifetime, cookie):
    """The session, or none."""
    signed, _, signature = cookie.rpartition(".")
    if signature != mac(key, signed):
        return None
    payload, _, stamp = signed.rpartition(".")
    if is_("reads_by_its_own_clock"):
        now = time.time()
    if not 0 <= int(now) - int.from_bytes(unb64(stamp), "big") <= lifetime:
        return None
    if payload.startswith("."):
        raise Unsupported("compressed payloads")
    return json.loads(unb64(payload))


def exchange(key, now, lifetime, request):
    header, results = request["cookie_header"], []
    opened = header and verify(key, now, lifetime, header.partition("=")[2]) or {}
    session = dict(opened)
    for action in request["actions"]:
        if action["do"] != "set":
            if is_("actions_are_skipped"):
                continue
            raise Unsupported(f"action {action['do']}")
        session[action["key"]] = plain(action["value"])
        results.append(None)
    headers = [["Vary", "Cookie"]]
    if session != opened:
        headers.append(["Set-Cookie", f"session={sign(key, now, session)}; HttpOnly; Path=/"])
    return {"status": 200, "opened": encoded(opened), "results": results, "headers": headers}


def serve(request):
    op = request["op"]
    if op not in MEMBERS:
        if is_("an_operation_is_an_error"):
            raise ValueError(f"op {op}")
        raise Unsupported(f"op {op}")
    unknown = set(request) - MEMBERS[op] - {"id", "op", "config", "now"}
    if unknown and not is_("members_are_ignored"):
        raise Unsupported(f"members {unknown}")
    if op == "hello":
        if is_("hello_is_an_error"):
            raise ValueError("not ready")
        return HELLOS.get(mistake, HELLO)
    config, now = request["config"], request["now"]
    key, lifetime = key_of(config), config.get("lifetime", 2678400)
    if is_("nonsense_is_answered") and isinstance(now, str):
        now = 0
    now = now + 0
    if op == "sign":
        return {"cookie": sign(key, now, plain(request["session"]))}
    if op == "exchange":
        return exchange(key, now, lifetime, request)
    session = verify(key, now, lifetime, request["cookie"])
    return {"accepted": False} if session is None else {"accepted": True, "session": encoded(session)}


def reply(line):
    ident = None
    try:
        request = json.loads(line)
        ident = request["id"]
        return {"id": ident, "ok": serve(request)}
    except Unsupported as missing:
        return {"id": ident, "unsupported": str(missing)}
    except Exception as error:
        if is_("nonsense_ends_it"):
            raise
        return {"id": ident, "error": str(error)}


def main():
    held, count, is_flushed = None, 0, True
    if is_("ends_before_hello"):
        sys.exit(3)
    if is_("hello_never_comes"):
        time.sleep(1000)
    if is_("prints"):
        print("Welcome!")
    while line := sys.stdin.readline(100_000 if is_("cuts_long_lines") else -1):
        if is_("dawdles"):
            time.sleep(0.2)
        answer = reply(line)
        asked = any(f'"op":"{op}"' in line for op in ("verify", "sign", "exchange"))
        if is_("ids_are_forgotten") and asked:
            answer["id"] = 0
        if is_("ids_are_text") and asked:
            answer["id"] = str(answer["id"])
        if is_("replies_are_swapped") and asked and held != "swapped":
            # The replies to the first two requests, each under the other's id.
            if held is None:
                held = answer
                continue
            answer["id"], held["id"] = held["id"], answer["id"]
            print(json.dumps(held))
            held = "swapped"
        print(json.dumps(answer), flush=is_flushed and not is_("nothing_is_flushed"))
        is_flushed = not is_("only_hello_is_flushed")
        if is_("replies_come_twice") and asked:
            print(json.dumps(answer), flush=True)
        if is_("prints") and count == 3:
            print("[1, 2]", flush=True)
        count += 1
    if is_("never_exits"):
        time.sleep(1000)


if is_("--list"):
    named = re.findall(r'is_\("(\w+)"\)', Path(__file__).read_text())
    print("\n".join(sorted({*named, *HELLOS})))
else:
    main()
