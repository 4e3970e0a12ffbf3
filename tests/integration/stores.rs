//! Sessions in a store: the implementations that are known by name, and the servers that their adapters have for themselves.

use crate::common::{self, program::Run};

use sessionproof::{
    adapter::subprocess::{Options, Subprocess},
    evidence::vectors,
    rules::{Pattern, weight},
    setup::Known,
    suite::{
        outcome::results::{Outcome, Results},
        running::run,
    },
};
use std::{env, fs, path::Path};

/// Whether there is a Redis here. With `SESSIONPROOF_REQUIRE_REDIS` set, a missing one is a failure.
fn has_redis(test: &str) -> bool {
    let is_here = sessionproof::processes::ServerKind::Redis.program().is_some();
    if !is_here {
        assert!(env::var_os("SESSIONPROOF_REQUIRE_REDIS").is_none(), "there is no redis-server");
        common::skipped(test, "there is no redis-server");
    }
    is_here
}

/// What the stories say of a known implementation; `None` if it cannot be set up here.
fn judged(test: &str, name: &str, cases: usize) -> Option<Results> {
    if !has_redis(test) {
        return None;
    }
    let program = common::program(test, Known::named(name).unwrap())?;
    let implementation = Subprocess::start(program, Options::default()).unwrap();
    let options = run::Options::default().cases(cases).rules(Pattern::parse("STO").unwrap());
    let results = run::run(&implementation, &vectors::of_stores().unwrap(), &options, &mut |_| {});
    assert_eq!(results.broken, None, "{name}");
    assert!(!results.adapter_broke, "{name}: {:?}", results.inconclusive);
    Some(results)
}

#[test]
fn the_careful_interface_keeps_every_rule_on_a_real_redis() {
    let test = "the_careful_interface_keeps_every_rule_on_a_real_redis";
    let Some(results) = judged(test, "careful-sessions", 2000) else { return };
    assert_eq!(results.outcome(), Outcome::Conformant, "{:?}", results.failures.first());
    assert!(results.total.passed > 400, "{:?}", results.total);
    let unclear: Vec<_> = results.inconclusive.keys().collect();
    assert!(unclear.iter().all(|why| why.contains("clock cannot show")), "{unclear:?}");
}

#[test]
fn flask_session_logs_in_again_whoever_logged_out_while_a_page_was_loading() {
    let test = "flask_session_logs_in_again_whoever_logged_out_while_a_page_was_loading";
    let Some(results) = judged(test, "flask-session", 2000) else { return };
    assert_eq!(results.outcome(), Outcome::NotConformant);
    let first = results.failures.iter().min_by_key(|failure| weight(&failure.rule)).unwrap();
    assert_eq!(first.rule, "STO-22");
    for rule in ["STO-22", "STO-23", "STO-25", "STO-27"] {
        let steps = |failure: &&sessionproof::suite::outcome::results::Failure| match &failure.divergence.call {
            sessionproof::protocol::Call::Story(story) => story.steps.len(),
            other => panic!("{other:?}"),
        };
        let shortest = results.failures.iter().filter(|failure| failure.rule == rule).map(|failure| steps(&failure));
        let shortest = shortest.min().unwrap_or_else(|| panic!("{rule} is not among the failures"));
        assert!(shortest <= 8, "{rule}: {shortest} steps");
    }
}

/// A shell script that stands where a program is looked for.
#[cfg(unix)]
fn script(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An adapter that says where its Redis is, and answers no story.
const STUB: &str = "import json, os, sys\n\
for line in sys.stdin:\n    \
    request = json.loads(line)\n    \
    ok = {'name': os.environ['SESSIONPROOF_REDIS'].split('@')[1], 'ops': ['story']}\n    \
    reply = {'ok': ok} if request['op'] == 'hello' else {'unsupported': 'anything'}\n    \
    print(json.dumps({'id': request['id'], **reply}), flush=True)\n";

#[cfg(unix)]
fn with_server(server: Option<&str>) -> Run {
    let run = Run::new(&["check", "--cases", "0", "--redis", "--", "python3", "stub.py"]).file("stub.py", STUB);
    let bin = run.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    if let Some(text) = server {
        script(&bin, "redis-server", text);
    }
    let python = std::process::Command::new("sh").args(["-c", "command -v python3"]).output().unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    std::os::unix::fs::symlink(python.trim(), bin.join("python3")).unwrap();
    run.env("PATH", format!("{}:{}", bin.display(), if server.is_some() { "/bin:/usr/bin" } else { "" }))
}

#[cfg(unix)]
#[test]
fn a_redis_that_is_missing_ends_the_run_with_what_to_install() {
    if common::runs("a_redis_that_is_missing_ends_the_run_with_what_to_install", "python3") {
        with_server(None)
            .done()
            .is_refused_with(&["there is no redis-server or valkey-server", "apt install redis-server"]);
    }
}

#[cfg(unix)]
#[test]
fn a_redis_that_ends_at_once_ends_the_run_with_a_message() {
    if common::runs("a_redis_that_ends_at_once_ends_the_run_with_a_message", "python3") {
        with_server(Some("exit 3")).done().is_refused_with(&["does not start: it ended before it answered"]);
    }
}

#[cfg(unix)]
#[test]
fn a_redis_that_never_answers_ends_the_run_with_a_message() {
    if common::runs("a_redis_that_never_answers_ends_the_run_with_a_message", "python3") {
        with_server(Some("sleep 100")).done().is_refused_with(&["it did not answer for 10 s"]);
    }
}

#[cfg(unix)]
#[test]
fn each_copy_has_a_redis_of_its_own_which_is_gone_after_the_run() {
    let test = "each_copy_has_a_redis_of_its_own_which_is_gone_after_the_run";
    if !has_redis(test) || !common::runs(test, "python3") {
        return;
    }
    let real = sessionproof::processes::ServerKind::Redis.program().unwrap();
    let run = with_server(Some(&format!("echo $$ >> \"$PIDS\"\nexec {} \"$@\"", real.display())));
    let pids = run.folder.path().join("pids");
    let done = run.env("PIDS", &pids).done();
    assert_eq!(done.output.status.code(), Some(2), "{}{}", done.stdout(), done.stderr());
    assert!(done.stdout().contains("127.0.0.1:"), "{}", done.stdout());
    let pids = fs::read_to_string(pids).unwrap();
    assert!(!pids.trim().is_empty());
    for pid in pids.lines() {
        assert!(!Path::new("/proc").join(pid).join("exe").exists(), "{pid} still runs");
    }
}
