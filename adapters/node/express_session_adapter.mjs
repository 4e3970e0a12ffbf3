// express-session in an Express application, behind version 2 of the adapter protocol.
//
//     node express_session_adapter.mjs memory
//     SESSIONPROOF_REDIS=redis://127.0.0.1:6390 node express_session_adapter.mjs redis
//
// `memory` is its own MemoryStore, `redis` is connect-redis with the client of the package redis. They run as they are, by a clock that
// is held. `resave` and `saveUninitialized` are off, as the readme of connect-redis tells. The word `defaults` leaves both as
// express-session has them: on.
//
// A logout is `req.session.destroy()`. A new id is `req.session.regenerate()`, with the data copied.

import {CALL, overHttp, serveStories} from './sessionproof_stories.mjs';
import express from 'express';
import session from 'express-session';
import {createHmac} from 'node:crypto';
import {ATTRIBUTES, memory, millis, notFound, optionsOf, proxied, runtimeOf, secretsOf, versionOf} from './web_sessions.mjs';

const [KIND = 'memory', ...WORDS] = process.argv.slice(2);
const OPTIONS = {cookie_name: 'name', refresh_each_request: 'rolling'};
const DEFAULTS = WORDS.includes('defaults') ? {} : {resave: false, saveUninitialized: false};

/** MemoryStore in each application, over the same sessions. A second application would replace `generate` of a store that both had. */
function memoryStore() {
    const sessions = Object.create(null);
    const all = {
        clear: () => Object.keys(sessions).forEach((id) => delete sessions[id]),
        entries: () => Object.entries(sessions),
    };
    const end = (text) => JSON.parse(text).cookie.expires;
    const store = memory(all, () => all.entries().map(([id, text]) => [
        id, end(text) ? Date.parse(end(text)) : null, Buffer.byteLength(text),
    ]));
    return {...store, of: () => Object.assign(new session.MemoryStore(), {sessions})};
}

/** connect-redis in each application, over the same client. */
async function redisStore() {
    const [{storeOf}, {RedisStore}] = await Promise.all([import('./redis_stores.mjs'), import('connect-redis')]);
    const store = storeOf();
    store.of = async (config) => new RedisStore({client: await store.connect(), ...optionsOf(config, {key_prefix: 'prefix'})});
    return store;
}

const STORE = await (KIND === 'redis' ? redisStore : memoryStore)();

async function build(config) {
    const secret = secretsOf(config);
    const app = express().set('trust proxy', true);
    app.use(session({
        secret, cookie: optionsOf(config, ATTRIBUTES), store: await STORE.of(config), ...optionsOf(config, OPTIONS), ...DEFAULTS,
    }));
    app.use((req, res, next) => {
        req[CALL].opened(req.session);
        next();
    });
    const view = async (req, res) => {
        await req[CALL].view(req);
        res.send('done');
    };
    app.route('/').get(view).post(view);
    app.get('/static/file.txt', (req, res) => res.type('text').send('a file'));
    return {app, config, key: secret[0]};
}

/** Calls a method of the session that takes a callback. */
const call = (req, method) => new Promise((resolve, reject) => {
    req.session[method]((error) => (error ? reject(error) : resolve()));
});

serveStories({
    name: 'express-session',
    version: versionOf('express-session'),
    runtime: runtimeOf('express', ...(KIND === 'redis' ? ['connect-redis', 'redis'] : [])),
    store: STORE,
    build,
    request: ({app, config}, call) => overHttp(app, call, proxied(config)),
    session: (req) => req.session,
    hidden: ['cookie'],
    ident({config, key}, name) {
        const prefix = KIND === 'redis' ? config.key_prefix ?? 'sess:' : '';
        const id = name.slice(prefix.length);
        const signature = createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, '');
        return name.startsWith(prefix) ? encodeURIComponent(`s:${id}.${signature}`) : null;
    },
    acts: {
        clear: (req) => call(req, 'destroy'),
        async regenerate(req) {
            const {cookie, ...data} = req.session;
            await call(req, 'regenerate');
            Object.assign(req.session, data);
        },
        permanent: (req) => Boolean(req.session.cookie.expires),
        set_permanent(req, {value}, {config}) {
            req.session.cookie.maxAge = value ? millis(config) : null;
        },
        not_found: notFound,
    },
    values: ['json', 'surrogates'],
    members: ['secret_key', 'fallback_keys', ...Object.keys({...ATTRIBUTES, ...OPTIONS}), ...(KIND === 'redis' ? ['key_prefix'] : [])],
    // MemoryStore forgets at exactly the end. connect-redis rounds up to whole seconds, which Redis keeps inclusively.
    storyChoices: {permanence: 'permanent', guard: 'signer', ...(KIND === 'redis' ? {precision_ms: 1000} : {boundary: 'exclusive'})},
});
