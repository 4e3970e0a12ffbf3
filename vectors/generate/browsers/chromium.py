"""Chromium, driven by chromedriver: WebDriver over HTTP, and the DevTools protocol through it for the cookie store."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

NAME = "chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-default-browser-check",
    # Names of hosts that are not loopback to the browser, served on loopback all the same, and over http.
    "--host-resolver-rules=MAP *.example 127.0.0.1,MAP *.co.uk 127.0.0.1", "--disable-features=HttpsUpgrades",
]


def found():
    """The programs, or None where one is missing."""
    paths = [shutil.which(name, path=None) or shutil.which(name, path="/usr/bin") for name in ("chromium", "chromedriver")]
    return paths if all(paths) else None


class Browser:
    """One browser on one profile. `start` after `stop` is what closing and opening it again is to a user."""

    def __init__(self, profile):
        self.chromium, chromedriver = found()
        self.profile, self.session = profile, None
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            [chromedriver, f"--port={port}", "--log-level=SEVERE"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.wait_for_driver()

    def wait_for_driver(self):
        for _ in range(300):
            try:
                return self.ask("GET", "/status")
            except OSError:
                time.sleep(0.1)
        raise SystemExit("chromedriver does not answer")

    def start(self):
        options = {"binary": self.chromium, "args": [*FLAGS, f"--user-data-dir={self.profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"
        return made["capabilities"]["browserVersion"]

    def stop(self):
        if self.session:
            self.ask("DELETE", self.session)
            self.session = None

    def visit(self, url):
        self.ask("POST", f"{self.session}/url", {"url": url})

    def cookies(self):
        """The whole store; values have one character for each byte."""
        return [stored(cookie) for cookie in self.devtools("Storage.getCookies")["cookies"]]

    def forget(self, hosts):
        """Removes the cookies of some hosts."""
        for cookie in self.devtools("Storage.getCookies")["cookies"]:
            if cookie["domain"].removeprefix(".") in hosts:
                named = {key: cookie[key] for key in ("name", "domain", "path", "partitionKey") if key in cookie}
                self.devtools("Network.deleteCookies", **named)

    def close(self):
        try:
            self.stop()
        finally:
            self.driver.terminate()
            self.driver.wait()

    def devtools(self, command, **params):
        return self.ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": params})

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"chromedriver refuses {method} {path}: {error.read().decode()[:1000]}") from None


def stored(cookie):
    """A cookie in the words of the observations; `expires` is still in Unix seconds."""
    made = {
        "name": bytewise(cookie["name"]),
        "value": bytewise(cookie["value"]),
        "domain": cookie["domain"].removeprefix("."),
        "host_only": not cookie["domain"].startswith("."),
        "path": bytewise(cookie["path"]),
        "expires": None if cookie["session"] else cookie["expires"],
    }
    flags = {"secure": cookie["secure"], "http_only": cookie["httpOnly"], "partitioned": "partitionKey" in cookie}
    made.update({name: True for name, is_set in flags.items() if is_set})
    if "sameSite" in cookie:
        made["same_site"] = cookie["sameSite"]
    return made


def bytewise(text):
    return text.encode("utf-8").decode("latin-1")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
