#!/usr/bin/env bash
# express-session 1.19.0 and cookie-session 2.1.1: a cookie with a lifetime of half a second is over before the browser has it, now and then.
#
# What a user expects: a part of a second is rounded up, or there is a Max-Age beside Expires, so that each login lasts a moment at least.
# Behaviour: the cookie has an Expires and no Max-Age, and Expires knows whole seconds only: the part of a second is cut off. In the first half
# of each second the end that is sent lies in the past and a browser drops the cookie at once; in the second half it is accepted. A longer
# lifetime loses up to a second in the same way. A test that uses a short lifetime to see a session end has no session to begin with in half
# of its runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier express@5.3.0 express-session@1.19.0 cookie-session@2.1.1 >/dev/null
cat > halves.mjs <<'END'
import cookieSession from "cookie-session";
import express from "express";
import expressSession from "express-session";

const kinds = {
    "express-session": (maxAge) => expressSession({ secret: "key", cookie: { maxAge }, resave: false, saveUninitialized: false }),
    "cookie-session": (maxAge) => cookieSession({ keys: ["key"], maxAge }),
};
for (const [name, session] of Object.entries(kinds)) {
    for (const maxAge of [500, 1500]) {
        const app = express();
        app.use(session(maxAge));
        app.get("/login", (request, response) => response.send((request.session.user = "anna")));
        const server = app.listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const login = () => fetch(`http://127.0.0.1:${server.address().port}/login`);
        await (await login()).text();
        for (const within of [100, 600]) {
            await new Promise((resolve) => setTimeout(resolve, (1000 + within - (Date.now() % 1000)) % 1000));
            const second = Math.floor(Date.now() / 1000);
            const sent = (await login()).headers.getSetCookie()[0];
            const expires = Date.parse(/expires=([^;]+)/i.exec(sent)[1]) - second * 1000;
            const age = /max-age/i.test(sent) ? "a" : "no";
            const verdict = expires <= within ? "over already" : `${expires - within} ms left`;
            console.log(`${name}, ${maxAge} ms, login at .${within / 100}: ${age} Max-Age, Expires: ${verdict}`);
        }
        server.closeAllConnections();
        server.close();
    }
}
END
# Output seen:
diff - <(node halves.mjs) <<'END'
express-session, 500 ms, login at .1: no Max-Age, Expires: over already
express-session, 500 ms, login at .6: no Max-Age, Expires: 400 ms left
express-session, 1500 ms, login at .1: no Max-Age, Expires: 900 ms left
express-session, 1500 ms, login at .6: no Max-Age, Expires: 1400 ms left
cookie-session, 500 ms, login at .1: no Max-Age, Expires: over already
cookie-session, 500 ms, login at .6: no Max-Age, Expires: 400 ms left
cookie-session, 1500 ms, login at .1: no Max-Age, Expires: 900 ms left
cookie-session, 1500 ms, login at .6: no Max-Age, Expires: 1400 ms left
END
echo "as seen: express-session 1.19.0 and cookie-session 2.1.1 cut the part of a second off a cookie's end"
