"""The stores of `redis_stores.py` for asynchronous applications, whose client works on the event loop of the stories."""

import contextlib
import os

import redis.asyncio
import redis.asyncio.retry

from redis_stores import FakeRedis, HeldRedis, Redis
from sessionproof_stories import GRACE
from sessionproof_stories_asgi import awaited, sleep

# What waits before it tries again moves the story's clock.
redis.asyncio.retry.sleep = sleep


def store_of(words, environ=os.environ, **options):
    """As `redis_stores.store_of`; `options` are those of the application's client."""
    if "fakeredis" in words:
        return AsyncFakeRedis(options)
    url, clock = environ.get("SESSIONPROOF_REDIS"), environ.get("SESSIONPROOF_REDIS_CLOCK")
    store = AsyncHeldRedis(url, clock) if clock else AsyncRedis(url)
    # Made from an address, as the packages' documentation has it, a client does not try again. Without one `open` refuses.
    store.client = redis.asyncio.Redis.from_url(url or "redis://", **options)
    return store


class OnLoop:
    """What moves an asynchronous client from one address to another."""

    def look_at(self, address):
        pool = self.client.connection_pool
        pool.connection_kwargs.update(address)
        awaited(pool.disconnect())
        pool.reset()

    def close(self):
        super().close()
        with contextlib.suppress(Exception):
            awaited(self.client.aclose(), GRACE)


class AsyncRedis(OnLoop, Redis):
    """A server whose clock runs."""


class AsyncHeldRedis(OnLoop, HeldRedis):
    """A server whose clock is held."""


class AsyncFakeRedis(FakeRedis):
    """fakeredis, in this process."""

    def __init__(self, options):
        super().__init__()
        import fakeredis

        self.client = fakeredis.FakeAsyncRedis(server=self.server, **options)
