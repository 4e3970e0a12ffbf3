// @fastify/session in a Fastify application, behind version 2 of the adapter protocol, with its own store in memory.
//
//     node fastify_session_adapter.mjs
//
// It runs as it is, by a clock that is held. `saveUninitialized` is off; the word `defaults` leaves it on, as @fastify/session has it.
// Its cookies are Secure by default, and not sent over plain HTTP. So the application is behind a proxy that speaks TLS.
// It takes no secret below 32 characters.
//
// A logout is `request.session.destroy()`. A new id is `request.session.regenerate(names)`, which keeps what the names tell.

import {CALL, overHttp, serveStories} from './sessionproof_stories.mjs';
import cookie from '@fastify/cookie';
import session from '@fastify/session';
import fastify from 'fastify';
import {Unsupported} from './sessionproof_adapter.mjs';
import {ATTRIBUTES, memory, millis, notFound, optionsOf, runtimeOf, secretsOf, versionOf} from './web_sessions.mjs';

const OPTIONS = {cookie_name: 'cookieName', refresh_each_request: 'rolling'};
const DEFAULTS = process.argv.includes('defaults') ? {} : {saveUninitialized: false};

/** The id → the session, as all applications of this process have it. */
const sessions = new Map();
const STORE = memory(sessions, () => [...sessions].map(([id, held]) => [
    id, held.cookie.expires?.getTime() ?? null, Buffer.byteLength(JSON.stringify(held)),
]));

async function build(config) {
    const secret = secretsOf(config);
    if (secret.some((key) => key.length < 32)) {
        throw new Unsupported('a secret below 32 characters');
    }
    const app = fastify({trustProxy: true});
    await app.register(cookie);
    await app.register(session, {
        secret, store: new session.MemoryStore(sessions), cookie: optionsOf(config, ATTRIBUTES), ...optionsOf(config, OPTIONS), ...DEFAULTS,
    });
    app.addHook('onRequest', async (request) => request.raw[CALL].opened(request.session));
    app.route({
        method: ['GET', 'HEAD', 'POST'],
        url: '/',
        handler: async (request) => {
            await request.raw[CALL].view(request);
            return 'done';
        },
    });
    app.get('/static/file.txt', async () => 'a file');
    await app.ready();
    const signer = new cookie.Signer(secret);
    return {app, valueOf: (id) => app.serializeCookie('name', signer.sign(id)).slice('name='.length)};
}

serveStories({
    name: '@fastify/session',
    version: versionOf('@fastify/session'),
    runtime: runtimeOf('fastify', '@fastify/cookie'),
    store: STORE,
    build,
    request: ({app}, call) => overHttp(app.routing, call, {'x-forwarded-proto': 'https'}),
    session: (request) => request.session,
    hidden: ['cookie'],
    ident: ({valueOf}, id) => valueOf(id),
    acts: {
        clear: (request) => request.session.destroy(),
        regenerate: (request) => request.session.regenerate(Object.keys(request.session).filter((name) => name !== 'cookie')),
        permanent: (request) => Boolean(request.session.cookie.expires),
        set_permanent(request, {value}, {config}) {
            if (value) {
                request.session.cookie.maxAge = millis(config);
            } else {
                Object.assign(request.session.cookie, {expires: null, originalMaxAge: null});
            }
        },
        not_found: notFound,
    },
    values: ['json', 'surrogates'],
    members: ['secret_key', 'fallback_keys', ...Object.keys({...ATTRIBUTES, ...OPTIONS})],
    storyChoices: {permanence: 'permanent', guard: 'signer', boundary: 'exclusive'},
});
