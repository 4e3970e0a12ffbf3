// cookie-session in an Express application, behind version 2 of the adapter protocol. Its sessions are in the cookie.
//
//     node cookie_session_adapter.mjs
//
// It runs as it is, by a clock that is held. A logout is `req.session = null`. There is no id, and so no new one. It never sends a
// cookie again that did not change, so refreshing on has no counterpart. `set_permanent` changes `req.sessionOptions.maxAge`,
// which counts in this answer.

import {CALL, COOKIE, overHttp, serveStories} from './sessionproof_stories.mjs';
import cookieSession from 'cookie-session';
import express from 'express';
import {Unsupported} from './sessionproof_adapter.mjs';
import {ATTRIBUTES, millis, notFound, optionsOf, proxied, runtimeOf, secretsOf, versionOf} from './web_sessions.mjs';

const OPTIONS = {...ATTRIBUTES, cookie_name: 'name'};

function build(config) {
    if (config.given.has('refresh_each_request') && config.refresh_each_request) {
        throw new Unsupported('refreshing on');
    }
    const app = express().set('trust proxy', true);
    app.use(cookieSession({keys: secretsOf(config), ...optionsOf(config, OPTIONS)}));
    app.use((req, res, next) => {
        // Only a changed session is sent, so a look at it changes nothing.
        req[CALL].opened(req.session);
        next();
    });
    const view = async (req, res) => {
        await req[CALL].view(req);
        res.send('done');
    };
    app.route('/').get(view).post(view);
    app.get('/static/file.txt', (req, res) => res.type('text').send('a file'));
    return {app, config};
}

serveStories({
    name: 'cookie-session',
    version: versionOf('cookie-session'),
    runtime: runtimeOf('express'),
    store: COOKIE,
    build,
    request: ({app, config}, call) => overHttp(app, call, proxied(config)),
    session: (req) => req.session,
    acts: {
        clear(req) {
            req.session = null;
        },
        set_permanent(req, {value}, {config}) {
            req.sessionOptions.maxAge = value ? millis(config) : undefined;
        },
        not_found: notFound,
    },
    values: ['json', 'surrogates'],
    members: ['secret_key', 'fallback_keys', 'refresh_each_request', ...Object.keys(OPTIONS)],
    storyChoices: {permanence: 'permanent', guard: 'signer', renew: 'write'},
});
