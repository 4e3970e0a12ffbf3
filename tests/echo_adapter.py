"""Gives the session that it was asked to sign back as the helper encodes it, so that what the helper does to values is seen alone."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "adapters" / "python"))
sys.dont_write_bytecode = True

from sessionproof_adapter import CLOCK, KINDS, encode, rejected, serve  # noqa: E402

serve(
    name="echo",
    version="1",
    build=lambda config: None,
    verify=lambda target, now, cookie: rejected(),
    sign=lambda target, now, session: f"{now} {CLOCK.time() * 1000:.0f} {json.dumps(encode(session))}",
    values=KINDS,
)
