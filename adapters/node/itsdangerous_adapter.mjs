// itsdangerous.js, used for Flask's cookie as itsdangerous itself would be: Flask's salt and key derivation, plain JSON. One signer
// is kept for each configuration, as an application keeps it: what a call leaves in it, the next call finds.

import {BadData, URLSafeTimedSerializer} from 'itsdangerous.js';
import {createRequire} from 'node:module';
import {Unsupported, accepted, isMap, raised, rejected, serve, wholeSeconds} from './sessionproof_adapter.mjs';

const {version} = createRequire(import.meta.url)('./node_modules/itsdangerous.js/package.json');

function build(config) {
    if (!config.secret_key?.length) {
        throw new Unsupported('no secret key');
    }
    const signerOpts = {keyDerivation: config.key_derivation, digestMethod: config.digest};
    const secretKey = [...(config.fallback_keys ?? []), config.secret_key];
    const serializer = new URLSafeTimedSerializer({secretKey, salt: config.salt, signerOpts});
    return {serializer, signer: serializer.makeSigner(), lifetime: wholeSeconds(config.lifetime)};
}

function verify({serializer, signer, lifetime}, now, cookie) {
    try {
        const [payload] = signer.unsign(cookie, lifetime, true);
        const session = serializer.parsePayload(payload) ?? {};
        return isMap(session) ? accepted(session) : rejected();
    } catch (error) {
        return error instanceof BadData ? rejected() : raised(error);
    }
}

function sign({serializer, signer}, now, session) {
    try {
        return signer.sign(serializer.stringifyPayload(session)).toString();
    } catch (error) {
        return raised(error);
    }
}

function bench({serializer, lifetime}, now, cookie, part) {
    const signer = serializer.makeSigner();
    return () => (part === 'signature' ? signer.unsign(cookie, lifetime) : serializer.parse(cookie, undefined, lifetime));
}

serve({
    name: 'itsdangerous.js',
    version,
    build,
    verify,
    sign,
    bench,
    values: ['json', 'surrogates'],
    choices: {odd_payload: 'reject', timestamp_range: 'reject', compression: 'any', key_order: 'any'},
});
