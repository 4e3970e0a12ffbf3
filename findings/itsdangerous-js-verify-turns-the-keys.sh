#!/usr/bin/env bash
# itsdangerous.js 1.1.5: a signer with several secret keys that has checked one value signs with the oldest key from then on, and with
# the newest again after the next check.
#
# What a user of itsdangerous expects: a check tries the keys from the newest to the oldest, and leaves the list as it is, so that what is
# signed afterwards does not depend on what was checked before.
# Behaviour: each check turns the signer's own list of keys round. An application that keeps its signer, as one does, signs every second
# value with the key that it wanted to retire. Whoever then takes the old key off the list logs these users out.
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
    console.log(`after check ${check}:`, signedBy(signer.sign('a').toString()));
}
END
# Output seen:
diff - <(node signs.mjs) <<'END'
before any check: the current key
after check 1: the old key
after check 2: the current key
after check 3: the old key
END
echo "as seen: in itsdangerous.js 1.1.5 a check turns the signer's keys round"
