// koa-session in a Koa application, behind version 2 of the adapter protocol.
//
//     node koa_session_adapter.mjs cookie
//     node koa_session_adapter.mjs memory
//
// `cookie` keeps sessions in the cookie, as koa-session does without a store. It brings no store of its own: `memory` is one from this
// file, a map with the three methods that its readme asks for. koa-session runs as it is, by a clock that is held.
//
// A logout is `ctx.session = null`. A new id is `ctx.session.regenerate()`; there is none in the cookie.

import {CALL, COOKIE, overHttp, serveStories} from './sessionproof_stories.mjs';
import Koa from 'koa';
import session from 'koa-session';
import {ServerResponse} from 'node:http';
import {ATTRIBUTES, NOT_FOUND, memory, millis, notFound, optionsOf, proxied, runtimeOf, secretsOf, versionOf} from './web_sessions.mjs';

const [KIND = 'cookie'] = process.argv.slice(2);
const OPTIONS = {...ATTRIBUTES, cookie_name: 'key', refresh_each_request: 'rolling', ...(KIND === 'memory' ? {key_prefix: 'prefix'} : {})};

/** The id → the session as JSON, and when it ends. */
const sessions = new Map();
const store = {
    get: async (id) => {
        const {text, end} = sessions.get(id) ?? {};
        return text === undefined || end <= Date.now() ? undefined : JSON.parse(text);
    },
    set: async (id, data, maxAge) => {
        sessions.set(id, {text: JSON.stringify(data), end: typeof maxAge === 'number' ? Date.now() + maxAge : Infinity});
    },
    destroy: async (id) => {
        sessions.delete(id);
    },
};
const MEMORY = memory(sessions, () => [...sessions].map(([id, {text, end}]) => [
    id, end === Infinity ? null : end, Buffer.byteLength(text),
]));

function build(config) {
    const app = new Koa({proxy: true, keys: secretsOf(config)});
    app.use(session({...optionsOf(config, OPTIONS), ...(KIND === 'memory' ? {store} : {})}, app));
    app.use(async (ctx) => {
        const {req, path, method} = ctx;
        // In the cookie a session counts as used once somebody looks at it, so this looks at that of a context of its own.
        const looked = KIND === 'memory' ? ctx : app.createContext(req, new ServerResponse(req));
        req[CALL].opened(looked.session?.toJSON());
        if (path === '/static/file.txt') {
            ctx.body = 'a file';
        } else if (path === '/' && ['GET', 'HEAD', 'POST'].includes(method)) {
            await req[CALL].view(ctx);
            ctx.body = 'done';
        }
    });
    return {handle: app.callback(), config};
}

serveStories({
    name: 'koa-session',
    version: versionOf('koa-session'),
    runtime: runtimeOf('koa'),
    store: KIND === 'memory' ? MEMORY : COOKIE,
    build,
    request: ({handle, config}, call) => overHttp(handle, call, proxied(config)),
    session: (ctx) => ctx.session,
    hidden: ['isNew', '_requireSave', '_expire'],
    ident: (target, id) => id,
    acts: {
        clear(ctx) {
            ctx.session = null;
        },
        ...(KIND === 'memory' ? {regenerate: (ctx) => ctx.session.regenerate()} : {}),
        permanent: (ctx) => ctx.session.maxAge !== 'session',
        set_permanent(ctx, {value}, {config}) {
            ctx.session.maxAge = value ? millis(config) : 'session';
        },
        not_found: notFound,
    },
    values: ['json', 'surrogates'],
    members: ['secret_key', 'fallback_keys', ...Object.keys(OPTIONS)],
    // In the cookie only a session that was used is sent again.
    storyChoices: {permanence: 'permanent', guard: 'signer', renew: KIND === 'memory' ? 'request' : 'use'},
});
