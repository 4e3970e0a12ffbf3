// Redis as a store of stories: a real server, and a real server whose clock is held.
//
// The server belongs to the adapter: it is emptied for each story, filled and cut off. So it has to be empty at first, and each copy of
// an adapter needs one of its own. The application reaches it through a relay in this process, which can be cut.

import {once} from 'node:events';
import {openSync, writeSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import net from 'node:net';
import timersPromises from 'node:timers/promises';
import {createClient} from 'redis';
import {STATES, realSetTimeout, sleep} from './sessionproof_stories.mjs';

// Before it connects again the client waits. That is no request's time, so it moves no clock, and it is kept short.
timersPromises.setTimeout = (millis) => new Promise((resolve) => realSetTimeout(resolve, Math.min(millis, 10)));
syncBuiltinESMExports();

// The client waits for the answer to a command so long. While the server is away none comes, so the wait moves the clocks and takes no
// time.
let isAway = false;
AbortSignal.timeout = (millis) => {
    const controller = new AbortController();
    if (isAway) {
        sleep(millis).then(() => controller.abort());
    }
    return controller.signal;
};

/** Within a script the server's clock stands still, so nothing is lost between asking and setting. Works from Redis 5 on. */
const ADVANCE = `
for _, key in ipairs(redis.call('KEYS', '*')) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;
const LOOK = `
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    table.insert(found, {key, redis.call('PTTL', key), kind == 'string' and redis.call('STRLEN', key) or 0})
end
return found`;
const NAME = 'sessionproof';

/** The store at `SESSIONPROOF_REDIS`. With `SESSIONPROOF_REDIS_CLOCK` that server reads its clock from the file of this name. */
export function storeOf({SESSIONPROOF_REDIS: url, SESSIONPROOF_REDIS_CLOCK: clock} = process.env) {
    return clock ? new HeldRedis(url, clock) : new Redis(url);
}

/** A server whose clock runs. To make time pass, the life of each key is shortened. `client` is the application's. */
export class Redis {
    clock = 'advanced';
    states = STATES;
    #state = 'up';

    constructor(url) {
        this.url = url;
    }

    async open() {
        if (!this.url) {
            throw new Error('SESSIONPROOF_REDIS is not set: give the address of an empty Redis, such as redis://127.0.0.1:6390');
        }
        this.admin = createClient({
            url: this.url, name: NAME, socket: {reconnectStrategy: false}, commandOptions: {timeout: 0},
        }).on('error', () => {});
        await this.admin.connect().catch((error) => {
            throw new Error(`there is no Redis at ${this.url}: ${error.message || error.code}`);
        });
        try {
            await this.#examine();
        } catch (error) {
            this.admin.destroy();
            throw error;
        }
        this.isOurs = true;
        this.relay = await new Relay(new URL(this.url)).open();
    }

    async #examine() {
        const server = Object.fromEntries((await this.admin.info('server')).split('\r\n').map((line) => line.split(':')));
        if (Number.parseInt(server.redis_version, 10) < 5) {
            throw new Error(`Redis ${server.redis_version} at ${this.url} is too old: 5 is needed`);
        }
        if ((await this.admin.info('keyspace')).includes('keys=')) {
            throw new Error(`the Redis at ${this.url} holds keys. Stories empty the server, so they want one of their own`);
        }
        if ((await this.admin.clientList()).filter(({name}) => name === NAME).length > 1) {
            throw new Error(`another adapter uses the Redis at ${this.url}. Each copy wants a server of its own`);
        }
        // Valkey says which Redis it answers like, and its own version beside it.
        this.name = server.valkey_version ? `valkey ${server.valkey_version}` : `redis ${server.redis_version}`;
    }

    /** The application's client, as `createClient` makes it from nothing but an address. */
    async connect() {
        if (this.client === undefined) {
            const address = new URL(this.url);
            address.host = `127.0.0.1:${this.relay.port}`;
            this.client = createClient({url: address.href}).on('error', () => {});
            await this.client.connect();
        }
        return this.client;
    }

    async begin() {
        if (!this.admin.isReady) {
            throw new Error(`the connection to the Redis at ${this.url} is lost`);
        }
        await this.become('up');
        await this.admin.flushAll();
    }

    async advance(before, now) {
        const millis = Math.floor(now / 1000) - Math.floor(before / 1000);
        await this.admin.eval(ADVANCE, {arguments: [String(millis)]});
    }

    async look() {
        const found = await this.admin.eval(LOOK);
        return found.map(([key, left, size]) => [key, left < 0 ? null : left, size]);
    }

    async become(state) {
        if (state === 'emptied') {
            await this.admin.flushAll();
        } else if (state === 'restarted') {
            await this.admin.flushAll();
            // An application's client is told at once when its connection breaks, and has it again before the next request.
            await this.#cut('ready');
        } else if (state === 'full') {
            await this.admin.configSet({'maxmemory-policy': 'noeviction', maxmemory: '1'});
            this.#state = state;
        } else if (state === 'down') {
            this.relay.close();
            await this.#cut('reconnecting');
            isAway = true;
            this.#state = state;
        } else if (this.#state !== 'up') {
            await this.admin.configSet('maxmemory', '0');
            await this.relay.open();
            isAway = false;
            if (this.client && !this.client.isReady) {
                await coming(this.client, 'ready');
            }
            this.#state = 'up';
        }
    }

    /** Breaks the application's connection, and waits until its client is as this event says. */
    async #cut(event) {
        const noticed = this.client?.isReady ? coming(this.client, event) : null;
        this.relay.cut();
        await noticed;
    }

    async close() {
        // A server that was refused is somebody's, and keeps what it holds.
        if (this.isOurs) {
            await this.admin.flushAll();
        }
    }
}

/** The next event of this name, whatever errors come before. */
const coming = (client, event) => new Promise((resolve) => {
    client.once(event, resolve);
});

/** A server that was started with `tests/fixtures/held_clock.c`: it reads its clock from a file, in microseconds. */
export class HeldRedis extends Redis {
    clock = 'held';

    constructor(url, clock) {
        super(url);
        this.file = openSync(clock, 'r+');
    }

    async open() {
        this.#set(1_000_000_000_123_456);
        await super.open();
        const time = await this.admin.sendCommand(['TIME']);
        if (time.join() !== '1000000000,123456') {
            throw new Error(`the Redis at ${this.url} does not take its clock from the file of SESSIONPROOF_REDIS_CLOCK`);
        }
        this.name += ', clock held';
    }

    async begin(now) {
        await super.begin(now);
        this.#set(now);
    }

    advance(before, now) {
        this.#set(now);
    }

    #set(now) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(now));
        writeSync(this.file, bytes, 0, 8, 0);
    }
}

/** What comes to a port of loopback goes on to the server. */
class Relay {
    #ends = new Set();

    constructor({hostname, port}) {
        this.server = net.createServer((near) => {
            const far = net.connect({host: hostname, port: Number(port || 6379)}).setNoDelay();
            near.setNoDelay().pipe(far).pipe(near);
            for (const [end, other] of [[near, far], [far, near]]) {
                this.#ends.add(end);
                end.on('error', () => {}).on('close', () => {
                    this.#ends.delete(end);
                    other.destroy();
                });
            }
        });
    }

    async open() {
        if (!this.server.listening) {
            this.server.listen(this.port ?? 0, '127.0.0.1');
            await once(this.server, 'listening');
            this.port = this.server.address().port;
        }
        return this;
    }

    /** New connections are refused. */
    close() {
        this.server.close();
    }

    /** The connections break. */
    cut() {
        for (const end of this.#ends) {
            end.destroy();
        }
    }
}
