"""Records what the careful interface does with each story, on a real Redis whose clock is held.

    python vectors/generate/stores/record.py [--preload FILE] [--check] [FILE]

writes `vectors/server-session-1/stories.json`, or compares it with --check. It needs the packages of
`adapters/python/requirements-flask-session-0.8.0.txt`, redis-server and a C compiler. Ids are random: each is replaced by the
number in which it came.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "tests" / "fixtures")]

from stories import STORIES  # noqa: E402
from story_driver import Failed, Server, held_clock, talking  # noqa: E402

FILE = ROOT / "vectors" / "server-session-1" / "stories.json"
ID = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")


def plain(answer, made_up):
    """The answer without what differs from run to run."""
    seen = {}

    def name(found):
        word = found.group()
        if word in made_up:
            return word
        number = seen.setdefault(word, len(seen) + 1)
        return f"id-{number:028d}-{(1 << 64) - 1 - number:028d}"

    for step in answer["steps"]:
        step.pop("passed_ms", None)
        step.pop("slept_ms", None)
    told = json.loads(ID.sub(name, json.dumps(answer, ensure_ascii=False)))
    # The adapter tells keys in the order of their random names.
    for step in told["steps"]:
        if "keys" in step:
            step["keys"].sort(key=lambda key: key["key"])
    return told


def recorded(talk, told):
    made_up = set(ID.findall(json.dumps(told["input"])))
    return {**told, "kind": "story", "output": plain(talk.ask({"op": "story", **told["input"]}), made_up)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--preload", metavar="FILE", help="the compiled tests/fixtures/held_clock.c")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        preload = held_clock(folder, arguments.preload)
        if preload is None:
            sys.exit("the clock of Redis cannot be held here: a C compiler and Linux are needed")
        with talking(["careful"], Server(folder, preload)) as talk:
            hello, vectors = talk.hello, []
            for told in STORIES:
                try:
                    vectors.append(recorded(talk, told))
                except Failed as error:
                    sys.exit(f"{told['id']}: {error}")
    versions = dict(part.split(" ", 1) for part in hello["runtime"].split(", "))
    head = {
        "format": 1, "spec": "server-session-1", "family": "stories", "description": "Sessions in a store, and requests that overlap.",
        "provenance": {
            "python": versions.get("cpython", ""), "flask": versions["flask"], "werkzeug": versions["werkzeug"],
            "itsdangerous": "", "store": f"careful-sessions on flask-session {hello['version']}, {hello['story']['store']}, redis-py {versions['redis']}",
            "zlib": versions["zlib"],
        },
    }
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False, separators=(",", ":")) for vector in vectors)
    text = json.dumps(head, ensure_ascii=False)[:-1] + ',\n"vectors":[\n' + lines + "\n]}\n"
    if arguments.check:
        if arguments.file.read_text(encoding="utf-8") != text:
            sys.exit(f"{arguments.file} is not what the careful interface does now: run {Path(__file__).name} to write it anew")
        return
    arguments.file.parent.mkdir(exist_ok=True)
    arguments.file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
