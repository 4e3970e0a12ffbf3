"""One request through an ASGI application, as a server makes it."""

import asyncio

#: What a server answers for an application out of which an error came.
BROKEN = {"type": "http.response.start", "status": 500, "headers": []}


async def answered(app, request, **members):
    """Status and headers of the answer. `members` are put into the scope besides."""
    exchange = Exchange()
    try:
        await app({**scope(request), **members}, exchange.receive, exchange.send)
    except Exception:
        exchange.sent.append(BROKEN)
    start = next(message for message in exchange.sent if message["type"] == "http.response.start")
    # As HTTP does, which knows no space around a value: old releases of Quart put one before it.
    return start["status"], [[name.decode("latin-1"), value.decode("latin-1").strip(" \t")] for name, value in start["headers"]]


def scope(request):
    """What an ASGI server says of a request."""
    headers = [(b"host", b"localhost"), (b"content-length", b"0")]
    if request.cookie_header is not None:
        headers.append((b"cookie", request.cookie_header.encode("latin-1")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "extensions": {},
    }


class Exchange:
    """What an ASGI server and an application tell each other about one request, whose body is empty."""

    def __init__(self):
        self.sent, self.is_read, self.is_answered = [], False, asyncio.Event()

    async def receive(self):
        if not self.is_read:
            self.is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.is_answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_answered.set()
