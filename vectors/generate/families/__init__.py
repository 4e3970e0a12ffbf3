"""The families of vectors. Each module has NAME, DESCRIPTION and cases()."""

from . import (
    cookie_header, defaults, deletion, encoding, expiry, explored, keys, modification, odd_payload, payload, permanence, renewal, set_cookie,
    signature, system, types, vary,
)

#: From the cookie's parts to whole requests, and from those to what users live through.
FAMILIES = [
    defaults, keys, signature, encoding, payload, types, odd_payload, expiry, permanence, renewal, modification, set_cookie, deletion, vary,
    cookie_header, system, explored,
]

_COUNTS = {
    "KEY": 7, "CFG": 1, "SIG": 10, "PAY": 16, "EXP": 10, "PERM": 6, "REN": 6, "MOD": 10, "SET": 10, "DEL": 6, "VARY": 4, "HDR": 6,
    "UA": 8, "SYS": 8,
}
#: The rule ids, for as long as the specification cannot be read.
RULES = [f"{area}-{number}" for area, count in _COUNTS.items() for number in range(1, count + 1)]
