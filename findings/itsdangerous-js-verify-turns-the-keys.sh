#!/usr/bin/env bash
# itsdangerous.js 1.1.5: after a signer with two secret keys has checked a value, it signs with the old key, and with the current one again
# after the next check.
#
# What a user of itsdangerous expects: a check tries the keys from the newest to the oldest, and leaves the list as it is, so that what is
# signed afterwards does not depend on what was checked before.
# Behaviour: each check turns the signer's own list of keys round. What is signed after an odd number of checks has the signature of the key
# that was to be retired, and is refused once that key is off the list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier itsdangerous.js@1.1.5 >/dev/null
cat > signs.mjs <<'END'
import {Signer} from 'itsdangerous.js';

const [old, current] = ['the old key', 'the current key'];
const signedBy = (value) => {
    const by = (key) => new Signer({secretKey: key}).validate(value);
    return by(current) ? 'the current key' : by(old) ? 'the old key' : 'no key';
};
const signer = new Signer({secretKey: [old, current]});
const value = signer.sign('a').toString();
console.log('before any check:', signedBy(value));
for (const check of [1, 2, 3]) {
    signer.unsign(value);
    const signed = signer.sign('a').toString();
    const later = new Signer({secretKey: [current]}).validate(signed) ? 'accepted' : 'refused';
    console.log(`after check ${check}:`, signedBy(signed), '-', later, 'without the old key');
}
END
# Output seen:
diff - <(node signs.mjs) <<'END'
before any check: the current key
after check 1: the old key - refused without the old key
after check 2: the current key - accepted without the old key
after check 3: the old key - refused without the old key
END
echo "as seen: in itsdangerous.js 1.1.5 a check turns the signer's keys round"
