"""Answers everything wrongly and at length: python3 large_answers_adapter.py SHAPE BYTES, in one shape of

accepted (a session with a long text), raised (an error with a long text), list (a session with a list of many items) or
unsupported (a long reason, each time another).
"""

import json
import sys

shape, length = sys.argv[1], int(sys.argv[2])
text = "x" * length
SHAPES = {
    "accepted": json.dumps({"accepted": True, "session": {"text": text}}),
    "raised": json.dumps({"raised": text}),
    "list": json.dumps({"accepted": True, "session": {"list": [1] * (length // 3)}}),
    "unsupported": None,
}
answer = SHAPES[shape]
for count, line in enumerate(sys.stdin):
    request = json.loads(line)
    number = request["id"]
    if request["op"] == "hello":
        reply = json.dumps({"id": number, "ok": {"name": "large", "version": "1", "ops": ["verify"]}})
    elif shape == "unsupported":
        reply = json.dumps({"id": number, "unsupported": f"{count} {text}"})
    else:
        reply = f'{{"id": {number}, "ok": {answer}}}'
    print(reply, flush=True)
