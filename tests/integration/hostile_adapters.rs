//! Adapters that misbehave in every way we could think of: each must end in a message that names the call and the remedy,
//! within its time limit and in bounded memory. The adapters are shell scripts, so that the tests need nothing installed.
#![cfg(unix)]

use sessionproof::{
    adapter::{
        AdapterError, Implementation,
        subprocess::{Options, Subprocess},
    },
    clock::UnixTime,
    config::Config,
    protocol::{Answer, Call, Reply, Verify, VerifyOutcome},
};
use std::{
    env, fs,
    process::{self, Command},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// Shell functions for adapters: `hello` answers hello, `next` reads a request and takes it apart, `reply` answers with the
/// request's cookie.
const PRELUDE: &str = r#"
hello() { read -r line; printf '{"id":0,"ok":{"name":"hostile","ops":["verify"]}}\n'; }
next() {
    IFS= read -r line || exit 0
    id=${line#*'"id":'}; id=${id%%,*}
    cookie=${line##*'"cookie":"'}; cookie=${cookie%%'"'*}
}
answer() { printf '{"id":%s,"ok":{"raised":"%s"}}\n' "$1" "$2"; }
reply() { answer "$id" "$cookie"; }
"#;

fn adapter(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", &format!("{PRELUDE}{script}")].map(str::to_owned).into()
}

/// One copy, with a limit short enough to wait for.
fn one() -> Options {
    Options { workers: 1, call_timeout: Duration::from_secs(2), ..Options::default() }
}

/// One copy whose limit no machine is too slow for: whatever ends the test is not the limit.
fn patient() -> Options {
    Options { call_timeout: Duration::from_secs(60), ..one() }
}

/// Calls that are told apart by their cookies, `c0`, `c1` and so on.
fn calls(count: usize) -> Vec<Call> {
    padded_calls(count, 0)
}

/// The same, each with a secret key of `length` characters.
fn padded_calls(count: usize, length: usize) -> Vec<Call> {
    let config = Arc::new(Config::with_key("k".repeat(length).as_str()));
    let call = |n| Verify { config: config.clone(), now: UnixTime::from_seconds(1), cookie: format!("c{n}") };
    (0..count).map(call).map(Call::Verify).collect()
}

/// The reply that the shell function of this name gives.
fn echo(n: usize) -> Reply {
    Reply::Ok(Answer::Verify(VerifyOutcome::Raised(format!("c{n}"))))
}

fn echoes(count: usize) -> Vec<Reply> {
    (0..count).map(echo).collect()
}

/// What a batch of calls comes to, including the end of the adapter. The test fails when that takes longer than two minutes.
fn answers(command: Vec<String>, options: Options, calls: Vec<Call>) -> Result<Vec<Reply>, AdapterError> {
    within_minutes(move || Subprocess::start(&command, options)?.answer(&calls))
}

fn within_minutes<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result.recv_timeout(Duration::from_secs(120)).expect("the adapter kept the runner waiting")
}

#[track_caller]
fn broken(result: Result<Vec<Reply>, AdapterError>, what: &[&str], remedy: &str) {
    let broken = result.expect_err("the adapter broke");
    for part in what {
        assert!(broken.message.contains(part), "{part:?} is missing in:\n{broken}");
    }
    assert!(broken.hint.contains(remedy), "{remedy:?} is missing in:\n{broken}");
}

/// The largest amount of memory that this process ever had (KiB), where the system tells.
fn memory_peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// Does something in a process of its own, which has to get by with little memory.
#[track_caller]
fn in_little_memory(test: &str, work: impl Fn()) {
    const ALONE: &str = "SESSIONPROOF_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        work();
        assert!(memory_peak().unwrap_or(0) < 256 * 1024, "{:?} KiB", memory_peak());
        return;
    }
    let mut alone = Command::new(env::current_exe().unwrap());
    alone.args(["--exact", &format!("hostile_adapters::{test}"), "--nocapture"]).env(ALONE, "1");
    let output = alone.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

// Adapters as they should be.

#[test]
fn calls_are_answered_in_their_order() {
    assert_eq!(answers(adapter("hello; while :; do next; reply; done"), patient(), calls(300)), Ok(echoes(300)));
}

#[test]
fn replies_are_matched_by_id_in_whatever_order_they_come() {
    let script = r#"
        hello
        while :; do
            next; first=$id first_cookie=$cookie
            next; second=$id second_cookie=$cookie
            next; reply
            answer "$second" "$second_cookie"; answer "$first" "$first_cookie"
        done"#;
    assert_eq!(answers(adapter(script), patient(), calls(300)), Ok(echoes(300)));
}

#[test]
fn two_copies_share_the_calls_and_the_order_is_kept() {
    let script = r#"hello; while :; do next; answer "$id" "$cookie $$"; done"#;
    let options = Options { workers: 2, in_flight: 4, ..patient() };
    let replies = answers(adapter(script), options, calls(2000)).unwrap();
    let mut copies = std::collections::BTreeSet::new();
    for (n, reply) in replies.iter().enumerate() {
        let Reply::Ok(Answer::Verify(VerifyOutcome::Raised(text))) = reply else { panic!("{reply:?}") };
        let (cookie, copy) = text.split_once(' ').unwrap();
        assert_eq!(cookie, format!("c{n}"));
        copies.insert(copy.to_owned());
    }
    assert_eq!(copies.len(), 2);
}

#[test]
fn one_slow_copy_does_not_hold_up_the_other() {
    // The first copy to make the folder takes a second for its first call and would take minutes for half of the calls.
    let folder = env::temp_dir().join(format!("sessionproof-slow-{}", process::id()));
    let script = format!(
        "hello; mkdir '{}' 2>/dev/null && slow=1; while :; do next; [ -n \"$slow\" ] && sleep 1; reply; done",
        folder.display()
    );
    let options = Options { workers: 2, in_flight: 2, ..patient() };
    let result = answers(adapter(&script), options, calls(500));
    fs::remove_dir(folder).unwrap();
    assert_eq!(result, Ok(echoes(500)));
}

#[test]
fn several_batches_are_one_conversation() {
    let (first, second, stats, restarts) = within_minutes(|| {
        let subprocess = Subprocess::start(&adapter("hello; while :; do next; reply; done"), patient()).unwrap();
        let answers = (subprocess.answer(&calls(3)), subprocess.answer(&calls(100)));
        (answers.0, answers.1, subprocess.stats(), subprocess.restarts())
    });
    assert_eq!((first, second), (Ok(echoes(3)), Ok(echoes(100))));
    assert_eq!((stats.calls, restarts), (103, 0));
    assert!(stats.busy > Duration::ZERO && stats.waiting > Duration::ZERO);
}

#[test]
fn environment_and_working_directory_are_inherited() {
    let script = r#"hello; while :; do next; answer "$id" "$CARGO_PKG_NAME $PWD"; done"#;
    let told = format!("{} {}", env!("CARGO_PKG_NAME"), env::current_dir().unwrap().display());
    assert_eq!(
        answers(adapter(script), patient(), calls(1)),
        Ok(vec![Reply::Ok(Answer::Verify(VerifyOutcome::Raised(told)))])
    );
}

#[test]
fn slow_calls_are_not_blamed_for_the_queue_before_them() {
    // Twelve calls of half a second are in flight together, three times the limit for one.
    let script = "hello; while :; do next; sleep 0.5; reply; done";
    assert_eq!(answers(adapter(script), one(), calls(12)), Ok(echoes(12)));
}

#[test]
fn a_flood_on_standard_error_does_no_harm() {
    let script = r#"hello; while :; do next; head -c 100000000 /dev/zero | tr '\0' e >&2; reply; done"#;
    in_little_memory("a_flood_on_standard_error_does_no_harm", || {
        assert_eq!(answers(adapter(script), patient(), calls(3)), Ok(echoes(3)));
    });
}

// Adapters that do not start.

#[test]
fn a_program_that_is_not_there_is_named() {
    let command = vec!["./no/such adapter".to_owned(), "x".to_owned()];
    broken(answers(command, one(), calls(1)), &["cannot start", "'./no/such adapter' x"], "Check the path");
    broken(answers(Vec::new(), one(), calls(1)), &["no command"], "Name the adapter's program");
}

#[test]
fn a_file_that_is_not_executable_is_named() {
    let file = env::temp_dir().join(format!("sessionproof-not-executable-{}", process::id()));
    fs::write(&file, "print('hello')\n").unwrap();
    let result = answers(vec![file.display().to_string()], one(), calls(1));
    fs::remove_file(&file).unwrap();
    broken(result, &["cannot start", "sessionproof-not-executable"], "chmod +x");
}

#[test]
fn a_crash_at_once_shows_the_last_words() {
    let script = "echo 'no module named flask' >&2; exit 3";
    let what = ["exited with status 3 before it answered hello", "no module named flask"];
    broken(answers(adapter(script), patient(), calls(1)), &what, "Run the command by hand");
}

#[test]
fn an_adapter_that_never_says_hello_is_ended() {
    let what = ["has not answered hello within 2s"];
    broken(answers(adapter("read -r line; sleep 1000"), one(), calls(1)), &what, "flush");
}

#[test]
fn a_banner_is_not_a_hello() {
    let script = r#"printf 'Welcome to \033[1mMyServer\033[0m\n'; hello; sleep 1000"#;
    let what = [r"Welcome to \u{1b}[1mMyServer\u{1b}[0m"];
    broken(answers(adapter(script), patient(), calls(1)), &what, "print everything else to standard error");
}

#[test]
fn an_unusable_hello_is_shown() {
    let script = r#"printf '{"id":0,"ok":{"name":"x","ops":["verifi"]}}\n'; sleep 1000"#;
    broken(
        answers(adapter(script), patient(), calls(1)),
        &["\"verifi\"", "there are bench, exchange, sign"],
        "Section `hello`",
    );
    let script = r#"printf '{"id":0,"error":"no secret"}\n'; sleep 1000"#;
    broken(answers(adapter(script), patient(), calls(1)), &["with error: \"no secret\""], "Section `hello`");
}

#[test]
fn every_copy_must_say_the_same_hello() {
    // Slowly, so that the first copy does not answer everything before the second has said its hello.
    let script = r#"
        read -r line; printf '{"id":0,"ok":{"name":"x","version":"%s","ops":["verify"]}}\n' $$
        while :; do next; sleep 0.05; reply; done"#;
    let options = Options { workers: 2, in_flight: 1, ..patient() };
    broken(answers(adapter(script), options, calls(100)), &["sent a different hello"], "same hello each time");
}

// Adapters that hang.

#[test]
fn a_hang_names_its_call() {
    let script = "hello; next; reply; next; reply; next; echo 'thinking hard' >&2; sleep 1000";
    let what =
        ["has not replied for 2s", "to 7 more", r#"{"id":3,"op":"verify","#, r#""cookie":"c2""#, "thinking hard"];
    broken(answers(adapter(script), one(), calls(10)), &what, "--call-timeout");
}

#[test]
fn an_adapter_that_reads_nothing_is_ended() {
    // Far more than a pipe holds.
    let result = answers(adapter("hello; sleep 1000"), one(), padded_calls(64, 100_000));
    broken(result, &["has not replied for 2s", r#"{"id":1,"op":"verify","#], "--call-timeout");
}

#[test]
fn an_adapter_that_does_not_flush_is_told_so() {
    let script = r#"hello; next; printf '{"id":1,"ok":{"raised":"c0"}}'; sleep 1000"#;
    broken(
        answers(adapter(script), one(), calls(1)),
        &[r#""cookie":"c0""#],
        "end every reply with a newline, and flush",
    );
}

#[test]
fn the_whole_run_has_a_limit_too() {
    let script = "hello; while :; do next; sleep 0.2; reply; done";
    let options = Options { run_limit: Some(Duration::from_secs(2)), ..patient() };
    let what = ["longer than its time limit of 2s", "calls have no reply", "the call: "];
    broken(answers(adapter(script), options, calls(1000)), &what, "--time-limit");
}

#[test]
fn what_an_adapter_started_ends_with_it() {
    // The sleeping process holds both pipes open; it tells its id so that the test can look for it.
    let script = r#"hello; sleep 1000 & echo "sleeper $!" >&2; wait"#;
    let Err(broken) = answers(adapter(script), one(), calls(1)) else { panic!("the adapter hangs") };
    let sleeper = broken.message.split("sleeper ").nth(1).unwrap().trim().to_owned();
    // It is gone, or dead and only waiting to be reaped by whoever inherited it.
    let state = process::Command::new("ps").args(["-o", "stat=", "-p", &sleeper]).output().unwrap().stdout;
    let state = String::from_utf8(state).unwrap();
    assert!(state.trim().is_empty() || state.starts_with('Z'), "{state}");
}

#[test]
fn an_adapter_that_outlives_its_input_is_ended_with_the_run() {
    let script = "hello; next; reply; trap '' TERM; while :; do sleep 1; done";
    assert_eq!(answers(adapter(script), patient(), calls(1)), Ok(echoes(1)));
}

// Adapters that crash.

#[test]
fn a_call_that_breaks_every_copy_is_answered_with_an_error() {
    let script =
        r#"hello; while :; do next; [ "$cookie" = c5 ] && { echo 'segfault in c5' >&2; exit 7; }; reply; done"#;
    let replies = answers(adapter(script), patient(), calls(20)).unwrap();
    for (n, reply) in replies.iter().enumerate() {
        match reply {
            Reply::Error(error) if n == 5 => {
                assert!(error.contains("exited with status 7 during this call"), "{error}");
                assert!(error.contains("segfault in c5"), "{error}");
            }
            reply => assert_eq!(*reply, echo(n)),
        }
    }
}

#[test]
fn two_copies_survive_a_few_crashes_each() {
    let script = r#"
        hello
        while :; do
            next
            case $cookie in c5|c300|c301) kill -9 $$;; esac
            reply
        done"#;
    let options = Options { workers: 2, in_flight: 8, ..patient() };
    let replies = answers(adapter(script), options, calls(400)).unwrap();
    for (n, reply) in replies.iter().enumerate() {
        match reply {
            Reply::Error(error) if [5, 300, 301].contains(&n) => assert!(error.contains("SIGKILL"), "{error}"),
            reply => assert_eq!(*reply, echo(n)),
        }
    }
}

#[test]
fn a_crash_that_does_not_come_back_is_forgiven() {
    let script = r#"hello; n=0; while :; do n=$((n + 1)); [ $n = 1000 ] && exit 9; next; reply; done"#;
    let (replies, restarts) = within_minutes(move || {
        let subprocess = Subprocess::start(&adapter(script), patient()).unwrap();
        (subprocess.answer(&calls(1500)), subprocess.restarts())
    });
    assert_eq!((replies, restarts), (Ok(echoes(1500)), 1));
}

#[test]
fn an_adapter_that_keeps_crashing_is_given_up() {
    let script =
        r#"hello; n=0; while :; do next; n=$((n + 1)); [ $n = 10 ] && { echo tired >&2; exit 9; }; reply; done"#;
    let options = Options { max_crashes: 3, ..patient() };
    let what = ["exited with status 9", "4 adapter processes have crashed", r#"{"id":10,"op":"verify","#, "tired"];
    broken(answers(adapter(script), options, calls(1000)), &what, "until standard input ends");
}

#[test]
fn an_adapter_that_answers_one_call_and_exits_is_given_up() {
    let what = ["exited with status 0", "9 adapter processes have crashed"];
    broken(answers(adapter("hello; next; reply"), patient(), calls(1000)), &what, "until standard input ends");
}

#[test]
fn standard_input_closed_early_counts_as_a_crash() {
    // It is closed before the reply that makes the runner write the next request.
    let script = "hello; next; reply; next; exec <&-; reply; sleep 1000";
    let options = Options { max_crashes: 2, in_flight: 1, ..patient() };
    let what = ["closed its standard input and kept running", r#"{"id":3,"op":"verify","#];
    broken(answers(adapter(script), options, calls(1000)), &what, "until standard input ends");
}

#[test]
fn standard_input_closed_over_waiting_requests_is_a_hang() {
    // Nothing is written any more that could be refused.
    let script = "hello; next; reply; sleep 1; exec <&-; sleep 1000";
    let what = ["has not replied for 2s", r#"{"id":2,"op":"verify","#];
    broken(answers(adapter(script), one(), calls(5)), &what, "Read requests until standard input ends");
}

#[test]
fn standard_output_closed_early_counts_as_a_crash() {
    let script = "hello; next; reply; exec >&-; sleep 1000";
    let options = Options { max_crashes: 2, ..patient() };
    let what = ["closed its standard output and kept running", r#"{"id":2,"op":"verify","#];
    broken(answers(adapter(script), options, calls(1000)), &what, "until standard input ends");
}

#[test]
fn a_reply_cut_short_is_no_reply() {
    let script = r#"hello; next; printf '{"id":1,"ok":{"rai'; exit 1"#;
    let replies = answers(adapter(script), patient(), calls(1)).unwrap();
    let [Reply::Error(error)] = &replies[..] else { panic!("{replies:?}") };
    assert!(
        error.contains("exited with status 1") && error.contains(r#"without a newline: {"id":1,"ok":{"rai"#),
        "{error}"
    );
}

#[test]
fn once_broken_it_stays_broken() {
    let (first, second) = within_minutes(|| {
        let subprocess = Subprocess::start(&adapter("hello; next; echo oops; sleep 1000"), patient()).unwrap();
        (subprocess.answer(&calls(1)), subprocess.answer(&calls(1)))
    });
    assert!(first.is_err());
    assert_eq!(first, second);
}

// Adapters that print what they should not.

#[test]
fn garbage_names_the_line_and_the_call() {
    let script = "hello; next; reply; next; echo 'DEBUG: opening session'; reply; sleep 1000";
    let what = ["DEBUG: opening session", r#"{"id":2,"op":"verify","#, r#""cookie":"c1""#];
    broken(answers(adapter(script), patient(), calls(5)), &what, "print everything else to standard error");
}

#[test]
fn bytes_that_are_not_text_are_escaped() {
    let script = r#"hello; next; printf '\377\000\n'; sleep 1000"#;
    broken(answers(adapter(script), patient(), calls(1)), &["not UTF-8", r"\xff\0"], "in UTF-8");
}

#[test]
fn an_endless_line_is_cut_off() {
    let script = r"hello; next; head -c 1000000000 /dev/zero | tr '\0' x; sleep 1000";
    let what = ["more than 4194304 bytes", "xxxxxxxx…", r#""cookie":"c0""#];
    in_little_memory("an_endless_line_is_cut_off", || {
        broken(answers(adapter(script), patient(), calls(1)), &what, "End every reply with a newline");
    });
}

#[test]
fn endless_replies_are_cut_off() {
    let script = r#"hello; next; yes '{"id":1,"ok":{"raised":"c0"}}'"#;
    broken(
        answers(adapter(script), patient(), calls(2)),
        &["request 1 was answered before"],
        "Answer each request once",
    );
}

#[test]
fn a_wrong_id_is_shown() {
    let script = r#"hello; next; answer 77 x; sleep 1000"#;
    let what = ["request 77 was never asked", r#"{"id":77,"ok""#, r#""cookie":"c0""#];
    broken(answers(adapter(script), patient(), calls(1)), &what, "copy its `id`");
    let script = r#"hello; next; answer '"1"' x; sleep 1000"#;
    broken(answers(adapter(script), patient(), calls(1)), &["is no id of a request"], "copy its `id`");
}

#[test]
fn a_second_reply_to_one_call_is_shown() {
    let script = "hello; next; reply; reply; sleep 1000";
    broken(
        answers(adapter(script), patient(), calls(3)),
        &["request 1 was answered before"],
        "Answer each request once",
    );
}

#[test]
fn a_reply_that_cannot_be_read_is_an_error_of_its_call_and_the_next_one_counts() {
    for (reply, what) in [
        (r#"{"id":%s,"ok":{"accepted":true}}"#, &["needs its \"session\"", r#"{"id":2,"ok":{"accepted":true}}"#][..]),
        (r#"{"id":%s,"ok":{"raised":"a\\udc80"}}"#, &["half of a surrogate pair", r#"{"raised":"a\udc80"}"#]),
        (r#"{"id":%s,"error":"\\ud800"}"#, &["half of a surrogate pair"]),
        (r#"{"id":%s,"ok":7}"#, &["the reply: "]),
        (r#"{"id":%s}"#, &["the reply: "]),
    ] {
        let script = format!("hello; next; reply; next; printf '{reply}\\n' \"$id\"; next; reply; sleep 1000");
        let replies = answers(adapter(&script), patient(), calls(3)).unwrap();
        let [first, Reply::Error(error), last] = &replies[..] else { panic!("{reply}: {replies:?}") };
        assert_eq!((first, last), (&echo(0), &echo(2)));
        for part in what.iter().chain(&["section `verify`"]) {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
    }
}
