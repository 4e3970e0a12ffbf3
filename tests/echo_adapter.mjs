// Gives the session that it was asked to sign back as the helper encodes it, so that what the helper does to values is seen alone.

import {KINDS, encode, serve} from '../adapters/node/sessionproof_adapter.mjs';

serve({
    name: 'echo',
    version: '1',
    build: () => null,
    verify: () => ({accepted: false}),
    sign: (target, now, session) => `${now} ${Date.now()} ${JSON.stringify(encode(session))}`,
    values: KINDS,
});
