//! Real browsers and the model of one: what they were seen to do, told again by the model, and seen again where there is a browser.

use crate::common::{self, Steps};

use serde::Deserialize;
use sessionproof::{
    clock::UnixTime,
    evidence::observations::{self, Observation},
    model::browser::{Browser, Cookie, SameSite, Target},
};
use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use time::{OffsetDateTime, format_description};

/// Where a browser does otherwise than the model, with the reason. Each is told in the row of its rule in `vectors/user-agent/README.md`.
const DIFFERENCES: &[(&str, &[&str], &str)] = &[
    (
        "chromium",
        &["clock-behind", "clock-behind-at-deletion", "clock-behind-within-seconds"],
        "counts Expires from the answer's Date; RFC 6265bis and the model know the user agent's clock alone",
    ),
    ("chromium", &["replaced", "in-one-answer"], "keeps the creation time only where the value stays the same"),
    ("chromium", &["empty-domain"], "ignores a cookie whose Domain is a dot, which RFC 6265bis takes for none"),
    ("chromium", &["localhost-itself", "an-address"], "takes a Domain that cannot have hosts below for none"),
    ("chromium", &["public-suffix"], "has the list of public suffixes, which the model leaves out"),
    ("chromium", &["max-age-with-plus"], "takes a plus sign before the digits of Max-Age"),
    (
        "chromium",
        &["last-readable-max-age", "last-readable-expires"],
        "lets the last attribute of a name count, though it cannot be read",
    ),
    ("chromium", &["date-ordinal", "date-z-at-the-time"], "refuses letters after the digits of a day or a time"),
    ("chromium", &["date-with-year-1600", "date-with-year-0100"], "reads years before 1601, which are past"),
    (
        "chromium",
        &["date-with-year-10000", "date-with-minute-of-three-digits"],
        "reads years of five digits and minutes of three",
    ),
    (
        "chromium",
        &["host-prefix-without-path"],
        "wants Path=/ written out; the RFC wants any Path and the path / of it",
    ),
    ("chromium", &["http-prefix"], "knows prefixes that are younger than the RFC's"),
];

/// Browsers that take the answer's Date for what the server's clock says, and count `Expires` from there (`UA-2`).
const BY_THE_SERVERS_CLOCK: &[&str] = &["chromium"];

/// A moment in the middle of things, one at the turn of a year and one on a leap day: what a browser did depends on none.
const MOMENTS: [i64; 3] = [1_700_000_000, 1_735_689_599, 1_709_164_800];

/// Between two steps that have no instants of their own, in microseconds.
const PAUSE: i64 = 10_000;

/// A second in microseconds.
const SECOND: i64 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Seconds after the moment.
    at: Option<f64>,
    #[serde(default)]
    restart: bool,
    visit: Option<String>,
    #[serde(default)]
    set: Vec<String>,
    /// The answer's Date, in seconds after the moment.
    date: Option<i64>,
    flask: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The Cookie header of the request.
    sent: Option<String>,
    /// The session as Flask opened it.
    #[serde(default)]
    opened: BTreeMap<String, serde_json::Value>,
    /// What Flask set.
    #[serde(default)]
    set: Vec<String>,
    store: Vec<Stored>,
}

/// A stored cookie, in the words of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    value: String,
    domain: String,
    host_only: bool,
    path: String,
    expires: Option<Expiry>,
    #[serde(default)]
    secure: bool,
    #[serde(default)]
    http_only: bool,
    #[serde(default)]
    partitioned: bool,
    same_site: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Expiry {
    /// So many seconds after the moment.
    Date { date: i64 },
    /// So many seconds after the answer of a step.
    Age { age: i64, of: usize },
}

#[test]
fn the_model_does_what_browsers_were_seen_to_do_but_for_the_differences_listed() {
    let mut wrong = Vec::new();
    for browser in observations::embedded() {
        for observation in &browser.observations {
            let Observation { id, comment, .. } = observation;
            let listed = is_listed(&browser.browser, id);
            for moment in MOMENTS {
                match (retell(&browser.browser, observation, moment), listed) {
                    (Ok(()), false) | (Err(_), true) => {}
                    (Err(what), false) => wrong.push(format!("{} {id}: {comment}: {what}", browser.browser)),
                    (Ok(()), true) => wrong.push(format!("{} {id} is listed and is no difference", browser.browser)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_difference_has_its_observation_and_is_told_in_the_row_of_its_rule() {
    const PAGE: &str = include_str!("../../vectors/user-agent/README.md");
    for (of, id) in DIFFERENCES.iter().flat_map(|(of, ids, _)| ids.iter().map(move |id| (of, id))) {
        let browser = observations::embedded().iter().find(|browser| browser.browser == *of);
        let observation = browser.and_then(|browser| browser.observations.iter().find(|one| one.id == *id));
        let observation = observation.unwrap_or_else(|| panic!("there is no observation {id} of {of}"));
        let row = |rule: &String| PAGE.lines().find(|line| line.starts_with(&format!("| {rule} |")));
        let told = observation.rules.iter().filter_map(row).any(|row| row.contains(&format!("`{id}`")));
        assert!(told, "no row of a rule of {id} tells of it");
    }
}

#[test]
fn flask_opens_exactly_the_sessions_that_browsers_send() {
    for observation in observations::embedded().iter().flat_map(|browser| &browser.observations) {
        let (steps, seen) = read(observation);
        for (step, seen) in steps.iter().zip(&seen).filter(|(step, _)| step.flask.is_some()) {
            let sends = seen.sent.as_ref().is_some_and(|header| header.contains("signed-"));
            assert_eq!(sends, !seen.opened.is_empty(), "{} at {:?}", observation.id, step.visit);
        }
    }
}

fn is_listed(browser: &str, observation: &str) -> bool {
    DIFFERENCES.iter().any(|(of, ids, _)| *of == browser && ids.contains(&observation))
}

/// Puts the model through an observation; the error says where it does otherwise.
fn retell(name: &str, observation: &Observation, moment: i64) -> Result<(), String> {
    let (steps, seen) = read(observation);
    let mut browser = Browser::new();
    let mut now = UnixTime::from_seconds(moment).plus_micros(SECOND / 5);
    let mut answered = Vec::new();
    for (index, (step, seen)) in steps.iter().zip(&seen).enumerate() {
        now = match step.at {
            Some(at) => UnixTime::from_seconds(moment).plus_micros((at * 1e6) as i64),
            None => now.plus_micros(PAUSE),
        };
        answered.push(now);
        if step.restart {
            browser.restart();
        }
        if let Some(url) = &step.visit {
            let target = target(url);
            equal(
                index,
                "sends",
                browser.cookie_header(&target, now),
                seen.sent.as_deref().map(|text| expand(text, moment)),
            )?;
            let before = browser.cookies().to_vec();
            for header in step.set.iter().chain(&seen.set) {
                let _ignored = browser.receive_one(&expand(header, moment), &target, now);
            }
            let date = step.date.map(|date| moment + date).or(step.flask.as_ref().map(|_| now.seconds()));
            if let (Some(date), true) = (date, BY_THE_SERVERS_CLOCK.contains(&name)) {
                shift(&mut browser, &before, now.micros() - date * SECOND);
            }
        }
        browser.evict(now);
        let seen = seen.store.iter().map(|cookie| cookie.at(moment, &answered));
        equal(index, "keeps", by_place(browser.cookies().iter().map(comparable)), by_place(seen))?;
    }
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(step: usize, what: &str, model: T, seen: T) -> Result<(), String> {
    let told = || format!("at step {step} the model {what}\n  {model:?}\nand the browser\n  {seen:?}");
    if model == seen { Ok(()) } else { Err(told()) }
}

fn read(observation: &Observation) -> (Vec<Step>, Vec<Seen>) {
    let input: Steps<Step> = Deserialize::deserialize(&observation.input).unwrap();
    let output: Steps<Seen> = Deserialize::deserialize(&observation.output).unwrap();
    assert_eq!(input.steps.len(), output.steps.len(), "{}", observation.id);
    (input.steps, output.steps)
}

/// Browsers take loopback for secure, whatever the scheme.
fn target(url: &str) -> Target {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let loopback = host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1";
    Target { secure: loopback || scheme == "https", ..Target::https(host, &format!("/{path}")) }
}

/// Moves the expiry of what has just come in with an `Expires`. The clock stands within a second, so that a whole one comes of a
/// date and not of an age.
fn shift(browser: &mut Browser, before: &[Cookie], micros: i64) {
    let is_date = |cookie: &&Cookie| cookie.expires.is_some_and(|expires| expires.micros() % SECOND == 0);
    let new: Vec<Cookie> =
        browser.cookies().iter().filter(|cookie| !before.contains(cookie)).filter(is_date).cloned().collect();
    for cookie in new {
        let expires = cookie.expires.map(|expires| expires.plus_micros(micros));
        browser.store(Cookie { expires, ..cookie });
    }
}

/// A cookie as model and file can both tell it, without the time of its creation.
fn comparable(cookie: &Cookie) -> Cookie {
    Cookie { created: UnixTime::default(), ..cookie.clone() }
}

fn by_place(cookies: impl Iterator<Item = Cookie>) -> Vec<Cookie> {
    let mut cookies: Vec<_> = cookies.collect();
    cookies.sort_by_key(|cookie| {
        (cookie.name.clone(), cookie.domain.clone(), cookie.host_only, cookie.path.clone(), cookie.value.clone())
    });
    cookies
}

impl Stored {
    fn at(&self, moment: i64, answered: &[UnixTime]) -> Cookie {
        Cookie {
            name: expand(&self.name, moment),
            value: expand(&self.value, moment),
            domain: self.domain.clone(),
            host_only: self.host_only,
            path: expand(&self.path, moment),
            partitioned: self.partitioned,
            secure: self.secure,
            http_only: self.http_only,
            same_site: match self.same_site.as_deref() {
                None => SameSite::Default,
                Some("Lax") => SameSite::Lax,
                Some("None") => SameSite::None,
                Some("Strict") => SameSite::Strict,
                Some(other) => panic!("there is no SameSite={other}"),
            },
            created: UnixTime::default(),
            expires: self.expires.as_ref().map(|expires| match expires {
                Expiry::Date { date } => UnixTime::from_seconds(moment + date),
                Expiry::Age { age, of } => answered[*of].plus_seconds(*age),
            }),
        }
    }
}

/// The notation of headers: `{+60}` is the date a minute after the moment, `{+60|FORM}` the same in a form of strftime, `{x*9}` a
/// repetition.
fn expand(text: &str, moment: i64) -> String {
    let mut pieces = text.split('{');
    let mut expanded = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (inside, after) = piece.split_once('}').unwrap();
        expanded += &match inside.rsplit_once('*') {
            Some((unit, times)) => unit.repeat(times.parse().unwrap()),
            None => {
                let (offset, form) = inside.split_once('|').unwrap_or((inside, "%a, %d %b %Y %H:%M:%S GMT"));
                let at = OffsetDateTime::from_unix_timestamp(moment + offset.parse::<i64>().unwrap()).unwrap();
                at.format(&format_description::parse_strftime_borrowed(form).unwrap()).unwrap()
            }
        };
        expanded += after;
    }
    expanded
}

/// The exit status of `vectors/generate/observe_browser.py` when steps came too late, again and again: nothing is known then.
const TOO_SLOW: i32 = 3;

#[test]
fn a_real_browser_does_what_was_recorded() {
    const TEST: &str = "a_real_browser_does_what_was_recorded";
    let Some(oracle) = common::oracle(TEST) else { return };
    for recorded in observations::embedded() {
        let required = env::var_os("SESSIONPROOF_REQUIRE_BROWSER").is_some();
        if !programs(&recorded.browser).iter().all(|program| is_installed(program)) {
            let why = format!("{} is not installed", programs(&recorded.browser).join(" or "));
            assert!(!required, "{why}");
            // Past the test harness, which keeps to itself what a passing test prints.
            let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: {why}");
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let ran = Command::new(&oracle.python)
            .args(["-I", "-B", "-W", "ignore"])
            .arg(oracle.files.join("vectors").join("generate").join("observe_browser.py"))
            .args(["--browser", &recorded.browser, "--out"])
            .arg(out.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if ran.status.code() == Some(TOO_SLOW) {
            let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: the machine is too slow to observe a browser");
            continue;
        }
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let made = fs::read_to_string(out.path().join(format!("{}.json", recorded.browser))).unwrap();
        let made: observations::Browser = serde_json::from_str(&made).unwrap();
        let is_recorded = major(&made.version) == major(&recorded.version);
        for (made_again, recorded_once) in made.observations.iter().zip(&recorded.observations) {
            // Another version may read odd dates in another way, which is then said; never what Flask writes.
            if is_recorded || is_of_flask(recorded_once) {
                assert_eq!(made_again, recorded_once, "{} {}", made.browser, made.version);
            } else if made_again != recorded_once {
                let _ = writeln!(
                    std::io::stderr(),
                    "NOTE {TEST}: {} {} differs from {}, which was recorded, in {}",
                    made.browser,
                    made.version,
                    recorded.version,
                    recorded_once.id
                );
            }
        }
        assert_eq!(made.observations.len(), recorded.observations.len());
    }
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// Whether a page did something with a Flask session.
fn is_of_flask(observation: &observations::Observation) -> bool {
    observation.input["steps"].as_array().unwrap().iter().any(|step| step.get("flask").is_some())
}

fn programs(browser: &str) -> &'static [&'static str] {
    match browser {
        "chromium" => &["chromium", "chromedriver"],
        other => panic!("nothing is known of {other}"),
    }
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain([Path::new("/usr/bin").to_owned()]).any(|folder| folder.join(program).is_file())
}
