#!/usr/bin/env python3
"""Record what a real browser does with cookies: which it keeps, how long, and which it sends.

    python vectors/generate/observe_browser.py --out vectors/user-agent

A browser visits a real Flask application on loopback, in real time. Of the time nothing is recorded but distances: dates count from
the moment, a whole second, at which an observation begins. So what is written depends on the cases and on what the browser does,
and on nothing else. The format is described in spec/vector-format.md.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from browsers import chromium  # noqa: E402
from browsers.application import Server  # noqa: E402
from browsers.cases import cases  # noqa: E402

RULE_HEADING = re.compile(r"^### ([A-Z]+-[0-9]+) \((?:MUST|SHOULD|CHOICE)\)", re.MULTILINE)
BROWSERS = {chromium.NAME: chromium}
#: How often a machine that was too slow for the instants of a case may try again.
ATTEMPTS = 8
#: How many cases with instants go side by side: their steps must follow each other quickly enough.
SIDE_BY_SIDE = 4
#: The exit status that says so; nothing is known of the browser then.
TOO_SLOW = 3
#: How late a step may be, in seconds. The cases keep further from every boundary.
LATEST = 0.7
#: What a browser may need from the answer to the stored cookie, in seconds.
UNDERWAY = 0.45


class Late(Exception):
    """The machine was too slow for what was to be seen."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder to write to, made if missing; printed otherwise")
    parser.add_argument("--browser", choices=BROWSERS, default=chromium.NAME)
    parser.add_argument("--only", metavar="ID", help="only this observation")
    options = parser.parse_args()
    driver = BROWSERS[options.browser]
    if not driver.found():
        sys.exit(f"{options.browser} and its driver are not installed")
    told = [case for case in cases() if options.only in (None, case["id"])]
    check(told)
    version, observations = observe(driver, told)
    if not options.out:
        print("\n".join(map(compact, observations)))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / f"{driver.NAME}.json", document(driver.NAME, version, observations))
    print(f"{len(observations):5}  {driver.NAME} {version}", file=sys.stderr)


def check(told):
    rules, seen = known_rules(), set()
    for case in told:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", case["id"]) or case["id"] in seen:
            sys.exit(f"{case['id']}: an id is lower-case words with hyphens, and used once")
        seen.add(case["id"])
        if not case["rules"] or not set(case["rules"]) <= rules:
            sys.exit(f"{case['id']}: unknown rules")


def document(browser, version, observations):
    head = {
        "format": 1,
        "spec": "flask-3.1",
        "browser": browser,
        "version": version,
        "description": "What a real browser did with the cookies of a Flask application on loopback.",
    }
    lines = [f"{compact(name)}:{compact(value)},\n" for name, value in head.items()]
    return "{" + "".join(lines) + '"observations":[\n' + ",\n".join(map(compact, observations)) + "\n]}\n"


def known_rules():
    return set(RULE_HEADING.findall((HERE.parent.parent / "spec" / "session-lifetime.md").read_text("utf-8")))


def compact(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def write(path, text):
    """Beside first, then in its place: nobody reads half a file."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(text.encode("ascii"))
    os.replace(beside, path)


# The run: cases with instants go side by side, so that nobody waits for one after the other; so do those that restart.


def observe(driver, told):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        server, browser = Server(), driver.Browser(profile)
        try:
            version = browser.start()
            outputs = run(server, browser, told)
        finally:
            browser.close()
            server.close()
    recorded = [
        {"id": c["id"], "rules": c["rules"], "comment": c["comment"], "input": {"steps": c["steps"]}, "output": {"steps": outputs[c["id"]]}}
        for c in told
    ]
    return version, recorded


def run(server, browser, told):
    restarting = [case for case in told if {"restart": True} in case["steps"]]
    rest = [case for case in told if case not in restarting]
    timed = [case for case in rest if any("at" in step for step in case["steps"])]
    outputs = {}
    together_in_time = [timed[at:at + SIDE_BY_SIDE] for at in range(0, len(timed), SIDE_BY_SIDE)]
    for group in [restarting, *together_in_time, *([case] for case in rest if case not in timed)]:
        for attempt in range(ATTEMPTS):
            watches = [Watch(server, browser, case, attempt) for case in group]
            try:
                if group in together_in_time:
                    moment = early_in_a_second()
                    for watch in watches:
                        watch.moment = moment
                together(browser, watches)
            except Late as late:
                print(f"again, for the machine was slow: {late}", file=sys.stderr)
                continue
            outputs.update({watch.case["id"]: watch.outputs for watch in watches})
            break
        else:
            print("the machine is too slow to observe a browser", file=sys.stderr)
            sys.exit(TOO_SLOW)
    return outputs


def together(browser, watches):
    """Steps in the order of their instants; a restart when all who want one are ready for it."""
    while True:
        ready = [watch for watch in watches if watch.next and not watch.wants_restart]
        if ready:
            min(ready, key=Watch.due).take()
        elif any(watch.next for watch in watches):
            browser.stop()
            browser.start()
            for watch in watches:
                watch.restarted()
        else:
            return


def early_in_a_second():
    """A moment, with time left for what is to fall into its second."""
    fraction = time.time() % 1
    if fraction > 0.2:
        time.sleep(1 - fraction + 0.01)
    return int(time.time())


class Watch:
    """One case on its way."""

    def __init__(self, server, browser, case, attempt):
        self.server, self.browser, self.case, self.attempt = server, browser, case, attempt
        self.moment, self.outputs, self.answered = None, [], []
        self.signed, self.ages = [], {}
        self.hosts = {urlsplit(step["visit"]).hostname for step in case["steps"] if "visit" in step}

    @property
    def next(self):
        at = len(self.outputs)
        return self.case["steps"][at] if at < len(self.case["steps"]) else None

    @property
    def wants_restart(self):
        return "restart" in (self.next or {})

    def due(self):
        """When its next step is to be, in Unix seconds; those without an instant come first."""
        return self.moment + self.next["at"] if self.moment and "at" in self.next else 0

    def take(self):
        step = self.next
        if not self.outputs and self.attempt:
            # What an earlier attempt left.
            self.browser.forget(self.hosts)
        if self.moment is None:
            self.moment = early_in_a_second() if "flask" in step else int(time.time())
        time.sleep(max(0, self.due() - time.time()))
        headers = [written(header, self.moment) for header in step.get("set", [])]
        self.server.expect(headers, step.get("flask"), self.moment + step["date"] if "date" in step else None)
        self.browser.visit(self.url(step["visit"]))
        answer = self.server.answer
        if answer is None:
            raise SystemExit(f"{self.case['id']}: the browser did not come to {step['visit']}")
        self.in_time(step, answer.now)
        self.answered.append(answer.now)
        output = {"sent": self.header(answer.sent)}
        if "flask" in step:
            output["opened"] = {name: shortened(value) for name, value in answer.opened.items()}
            output["set"] = [self.set_cookie(header) for header in answer.set]
        self.outputs.append({**output, "store": self.store()})

    def in_time(self, step, now):
        at, flask_writes_dates = step.get("at"), step.get("flask", {}).get("does") == "log in permanently"
        if at is None and not flask_writes_dates:
            return
        if not (at or 0) <= now - self.moment < (1 if at is None else at + LATEST):
            raise Late(f"{self.case['id']}, {now - self.moment:.2f} s after the moment")

    def restarted(self):
        if self.wants_restart:
            self.answered.append(None)
            self.outputs.append({"store": self.store()})

    def url(self, url):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}:{self.server.port}{parts.path}"

    def header(self, text):
        for number, value in enumerate(self.signed, 1):
            text = text and text.replace(value, f"signed-{number}")
        return text and shortened(text)

    def set_cookie(self, header):
        """What Flask wrote, without what depends on the time. A value that no browser keeps stays too long."""
        name, value = header.split(";")[0].split("=", 1)
        if value and value not in self.signed:
            self.signed.append(value)
        pad = "{x*4096}" if len(name + value) > 4096 else ""
        header = self.header(header.replace(value, value + pad, 1) if value else header)
        return re.sub(r"(?<=Expires=)[^;]+", lambda found: self.distance(found[0]), header)

    def distance(self, date):
        at = parsedate_to_datetime(date).timestamp()
        return date if at == 0 else f"{{{int(at) - self.moment:+}}}"

    def store(self):
        own = [cookie for cookie in self.browser.cookies() if self.is_own(cookie["domain"])]
        for cookie in own:
            cookie["value"], cookie["path"] = self.header(cookie["value"]), shortened(cookie["path"])
            cookie["expires"] = self.expiry(cookie["expires"])
        return sorted(own, key=lambda c: json.dumps([c[key] for key in ("name", "domain", "host_only", "path", "value")]))

    def is_own(self, domain):
        """Whether a cookie is of this case: it goes to a host of it, and not to all others on loopback as well."""
        return domain in self.hosts or domain != "localhost" and any(host.endswith("." + domain) for host in self.hosts)

    def expiry(self, at):
        """A whole second is a date, and counts from the moment; a fraction comes of an age, counted from some answer."""
        if at is None or at == int(at):
            return at if at is None else {"date": int(at) - self.moment}
        if at not in self.ages:
            of = len(self.answered) - 1
            age = int(at - self.answered[of])
            if not 0 <= at - self.answered[of] - age < UNDERWAY:
                raise Late(f"{self.case['id']}, {at - self.answered[of]:.2f} s from the answer to the expiry")
            self.ages[at] = {"age": age, "of": of}
        return self.ages[at]


# The notation of headers.


def written(header, moment):
    """`{+60}` is the date a minute after the moment, `{+60|%c}` the same in another form, `{x*9}` a repetition."""

    def expand(found):
        piece, times, offset, form = found.groups()
        if piece:
            return piece * int(times)
        return time.strftime(form or "%a, %d %b %Y %H:%M:%S GMT", time.gmtime(moment + int(offset)))

    return re.sub(r"\{(?:([^*{}]+)\*(\d+)|([+-]\d+)(?:\|([^}]*))?)\}", expand, header)


def shortened(text):
    """Long repetitions by their number."""
    if not isinstance(text, str):
        return text
    text = re.sub(r"((.|..)\2{63,})", lambda found: f"{{{found[2]}*{len(found[1]) // len(found[2])}}}", text)
    return text if len(text) < 1000 else f"{text[:8]}..."


if __name__ == "__main__":
    main()
