// Stories: version 2 of the adapter protocol, on top of `sessionproof_adapter.mjs`.
//
// A story is a sequence of steps against one empty store. Requests may overlap: one can be held inside its view while others run.
// This file reads the steps, holds requests, does the actions, keeps the cookies of each user agent and moves the clocks. What is
// left to write is how your framework answers one request:
//
//     import {overHttp, serveStories} from './sessionproof_stories.mjs'; // before the packages, so that they find the held clock
//     import {sessions} from 'mysessions';
//     import {store} from './mystore.mjs';
//
//     serveStories({
//         name: 'mysessions', version: '1.0', store,
//         build: (config) => application(config),            // once for each configuration, and at each step `restart`; may be async
//         request: (app, call) => overHttp(app.handle, call), // one whole request; resolves to {status, headers}
//         session: (context) => context.session,             // the object that holds the values, as a view reaches it
//         hidden: ['cookie'],                                // names in it that are no values
//         acts: {clear: (context) => context.session.destroy()}, // actions that the framework has in its own way
//     });
//
// In the application, call `call.opened(session)` where the framework has just opened the session, and `await call.view(context)` in
// the view. The two rules of `sessionproof_adapter.mjs` hold here too: an exception that leaves `build` or `request` is an error of
// the adapter, and `Unsupported` says what the implementation does not have.
//
// A *store* is an object with the members of `COOKIE`, which stands for an implementation that keeps everything in the cookie.
//
// Nothing sleeps here. Every wait has the same end, `LIMIT` milliseconds after the story began, and an error that says what it waited
// for. The clocks that a package may ask are held: `Date`, `performance.now`, `setTimeout` and `setInterval`. So a store that forgets
// sessions by a timer forgets them when the story's time reaches it. Time moves as for a process that stood still: what is due fires
// once, at the new time. A timer of 1 ms, with which a package goes on a little later, also fires by itself. A request that waits
// for a longer timer is named in an error. What sleeps by `timers/promises` moves the clocks and takes no time.
//
// It knows nothing about Express or Redis, and needs Node.js 18 or newer.

import http from 'node:http';
import {syncBuiltinESMExports} from 'node:module';
import timersPromises from 'node:timers/promises';
import {promisify} from 'node:util';
import {
    BadRequest, CONFIG, Unsupported, decode, describe, dispatch, elapsed, encode, isMap, noMore, parse, readConfig, refusal, replyLine,
    setClock, splitter, targetFor, text, wallClock, writeAll,
} from './sessionproof_adapter.mjs';

export const PROTOCOL = 2;
/** A story takes at most so many milliseconds, so that the suite, which waits for 10 seconds, hears why. */
export const LIMIT = 7000;
/** What a request that is let go after an error may still take. */
const GRACE = 1000;
const HOST = 'localhost';

/** What the store may be told to be, by the protocol's words. */
export const STATES = ['emptied', 'full', 'down', 'up', 'restarted'];
/** The choices with what counts where an adapter names none. */
const CHOICES = {
    boundary: 'inclusive', permanence: 'browser', renew: 'request', late_write: 'error', concurrent: 'last', full: 'refuse', down: 'error', guard: 'none',
    precision_ms: 1,
};
const REQUEST = ['as', 'actions', 'method', 'path', 'cookie_header'];
/** The members of each step, and those that it cannot be without. */
const STEPS = {
    request: [REQUEST, ['as']],
    begin: [['name', ...REQUEST], ['name', 'as']],
    end: [['name', 'actions'], ['name']],
    advance: [['seconds'], ['seconds']],
    look: [[], []],
    copy: [['as', 'from'], ['as', 'from']],
    store: [['is'], ['is']],
    restart: [['config'], []],
};

// Whether two applications that share a store keep apart is a question of stories alone. Null leaves the implementation's default.
CONFIG.key_prefix = [(value, name) => (value === null ? null : text(value, name)), null];

/**
 * Answers requests until standard input ends, and then ends the process.
 *
 * The options are those of `serve`, and: `store`, like `COOKIE`; `request(target, call)`, `session(context)`, `hidden` and `acts`, as
 * above. `acts` has actions by name, each a function of the view's context, the action and the target, which may be async. Those that
 * it can have are `clear`, `permanent`, `set_permanent`, `set_permanent_to`, `modified`, `set_modified`, `regenerate` and `not_found`.
 * `ident(target, key)` gives the cookie's value for a key of the store, null for one that is no session. `storyChoices` are the
 * choices of `story` that are not the first. `limit` is in milliseconds.
 */
export async function serveStories(options) {
    const adapter = new StoryAdapter(options);
    const split = splitter();
    for await (const chunk of process.stdin) {
        for (const line of split(chunk)) {
            writeAll(replyLine(await adapter.answer(line)));
        }
    }
    await within(GRACE, adapter.store.close()).catch(console.error);
    process.exit();
}

/** An implementation without a store: everything is in the cookie. */
export const COOKIE = {
    /** A store and its version, for reports. */
    name: 'cookie',
    /** `held`: the store's clock stands still between steps. `advanced`: it runs, and is moved besides. */
    clock: 'held',
    states: [],
    /** Connects, and refuses with a clear message a store that is not there or that holds anything. */
    open() {},
    /** Is empty and reachable, with room, at this time. Times are whole microseconds since the epoch. */
    begin(now) {},
    /** The application's clock has moved: moves the store's by as much. */
    advance(before, now) {},
    /** The keys as `[name, remaining life in ms or null, bytes]`. */
    look: () => [],
    /** Becomes one of its `states`. */
    become(state) {},
    /** Leaves nothing behind. Called at the end even where `open` refused. */
    close() {},
};

export class StoryAdapter {
    constructor({
        store, request, session, hidden = [], acts = {}, ident = () => null, storyChoices = {}, limit = LIMIT, ...options
    }) {
        Object.assign(this, {store, request, session, hidden, acts, ident, limit});
        this.core = describe(options);
        this.choices = {...CHOICES, kept: store === COOKIE ? 'cookie' : 'store', ...storyChoices};
        this.isOpen = false;
        this.stuck = null;
    }

    /** The reply to one line. Never throws. */
    async answer(line) {
        let id = null;
        try {
            const request = parse(line);
            id = request.id;
            return {id, ok: await this.dispatch(request)};
        } catch (error) {
            return {id, ...refusal(error)};
        }
    }

    async dispatch(request) {
        if (request.op === 'hello' && request.protocol === PROTOCOL) {
            const {id, op, protocol, ...rest} = request;
            noMore(rest, 'member');
            await this.openStore();
            const {ops, choices, ...description} = this.core.description;
            return {...description, protocol, ops: [...ops, 'story'], choices: {...choices, ...this.choices}, story: {
                store: this.store.name, clock: this.store.clock, states: this.store.states, regenerate: 'regenerate' in this.acts,
            }};
        }
        if (request.op !== 'story') {
            return dispatch(this.core, request);
        }
        await this.openStore();
        if (this.stuck !== null) {
            throw new Error(`a request of an earlier story still runs, so no later one can be trusted: ${this.stuck}`);
        }
        const {id, op, now, config = {}, steps, ...rest} = request;
        noMore(rest, 'member');
        if (typeof now !== 'number') {
            throw new BadRequest('now: a number is needed');
        }
        return {steps: await new Story(this, config, now, readSteps(steps, this)).played()};
    }

    async openStore() {
        if (!this.isOpen) {
            await this.store.open();
            this.isOpen = true;
        }
    }
}

// Reading.

/** All steps, checked before the first one runs. */
function readSteps(raw, adapter) {
    if (!Array.isArray(raw)) {
        throw new BadRequest('steps: a list is needed');
    }
    const held = new Set();
    const steps = raw.map((step, at) => {
        if (!isMap(step) || typeof step.do !== 'string') {
            throw new BadRequest(`step ${at}: an object with \`do\` is needed`);
        }
        if (!Object.hasOwn(STEPS, step.do)) {
            throw new Unsupported(`step ${step.do}`);
        }
        const [known, needed] = STEPS[step.do];
        noMore(without(step, ['do', ...known]), `member of step ${step.do}`);
        for (const member of needed.filter((member) => !Object.hasOwn(step, member))) {
            throw new BadRequest(`step ${at} (${step.do}): ${member} is missing`);
        }
        return readStep(`step ${at} (${step.do})`, {...step}, held, adapter);
    });
    if (held.size > 0) {
        throw new BadRequest(`steps: nothing ends ${[...held].sort().join(', ')}`);
    }
    return steps;
}

function readStep(where, step, held, adapter) {
    for (const member of ['as', 'from', 'name', 'method', 'path'].filter((member) => Object.hasOwn(step, member))) {
        text(step[member], `${where}: ${member}`);
    }
    if ((step.cookie_header ?? null) !== null) {
        text(step.cookie_header, `${where}: cookie_header`);
    }
    if (['request', 'begin', 'end'].includes(step.do)) {
        const {actions = []} = step;
        if (!Array.isArray(actions)) {
            throw new BadRequest(`${where}: actions: a list is needed`);
        }
        step.actions = actions.map((action) => readAction(action, adapter));
    }
    if (step.do === 'begin') {
        if (held.has(step.name)) {
            throw new BadRequest(`${where}: ${step.name} has begun already`);
        }
        held.add(step.name);
    } else if (step.do === 'end') {
        if (!held.delete(step.name)) {
            throw new BadRequest(`${where}: ${step.name} has not begun`);
        }
    } else if (step.do === 'advance' && !(typeof step.seconds === 'number' && step.seconds >= 0)) {
        throw new BadRequest(`${where}: seconds: a number from 0 on is needed`);
    } else if (step.do === 'store' && !adapter.store.states.includes(step.is)) {
        throw new Unsupported(`a store that is ${step.is}`);
    } else if (step.do === 'restart' && held.size > 0) {
        throw new BadRequest(`${where}: ${[...held].sort().join(', ')} has not ended`);
    }
    return step;
}

/** The object that holds a session, as far as it is one: after a logout a framework may have none. */
const entry = (data, key) => {
    if (!Object.hasOwn(data, key)) {
        throw new Error(`no ${key} in the session`);
    }
    return data[key];
};

const taken = (data, key) => {
    const value = entry(data, key);
    delete data[key];
    return value;
};

/**
 * Each action: its members, and what a view does to the object that holds the session. `names` are those of its values. An action
 * without a function is the framework's business, and so of the adapter.
 */
const ACTIONS = {
    get: [['key'], (data, {key}) => (Object.hasOwn(data, key) ? data[key] : null)],
    contains: [['key'], (data, {key}) => Object.hasOwn(data, key)],
    len: [[], (data, action, names) => names(data).length],
    bool: [[], (data, action, names) => names(data).length > 0],
    iterate: [[], (data, action, names) => names(data)],
    items: [[], (data, action, names) => Object.fromEntries(names(data).map((name) => [name, data[name]]))],
    set: [['key', 'value'], (data, {key, value}) => void (data[key] = value)],
    setdefault: [['key', 'value'], (data, {key, value}) => (Object.hasOwn(data, key) ? data[key] : (data[key] = value))],
    delete: [['key'], (data, {key}) => void taken(data, key)],
    pop: [['key', 'default'], (data, action) => (
        'default' in action && !Object.hasOwn(data, action.key) ? action.default : taken(data, action.key))],
    popitem: [[], (data, action, names) => {
        const key = names(data).at(-1);
        return [key, taken(data, key)];
    }],
    update: [['values'], (data, {values}) => void Object.assign(data, values)],
    union: [['values'], (data, {values}) => void Object.assign(data, values)],
    mutate: [['key', 'path', 'value'], (data, {key, path, value}) => {
        const target = path.slice(0, -1).reduce((inner, step) => inner[step], entry(data, key));
        target[path.at(-1)] = value;
    }],
    append: [['key', 'value'], (data, {key, value}) => void entry(data, key).push(value)],
    clear: [[]],
    permanent: [[]],
    set_permanent: [['value']],
    set_permanent_to: [['value']],
    modified: [[]],
    set_modified: [['value']],
    regenerate: [[]],
    not_found: [[]],
    nothing: [[]],
    raise: [[]],
};

function readAction(raw, adapter) {
    if (!isMap(raw)) {
        throw new BadRequest('actions: objects are needed');
    }
    const {do: name, ...rest} = raw;
    const [members, act] = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : [];
    if (members === undefined || !(act || name === 'nothing' || name === 'raise' || Object.hasOwn(adapter.acts, name))) {
        throw new Unsupported(`action ${name}`);
    }
    noMore(without(rest, members), `member of ${name}`);
    const action = {do: name};
    for (const member of members) {
        if (Object.hasOwn(rest, member)) {
            action[member] = decode(rest[member], adapter.core.kinds);
        } else if (member !== 'default') {
            throw new BadRequest(`${name}: ${member} is missing`);
        }
    }
    if (members.includes('values') && !isMap(action.values)) {
        throw new BadRequest(`${name}: values is a map`);
    }
    if (['set_permanent', 'set_modified'].includes(name) && typeof action.value !== 'boolean') {
        throw new BadRequest(`${name}: value is a boolean`);
    }
    if (name === 'mutate' && !(Array.isArray(action.path) && action.path.length > 0)) {
        throw new BadRequest('mutate: path is a list of at least one step');
    }
    return action;
}

const without = (members, known) => Object.fromEntries(Object.entries(members).filter(([name]) => !known.includes(name)));

// Playing.

let playing = null;

/** One story while it is played. */
class Story {
    constructor(adapter, config, now, steps) {
        this.adapter = adapter;
        this.store = adapter.store;
        this.config = config;
        this.now = microseconds(now);
        this.steps = steps;
        this.jars = new Map();
        this.held = new Map();
        this.slept = 0;
    }

    /** The answer of each step. */
    async played() {
        this.limit = new Promise((resolve, reject) => {
            this.alarm = realSetTimeout(() => reject(new Late()), this.adapter.limit);
        });
        this.limit.catch(() => {});
        const answers = [];
        setClock(Math.floor(this.now / 1000));
        try {
            this.target = await this.inTime(targetFor(this.adapter.core, this.config), 'the application was not built');
            this.started = elapsed();
            this.startedByWall = wallClock();
            await this.inTime(this.store.begin(this.now), 'the store did not become empty');
            playing = this;
            for (const [at, step] of this.steps.entries()) {
                try {
                    answers.push({...await this[`_${step.do}`](step), ...this.passed()});
                } catch (error) {
                    if (error instanceof Unsupported || error instanceof BadRequest) {
                        throw error;
                    }
                    throw new Error(`step ${at} (${step.do}): ${error?.name}: ${error?.message}`, {cause: error});
                }
            }
            return answers;
        } finally {
            await this.letGo();
            playing = null;
            realClearTimeout(this.alarm);
        }
    }

    /** What `promise` resolves to, or an error that says what did not come within the story's time. */
    async inTime(promise, what) {
        try {
            return await Promise.race([promise, this.limit]);
        } catch (error) {
            throw error instanceof Late ? new Late(`${what} within the ${this.adapter.limit / 1000} s of a story`) : error;
        }
    }

    /** Moves the time of the application and of the store. */
    async move(micros) {
        const before = this.now;
        this.now += micros;
        setClock(Math.floor(this.now / 1000));
        fireTimers(micros / 1000);
        // What they began gets a turn.
        await new Promise(setImmediate);
        await this.inTime(this.store.advance(before, this.now), 'the clock of the store did not move');
    }

    /** How long the story took so far, where the store noticed: by so much keys may end too early. */
    passed() {
        const millis = Math.max(elapsed() - this.started, wallClock() - this.startedByWall);
        return this.store.clock === 'held' ? {} : {passed_ms: Math.ceil(millis) + 1};
    }

    /** After an error: no request of this story may write into the next one. */
    async letGo() {
        if (this.held.size === 0) {
            return;
        }
        for (const call of this.held.values()) {
            call.order(null);
        }
        await within(GRACE, Promise.all([...this.held.values()].map((call) => call.ended))).catch(() => {
            const names = [...this.held].filter(([, call]) => call.answer === null).map(([name]) => String(name));
            this.adapter.stuck = `${names.join(', ')} did not end ${GRACE / 1000} s after it was let go`;
        });
    }

    // The steps.

    async _request(step) {
        const call = this.begun(ALONE, step, false);
        return {cookie_header: call.cookieHeader, ...await this.finished(ALONE, call)};
    }

    async _begin(step) {
        const call = this.begun(step.name, step, true);
        await this.wait(step.name, call, Promise.race([call.reached, call.ended]), 'reached its hold nor ended');
        const results = call.results;
        call.results = [];
        return {held: call.answer === null, cookie_header: call.cookieHeader, opened: call.seen, results};
    }

    async _end(step) {
        const call = this.held.get(step.name);
        call.order(step.actions);
        return this.finished(step.name, call);
    }

    async _advance(step) {
        await this.move(microseconds(step.seconds));
        return {};
    }

    async _look() {
        const found = await this.inTime(this.store.look(), 'the store did not tell what it holds');
        const keys = found.map(([key, left, bytes]) => ({key, id: this.adapter.ident(this.target, key), ends_in_ms: left, bytes}));
        return {keys: keys.sort((one, other) => (one.key < other.key ? -1 : 1))};
    }

    async _copy(step) {
        // In place: a request under way still brings its cookies there.
        this.jar(step.as).cookies = new Map(this.jar(step.from).cookies);
        return {};
    }

    async _store(step) {
        await this.inTime(this.store.become(step.is), `the store did not become ${step.is}`);
        return {};
    }

    async _restart({config = this.config}) {
        this.config = config;
        const {core} = this.adapter;
        this.target = await this.inTime(core.build(readConfig(config, core.members)), 'the application was not built');
        return {};
    }

    // Requests.

    jar(agent) {
        if (!this.jars.has(agent)) {
            this.jars.set(agent, new Jar());
        }
        return this.jars.get(agent);
    }

    begun(name, step, isHeld) {
        const jar = this.jar(step.as);
        const {method = 'GET', path = '/'} = step;
        const cookieHeader = Object.hasOwn(step, 'cookie_header') ? step.cookie_header : jar.header(path, this.now / 1e6);
        const call = new Call(this, {method, path, cookieHeader, actions: step.actions, isHeld, jar});
        this.held.set(name, call);
        call.start();
        return call;
    }

    async wait(name, call, promise, what) {
        const where = () => (call.wasHeld ? 'held in its view' : 'on its way to the view');
        try {
            await Promise.race([promise, this.limit]);
        } catch (error) {
            const message = `${name} neither ${what} within the ${this.adapter.limit / 1000} s of a story; it was ${where()}`;
            throw error instanceof Late ? new Late(message) : error;
        }
    }

    /** Waits for the end of a request. Its cookies reach the user agent now. */
    async finished(name, call) {
        await this.wait(name, call, call.ended, 'ended nor failed');
        this.held.delete(name);
        if (call.error !== null) {
            throw call.error;
        }
        const headers = call.answer.headers.filter(([field]) => ['set-cookie', 'vary'].includes(field.toLowerCase()));
        for (const [, value] of headers.filter(([field]) => field.toLowerCase() === 'set-cookie')) {
            call.jar.take(value, call.path, this.now / 1e6);
        }
        const slept = this.slept - call.sleptBefore;
        return {
            status: call.answer.status, opened: call.seen, results: call.results, headers,
            ...(slept > 0 ? {slept_ms: Math.round(slept)} : {}),
        };
    }
}

/** Stands where a held request has its name. */
const ALONE = {toString: () => 'the request'};

/** Something did not come within the time of a story. */
class Late extends Error {
    name = 'TimeoutError';
}

/** Comes out of the view of a held request when its story broke off. */
class GivenUp extends Error {}

/** One request. The adapter reads `method`, `path` and `cookieHeader`, and calls `opened` and `view`. */
class Call {
    constructor(story, {method, path, cookieHeader, actions, isHeld, jar}) {
        Object.assign(this, {story, method, path, cookieHeader, actions, isHeld, jar});
        this.seen = this.answer = this.error = null;
        this.wasHeld = false;
        this.results = [];
        this.sleptBefore = story.slept;
        this.reached = new Promise((resolve) => {
            this.reach = resolve;
        });
        this.ordered = new Promise((resolve) => {
            this.order = resolve;
        });
    }

    /** The session as it was opened: the object that holds its values, or nothing. */
    opened(data) {
        const {adapter} = this.story;
        this.seen = encode(data ? Object.fromEntries(names(data, adapter.hidden).map((name) => [name, data[name]])) : {});
    }

    /** What the view does: the actions, and between those of `begin` and those of `end` the hold. */
    async view(context) {
        await this.runActions(this.actions, context);
        if (this.isHeld) {
            this.wasHeld = true;
            this.reach();
            const actions = await this.ordered;
            if (actions === null) {
                throw new GivenUp('the story broke off');
            }
            await this.runActions(actions, context);
        }
    }

    async runActions(actions, context) {
        for (const action of actions) {
            if (action.do === 'raise') {
                throw new Error('the view was asked to raise');
            }
            const result = action.do === 'nothing' ? null : await this.act(action, context);
            try {
                this.results.push(encode(result ?? null));
            } catch (error) {
                this.error = error; // no fault of the view
                throw error;
            }
        }
    }

    act(action, context) {
        const {adapter, target} = this.story;
        if (Object.hasOwn(adapter.acts, action.do)) {
            return adapter.acts[action.do](context, action, target);
        }
        return ACTIONS[action.do][1](adapter.session(context), action, (data) => names(data, adapter.hidden));
    }

    start() {
        const {adapter, target} = this.story;
        this.ended = (async () => adapter.request(target, this))().then((answer) => {
            this.answer = answer;
        }, (error) => {
            this.error = error;
            this.answer = {status: 0, headers: []};
        });
    }
}

const names = (data, hidden) => Object.keys(data).filter((name) => !hidden.includes(name));

/** Whole microseconds since the epoch: `now` has at most six decimals, and a float close by stands for them. */
function microseconds(now) {
    const whole = Math.floor(now);
    return whole * 1e6 + Math.round((now - whole) * 1e6);
}

/** What `promise` resolves to, at most so many milliseconds of real time from now. */
async function within(millis, promise) {
    let alarm;
    const late = new Promise((resolve, reject) => {
        alarm = realSetTimeout(() => reject(new Late('it did not end in time')), millis);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        realClearTimeout(alarm);
    }
}

// Timers.

export const {setTimeout: realSetTimeout, clearTimeout: realClearTimeout} = globalThis;
const timers = new Map();
let lastTimer = 0;
const startedAt = elapsed();
let movedBy = 0;

/** What `setTimeout` and `setInterval` return. */
class Timer {
    constructor(repeats, run, delay, args) {
        Object.assign(this, {repeats, run, args, id: ++lastTimer});
        // What is no delay from 1 to 2^31 - 1 ms, Node.js takes for one of 1 ms.
        this.delay = delay >= 1 && delay <= 0x7fffffff ? Math.trunc(delay) : 1;
        this.refresh();
    }

    refresh() {
        this.left = this.delay;
        timers.set(this.id, this);
        if (this.delay === 1) {
            realClearTimeout(this.soon);
            this.soon = realSetTimeout(() => this.fire(), 1);
        }
        return this;
    }

    fire() {
        this.close();
        if (this.repeats) {
            this.refresh();
        }
        this.run(...this.args);
    }

    close() {
        timers.delete(this.id);
        realClearTimeout(this.soon);
    }

    ref() {
        return this;
    }

    unref() {
        return this;
    }

    hasRef() {
        return true;
    }

    [Symbol.toPrimitive]() {
        return this.id;
    }
}

/** What is due when so many milliseconds have passed, in its order. */
function fireTimers(millis) {
    movedBy += millis;
    for (const timer of timers.values()) {
        timer.left -= millis;
    }
    for (const timer of [...timers.values()].filter(({left}) => left <= 0).sort((one, other) => one.left - other.left)) {
        // The one before may have stopped it.
        if (timers.get(timer.id) === timer) {
            timer.fire();
        }
    }
}

/** Stands where a package has a `sleep`, in milliseconds: it moves the clocks of the story and takes no time. */
export async function sleep(millis, value) {
    if (playing === null) {
        throw new Error('something slept outside of a story');
    }
    playing.slept += millis;
    await playing.move(Math.round(millis * 1000));
    return value;
}

/** A timer may be given by its number, too. */
function clear(timer) {
    const own = timer instanceof Timer ? timer : typeof timer === 'object' ? undefined : timers.get(Number(timer));
    own ? own.close() : realClearTimeout(timer);
}

globalThis.setTimeout = (run, delay, ...args) => new Timer(false, run, delay, args);
globalThis.setInterval = (run, delay, ...args) => new Timer(true, run, delay, args);
globalThis.clearTimeout = globalThis.clearInterval = clear;
globalThis.setTimeout[promisify.custom] = sleep;
// Read-only in Node.js 18.
Object.defineProperty(performance, 'now', {value: () => startedAt + movedBy, configurable: true, writable: true});
timersPromises.setTimeout = sleep;
syncBuiltinESMExports();

// HTTP.

/** Where a request of `overHttp` has its call. */
export const CALL = Symbol('call');
const NUMBER = 'sessionproof-call';
const underWay = new Map();
const agent = new http.Agent({keepAlive: true});
let lastCall = 0;
let server = null;

/**
 * One request over loopback to `handle(req, res)`, as `http.createServer` takes it. `req[CALL]` is the call. All configurations share
 * one server, which ends with the process. `headers` are sent besides.
 */
export async function overHttp(handle, call, headers = {}) {
    server ??= listening();
    const {port} = (await server).address();
    const number = String(++lastCall);
    underWay.set(number, {handle, call});
    const cookies = call.cookieHeader === null ? {} : {cookie: call.cookieHeader};
    const options = {host: '127.0.0.1', port, agent, method: call.method, path: encodeURI(call.path)};
    try {
        return await send({...options, headers: {host: HOST, ...headers, ...cookies, [NUMBER]: number}}, number);
    } finally {
        underWay.delete(number);
    }
}

function listening() {
    const made = http.createServer((req, res) => {
        const {handle, call} = underWay.get(req.headers[NUMBER]);
        underWay.delete(req.headers[NUMBER]);
        delete req.headers[NUMBER];
        req[CALL] = call;
        handle(req, res);
    });
    made.keepAliveTimeout = 0;
    // It does not keep the process running.
    made.unref().on('connection', (socket) => socket.unref());
    return new Promise((resolve, reject) => {
        made.once('error', reject).listen(0, '127.0.0.1', () => resolve(made));
    });
}

/** The status and the headers are what was sent, also where the body broke off. */
function send(options, number) {
    return new Promise((resolve, reject) => {
        const request = http.request(options);
        request.on('response', (response) => {
            const pairs = response.rawHeaders.flatMap((word, at, all) => (at % 2 === 0 ? [[word, all[at + 1]]] : []));
            response.on('error', () => {});
            response.on('close', () => resolve({status: response.statusCode, headers: pairs}));
            response.resume();
        });
        request.on('error', (error) => {
            // The server closed a kept connection just then, and has not seen the request.
            const isUnseen = request.reusedSocket && underWay.has(number);
            resolve(isUnseen ? send({...options, agent: false}, number) : Promise.reject(error));
        });
        request.end();
    }).catch((error) => {
        throw ['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'].includes(error.code) ? new Unsupported(error.message) : error;
    });
}

// Cookies.

/** The cookies of one user agent, which talks to one host that counts as secure (RFC 6265bis, 5.6 and 5.8). */
export class Jar {
    constructor() {
        /** The name, domain and path, as JSON → `{name, path, value, end}`, the end in seconds or null. */
        this.cookies = new Map();
    }

    /** What it sends: longer paths first, then in the order of creation. Null without cookies. */
    header(path, now) {
        const sent = [...this.cookies.values()].filter(({end, path: where}) => (end === null || end >= now) && reaches(where, path));
        sent.sort((one, other) => other.path.length - one.path.length);
        return sent.map(({name, value}) => (name ? `${name}=${value}` : value)).join('; ') || null;
    }

    /** A Set-Cookie header, and what it does to the jar. */
    take(header, path, now) {
        const [pair, ...rest] = header.split(';');
        const at = pair.indexOf('=');
        const [name, value] = at < 0 ? ['', pair.trim()] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
        const given = new Map(rest.map((attribute) => {
            const [word, ...words] = attribute.split('=');
            return [word.trim().toLowerCase(), words.join('=').trim()];
        }));
        const domain = (given.get('domain') ?? '').replace(/^\.+/, '').toLowerCase();
        const where = given.get('path') ?? '';
        const start = name.toLowerCase();
        if (
            !['', HOST].includes(domain)
            || (start.startsWith('__secure-') && !given.has('secure'))
            || (start.startsWith('__host-') && (!given.has('secure') || domain || where !== '/'))
        ) {
            return;
        }
        const directory = where.startsWith('/') ? where : path.slice(0, Math.max(path.lastIndexOf('/'), 0)) || '/';
        const key = JSON.stringify([name, domain, directory]);
        const end = endsAt(given, now);
        if (end !== null && end < now) {
            this.cookies.delete(key);
        } else {
            this.cookies.set(key, {name, path: directory, value, end});
        }
    }
}

/** The last instant at which it is kept: Max-Age before Expires; what cannot be read is not there. */
function endsAt(given, now) {
    if (/^-?\d+$/.test(given.get('max-age') ?? '')) {
        const seconds = Number(given.get('max-age'));
        return seconds > 0 ? now + seconds : -Infinity;
    }
    const expires = Date.parse(given.get('expires') ?? '');
    return Number.isNaN(expires) ? null : expires / 1000;
}

function reaches(where, path) {
    return path === where || (path.startsWith(where) && (where.endsWith('/') || path[where.length] === '/'));
}
