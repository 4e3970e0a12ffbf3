#!/usr/bin/env bash
# @fastify/session 11.1.3 with fastify 5.12.8 and its memory store: two requests of one session share its nested values.
#
# What a user expects: a request sees the session as it was when last stored, and not what another request is still at work on. It is so
# with express-session 1.19.0 and its memory store, which keeps text.
# Behaviour: the store hands out the very objects that it keeps inside a session. A change within one, here of a basket, shows in other
# requests of that session at once, and a change of the session's own keys, here of a count, shows only when it is stored. The page sees half
# of a change. Code that works in tests with the memory store works otherwise with Redis, where each request has a copy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier fastify@5.12.8 @fastify/cookie@11.1.5 @fastify/session@11.1.3 \
    express@5.3.0 express-session@1.19.0 >/dev/null
cat > nested.mjs <<'END'
import express from "express";
import expressSession from "express-session";
import Fastify from "fastify";
import cookie from "@fastify/cookie";
import fastifySession from "@fastify/session";

const secret = "a key of at least thirty-two letters";
let entered, release;
const views = {
    "/login": (session) => {
        session.count = 1;
        session.basket = { apples: 1 };
        return "in";
    },
    "/page": (session) => `count ${session.count}, apples ${session.basket.apples}`,
    "/change": async (session) => {
        session.count = 2;
        session.basket.apples = 2;
        entered();
        await new Promise((resolve) => (release = resolve));
        return "changed";
    },
};
async function fastifyServer() {
    const app = Fastify();
    app.register(cookie);
    app.register(fastifySession, { secret, cookie: { secure: false }, saveUninitialized: false });
    for (const [path, view] of Object.entries(views)) app.get(path, async (request) => await view(request.session));
    return [await app.listen({ port: 0, host: "127.0.0.1" }), app.server];
}
async function expressServer() {
    const app = express();
    app.use(expressSession({ secret, resave: false, saveUninitialized: false }));
    for (const [path, view] of Object.entries(views)) app.get(path, async (request, response) => response.send(await view(request.session)));
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return [`http://127.0.0.1:${server.address().port}`, server];
}
const [base, server] = await (process.argv[2] === "fastify" ? fastifyServer : expressServer)();
const first = await fetch(`${base}/login`);
const headers = { cookie: first.headers.get("set-cookie").split(";")[0] };
const page = async () => (await fetch(`${base}/page`, { headers })).text();
console.log("before:", await page());
const inView = new Promise((resolve) => (entered = resolve));
const changing = fetch(`${base}/change`, { headers });
await inView;
console.log("while the other request is in its view:", await page());
release();
console.log("the other request:", await (await changing).text());
console.log("afterwards:", await page());
server.closeAllConnections();
server.close();
END
# Output seen, first with @fastify/session, then with express-session and its memory store:
diff - <(node nested.mjs fastify) <<'END'
before: count 1, apples 1
while the other request is in its view: count 1, apples 2
the other request: changed
afterwards: count 2, apples 2
END
diff - <(node nested.mjs express) <<'END'
before: count 1, apples 1
while the other request is in its view: count 1, apples 1
the other request: changed
afterwards: count 2, apples 2
END
echo "as seen: in the memory store of @fastify/session 11.1.3 requests share nested values"
