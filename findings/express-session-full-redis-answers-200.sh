#!/usr/bin/env bash
# express-session 1.19.0 with connect-redis 9.0.0, redis 6.3.1 (the client) and a Redis that is full and refuses writes (`noeviction`).
#
# What a user expects: the answer to a request whose session could not be stored is an error, as Flask-Session's is (500).
# Behaviour: the headers have gone out with status 200 before the store answers, and the error comes too late for them. A basket loses
# its last item, and a login gets a welcome and a cookie that stands for nothing; both users see 200. Only the application's error handler
# hears of it, after the answer. A view that calls `session.save` itself, and waits for it, can answer 500. The session from before stays.
set -euo pipefail
command -v redis-server redis-cli >/dev/null || { echo "SKIPPED: this needs redis-server and redis-cli"; exit 0; }
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier \
    express@5.3.0 express-session@1.19.0 connect-redis@9.0.0 redis@6.3.1 >/dev/null
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >/dev/null &
server=$!
for _ in $(seq 100); do
    redis-cli -p "$port" ping >/dev/null 2>&1 && break
    sleep 0.1
done
redis-cli -p "$port" ping >/dev/null
cat > full.mjs <<'END'
import express from "express";
import session from "express-session";
import { RedisStore } from "connect-redis";
import { createClient } from "redis";

const client = await createClient({ url: `redis://127.0.0.1:${process.argv[2]}` }).connect();
const app = express();
app.use(session({ store: new RedisStore({ client }), secret: "key", resave: false, saveUninitialized: false }));
app.get("/login", (request, response) => {
    request.session.user = "anna";
    request.session.basket = ["apple"];
    response.send("welcome");
});
app.get("/add", (request, response) => {
    request.session.basket.push("pear");
    response.send(`in the basket: ${request.session.basket}`);
});
app.get("/add-and-save", (request, response, next) => {
    request.session.basket.push("pear");
    request.session.save((error) => (error ? next(error) : response.send("saved")));
});
app.get("/page", (request, response) => response.send(`${request.session.user} has ${request.session.basket}`));
const told = [];
app.use((error, request, response, next) => {
    told.push(`${request.path} ${response.headersSent ? "after" : "before"} the headers`);
    if (!response.headersSent) response.status(500).send("error");
});
const listening = app.listen(0, "127.0.0.1");
await new Promise((resolve) => listening.once("listening", resolve));
async function get(path, cookie) {
    const answer = await fetch(`http://127.0.0.1:${listening.address().port}${path}`, { headers: cookie ? { cookie } : {} });
    const text = await answer.text();
    const set = answer.headers.get("set-cookie");
    console.log(path, answer.status, text, "-", set ? "cookie set" : "no cookie set");
    return set?.split(";")[0];
}
const cookie = await get("/login");
await client.configSet("maxmemory", "1");
console.log("the store is full");
await get("/page", cookie);
await get("/add", cookie);
await get("/add-and-save", cookie);
const late = await get("/login");
await client.configSet("maxmemory", "0");
console.log("the store has room again");
await get("/page", cookie);
await get("/page", late);
console.log("the error handler was called:", told.join(", "));
await client.close();
listening.closeAllConnections();
listening.close();
END
# Output seen:
diff - <(node full.mjs "$port" 2>/dev/null) <<'END'
/login 200 welcome - cookie set
the store is full
/page 200 anna has apple - no cookie set
/add 200 in the basket: apple,pear - no cookie set
/add-and-save 500 error - no cookie set
/login 200 welcome - cookie set
the store has room again
/page 200 anna has apple - no cookie set
/page 200 undefined has undefined - no cookie set
the error handler was called: /add after the headers, /add-and-save before the headers, /login after the headers
END
echo "as seen: express-session 1.19.0 answers 200 while a full Redis refuses the session"
