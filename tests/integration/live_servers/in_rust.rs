//! A probe in this process, answered by the model: what is carried over to it and back must be judged as the model is.

use super::{
    KEY, check,
    probe::{Probe, plain, rightly},
};
use sessionproof::{
    adapter::http::{Options, Server},
    config::{Config, Digest, Fallbacks, Key, Lifetime},
    evidence::vectors,
    mutants,
    protocol::{Exchange, Response},
    suite::{
        outcome::results::{Outcome, Results},
        running::{
            live,
            run::{self, Options as RunOptions},
        },
    },
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

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
    let asked = RunOptions::default().cases(cases).no_shrink(true);
    run::run(&server, &vectors::embedded().unwrap(), &asked, &mut |_| {})
}

#[track_caller]
fn conforms(results: &Results, at_least: usize) {
    let first = results.failures.first().map(|failure| (&failure.rule, &failure.divergence));
    assert_eq!(results.outcome(), Outcome::Conformant, "{first:#?} {:?} {:?}", results.broken, results.inconclusive);
    assert!(results.total.passed >= at_least, "{:?} {:?}", results.total, results.inconclusive);
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
    assert!(
        reasons.contains(&"not offered: a configuration that differs from the server's: no refresh on each request")
    );
    assert!(reasons.contains(&"the lifetime did not pass by itself; wait for it with --wait 1810"), "{reasons:?}");
}

#[test]
fn other_configurations_and_clocks_conform_as_well() {
    let looks = Config::with_key(KEY)
        .fallback_keys(Fallbacks::Keys(vec![Key::from("an old key"), Key::from("an older key")]))
        .lifetime(Lifetime::Delta(90.625))
        .refresh_each_request(false)
        .cookie_name("sid".to_owned())
        .cookie_domain("example.com".to_owned())
        .cookie_samesite("Lax".to_owned())
        .digest(Digest::Sha256);
    let fallback_keys = vec![b"an old key".to_vec(), b"an older key".to_vec()];
    let url = Probe { ahead: 290_400_000, ..Probe::new(looks) }.start();
    let results = judged(&Options { fallback_keys, digest: Some(Digest::Sha256), ..options(url) }, 600);
    conforms(&results, 500);
    for rule in ["KEY-3", "EXP-5", "EXP-10", "REN-2", "SET-3", "SET-6"] {
        assert!(results.rules[rule].passed > 0, "{rule}");
    }
    assert!(results.implementation.runtime.contains("its clock 290 s ahead"), "{}", results.implementation.runtime);
    let behind = Probe { ahead: -50_000_000, ..Probe::new(plain().lifetime(Lifetime::Seconds(2))) };
    conforms(&judged(&options(behind.start()), 300), 300);
}

/// The rules that are broken by a server that answers otherwise.
fn broken(answer: fn(&Exchange) -> Response) -> BTreeSet<String> {
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
/// again, since a cookie is signed again for each second.
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

/// Of the mutants, every few whose foremost rule the server's configuration brings into play.
#[test]
fn mutants_of_the_bank_are_found_through_a_server_as_well() {
    const EVERY: usize = 12;
    let config = plain();
    let within_reach = |mutant: &&mutants::Mutant| {
        live::needs(mutant.rules[0], &config).is_none() && !OUT_OF_REACH.contains(&mutant.name)
    };
    let mut missed = Vec::new();
    for mutant in mutants::of_cookies().filter(within_reach).step_by(EVERY) {
        let probe = Probe { mutant: Some(Box::leak(mutant.make())), ..Probe::new(plain()) };
        let server = Server::connect(&options(probe.start())).unwrap();
        let asked = RunOptions::default().cases(400).no_shrink(true).fail_fast(true);
        let results = run::run(&server, &vectors::embedded().unwrap(), &asked, &mut |_| {});
        if results.outcome() != Outcome::NotConformant {
            missed.push((mutant.name, results.total, results.broken));
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
    assert!(broken.message.contains("does not match the time of the request"), "{broken}");
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
    assert!(results.total.passed > 0 && results.broken.unwrap().message.contains("broke the connection"));
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
    ended.with(2, &["the run took longer than its time limit", "raise --time-limit"]).within(10);
}

#[test]
fn answers_of_another_kind_are_judged_and_no_more() {
    let senseless = |call: &Exchange| Response {
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
    let config = Config::with_key(KEY).lifetime(Lifetime::Seconds(3));
    let wait = |answer| {
        let url = Probe { answer, ..Probe::new(config.clone()) }.start();
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("results.json");
        let to = format!("json={}", report.display());
        let ended = check(&folder, &url, &["--cases", "0", "--rules", "SYS,EXP", "--wait", "13", "--report", &to]);
        (ended, std::fs::read_to_string(report).unwrap())
    };
    let right = wait(rightly).0.with(0, &["conformant"]);
    assert!(!right.text().contains("by itself"), "{}", right.text());
    // A server that keeps beside the cookie that the idle user's session goes on.
    let (kept, report) = wait(|call| {
        let later = call.actions.iter().any(|action| matches!(action, sessionproof::protocol::Action::Get { .. }));
        let lifetime = if later { 60 } else { 3 };
        let mut exchanged = rightly(call);
        exchanged.opened = rightly(&configured(call, |config| config.lifetime = Lifetime::Seconds(lifetime))).opened;
        exchanged
    });
    kept.with(1, &["not conformant"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let failures = report["failures"].as_array().unwrap();
    assert!(failures.iter().any(|failure| failure["origin"]["vector"]["id"] == "live-waiting"), "{report:#}");
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
