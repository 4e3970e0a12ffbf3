//! What becomes of processes and of what was found so far when the suite is interrupted or killed: real signals, on real adapters, at
//! five moments of a run.
#![cfg(target_os = "linux")]

use super::common;
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, PipeReader, Read, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessionproof");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// By this variable a test knows every process of one run.
const VARIABLE: &str = "SESSIONPROOF_TEST_OF_SIGNALS";
/// Long enough for the slowest machine, and no measure of anything.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many runs go on side by side.
const SIDE_BY_SIDE: usize = 4;

const SIGNALS: [&str; 4] = ["HUP", "INT", "KILL", "TERM"];
/// The last is when the reports are being written.
const MOMENTS: [&str; 5] = ["hello", "vectors", "generated", "shrinking", "reports"];

/// An adapter, and how it behaves when the moment has come.
struct Adapter {
    name: &'static str,
    how: &'static str,
    command: &'static str,
    /// Whether a shell starts it, and waits for it.
    is_launched: bool,
}

const STDLIB: &str = "python3 adapters/python/stdlib_adapter.py";
const ADAPTERS: [Adapter; 5] = [
    Adapter { name: "python", how: "still", command: STDLIB, is_launched: false },
    Adapter { name: "node", how: "still", command: "node tests/fixtures/echo_adapter.mjs", is_launched: false },
    Adapter { name: "launcher", how: "still", command: STDLIB, is_launched: true },
    Adapter { name: "busy", how: "busy", command: STDLIB, is_launched: false },
    Adapter { name: "apart", how: "apart", command: STDLIB, is_launched: false },
];

/// A run of the suite in a folder of its own.
struct Run {
    folder: tempfile::TempDir,
    child: Child,
    /// Its standard output, where that is held up.
    held_up: Option<PipeReader>,
}

impl Run {
    /// Starts `check` on an adapter behind the relay, which stops at a moment.
    fn check(moment: &str, adapter: &Adapter, shell: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let stop = if moment == "reports" { "never" } else { moment };
        let relay =
            format!("python3 tests/fixtures/relay.py {stop} {} {} {}", path("marker"), adapter.how, adapter.command);
        let relay = if adapter.is_launched { format!("sh -c '{relay}; true'") } else { relay };
        let page = if moment == "reports" { ",html=-" } else { "" };
        let check = format!(
            "{shell} {PROGRAM} check --workers 1 --call-timeout 120 --rules EXP --cases 400 --failures {} --report json={}{page} -- {relay}",
            path("failures"),
            path("results.json")
        );
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {check}")]).current_dir(ROOT);
        command.env(VARIABLE, folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut held_up = None;
        if moment == "reports" {
            // A full pipe that nobody reads: there the writing of reports stops.
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(&[b' '; 64 * 1024]).unwrap();
            command.stdout(writer);
            held_up = Some(reader);
        }
        let child = command.spawn().unwrap();
        Self { folder, child, held_up }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits for a file to be there.
    #[track_caller]
    fn wait_for(&mut self, name: &str) {
        let file = self.path(name);
        let by = Instant::now() + PATIENCE;
        while !file.exists() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{status} before {name} was there: {}", self.said());
            }
            assert!(Instant::now() < by, "{name} is not there");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end, and reads what was printed only then.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        let by = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None => assert!(Instant::now() < by, "it has not ended"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What is on standard error. Waits for its end.
    fn said(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said).unwrap();
        }
        said
    }

    /// Lets the writing of reports go on.
    fn drain(&mut self) {
        if let Some(mut reader) = self.held_up.take() {
            thread::spawn(move || reader.read_to_end(&mut Vec::new()));
        }
    }

    /// The processes of this run that are alive, with their command lines.
    fn alive(&self) -> BTreeMap<u32, String> {
        let marked = format!("{VARIABLE}={}", self.folder.path().display());
        let numbers = fs::read_dir("/proc").unwrap().flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let alive = numbers.filter_map(|number| {
            // A zombie has no environment any more.
            let environment = fs::read(format!("/proc/{number}/environ")).ok()?;
            let is_ours = environment.split(|byte| *byte == 0).any(|variable| variable == marked.as_bytes());
            let line = fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default().replace('\0', " ");
            is_ours.then_some((number, line))
        });
        alive.collect()
    }

    /// Waits until no process of the run is left, and says for how long.
    #[track_caller]
    fn leaves_nothing(&self, what: &str) -> Duration {
        let since = Instant::now();
        loop {
            let alive = self.alive();
            if alive.is_empty() {
                return since.elapsed();
            }
            assert!(since.elapsed() < PATIENCE, "{what}: left running: {alive:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The saved failures, each of which has to be a whole file.
    #[track_caller]
    fn saved(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.path("failures")) else { return 0 };
        let mut count = 0;
        for file in entries.map(|entry| entry.unwrap().path()) {
            assert_eq!(file.extension().unwrap(), "json", "{}", file.display());
            whole(&file);
            count += 1;
        }
        count
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn whole(file: &Path) -> Json {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// One signal at one moment of a run on one adapter. Says how long it took until no process was left.
fn interrupted(signal: &str, moment: &str, adapter: &Adapter) -> Duration {
    let what = format!("SIG{signal} at {moment}, {}", adapter.name);
    let mut run = Run::check(moment, adapter, "");
    run.wait_for(if moment == "reports" { "results.json" } else { "marker" });
    assert!(run.alive().len() > 2, "{what}: {:?}", run.alive());
    run.signal(signal);
    let since = Instant::now();
    if moment == "reports" && signal != "KILL" {
        // Its processes end though it is still held up.
        let own = run.child.id();
        while run.alive().iter().any(|(number, line)| *number != own && line.contains("relay.py")) {
            assert!(since.elapsed() < PATIENCE, "{what}: {:?}", run.alive());
            thread::sleep(Duration::from_millis(5));
        }
        assert!(run.alive().contains_key(&own), "{what}: it ended before its reports were written");
        run.drain();
    }
    let status = run.end();
    run.leaves_nothing(&what);
    let took = since.elapsed();
    let saved = run.saved();
    if signal == "KILL" {
        assert_eq!(status.signal(), Some(9), "{what}");
        assert!(moment != "generated" && moment != "shrinking" || saved > 0, "{what}: nothing is saved");
        return took;
    }
    assert_eq!(status.code(), Some(2), "{what}");
    let said = run.said();
    assert!(moment == "hello" || moment == "reports" || saved > 0, "{what}: nothing is saved");
    match moment {
        // Nothing is known of the implementation yet.
        "hello" => assert!(said.contains(&format!("error: interrupted by SIG{signal}")), "{what}: {said}"),
        "reports" => {
            assert_eq!(whole(&run.path("results.json"))["outcome"], "not-conformant", "{what}");
            assert!(said.contains(&format!("interrupted by SIG{signal} after the last answer")), "{what}: {said}");
        }
        _ => {
            let results = whole(&run.path("results.json"));
            assert_eq!(results["outcome"], "not-judged", "{what}");
            assert_eq!(results["interrupted"], format!("SIG{signal}"), "{what}");
            assert_eq!(results["broken"]["what"], format!("interrupted by SIG{signal}"), "{what}");
            assert_eq!(results["incidents"], serde_json::json!([]), "{what}");
            let failures = results["failures"].as_array().unwrap();
            assert!(!failures.is_empty() && results["total"]["failed"].as_u64().unwrap() > 0, "{what}: {results}");
            let generated = failures.iter().filter(|failure| failure["origin"].get("property").is_some()).count();
            assert!(moment != "shrinking" || generated > 0, "{what}: the failure that was being shrunk is missing");
        }
    }
    took
}

#[test]
fn after_every_signal_at_every_moment_no_process_is_left_and_what_was_found_is_saved() {
    let test = "after_every_signal_at_every_moment_no_process_is_left_and_what_was_found_is_saved";
    if !common::runs(test, "python3") {
        return;
    }
    let has_node = common::runs(&format!("{test} (node)"), "node");
    let adapters = ADAPTERS.iter().filter(|adapter| has_node || adapter.name != "node");
    let all = adapters
        .flat_map(|adapter| MOMENTS.iter().flat_map(move |moment| SIGNALS.map(|signal| (signal, *moment, adapter))))
        .enumerate();
    // Each takes seconds. A seventh is taken, in which each adapter, moment and signal occurs, unless the whole is wanted.
    let each = if common::is_whole() { 1 } else { 7 };
    let all: Vec<_> = all.filter(|(at, _)| at % each == 0).map(|(_, one)| one).collect();
    let (next, longest) = (AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((signal, moment, adapter)) = all.get(next.fetch_add(1, Relaxed)) {
                    let took = interrupted(signal, moment, adapter);
                    let mut longest = longest.lock().unwrap_or_else(PoisonError::into_inner);
                    *longest = took.max(*longest);
                }
            });
        }
    });
    let longest = longest.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} runs; the longest until no process was left: {longest:?}", all.len());
}

#[test]
fn a_second_signal_ends_what_is_held_up() {
    if !common::runs("a_second_signal_ends_what_is_held_up", "python3") {
        return;
    }
    let mut run = Run::check("reports", &ADAPTERS[0], "");
    run.wait_for("results.json");
    // `timeout` and others send each signal twice: that is no second wish.
    run.signal("INT");
    run.signal("TERM");
    thread::sleep(Duration::from_millis(1000));
    assert_eq!(run.child.try_wait().unwrap(), None, "nobody reads its page");
    run.signal("TERM");
    assert_eq!(run.end().code(), Some(2));
    run.leaves_nothing("a second signal");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    if !common::runs("a_signal_that_was_ignored_at_the_start_stays_ignored", "python3") {
        return;
    }
    let mut run = Run::check("vectors", &ADAPTERS[0], "nohup");
    run.wait_for("marker");
    run.signal("HUP");
    thread::sleep(Duration::from_millis(300));
    fs::write(run.path("marker.go"), "").unwrap();
    assert_eq!(run.end().code(), Some(1));
    assert_eq!(whole(&run.path("results.json"))["outcome"], "not-conformant");
    run.leaves_nothing("a run that ended by itself");
}

#[test]
fn a_run_within_a_run_ends_nothing_of_the_outer_one() {
    if !common::runs("a_run_within_a_run_ends_nothing_of_the_outer_one", "python3") {
        return;
    }
    let inner = format!("{PROGRAM} check --rules EXP --cases 100 -- {STDLIB}");
    let script = format!("{inner} >&2; exec {STDLIB}");
    let ran = Command::new(PROGRAM)
        .args([
            "check",
            "--workers",
            "2",
            "--call-timeout",
            "60",
            "--rules",
            "EXP",
            "--cases",
            "100",
            "--",
            "sh",
            "-c",
            &script,
        ])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("conformant"), "{said}");
}

#[test]
fn a_set_up_that_is_interrupted_or_killed_leaves_no_process() {
    let test = "a_set_up_that_is_interrupted_or_killed_leaves_no_process";
    if !common::runs(test, "python3") {
        return;
    }
    for signal in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        let mut command = Command::new(PROGRAM);
        command.args(["check", "--cases", "0", "flask"]).current_dir(folder.path());
        command.env("SESSIONPROOF_CACHE", &cache).env(VARIABLE, folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let mut run = Run { folder, child, held_up: None };
        // The program itself, its guard, and a tool at work: the environment is being made.
        let by = Instant::now() + PATIENCE;
        while !run.alive().values().any(|line| line.contains(" -m ")) {
            assert!(run.child.try_wait().unwrap().is_none(), "{}", run.said());
            assert!(Instant::now() < by, "no tool runs: {:?}", run.alive());
            thread::sleep(Duration::from_millis(1));
        }
        run.signal(signal);
        let status = run.end();
        run.leaves_nothing(&format!("SIG{signal} during set-up"));
        if signal != "KILL" {
            let said = run.said();
            assert_eq!(status.code(), Some(2), "{said}");
            assert!(said.contains(&format!("error: interrupted by SIG{signal}")), "{said}");
            let left = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            assert_eq!(left.filter(|name| name.starts_with("partial-")).count(), 0);
        }
    }
}

/// Starts a command that takes long, and interrupts it once it handles signals.
fn interrupted_command(arguments: &[&str], after: Duration) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(folder.path()).env(VARIABLE, folder.path());
    let out = folder.path().join("stdout");
    command.stdin(Stdio::null()).stdout(fs::File::create(&out).unwrap()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mut run = Run { folder, child, held_up: None };
    let own = run.child.id();
    let is_ready = |run: &Run| {
        let mask = fs::read_to_string(format!("/proc/{own}/status")).unwrap_or_default();
        let mask = mask.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
        run.alive().contains_key(&own) && mask.is_some_and(|mask| mask & 0b10 != 0)
    };
    let by = Instant::now() + PATIENCE;
    while !is_ready(&run) {
        assert!(Instant::now() < by, "{arguments:?}: it handles no signal");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(after);
    run.signal("INT");
    let status = run.end().code();
    run.leaves_nothing("an interrupted command");
    (status, fs::read_to_string(out).unwrap(), run.said())
}

#[test]
fn whatever_takes_long_shows_what_was_found_until_it_was_interrupted() {
    for (arguments, parts) in [
        (&["explore"][..], &[][..]),
        (&["mutants", "--cases", "100000"], &["caught by", "mutants were tried until then"]),
        (&["bench", "--turns", "1000"], &["nanoseconds per cookie"]),
    ] {
        let (status, shown, said) = interrupted_command(arguments, Duration::from_millis(300));
        assert_eq!(status, Some(2), "{arguments:?}: {shown}{said}");
        assert!(said.contains("interrupted by SIGINT"), "{arguments:?}: {said}");
        assert!(!shown.contains("every property is as expected") && !shown.contains("survived"), "{shown}");
        for part in parts {
            assert!(shown.contains(part), "{arguments:?}: {part:?} is not in {shown}");
        }
    }
}
