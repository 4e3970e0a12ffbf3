// The adapter protocol of sessionproof, version 1, in one file for Node.js.
//
// Copy this file beside your adapter, or import it from here. It needs Node.js 18 or newer and nothing else. It reads requests,
// checks them, decodes session values, keeps one object per configuration, holds the clock (`Date`), encodes the answers, and
// guards standard output. What is left to write is what your implementation does:
//
//     import {accepted, raised, rejected, serve} from './sessionproof_adapter.mjs';
//     import {Invalid, Signer, version} from 'mysessions';
//
//     serve({
//         name: 'mysessions', version, members: ['secret_key', 'lifetime'],
//         build: (config) => new Signer(config.secret_key, {maxAge: config.lifetime}), // once for each configuration
//         verify(signer, now, cookie) {
//             try {
//                 return accepted(signer.open(cookie));
//             } catch (error) {
//                 return error instanceof Invalid ? rejected() : raised(error);
//             }
//         },
//         sign: (signer, now, session) => signer.seal(session),
//     });
//
// The rule that keeps results honest: an exception that leaves `build`, `verify` or `sign` is an error of the adapter (the case is
// inconclusive). When the implementation itself threw on what it was given, say so with `raised(error)`. Throw `Unsupported` for
// what the implementation does not have.
//
// Session values: null, booleans, numbers, text, arrays and plain objects are JavaScript's own. A float without a fraction is an
// instance of `Float`, an integer from 2^53 on a BigInt; the other kinds are `Tuple`, `Uint8Array`, `Uuid`, `Datetime`, `Markup`,
// and `Map` for what is no plain object. An implementation whose JSON knows only numbers offers the kind `json` alone.

import {readSync, writeSync} from 'node:fs';
import {performance} from 'node:perf_hooks';

export const PROTOCOL = 1;
const KEPT_CONFIGS = 128;
const MAX_REPLY = 4 * 1024 * 1024;
const MAX_CALLS = 1_000_000_000;
export const KINDS = ['json', 'integers', 'floats', 'surrogates', 'tuple', 'bytes', 'uuid', 'datetime', 'markup', 'map'];

/** The implementation does not have this. The case is skipped and counted in sight. */
export class Unsupported extends Error {}

/** The request makes no sense. The case is inconclusive. */
export class BadRequest extends Error {}

// What a handler returns.

/** A `verify` that took the cookie: `session` is the map that it held. */
export const accepted = (session) => ({accepted: true, session: encode(session)});

/** A `verify` that put an empty session in its place. `reason` is one of the protocol's words, or nothing. */
export const rejected = (reason) => (reason === undefined ? {accepted: false} : {accepted: false, reason});

/** A `verify` or `sign` out of which the implementation let an error come. */
export const raised = (error) => ({raised: message(error instanceof Error ? `${error.name}: ${error.message}` : error)});

/** A message that JSON can hold: half of a surrogate pair is written as its escape. */
const message = (error) => String(error).replace(
    new RegExp(LONE_SURROGATE, 'g'), (half) => `\\u${half.charCodeAt(0).toString(16)}`,
);

/** A lifetime as it is compared with an age. Python's `timedelta` holds no longer ones, and a port has none. */
export function wholeSeconds(lifetime) {
    if (lifetime < -86_399_999_913_600 || lifetime >= 86_400_000_000_000) {
        throw new Unsupported('a lifetime beyond timedelta');
    }
    return Math.trunc(lifetime);
}

/** Whether a session is what the protocol calls a map. */
export const isMap = (value) => value instanceof Map || (typeof value === 'object' && value !== null
    && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null));

// The clock.

const SystemDate = Date;
// Stories hold these two as well.
export const elapsed = performance.now.bind(performance);
export const wallClock = SystemDate.now;
let held = 0;

/** Stands where the program has `Date`: without arguments it is the instant of the call. */
globalThis.Date = class Date extends SystemDate {
    constructor(...given) {
        super(...(given.length === 0 ? [held] : given));
    }

    static now() {
        return held;
    }
};

/** Sets the held clock, in milliseconds since the epoch. */
export function setClock(millis) {
    held = millis;
}

// Requests and replies.

/**
 * Answers requests until standard input ends.
 *
 * `build(config)` makes what a configuration needs, and is called once for each. `config` has every member, with Flask's default
 * for what was not named; `config.given` is the set of the names that were. `verify(target, now, cookie)` returns
 * `accepted`, `rejected` or `raised`; `sign(target, now, session)` returns the cookie's text or `raised`; `bench(target, now,
 * cookie, part)` returns a function that reads the cookie once and returns whether it counts. `values` are the kinds of session
 * value that survive, `choices` what the implementation decides, `members` the config members that it can serve.
 */
export function serve(options) {
    const adapter = describe(options);
    for (const line of lines()) {
        writeAll(replyLine(answer(adapter, line)));
    }
}

/** The adapter that these options describe. From here on whatever prints goes to standard error. */
export function describe({name, version, runtime, build, verify, sign, bench, values = ['json'], choices = {}, members}) {
    console.log = console.info = console.debug = console.error;
    const handlers = Object.entries({verify, sign, bench: bench && timed(bench)}).filter(([, handler]) => handler);
    return {
        build,
        handlers: new Map(handlers),
        kinds: new Set(values),
        members: new Set(members ?? Object.keys(CONFIG)),
        targets: new Map(),
        description: {
            name, version, runtime: runtime ?? `node ${process.versions.node}`, ops: handlers.map(([op]) => op),
            values: KINDS.filter((kind) => values.includes(kind)), choices,
        },
    };
}

/** A reply as the line that is written. */
export function replyLine(reply) {
    const refused = (error) => `${JSON.stringify({id: reply.id, error: message(error)})}\n`;
    let text;
    try {
        text = `${JSON.stringify(reply)}\n`;
    } catch (error) {
        return refused(`the handler returned what JSON cannot hold: ${error.message}`);
    }
    if (HALF_IN_JSON.test(text)) {
        return refused('the handler returned text with half of a surrogate pair, which JSON cannot hold');
    }
    return text.length < MAX_REPLY ? text : refused('the reply is longer than 4 MiB');
}

/** `JSON.stringify` writes whole pairs as they are, and half of one as an escape. */
const HALF_IN_JSON = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

function answer(adapter, line) {
    let id = null;
    try {
        const request = parse(line);
        id = request.id;
        return {id, ok: dispatch(adapter, request)};
    } catch (error) {
        return {id, ...refusal(error)};
    }
}

/** What a reply says where an error came instead of an answer. */
export function refusal(error) {
    if (error instanceof Unsupported) {
        return {unsupported: message(error.message)};
    }
    if (!(error instanceof BadRequest)) {
        console.error(error);
    }
    return {error: message(error instanceof BadRequest ? error.message : `${error?.name}: ${error?.message}`)};
}

/** Answers one request of version 1. */
export function dispatch(adapter, {id, op, ...request}) {
    if (op === 'hello') {
        if (request.protocol !== PROTOCOL) {
            throw new Unsupported(`a protocol other than version ${PROTOCOL}`);
        }
        return adapter.description;
    }
    const handler = adapter.handlers.get(op);
    if (handler === undefined) {
        throw new Unsupported(`op ${op}`);
    }
    const {now, config = {}, ...rest} = request;
    if (typeof now !== 'number') {
        throw new BadRequest('now: a number is needed');
    }
    const given = READ[op](rest, adapter.kinds);
    held = now * 1000;
    const target = targetFor(adapter, config);
    const result = handler(target, now, given);
    return op === 'sign' && typeof result === 'string' ? {cookie: result} : result;
}

/** The object built for this configuration; the least recently used one goes when there are too many. */
export function targetFor(adapter, raw) {
    const key = JSON.stringify(raw);
    let target = adapter.targets.get(key);
    if (!adapter.targets.delete(key)) {
        target = adapter.build(readConfig(raw, adapter.members));
    }
    adapter.targets.set(key, target);
    if (adapter.targets.size > KEPT_CONFIGS) {
        adapter.targets.delete(adapter.targets.keys().next().value);
    }
    return target;
}

const READ = {
    verify({cookie, ...rest}) {
        noMore(rest, 'member');
        return text(cookie, 'cookie');
    },
    sign({session, ...rest}, kinds) {
        noMore(rest, 'member');
        const value = decode(session, kinds);
        if (!isMap(value)) {
            throw new BadRequest('session: a map is needed');
        }
        return value;
    },
    bench({cookie, calls, part = 'load', ...rest}) {
        noMore(rest, 'member');
        if (!Number.isSafeInteger(calls) || calls < 1 || calls > MAX_CALLS) {
            throw new BadRequest(`calls: an integer from 1 to ${MAX_CALLS} is needed`);
        }
        if (part !== 'load' && part !== 'signature') {
            throw new Unsupported(`part ${part}`);
        }
        return {cookie: text(cookie, 'cookie'), calls, part};
    },
};

/** The handler of `bench`: the loop and the clock are here, so that all adapters measure alike. */
const timed = (bench) => (target, now, {cookie, calls, part}) => {
    const work = bench(target, now, cookie, part);
    const isAccepted = Boolean(work());
    const start = elapsed();
    for (let call = 0; call < calls; call++) {
        work();
    }
    return {seconds: (elapsed() - start) / 1000, accepted: isAccepted};
};

// Configuration.

const either = (...tests) => (value, name) => {
    if (!tests.some((test) => test(value))) {
        throw new BadRequest(`${name}: not what the protocol has there`);
    }
    return value;
};
const isText = (value) => typeof value === 'string';
const isNull = (value) => value === null;
const isBoolean = (value) => typeof value === 'boolean';
const oneOf = (...words) => (value, name) => {
    if (!words.includes(value)) {
        throw new Unsupported(`${name} ${value}`);
    }
    return value;
};
const key = (value, name) => either(isText, isNull, (value) => value instanceof Uint8Array)(decode(value), name);
const keys = (value, name) => (Array.isArray(value) ? value.map((one) => key(one, name)) : either(isText, isNull)(value, name));

/** Each config member: how it is read, and its default. Keys are text, or a `Uint8Array`. */
export const CONFIG = {
    secret_key: [key, null],
    fallback_keys: [keys, null],
    lifetime: [either((value) => typeof value === 'number'), 2678400],
    refresh_each_request: [either(isBoolean), true],
    cookie_name: [either(isText), 'session'],
    cookie_domain: [either(isText, isNull), null],
    cookie_path: [either(isText, isNull), null],
    application_root: [either(isText), '/'],
    cookie_httponly: [either(isBoolean), true],
    cookie_secure: [either(isBoolean), false],
    cookie_samesite: [either(isText, isNull), null],
    cookie_partitioned: [either(isBoolean), false],
    salt: [either(isText), 'cookie-session'],
    digest: [oneOf('sha1', 'sha224', 'sha256', 'sha384', 'sha512'), 'sha1'],
    key_derivation: [oneOf('hmac', 'concat', 'django-concat', 'none'), 'hmac'],
};

/** The whole configuration: what was given, and defaults for the rest. */
export function readConfig(raw, members) {
    if (!isMap(raw)) {
        throw new BadRequest('config: an object is needed');
    }
    noMore(Object.fromEntries(Object.entries(raw).filter(([name]) => !Object.hasOwn(CONFIG, name))), 'config member');
    const config = Object.fromEntries(Object.entries(CONFIG).map(([name, [read, byDefault]]) => {
        const value = Object.hasOwn(raw, name) ? read(raw[name], name) : byDefault;
        if (!members.has(name) && value !== byDefault) {
            throw new Unsupported(`config member ${name}`);
        }
        return [name, value];
    }));
    // What an implementation that has defaults of its own is to be configured with: nothing else.
    return Object.defineProperty(config, 'given', {value: new Set(Object.keys(raw))});
}

// Session values.

/** A float that a JavaScript number cannot tell from an integer, or that JSON does not have; `text` is Python's `repr`. */
export class Float extends Number {
    constructor(text) {
        super(text.replace(/^(-?)inf$/, '$1Infinity'));
        this.text = text;
    }
}
export class Tuple extends Array {}
export class Markup extends String {}
export class Uuid extends String {}
/** ISO 8601; no offset when naive. */
export class Datetime extends String {}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** A session value as it crosses the protocol. */
export function encode(value) {
    if (value === null || typeof value === 'boolean') {
        return value;
    }
    if (typeof value === 'bigint') {
        return value > -(2n ** 53n) && value < 2n ** 53n ? Number(value) : {$int: String(value)};
    }
    if (typeof value === 'number') {
        return encodeNumber(value);
    }
    if (typeof value === 'string') {
        return encodeText(value);
    }
    if (value instanceof Float) {
        return {$float: value.text};
    }
    if (value instanceof Tuple) {
        return {$tuple: Array.from(value, encode)};
    }
    if (Array.isArray(value)) {
        return value.map(encode);
    }
    if (value instanceof Markup) {
        return {$markup: encodeText(String(value))};
    }
    if (value instanceof Uuid) {
        return {$uuid: String(value)};
    }
    if (value instanceof Datetime) {
        return {$datetime: String(value)};
    }
    if (value instanceof Uint8Array) {
        return {$bytes: Buffer.from(value).toString('base64')};
    }
    if (isMap(value)) {
        return encodeMap(value instanceof Map ? [...value] : Object.entries(value));
    }
    throw new TypeError(`a session value of type ${typeof value} has no encoding`);
}

/** JavaScript has one kind of number. One without a fraction is an integer here, as long as it is exact. */
function encodeNumber(value) {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
        return value;
    }
    if (Number.isFinite(value) && !Number.isInteger(value)) {
        return value;
    }
    if (Number.isInteger(value)) {
        return Object.is(value, -0) ? {$float: '-0.0'} : {$int: String(BigInt(value))};
    }
    return {$float: Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf'};
}

function encodeText(value) {
    return LONE_SURROGATE.test(value) ? {$utf16: Array.from({length: value.length}, (_, at) => value.charCodeAt(at))} : value;
}

function encodeMap(pairs) {
    const plain = pairs.every(([name]) => typeof name === 'string' && !LONE_SURROGATE.test(name));
    if (plain && !(pairs.length === 1 && pairs[0][0].startsWith('$'))) {
        return object(pairs.map(([name, value]) => [name, encode(value)]));
    }
    return {$map: pairs.map(([name, value]) => [encode(name), encode(value)])};
}

/** An object of any names: `__proto__` is one of them. */
const object = (pairs) => {
    const made = {};
    for (const [name, value] of pairs) {
        Object.defineProperty(made, name, {value, enumerable: true, writable: true, configurable: true});
    }
    return made;
};

/** The session value that an encoding stands for. Kinds that the adapter did not offer are unsupported. */
export function decode(value, kinds = new Set(KINDS)) {
    if (Array.isArray(value)) {
        return value.map((item) => decode(item, kinds));
    }
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw new BadRequest('integers from 2^53 on are written {"$int":"..."}');
    }
    if (typeof value !== 'object' || value === null) {
        return value;
    }
    const pairs = Object.entries(value);
    if (pairs.length === 1 && pairs[0][0].startsWith('$')) {
        return decodeForm(...pairs[0], kinds);
    }
    return object(pairs.map(([name, item]) => [name, decode(item, kinds)]));
}

function decodeForm(form, content, kinds) {
    if (!Object.hasOwn(FORMS, form)) {
        throw new BadRequest(`${form} is not a form of value`);
    }
    const [kind, fits, read] = FORMS[form];
    if (!kinds.has(kind)) {
        throw new Unsupported(`values of kind ${kind}`);
    }
    if (!fits(content)) {
        throw new BadRequest(`${form}: not what the protocol has there`);
    }
    return read(content, kinds);
}

const matches = (pattern) => (content) => typeof content === 'string' && pattern.test(content);
const isUnit = (unit) => Number.isInteger(unit) && unit >= 0 && unit <= 0xffff;
const isTextForm = (content) => typeof content === 'string' || (isMap(content) && Object.hasOwn(content, '$utf16'));

/** Each form with the kind of value that it belongs to, what may stand in it, and how it is read. */
const FORMS = {
    $int: ['integers', matches(/^-?(0|[1-9][0-9]*)$/), (content) => BigInt(content)],
    $float: ['floats', matches(/^(-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?|-?inf|nan)$/), (content) => new Float(content)],
    $utf16: ['surrogates', (content) => Array.isArray(content) && content.every(isUnit),
        (content) => content.map((unit) => String.fromCharCode(unit)).join('')],
    $tuple: ['tuple', Array.isArray, (content, kinds) => Tuple.from(content, (item) => decode(item, kinds))],
    $bytes: ['bytes', matches(/^[A-Za-z0-9+/]*={0,2}$/), (content) => new Uint8Array(Buffer.from(content, 'base64'))],
    $uuid: ['uuid', matches(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), (content) => new Uuid(content)],
    $datetime: ['datetime', matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?([+-]\d\d:\d\d(:\d\d)?)?$/),
        (content) => new Datetime(content)],
    $markup: ['markup', isTextForm, (content, kinds) => new Markup(decode(content, kinds))],
    $map: ['json', (content) => Array.isArray(content) && content.every((pair) => Array.isArray(pair) && pair.length === 2),
        decodeMap],
};

/** A plain object where its one name is text, as the form is needed for; a `Map` otherwise. */
function decodeMap(content, kinds) {
    const pairs = content.map(([name, value]) => [decode(name, kinds), decode(value, kinds)]);
    if (pairs.every(([name]) => typeof name === 'string')) {
        return object(pairs);
    }
    if (!kinds.has('map')) {
        throw new Unsupported('values of kind map');
    }
    return new Map(pairs);
}

// Lines.

/** The request that a line holds. It has an `id`. */
export function parse(line) {
    let request;
    try {
        request = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(line));
    } catch (error) {
        throw new BadRequest(`not a line of JSON: ${error.message}`);
    }
    if (!isMap(request)) {
        throw new BadRequest('not a JSON object');
    }
    if (!Number.isSafeInteger(request.id)) {
        throw new BadRequest('id: an integer is needed');
    }
    return request;
}

export function text(value, name) {
    if (typeof value !== 'string') {
        throw new BadRequest(`${name}: text is needed`);
    }
    return value;
}

export function noMore(rest, what) {
    const [name] = Object.keys(rest);
    if (name !== undefined) {
        throw new Unsupported(`${what} ${name}`);
    }
}

/** The lines of standard input, as they come. */
function* lines() {
    const chunk = Buffer.alloc(65536);
    const split = splitter();
    for (let size = readChunk(chunk); size !== 0; size = readChunk(chunk)) {
        yield* split(chunk.subarray(0, size));
    }
}

/** A function that takes what came next, and gives the lines that have ended with it. */
export function splitter() {
    let rest = [];
    return function* (chunk) {
        let start = 0;
        for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
            yield Buffer.concat([...rest, chunk.subarray(start, end)]);
            rest = [];
            start = end + 1;
        }
        if (start < chunk.length) {
            rest.push(Buffer.from(chunk.subarray(start)));
        }
    };
}

function readChunk(chunk) {
    for (;;) {
        try {
            return readSync(0, chunk);
        } catch (error) {
            if (error.code === 'EOF') {
                return 0;
            }
            if (error.code !== 'EAGAIN') {
                throw error;
            }
        }
    }
}

/** Writes a line of standard output, however long it takes. */
export function writeAll(line) {
    let left = Buffer.from(line);
    while (left.length > 0) {
        try {
            left = left.subarray(writeSync(1, left));
        } catch (error) {
            if (error.code === 'EPIPE') {
                process.exit(0); // nobody listens any more
            }
            if (error.code !== 'EAGAIN') {
                throw error;
            }
        }
    }
}
