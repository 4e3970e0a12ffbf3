#!/usr/bin/env python3
"""Make the test vectors: inputs of ours, outputs of real Flask.

    python vectors/generate/generate.py --out vectors/flask-3.1

One file per family, by the adapter that the suite itself uses (adapters/python/flask_adapter.py), in this process. What is written
depends on the families and on the installed Python, Flask, Werkzeug and itsdangerous, and on nothing else: no clock, no chance.
The format is specified in spec/vector-format.md.
"""

import argparse
import json
import os
import platform
import re
import sys
import zlib
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "adapters" / "python")]
sys.dont_write_bytecode = True

import flask_adapter  # noqa: E402
from families import FAMILIES, RULES  # noqa: E402
from sessionproof_adapter import Adapter  # noqa: E402

RULE_HEADING = re.compile(r"^### ([A-Z]+-[0-9]+) \((?:MUST|SHOULD|CHOICE)\)", re.MULTILINE)
MEMBERS_OF_STEP = {"now", "config", "cookie", "method", "path", "actions"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to, made if missing")
    parser.add_argument("families", nargs="*", help="only these families")
    options = parser.parse_args()

    unknown = set(options.families) - {family.NAME for family in FAMILIES}
    if unknown:
        parser.error(f"no such family: {', '.join(sorted(unknown))}")

    oracle = Oracle()
    options.out.mkdir(parents=True, exist_ok=True)
    rules, seen, total = known_rules(), {}, 0
    for family in FAMILIES:
        cases = list(family.cases())
        check(family, cases, rules, seen)
        if options.families and family.NAME not in options.families:
            continue
        write(options.out / f"{family.NAME}.json", document(family, [vector(oracle, case) for case in cases]))
        print(f"{len(cases):5}  {family.NAME}", file=sys.stderr)
        total += len(cases)
    print(f"{total:5}  in all", file=sys.stderr)


def known_rules():
    """The ids of the specification; its headings are their one source as soon as it is there."""
    text = HERE.parent.parent / "spec" / "session-lifetime.md"
    return set(RULE_HEADING.findall(text.read_text("utf-8"))) if text.exists() else set(RULES)


def check(family, cases, rules, seen):
    """Refuse what would be no good vector, before anything is written."""
    for case in cases:
        where = f"{family.NAME}: {case.id}"
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", case.id):
            sys.exit(f"{where}: an id is lower-case words with hyphens")
        if case.id in seen:
            sys.exit(f"{where}: the id is taken by family {seen[case.id]}")
        seen[case.id] = family.NAME
        if not case.rules or not set(case.rules) <= rules:
            sys.exit(f"{where}: unknown rules {sorted(set(case.rules) - rules)}")
        if not case.comment or "\n" in case.comment:
            sys.exit(f"{where}: one line must say why it exists")


def vector(oracle, case):
    output = oracle.sequence(case.input) if case.kind == "sequence" else oracle.ask(case.kind, case.input)
    return {
        "id": case.id,
        "rules": case.rules,
        "comment": case.comment,
        "kind": case.kind,
        "input": case.input,
        "output": output,
    }


class Oracle:
    """Real Flask, asked in the words of the protocol."""

    def __init__(self):
        app = flask_adapter.Application
        self.adapter = Adapter(
            name="flask", version=version("flask"), build=app, verify=app.verify, sign=app.sign, exchange=app.exchange,
            members=flask_adapter.MEMBERS, values=flask_adapter.KINDS,
        )

    def ask(self, op, request):
        line = json.dumps({"id": 0, "op": op, **request}, allow_nan=False).encode("ascii")
        reply = self.adapter.answer(line)
        if "ok" not in reply:
            sys.exit(f"the adapter does not answer {line.decode()}: {reply}")
        return reply["ok"]

    def sequence(self, given):
        """Requests of one client, with the jar of spec/vector-format.md."""
        jar, was_set, steps = None, [], []
        for step in given["steps"]:
            if not set(step) <= MEMBERS_OF_STEP:
                sys.exit(f"a step has no {sorted(set(step) - MEMBERS_OF_STEP)}")
            config = {**given["config"], **step.get("config", {})}
            cookie = step.get("cookie", "jar")
            if cookie == "jar":
                header = jar
            elif cookie == "none":
                header = None
            else:
                header = was_set[cookie["from"]] if "from" in cookie else cookie["header"]
            request = {name: step[name] for name in ("now", "method", "path", "actions") if name in step}
            ok = self.ask("exchange", {"config": config, "cookie_header": header, **request})
            pair = set_cookie_pair(ok["headers"], config.get("cookie_name", "session"))
            was_set.append(pair)
            if pair is not None:
                jar = None if pair.endswith("=") else pair
            steps.append({**ok, "cookie_header": header})
        return {"steps": steps}


def set_cookie_pair(headers, name):
    """What a client would send back for the Set-Cookie of the session, or None."""
    pairs = [value.split(";")[0] for header, value in headers if header == "Set-Cookie"]
    pairs = [pair for pair in pairs if pair.split("=")[0] == name]
    return pairs[-1] if pairs else None


def document(family, vectors):
    """The file: its head, one member on each line, and then one vector on each line."""
    head = {
        "format": 1,
        "spec": "flask-3.1",
        "family": family.NAME,
        "description": family.DESCRIPTION,
        "provenance": provenance(),
    }
    lines = [f"{compact(name)}:{compact(value)},\n" for name, value in head.items()]
    return "{" + "".join(lines) + '"vectors":[\n' + ",\n".join(map(compact, vectors)) + "\n]}\n"


def provenance():
    return {
        "python": platform.python_version(),
        "flask": version("flask"),
        "werkzeug": version("werkzeug"),
        "itsdangerous": version("itsdangerous"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def compact(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def write(path, text):
    """Beside first, then in its place: nobody reads half a file."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(text.encode("ascii"))
    os.replace(beside, path)


if __name__ == "__main__":
    main()
