//! `inspect` from outside: its exit statuses and errors.

use crate::inspect::{NOW, cookie};
use sessionproof::{clock::UnixTime, config::Config, model::signing};
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

/// The program with some arguments and standard input, in a folder.
fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
        .arg("inspect")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn the_exit_status_tells_what_the_server_would_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    file("key", "key");
    file("key-with-line-break", "key\r\n");
    file("other", "other");
    file("empty", "\n");
    file("config.json", "{\"secret_key\":\"key\",\n\"salt\":1}");
    file("salted.json", "{\"secret_key\":\"key\",\"lifetime\":60}");
    let good = cookie(r#"{"user":1}"#, NOW);
    let now = "1700000060";
    for (arguments, status, part) in [
        (&["--now", now][..], 0, "not checked"),
        (&["--now", now, "--secret-key-file", "key"], 0, "accepted"),
        (&["--now", now, "--secret-key-file", "key-with-line-break"], 0, "accepted"),
        (&["--now", now, "--secret-key-file", "other"], 1, "SIG-5"),
        (&["--now", now, "--secret-key-file", "other", "--fallback-key-file", "key"], 0, "fallback key 1"),
        (&["--now", now, "--secret-key-file", "key", "--lifetime", "1m"], 0, "accepted"),
        (&["--now", now, "--secret-key-file", "key", "--lifetime", "59"], 1, "EXP-1"),
        (&["--now", "2023-11-14T22:14:21Z", "--config", "salted.json"], 1, "EXP-1"),
        (&["--now", now, "--fallback-key-file", "key"], 2, "KEY-5"),
        (&["--now", now, "--secret-key-file", "empty"], 2, "empty is empty, so it holds no key"),
        (&["--now", now, "--secret-key-file", "missing"], 2, "missing cannot be read"),
        (&["--now", now, "--secret-key-file", "missing"], 2, "name a file that exists"),
        (&["--now", now, "--config", "config.json"], 2, "config.json:2"),
        (&["--now", "noon"], 2, "not a time"),
        (&["--lifetime", "long"], 2, "as in 30m"),
        (&["--jsn"], 2, "--json"),
    ] {
        for (as_argument, input) in
            [(Some(good.as_str()), &b""[..]), (None, good.as_bytes()), (Some("-"), good.as_bytes())]
        {
            let arguments: Vec<_> = arguments.iter().copied().chain(as_argument).collect();
            let output = run(folder.path(), &arguments, input);
            let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
            assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
            assert!(said.contains(part), "{arguments:?}: {part} is not in {said}");
        }
    }
}

#[test]
fn a_key_whose_line_break_belongs_to_it_is_tried_as_well() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "key\n").unwrap();
    let good = signing::sign("e30", b"key\n", &Config::with_key("key\n"), UnixTime::from_seconds(NOW)).unwrap();
    let output = run(folder.path(), &[&good, "--secret-key-file", "key", "--now", "1700000060"], b"");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("KEY-6"));
}

#[test]
fn what_is_no_cookie_ends_with_status_2_and_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    for input in [&b""[..], b"a.b", b"\xff\xfe\x00", &[b'x'; 2 << 20], b"\x1b[31m"] {
        let output = run(folder.path(), &[], input);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
        assert!(!stderr.contains('\u{1b}') && output.stdout.is_empty(), "{stderr:?}");
    }
}
