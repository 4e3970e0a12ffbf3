// CyberChef: its operations Flask Session Sign and Flask Session Verify, each alone. They take no lifetime.

import {createRequire, register} from 'node:module';
import {CONFIG, Unsupported, accepted, isMap, raised, rejected, serve} from './sessionproof_adapter.mjs';

const {version} = createRequire(import.meta.url)('./node_modules/cyberchef/package.json');

// Its script for after the installation adds missing endings to what crypto-api imports. Packages run no scripts here, so this does.
const ENDINGS = `export async function resolve(specifier, context, next) {
    try {
        return await next(specifier, context);
    } catch (error) {
        if (error.code === 'ERR_MODULE_NOT_FOUND' && specifier.startsWith('.') && !specifier.endsWith('.mjs')) {
            return next(specifier + '.mjs', context);
        }
        throw error;
    }
}`;
register(`data:text/javascript,${encodeURIComponent(ENDINGS)}`);

const operation = async (name) => (await import(`./node_modules/cyberchef/src/core/${name}.mjs`)).default;
const signing = new (await operation('operations/FlaskSessionSign'))();
const verifying = new (await operation('operations/FlaskSessionVerify'))();
const OperationError = await operation('errors/OperationError');

/** A key as its field takes it: text, or bytes in hexadecimal digits. */
function field(key) {
    return typeof key === 'string' ? {string: key, option: 'UTF8'} : {string: Buffer.from(key).toString('hex'), option: 'Hex'};
}

function build(config) {
    if (!config.secret_key?.length) {
        throw new Unsupported('no secret key');
    }
    if (!config.salt) {
        throw new Unsupported('an empty salt');
    }
    if (!['sha1', 'sha256'].includes(config.digest)) {
        throw new Unsupported(`digest ${config.digest}`);
    }
    return [field(config.secret_key), field(config.salt), config.digest];
}

function verify(fields, now, cookie) {
    try {
        const session = verifying.run(cookie, [...fields, false]).payload ?? {};
        return isMap(session) ? accepted(session) : rejected();
    } catch (error) {
        return error instanceof OperationError ? rejected() : raised(error);
    }
}

function sign(fields, now, session) {
    try {
        return signing.run(session, fields);
    } catch (error) {
        return raised(error);
    }
}

serve({
    name: 'cyberchef',
    version,
    build,
    verify,
    sign,
    members: Object.keys(CONFIG).filter((name) => !['fallback_keys', 'lifetime', 'key_derivation'].includes(name)),
    values: ['json', 'surrogates'],
    choices: {base64: 'strict', odd_payload: 'reject', timestamp_range: 'reject', compression: 'never', key_order: 'any'},
});
