#!/usr/bin/env bash
# tap.py 3.2.1 reads a number sign that is escaped in the description of a test as the beginning of a directive.
#
# TAP 14 writes a literal number sign in a description as \#, so that only a bare one begins a directive. npm's tap-parser 18.3.4 reads it so.
# Guess before the run: tap.py leaves the backslash in the description, and finds no directive.
# Behaviour: the description ends at the backslash, and what follows is taken for a directive. A test that failed counts as "to do" or as
# skipped when the words TODO or SKIP stand behind the sign, and a run with a failure is green.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tap.py==3.2.1
npm install --silent --no-audit --no-fund --prefix "$folder" tap-parser@18.3.4
cat > "$folder/run.tap" <<'END'
TAP version 14
1..3
not ok 1 - the cookie \# TODO is rejected
not ok 2 - the cookie \# SKIP is rejected
ok 3 - the cookie is read
END
cat > "$folder/read.py" <<'END'
import sys
from tap.parser import Parser

for line in Parser().parse_file(sys.argv[1]):
    if line.category == "test":
        print(line.number, line.ok, repr(line.description), f"todo={line.todo} skip={line.skip}")
END
cat > "$folder/read.mjs" <<'END'
import { Parser } from "tap-parser";
import { readFileSync } from "node:fs";

const parser = new Parser(({ ok, pass, fail, todo, skip }) => console.log({ ok, pass, fail, todo, skip }));
parser.on("assert", ({ id, ok, name, todo, skip }) => console.log(id, ok, JSON.stringify(name), `todo=${todo} skip=${skip}`));
parser.end(readFileSync(process.argv[2]));
END
# Output seen, first by tap.py, then by tap-parser:
diff - <("$folder/venv/bin/python" "$folder/read.py" "$folder/run.tap" 2>/dev/null | grep "^[0-9]") <<'END'
1 False '- the cookie \\' todo=True skip=False
2 False '- the cookie \\' todo=False skip=True
3 True '- the cookie is read' todo=False skip=False
END
diff - <(cd "$folder" && node read.mjs run.tap) <<'END'
1 false "the cookie # TODO is rejected" todo=false skip=false
2 false "the cookie # SKIP is rejected" todo=false skip=false
3 true "the cookie is read" todo=false skip=false
{ ok: false, pass: 1, fail: 2, todo: 0, skip: 0 }
END
echo "as seen: tap.py 3.2.1 takes an escaped number sign for a directive"
