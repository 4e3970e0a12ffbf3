#!/usr/bin/env bash
# @fastify/session 11.1.3 with fastify 5.12.8: a session that a view made to last "until the browser closes" is permanent again after the
# next request.
#
# What a user expects: what a view says about the session's cookie is stored with the session, as it is when a view gives it another length,
# and as express-session 1.19.0 does it.
# Behaviour: the answer to the login has a cookie without an end. The next request reads the session without a length and takes the one of
# the configuration, so its answer has a cookie with an end ten minutes ahead. Who left "remember me" unchecked on a shared computer, and
# closes the browser, is still logged in when it opens again. With another length than that of the configuration all is well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier fastify@5.12.8 @fastify/cookie@11.1.5 @fastify/session@11.1.3 \
    express@5.3.0 express-session@1.19.0 >/dev/null
cat > remember.mjs <<'END'
import express from "express";
import expressSession from "express-session";
import Fastify from "fastify";
import cookie from "@fastify/cookie";
import fastifySession from "@fastify/session";

const secret = "a key of at least thirty-two letters";
const maxAge = 600_000;
async function fastifyServer() {
    const app = Fastify();
    app.register(cookie);
    app.register(fastifySession, { secret, cookie: { secure: false, maxAge }, saveUninitialized: false, rolling: true });
    app.get("/login-for-an-hour", async ({ session }) => {
        session.options({ maxAge: 3_600_000 });
        return (session.user = "anna");
    });
    app.get("/login-until-closed", async ({ session }) => {
        session.options({ maxAge: undefined });
        return (session.user = "anna");
    });
    app.get("/page", async ({ session }) => session.user);
    return [await app.listen({ port: 0, host: "127.0.0.1" }), app.server];
}
async function expressServer() {
    const app = express();
    app.use(expressSession({ secret, cookie: { maxAge }, resave: false, saveUninitialized: false, rolling: true }));
    app.get("/login-for-an-hour", ({ session }, response) => {
        session.cookie.maxAge = 3_600_000;
        response.send((session.user = "anna"));
    });
    app.get("/login-until-closed", ({ session }, response) => {
        session.cookie.maxAge = null;
        response.send((session.user = "anna"));
    });
    app.get("/page", ({ session }, response) => response.send(session.user));
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return [`http://127.0.0.1:${server.address().port}`, server];
}
const [base, server] = await (process.argv[2] === "fastify" ? fastifyServer : expressServer)();
async function get(path, cookie) {
    const answer = await fetch(base + path, { headers: cookie ? { cookie } : {} });
    const set = answer.headers.get("set-cookie");
    const expires = /Expires=([^;]+)/i.exec(set ?? "");
    const kind = expires ? `${Math.round((new Date(expires[1]) - Date.now()) / 60_000)} minutes` : set ? "until the browser closes" : "none";
    console.log(`${path} ${await answer.text()} - cookie: ${kind}`);
    return set?.split(";")[0] ?? cookie;
}
for (const login of ["/login-for-an-hour", "/login-until-closed"]) await get("/page", await get("/page", await get(login)));
server.closeAllConnections();
server.close();
END
# Output seen, first with @fastify/session, then with express-session, where `session.cookie.maxAge = null` says the same:
diff - <(node remember.mjs fastify) <<'END'
/login-for-an-hour anna - cookie: 60 minutes
/page anna - cookie: 60 minutes
/page anna - cookie: 60 minutes
/login-until-closed anna - cookie: until the browser closes
/page anna - cookie: 10 minutes
/page anna - cookie: 10 minutes
END
diff - <(node remember.mjs express) <<'END'
/login-for-an-hour anna - cookie: 60 minutes
/page anna - cookie: 60 minutes
/page anna - cookie: 60 minutes
/login-until-closed anna - cookie: until the browser closes
/page anna - cookie: until the browser closes
/page anna - cookie: until the browser closes
END
echo "as seen: @fastify/session 11.1.3 forgets that a session lasts until the browser closes"
