"""Runs that nobody thought up: every transition of small worlds that the exhaustive search of the model goes through.

The steps are in vectors/inputs/explored_steps.json, which `cargo test --test integration explored` holds against the search.
"""

import json
from pathlib import Path

from .case import Case

NAME = "explored"
DESCRIPTION = "Every transition of small worlds of a browser and a server, as the exhaustive search of the model goes through them."

STEPS = Path(__file__).resolve().parent.parent.parent / "inputs" / "explored_steps.json"


def cases():
    for run in json.loads(STEPS.read_text("ascii")):
        yield Case(run["id"], run["rules"], run["comment"], "sequence", run["input"])
