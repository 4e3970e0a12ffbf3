//! A probe in this process, answered by the model: what is carried over to it and back must be judged as the model is.

use super::{KEY, check};
use serde_json::{Value as Json, json};
use sessionproof::{
    adapter::{
        Implementation,
        embedded::answer,
        http::{Options, Server},
    },
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, Lifetime},
    faults,
    model::{base64, http_date, signing::mac},
    protocol::{Answer, Call, Choices, Exchange, Exchanged, Reply},
    suite::{
        live,
        results::{Outcome, Results},
        run::{self, Options as RunOptions},
        vectors,
    },
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A server that the model answers for, unless it is made wrong.
#[derive(Clone)]
struct Probe {
    config: Config,
    /// How many microseconds its clock is ahead.
    ahead: i64,
    /// Whether its clock stands still.
    frozen: bool,
    /// How it answers a request, by its clock.
    answer: fn(&Exchange) -> Exchanged,
    /// What answers in its place, if anything does.
    fault: Option<&'static dyn Implementation>,
}

fn rightly(call: &Exchange) -> Exchanged {
    match answer(&Call::Exchange(call.clone()), &Choices::default()) {
        Answer::Exchange(exchanged) => exchanged,
        other => panic!("{other:?}"),
    }
}

impl Probe {
    fn new(config: Config) -> Self {
        Self { config, ahead: 0, frozen: false, answer: rightly, fault: None }
    }

    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let micros = i64::try_from(since.as_micros()).unwrap();
        UnixTime::from_micros(if self.frozen { micros - micros % 60_000_000 - 30_000_000 } else { micros + self.ahead })
    }

    /// The URL that it is asked at.
    fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (probe, nonces) = (Arc::new(self), Arc::new(Mutex::new(BTreeSet::new())));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (probe, nonces) = (probe.clone(), nonces.clone());
                thread::spawn(move || probe.serve(&connection, &nonces));
            }
        });
        format!("http://{address}/probe")
    }

    fn serve(&self, connection: &TcpStream, nonces: &Mutex<BTreeSet<String>>) {
        connection.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(connection);
        let mut writer = connection;
        while let Some((headers, body)) = read(&mut reader) {
            let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            let admitted = self.admits(&header("sessionproof-probe").unwrap_or_default(), &body, nonces);
            let (reply, set) = match &admitted {
                Some(nonce) => self.reply(nonce, &body),
                None => (None, Vec::new()),
            };
            let status = if reply.is_some() { "200 OK" } else { "404 Not Found" };
            let body = reply.map(|reply| reply.to_string()).unwrap_or_default();
            let proof = admitted.map(|nonce| proof(&self.config, "answer", &format!("{nonce}\n200\n{body}")));
            let date = http_date::format(self.now().seconds()).unwrap();
            let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nDate: {date}\r\n", body.len());
            head += "Vary: Accept-Encoding\r\n";
            proof.iter().for_each(|proof| head += &format!("Sessionproof-Proof: {}\r\n", hex(proof)));
            set.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
            let mut bytes: Vec<u8> = format!("{head}\r\n").chars().map(|c| u8::try_from(c).unwrap()).collect();
            bytes.extend(body.bytes());
            if writer.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    /// The nonce of a request whose proof is right, as spec/live-servers.md writes it, and new.
    fn admits(&self, credentials: &str, body: &[u8], nonces: &Mutex<BTreeSet<String>>) -> Option<String> {
        let parts: Vec<_> =
            credentials.split(',').filter_map(|part| part.split_once('=')).map(|(_, value)| value).collect();
        let [time, nonce, hash, sent] = parts.as_slice() else { return None };
        let right = hex(&proof(&self.config, "request", &format!("{time}\n{nonce}\n{hash}")));
        let is_fresh = self.frozen || (time.parse::<i64>().unwrap() - self.now().seconds()).abs() < 60;
        let is_body = hex(&Sha256::digest(body)) == *hash;
        (right == *sent && is_body && is_fresh && nonces.lock().unwrap().insert((*nonce).to_owned()))
            .then(|| (*nonce).to_owned())
    }

    fn reply(&self, nonce: &str, body: &[u8]) -> (Option<Json>, Headers) {
        let request: Json = serde_json::from_slice(body).unwrap();
        let cookie_header = request["sealed_cookie_header"].as_str().map(|sealed| {
            let sealed = base64::decode_standard(sealed.as_bytes()).unwrap();
            let pad = (0..).flat_map(|number| proof(&self.config, "cookie", &format!("{nonce}\n{number}")));
            sealed.iter().zip(pad).map(|(byte, pad)| char::from(byte ^ pad)).collect()
        });
        let before = self.now();
        if request["op"] == "hello" {
            let mut config = serde_json::to_value(&self.config).unwrap();
            config.as_object_mut().unwrap().retain(|member, _| !member.ends_with("key") && !member.ends_with("keys"));
            let kinds =
                ["bytes", "datetime", "floats", "integers", "json", "map", "markup", "surrogates", "tuple", "uuid"];
            let ok = json!({"name": "model", "ops": ["exchange"], "values": kinds, "config": config, "clock": [before, before]});
            return (Some(json!({ "ok": ok })), Vec::new());
        }
        let call = Exchange {
            config: Arc::new(self.config.clone()),
            now: before,
            cookie_header,
            method: request["method"].as_str().unwrap().to_owned(),
            path: request["path"].as_str().unwrap().to_owned(),
            actions: serde_json::from_value(request["actions"].clone()).unwrap(),
        };
        let exchanged = match self.fault.map(|fault| fault.answer(&[Call::Exchange(call.clone())])) {
            None => (self.answer)(&call),
            Some(replies) => match replies.unwrap().remove(0) {
                Reply::Ok(Answer::Exchange(exchanged)) => exchanged,
                other => panic!("{other:?}"),
            },
        };
        let mut ok = serde_json::to_value(&exchanged).unwrap();
        ok["headers"] = json!([]);
        ok["clock"] = json!([before, self.now()]);
        (Some(json!({ "ok": ok })), exchanged.headers)
    }
}

/// The MAC of a text under the key for one purpose.
fn proof(config: &Config, purpose: &str, text: &str) -> Vec<u8> {
    let purpose = format!("sessionproof probe 2 {purpose}");
    let key = mac(Digest::Sha256, config.signing_key().unwrap(), &[purpose.as_bytes()]);
    mac(Digest::Sha256, &key, &[text.as_bytes()])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Headers by lower-case name, one character for each byte.
type Headers = Vec<(String, String)>;

/// One request's headers and its body.
fn read(reader: &mut impl BufRead) -> Option<(Headers, Vec<u8>)> {
    let mut headers = Vec::new();
    let mut first = true;
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        let line: String = line.into_iter().map(char::from).collect();
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if !std::mem::take(&mut first) {
            let (name, value) = line.split_once(": ")?;
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}

fn options(url: String) -> Options {
    Options {
        url,
        secret_key: KEY.into(),
        fallback_keys: Vec::new(),
        lifetime: None,
        salt: None,
        digest: None,
        key_derivation: None,
        certificates: None,
        workers: 4,
        call_timeout: Duration::from_secs(10),
        run_limit: None,
        wait: Duration::ZERO,
    }
}

fn judged(options: &Options, cases: usize) -> Results {
    let server = Server::connect(options).unwrap();
    let asked = RunOptions { cases, as_found: true, ..RunOptions::default() };
    run::run(&server, &vectors::embedded().unwrap(), &asked, &mut |_| {})
}

#[track_caller]
fn conforms(results: &Results, at_least: usize) {
    let first = results.failures.first().map(|failure| (&failure.rule, &failure.divergence));
    assert_eq!(results.outcome(), Outcome::Conformant, "{first:#?} {:?} {:?}", results.broken, results.inconclusive);
    assert!(results.total.passed >= at_least, "{:?} {:?}", results.total, results.inconclusive);
}

fn plain() -> Config {
    Config { lifetime: Lifetime::Seconds(1800), ..Config::with_key(KEY) }
}

#[test]
fn the_model_behind_a_probe_conforms_and_what_its_configuration_does_not_show_is_not_judged() {
    let results = judged(&options(Probe::new(plain()).start()), 1500);
    conforms(&results, 2000);
    for rule in ["KEY-3", "KEY-5", "EXP-6", "REN-2", "SET-7", "SYS-5"] {
        let tally = results.rules[rule];
        assert_eq!((tally.passed, tally.inconclusive > 0), (0, true), "{rule}: {tally:?}");
    }
    for rule in ["EXP-2", "EXP-3", "SIG-5", "REN-1", "PAY-16", "DEL-1", "VARY-1", "SYS-1", "SYS-2", "HDR-2"] {
        assert!(results.rules[rule].passed > 0, "{rule}");
    }
    let reasons: Vec<_> = results.inconclusive.keys().map(String::as_str).collect();
    assert!(reasons.contains(&"not offered: another configuration than the server's: no refresh on each request"));
    assert!(reasons.contains(&"the lifetime did not pass by itself: --wait 1810 would wait for it"), "{reasons:?}");
}

#[test]
fn other_configurations_and_clocks_conform_as_well() {
    let looks = Config {
        fallback_keys: Some(Fallbacks::Keys(vec![Key::from("an old key"), Key::from("an older key")])),
        lifetime: Lifetime::Delta(90.625),
        refresh_each_request: false,
        cookie_name: "sid".to_owned(),
        cookie_domain: Some("example.com".to_owned()),
        cookie_samesite: Some("Lax".to_owned()),
        digest: Digest::Sha256,
        ..Config::with_key(KEY)
    };
    let fallback_keys = vec![b"an old key".to_vec(), b"an older key".to_vec()];
    let url = Probe { ahead: 290_400_000, ..Probe::new(looks) }.start();
    let results = judged(&Options { fallback_keys, digest: Some(Digest::Sha256), ..options(url) }, 600);
    conforms(&results, 500);
    for rule in ["KEY-3", "EXP-5", "EXP-10", "REN-2", "SET-3", "SET-6"] {
        assert!(results.rules[rule].passed > 0, "{rule}");
    }
    assert!(results.implementation.runtime.contains("its clock 290 s ahead"), "{}", results.implementation.runtime);
    let behind = Probe { ahead: -50_000_000, ..Probe::new(Config { lifetime: Lifetime::Seconds(2), ..plain() }) };
    conforms(&judged(&options(behind.start()), 300), 300);
}

/// The rules that are broken by a server that answers otherwise.
fn broken(answer: fn(&Exchange) -> Exchanged) -> BTreeSet<String> {
    let results = judged(&options(Probe { answer, ..Probe::new(plain()) }.start()), 400);
    assert_eq!(results.outcome(), Outcome::NotConformant, "{:?}", results.broken);
    for failure in &results.failures {
        let saved = serde_json::to_string(&failure.vector).unwrap() + &format!("{:?}", failure.divergence);
        assert!(!saved.contains(KEY), "{saved}");
    }
    results.rules.into_iter().filter(|(_, tally)| tally.failed > 0).map(|(rule, _)| rule).collect()
}

/// The call with another configuration.
fn configured(call: &Exchange, change: impl FnOnce(&mut Config)) -> Exchange {
    let mut config = (*call.config).clone();
    change(&mut config);
    Exchange { config: Arc::new(config), ..call.clone() }
}

#[test]
fn what_is_wrong_with_a_server_is_found_and_named() {
    let a_second_more = |call: &Exchange| {
        let mut exchanged = rightly(call);
        exchanged.opened = rightly(&configured(call, |config| config.lifetime = Lifetime::Seconds(1801))).opened;
        exchanged
    };
    assert!(broken(a_second_more).contains("EXP-2"));
    let no_refresh = |call: &Exchange| rightly(&configured(call, |config| config.refresh_each_request = false));
    assert!(broken(no_refresh).contains("REN-1"));
    let another_key = |call: &Exchange| {
        let mut exchanged = rightly(call);
        if let Some((_, cookie)) = exchanged.headers.iter_mut().find(|(_, text)| text.starts_with("session=e")) {
            cookie.replace_range(60..61, if cookie[60..].starts_with('A') { "B" } else { "A" });
        }
        exchanged
    };
    let found = broken(another_key);
    assert!(found.iter().any(|rule| rule.starts_with("SIG") || rule.starts_with("KEY")), "{found:?}");
    let a_minute_late = |call: &Exchange| {
        let mut exchanged = rightly(call);
        let late = rightly(&Exchange { cookie_header: None, now: call.now.plus_seconds(60), ..call.clone() });
        if call.cookie_header.is_none() {
            exchanged.headers = late.headers;
        }
        exchanged
    };
    let found = broken(a_minute_late);
    assert!(found.contains("SIG-4") || found.contains("PERM-3"), "{found:?}");
}

/// What a server of one plain configuration does not show: mistakes about what is configured otherwise, about lifetimes of days,
/// about a clock that goes back or reasons that nobody gives, about headers that HTTP does not carry, and about a cookie that comes
/// again, since a cookie is signed anew for each second.
const OUT_OF_REACH: [&str; 10] = [
    "accepted-cookies-cached",
    "age-of-31-bits-of-milliseconds",
    "clock-never-goes-back",
    "future-says-expired",
    "keys-cached-by-salt",
    "lifetime-without-days",
    "rejected-cookies-remembered",
    "replays-refused",
    "secure-lost-at-renewal",
    "value-trimmed",
];

/// Of the fault bank, every few whose foremost rule the server's configuration brings into play.
#[test]
fn faults_of_the_bank_are_found_through_a_server_as_well() {
    const EVERY: usize = 12;
    let config = plain();
    let within_reach =
        |fault: &&faults::Fault| live::needs(fault.rules[0], &config).is_none() && !OUT_OF_REACH.contains(&fault.name);
    let mut missed = Vec::new();
    for fault in faults::all().filter(within_reach).step_by(EVERY) {
        let probe = Probe { fault: Some(Box::leak(fault.make())), ..Probe::new(plain()) };
        let server = Server::connect(&options(probe.start())).unwrap();
        let asked = RunOptions { cases: 400, as_found: true, fail_fast: true, ..RunOptions::default() };
        let results = run::run(&server, &vectors::embedded().unwrap(), &asked, &mut |_| {});
        if results.outcome() != Outcome::NotConformant {
            missed.push((fault.name, results.total, results.broken));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_clock_that_stands_still_is_not_believed() {
    let slowly = |call: &Exchange| {
        thread::sleep(Duration::from_millis(5));
        rightly(call)
    };
    let results = judged(&options(Probe { frozen: true, answer: slowly, ..Probe::new(plain()) }.start()), 2000);
    assert_eq!(results.outcome(), Outcome::NotJudged);
    let broken = results.broken.unwrap_or_else(|| panic!("{:?}", results.total));
    assert!(broken.what.contains("does it stand still?"), "{broken}");
}

#[test]
fn a_server_that_ends_in_the_middle_ends_the_run() {
    static ANSWERS: AtomicUsize = AtomicUsize::new(0);
    let dying = |call: &Exchange| {
        if ANSWERS.fetch_add(1, Relaxed) > 1500 {
            // The thread of the connection ends, and the connection with it.
            std::panic::resume_unwind(Box::new(()));
        }
        rightly(call)
    };
    let results = judged(&options(Probe { answer: dying, ..Probe::new(plain()) }.start()), 400);
    assert_eq!(results.outcome(), Outcome::NotJudged);
    assert!(results.total.passed > 0 && results.broken.unwrap().what.contains("broke the connection"));
}

#[test]
fn a_run_takes_no_longer_than_it_may() {
    let slowly = |call: &Exchange| {
        thread::sleep(Duration::from_millis(100));
        rightly(call)
    };
    let url = Probe { answer: slowly, ..Probe::new(plain()) }.start();
    let folder = tempfile::tempdir().unwrap();
    let ended = check(&folder, &url, &["--time-limit", "2", "--workers", "2"]);
    ended.with(2, &["the run took longer than it may", "--time-limit allows more"]).within(10);
}

#[test]
fn answers_of_another_kind_are_judged_and_no_more() {
    let senseless = |call: &Exchange| Exchanged {
        status: 200,
        opened: None,
        results: Vec::new(),
        headers: vec![
            ("Set-Cookie".to_owned(), "session=x; Expires=Tue, 99 Foo 2023 00:00:00 GMT".to_owned()),
            ("Vary".to_owned(), call.path.clone()),
        ],
    };
    assert!(!broken(senseless).is_empty());
}

#[test]
fn a_short_lifetime_is_waited_for() {
    let config = Config { lifetime: Lifetime::Seconds(3), ..Config::with_key(KEY) };
    let wait = |answer| {
        let url = Probe { answer, ..Probe::new(config.clone()) }.start();
        let folder = tempfile::tempdir().unwrap();
        check(&folder, &url, &["--cases", "0", "--rules", "SYS,EXP", "--wait", "13"])
    };
    let right = wait(rightly).with(0, &["conformant"]);
    assert!(!right.text().contains("by itself"), "{}", right.text());
    // A server that keeps beside the cookie that the idle user's session goes on.
    let kept = wait(|call| {
        let later = call.actions.iter().any(|action| matches!(action, sessionproof::protocol::Action::Get { .. }));
        let lifetime = if later { 60 } else { 3 };
        let mut exchanged = rightly(call);
        exchanged.opened = rightly(&configured(call, |config| config.lifetime = Lifetime::Seconds(lifetime))).opened;
        exchanged
    });
    kept.with(1, &["live-waiting"]);
}

#[test]
fn a_failure_is_replayed_against_the_server_and_against_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let url =
        Probe { answer: |call| rightly(&configured(call, |c| c.refresh_each_request = false)), ..Probe::new(plain()) };
    let url = url.start();
    check(&folder, &url, &["--cases", "200", "--fail-fast"]).with(1, &["FAIL REN-", "replay "]);
    let saved = std::fs::read_dir(folder.path().join("sessionproof-failures")).unwrap().next().unwrap().unwrap().path();
    let replay = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sessionproof"));
        command.current_dir(folder.path()).arg("replay").arg(&saved).args(arguments).output().unwrap().status.code()
    };
    assert_eq!(replay(&["--url", &url, "--secret-key-file", "key"]), Some(1));
    assert_eq!(replay(&["model"]), Some(0));
    let right = Probe::new(plain()).start();
    assert_eq!(replay(&["--url", &right, "--secret-key-file", "key"]), Some(0));
}
