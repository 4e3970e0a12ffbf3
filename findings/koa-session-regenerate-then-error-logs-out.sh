#!/usr/bin/env bash
# koa-session 7.0.2 with koa 3.3.0 and a store: a view that makes a new id and fails afterwards logs the user out.
#
# What a user expects: after an error the session is as it was before, or has its new id; either way the user stays logged in.
# Behaviour: `regenerate` deletes the old id and the session is stored under the new one, while koa drops all headers, Set-Cookie among them,
# from the answer to an error. The browser keeps the old id, which stands for nothing, and the session under the new id is in the store with
# nobody to use it. An error in a view that only writes does no such harm, since the id stays the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-update-notifier koa@3.3.0 koa-session@7.0.2 >/dev/null
cat > fails.mjs <<'END'
import Koa from "koa";
import session from "koa-session";
import http from "node:http";

const kept = new Map();
const store = {
    get: async (id) => kept.get(id),
    set: async (id, value) => void kept.set(id, structuredClone(value)),
    destroy: async (id) => void kept.delete(id),
};
const app = new Koa();
app.keys = ["key"];
app.silent = true;
app.use(session({ store, maxAge: 600_000 }, app));
app.use(async (context) => {
    const { session, path } = context;
    if (path === "/login") session.user = "anna";
    if (path === "/new-id" || path === "/new-id-then-error") await session.regenerate();
    if (path === "/write-then-error") session.visited = true;
    if (path.endsWith("-then-error")) throw new Error("the view fails");
    context.body = `user ${session.user}`;
});
const listening = http.createServer(app.callback()).listen(0, "127.0.0.1");
await new Promise((resolve) => listening.once("listening", resolve));
const jar = new Map();
async function get(path) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(`http://127.0.0.1:${listening.address().port}${path}`, { headers: { cookie } });
    const set = answer.headers.getSetCookie();
    for (const one of set) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(one);
        jar.set(name, value);
    }
    const text = await answer.text();
    console.log(path, answer.status, answer.ok ? text : "", "-", set.length ? "cookie set" : "no cookie set", `- ${kept.size} in the store`);
}
for (const path of ["/login", "/new-id", "/page", "/write-then-error", "/page", "/new-id-then-error", "/page"]) await get(path);
listening.closeAllConnections();
listening.close();
END
# Output seen:
diff - <(node fails.mjs) <<'END'
/login 200 user anna - cookie set - 1 in the store
/new-id 200 user anna - cookie set - 1 in the store
/page 200 user anna - no cookie set - 1 in the store
/write-then-error 500  - no cookie set - 1 in the store
/page 200 user anna - no cookie set - 1 in the store
/new-id-then-error 500  - no cookie set - 1 in the store
/page 200 user undefined - no cookie set - 1 in the store
END
echo "as seen: in koa-session 7.0.2 an error after a new id logs the user out"
