"""Stands between sessionproof and a real adapter, and stops at a chosen moment of a run, so that a test can send a signal there.

    python3 relay.py MOMENT MARKER HOW COMMAND...

MOMENT is hello, vectors, generated, shrinking or never. MARKER is a file that is made when the moment has come; no reply follows
until a file MARKER.go is there. HOW is still, busy (then it computes, and heeds neither a signal nor the end of its input) or apart
(it left its process group, and does not heed the end of its input either); with these, whatever the adapter accepts is passed on as rejected, so that there are failures to be
saved. With as-it-is nothing is changed.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

# How many replies there were before the moment. Vectors and generated cases of the family EXP are meant.
AFTER = {"vectors": 40, "generated": 200}
# So many requests in a row that came alone are not asked side by side any more: a failure is being made small.
ALONE = 20

moment, marker, how, *command = sys.argv[1:]
marker = pathlib.Path(marker)
if how == "busy":
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
if how == "apart":
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os._exit(0)
    os.setsid()
adapter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
lock = threading.Lock()
waiting = 0
has_come = threading.Event()


def stop():
    """The moment has come. Nothing is said until somebody wants the run to go on."""
    has_come.set()
    marker.touch()
    while how == "busy":
        pass
    while not marker.with_suffix(".go").exists():
        time.sleep(0.01)
    has_come.clear()


def replies():
    global waiting
    for count, line in enumerate(adapter.stdout, 1):
        reply = json.loads(line)
        if how != "as-it-is" and reply.get("ok", {}).get("accepted"):
            reply["ok"] = {"accepted": False}
        while has_come.is_set():
            time.sleep(0.01)
        with lock:
            waiting -= 1
        print(json.dumps(reply), flush=True)
        if count == AFTER.get(moment):
            stop()
    os._exit(0)


threading.Thread(target=replies, daemon=True).start()
alone = 0
for number, line in enumerate(iter(sys.stdin.readline, "")):
    with lock:
        alone = 0 if waiting else alone + 1
        waiting += 1
    if (moment == "hello" and number == 0) or (moment == "shrinking" and number > 100 and alone == ALONE):
        stop()
    adapter.stdin.write(line)
    adapter.stdin.flush()
while how == "apart" and has_come.is_set():
    time.sleep(1)
while how == "busy" and has_come.is_set():
    pass
adapter.stdin.close()
adapter.wait()
