// What the adapters of web frameworks share: how the protocol's configuration is told to a session package, and small parts of an
// application.

import {createRequire} from 'node:module';
import {Unsupported} from './sessionproof_adapter.mjs';

const packageOf = createRequire(import.meta.url);

/** The release of an installed package. */
export const versionOf = (name) => packageOf(`./node_modules/${name}/package.json`).version;

/** What runs together, for reports. */
export const runtimeOf = (...names) => [`node ${process.versions.node}`, ...names.map((name) => `${name} ${versionOf(name)}`)].join(', ');

/** The keys, the one that signs first. The packages refuse to run without one, so there is one where a configuration has none. */
export function secretsOf({secret_key: key, fallback_keys: others}) {
    const secrets = [key ?? 'the secret where a configuration names none', ...(others ?? [])];
    if (typeof others === 'string' || secrets.some((secret) => typeof secret !== 'string' || secret === '')) {
        throw new Unsupported('keys that are no text');
    }
    return secrets;
}

/** Options of the package for those members that are given and not null. `names` tells the option of each member. */
export function optionsOf(config, names) {
    const given = Object.entries(names).filter(([member]) => config.given.has(member) && config[member] !== null);
    return Object.fromEntries(given.map(([member, option]) => [option, member === 'lifetime' ? millis(config) : config[member]]));
}

/** The lifetime in milliseconds, as these packages take it. */
export const millis = ({lifetime}) => Math.round(lifetime * 1000);

/** The names that the packages have for attributes of the cookie. */
export const ATTRIBUTES = {
    lifetime: 'maxAge', cookie_domain: 'domain', cookie_path: 'path', cookie_httponly: 'httpOnly', cookie_secure: 'secure',
    cookie_samesite: 'sameSite', cookie_partitioned: 'partitioned',
};

/** Where cookies are Secure, the application is behind a proxy that speaks TLS. */
export const proxied = (config) => (config.cookie_secure ? {'x-forwarded-proto': 'https'} : {});

/** What a view throws to answer 404. */
export const NOT_FOUND = Object.assign(new Error('not found'), {status: 404, statusCode: 404, expose: true});
export const notFound = () => {
    throw NOT_FOUND;
};

/** A store in this process. `entries(sessions)` gives `[id, end in ms since the epoch or null, bytes]` for each. */
export const memory = (sessions, entries) => ({
    name: 'memory',
    clock: 'held',
    states: ['emptied'],
    open() {},
    begin: () => sessions.clear(),
    advance() {},
    /** Without those that have ended, which such stores keep until somebody asks for them. */
    look: () => entries(sessions).map(([id, end, bytes]) => [id, end === null ? null : end - Date.now(), bytes])
        .filter(([, left]) => left === null || left > 0),
    become: () => sessions.clear(),
    close() {},
});
