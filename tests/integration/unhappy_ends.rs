//! What a person needs when something breaks: the adapter, standard output, a report's place, or a name.

use crate::common::{self, program::Run};
use serde_json::Value as Json;
use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessionproof");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// An adapter in Python, on the helper, of which `body` defines `verify` and `sign`.
fn python(body: &str) -> String {
    format!(
        "import sys\nsys.path.insert(0, {:?})\nfrom sessionproof_adapter import *\n{body}\n\
         serve(name='x', version='1', build=lambda config: None, verify=verify, sign=sign)\n",
        format!("{ROOT}/adapters/python")
    )
}

/// The text behind a word at the beginning of a line.
fn behind<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(word)).map(str::trim).collect()
}

#[test]
fn an_adapter_that_breaks_is_shown_with_everything_and_asked_again_by_the_printed_command() {
    if !common::runs("an_adapter_that_breaks_is_shown_with_everything", "python3") {
        return;
    }
    let adapter = python(
        "count = 0\n\
         def verify(target, now, cookie):\n    global count\n    count += 1\n    \
         raise RuntimeError(f'x86_64 line {count} of sha1.py\\nmore')\n\
         def sign(target, now, session):\n    raise KeyError('other')",
    );
    let mut run = Run::new(&["check", "--rules", "EXP,SIG", "--cases", "40", "--workers", "1"]).file("a.py", &adapter);
    run.command.args(["--report", "json=r.json,junit=r.xml,tap=r.tap", "--", "python3", "a.py"]);
    let done = run.done();
    let shown = done.stdout();
    assert_eq!(done.output.status.code(), Some(2), "{shown}{}", done.stderr());

    // Two of each kind of text, whole, and with their numbers.
    assert_eq!(shown.matches("\nBROKE the adapter\n").count(), 4, "{shown}");
    let said = behind(&shown, "said ");
    assert_eq!(said.iter().filter(|said| said.contains("x86_64 line 1 of sha1.py")).count(), 1, "{shown}");
    assert!(said.iter().any(|said| said.contains("KeyError: 'other'")), "{shown}");
    assert!(shown.contains("\n              more\n"), "{shown}");
    let counted =
        "the adapter broke: RuntimeError: x86_64 line 1 of sha1.py ⏎ more (and others that differ in numbers alone)";
    assert!(shown.contains(counted), "{shown}");
    for asked in behind(&shown, "asked ") {
        assert!(serde_json::from_str::<Json>(asked).unwrap()["op"].is_string(), "{asked}");
    }

    // As printed, it asks again.
    for replay in behind(&shown, "replay ") {
        let again = Command::new("sh").args(["-c", replay]).current_dir(done.folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        assert_eq!(again.status.code(), Some(2), "{said}");
        assert!(said.contains("BROKE the adapter"), "{replay}: {said}");
    }
    for report in ["r.xml", "r.tap"] {
        let report = fs::read_to_string(done.folder.path().join(report)).unwrap();
        assert!(report.contains("the adapter broke in ") && report.contains("line 1 of sha1.py"), "{report}");
    }
}

/// What an adapter said to one call.
fn reply(program: &str, file: &Path, request: &str) -> Json {
    let asked = format!("printf '%s\\n' '{request}' | {program} {}", file.display());
    let output = Command::new("sh").args(["-c", &asked]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)))
}

#[test]
fn helpers_write_half_of_a_surrogate_pair_as_an_escape_in_messages_and_refuse_it_elsewhere() {
    let test = "helpers_write_half_of_a_surrogate_pair_as_an_escape";
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    let handlers = [
        ("return raised(ValueError('a \\ud800 b'))", "return raised(new RangeError('a \\ud800 b'));"),
        ("raise ValueError('a \\ud800 b')", "throw new RangeError('a \\ud800 b');"),
        ("raise Unsupported('a \\ud800 b')", "throw new Unsupported('a \\ud800 b');"),
        ("return rejected('a \\ud800 b')", "return rejected('a \\ud800 b');"),
        ("return raised('\\ud83d\\ude00'.encode('utf-16', 'surrogatepass').decode('utf-16'))", "return raised('😀');"),
        ("return raised('\\\\ud800')", "return raised('\\\\ud800');"),
    ];
    let request = r#"{"id":1,"op":"verify","config":{},"now":0,"cookie":""}"#;
    let check = |program: &str, file: &Path, number: usize| {
        let reply = reply(program, file, request);
        let text = |pointer: &str| reply.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        match number {
            0 => assert!(text("/ok/raised").ends_with("a \\ud800 b"), "{reply}"),
            1 => assert!(text("/error").ends_with("a \\ud800 b"), "{reply}"),
            2 => assert_eq!(text("/unsupported"), "a \\ud800 b", "{reply}"),
            3 => assert!(text("/error").contains("JSON cannot hold"), "{reply}"),
            4 => assert_eq!(text("/ok/raised"), "😀"),
            _ => assert_eq!(text("/ok/raised"), "\\ud800"),
        }
    };
    if common::runs(test, "python3") {
        for (number, (handler, _)) in handlers.iter().enumerate() {
            let body = format!("def verify(target, now, cookie):\n    {handler}\nsign = None");
            check("python3", &file("adapter.py", &python(&body)), number);
        }
    }
    if common::runs(test, "node") {
        for (number, (_, handler)) in handlers.iter().enumerate() {
            let text = format!(
                "import {{Unsupported, raised, rejected, serve}} from '{ROOT}/adapters/node/sessionproof_adapter.mjs';\n\
                 serve({{name: 'x', version: '1', build: () => null, verify() {{ {handler} }}}});\n"
            );
            check("node", &file("adapter.mjs", &text), number);
        }
    }
}

/// The commands that print, each quick.
const PRINTING: [&[&str]; 14] = [
    &["--help"],
    &["--version"],
    &["cache", "list"],
    &["check", "model", "--cases", "0", "--rules", "EXP-1"],
    &["check", "model", "--cases", "0", "--rules", "EXP-1", "--report", "json=-"],
    &["completions", "bash"],
    &["explore", "--configuration", "copied-cookie"],
    &["inspect", "eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4"],
    &["list"],
    &["man"],
    &["mutant"],
    &["rules"],
    &["rules", "EXP-1"],
    &["vectors", "verify"],
];

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_ends_every_command_with_status_2_and_one_message() {
    for command in PRINTING {
        let mut run = Run::new(command);
        run.command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let done = run.done();
        done.is_refused_with(&["cannot be written", "standard output", "No space left"]);
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    for command in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut run = Run::new(command);
        run.command.stdout(writer);
        let done = run.done();
        assert_eq!(done.output.status.code(), Some(0), "{command:?}: {}", done.stderr());
        assert!(!done.stderr().contains("rror"), "{command:?}: {}", done.stderr());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn reports_go_through_links_and_into_devices_and_pipes() {
    let mut run = Run::new(&["check", "model", "--cases", "0", "--rules", "EXP-1"]);
    let path = |name: &str| run.folder.path().join(name);
    std::os::unix::fs::symlink("real.json", path("link.json")).unwrap();
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let reader = Command::new("cat").arg(path("pipe")).stdout(Stdio::piped()).spawn().unwrap();
    run.command.args(["--report", "json=link.json,junit=pipe,html=/dev/null"]);
    let done = run.done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stderr());
    assert!(fs::symlink_metadata(done.folder.path().join("link.json")).unwrap().is_symlink());
    assert!(fs::read_to_string(done.folder.path().join("real.json")).unwrap().contains("sessionproof-results"));
    let read = reader.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&read.stdout).ends_with("</testsuites>\n"));

    let report =
        |place: &str| Run::new(&["check", "model", "--cases", "0", "--rules", "EXP-1", "--report", place]).done();
    report("json=/dev/full").is_refused_with(&["/dev/full", "No space left", "--report"]);
    // Before the run.
    for (place, why) in [("json=.", "directory"), ("json=/proc/x.json", "/proc/x.json")] {
        let done = report(place);
        done.is_refused_with(&["cannot be written", why, "--report"]);
        assert_eq!(done.stdout(), "");
    }
}

#[test]
fn an_unknown_name_is_refused_before_any_work() {
    for (command, parts) in [
        (&["explore", "nope"][..], &["there is no implementation \"nope\""][..]),
        (&["explore", "--", "./nope"], &["cannot start"]),
        (&["explore", "--property", "nope"], &["there is no property \"nope\""]),
        (&["explore", "--configuration", "nope"], &["there is no configuration"]),
        (&["explore", "--configuration", "idle", "--export", "."], &["cannot be written", "--export"]),
        (&["check", "nope"], &["there is no implementation \"nope\""]),
        (&["mutants", "nope"], &["there is no mutant"]),
        (&["vectors", "regenerate", "--out", "occupied/x"], &["cannot be written", "--out"]),
        (&["check", "--write-known-failures", "occupied/x"], &["cannot be written", "--write-known-failures"]),
    ] {
        let done = Run::new(command).file("occupied", "").done();
        done.is_refused_with(parts);
        assert_eq!(done.stdout(), "", "{command:?}");
    }
}

#[test]
fn every_report_has_the_replay_command_of_the_terminal() {
    let reports = "json=r.json,junit=r.xml,tap=r.tap,html=r.html";
    let mut run = Run::new(&["check", "--cases", "0", "--rules", "EXP", "--call-timeout", "60", "--report", reports]);
    run.command.args(["--", PROGRAM, "mutant", "age-equal-refused"]);
    let done = run.done();
    let shown = done.stdout();
    let replay = behind(&shown, "replay ")[0];
    let words = format!(" --call-timeout 60 -- {PROGRAM} mutant age-equal-refused");
    assert!(replay.ends_with(&words), "{replay}");
    for report in ["r.json", "r.xml", "r.tap", "r.html"] {
        let report = fs::read_to_string(done.folder.path().join(report)).unwrap();
        assert!(report.contains(replay), "{replay} is not in {report}");
    }
    let again = Command::new("sh").args(["-c", replay]).current_dir(done.folder.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stdout));

    // A report of a report still has it.
    let results = fs::read_to_string(done.folder.path().join("r.json")).unwrap();
    let merged = Run::new(&["report", "merge", "r.json", "--report", "html=-"]).file("r.json", &results).done();
    assert!(merged.stdout().contains(replay), "{}", merged.stderr());
}
