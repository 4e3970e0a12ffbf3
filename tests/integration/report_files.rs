//! Reports in files and on standard output, and the results of shards joined.

use crate::common::program::Run;
use std::fs;

#[test]
fn a_report_on_standard_output_has_it_to_itself() {
    let done =
        Run::new(&["check", "model", "--cases", "0", "--rules", "EXP", "--report", "json=-,json=x/r.json"]).done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stderr());
    assert_eq!(done.stdout(), fs::read_to_string(done.folder.path().join("x/r.json")).unwrap());
    assert!(done.stdout().starts_with("{\n  \"format\": \"sessionproof-results\""), "{}", done.stdout());
    assert!(done.stderr().contains("conformant:"), "{}", done.stderr());
}

#[test]
fn reports_that_cannot_be_written_are_refused_before_the_run() {
    for (report, parts) in [
        ("json", &["names no file"][..]),
        ("xml=x", &["there are json"]),
        ("json=.", &["cannot be written", "--report"]),
        ("json=occupied/x", &["occupied"]),
        ("json=-,json=-", &["standard output"]),
        ("json=a,json=a", &["two reports"]),
    ] {
        let done = Run::new(&["check", "model", "--report", report]).file("occupied", "").done();
        done.is_refused_with(parts);
        assert_eq!(done.stdout(), "");
    }
}

#[test]
fn shards_are_checked_and_joined() {
    let shard = |text: &str| {
        let done = Run::new(&["check", "model", "--preset", "quick", "--shard", text, "--report", "json=-"]).done();
        assert_eq!(done.output.status.code(), Some(0), "{}", done.stderr());
        assert!(done.stderr().contains(&format!("shard {text}")), "{}", done.stderr());
        done.stdout()
    };
    let (one, two) = (shard("1/2"), shard("2/2"));
    let merge = |arguments: &[&str]| {
        Run::new(&[&["report", "merge"], arguments].concat()).file("1.json", &one).file("2.json", &two).done()
    };
    let done = merge(&["2.json", "1.json", "--out", "whole.json"]);
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stderr());
    let whole = Run::new(&["check", "model", "--preset", "quick"]).done();
    assert_eq!(done.stdout(), whole.stdout());
    assert!(fs::read_to_string(done.folder.path().join("whole.json")).unwrap().contains("\"of\": 1"));

    merge(&["1.json"]).is_refused_with(&["shard 2 of 2 is missing", "--shard 2/2"]);
    merge(&["1.json", "2.json", "1.json"]).is_refused_with(&["1.json and 1.json are both shard 1/2"]);
    for text in ["0/2", "3/2", "1", "a/b"] {
        Run::new(&["check", "model", "--shard", text]).done().is_refused_with(&["--shard", "as in 1/4"]);
    }
}

#[test]
fn a_joined_failure_is_a_failure() {
    let shard = |text: &str| {
        Run::new(&[
            "check",
            "--cases",
            "0",
            "--shard",
            text,
            "--report",
            "json=-",
            "--",
            env!("CARGO_BIN_EXE_sessionproof"),
        ])
    };
    let results = |text: &str| {
        let mut run = shard(text);
        run.command.args(["mutant", "age-equal-refused"]);
        let done = run.done();
        assert_eq!(done.output.status.code(), Some(1), "{}", done.stderr());
        done.stdout()
    };
    let done = Run::new(&["report", "merge", "1.json", "2.json"])
        .file("1.json", &results("1/2"))
        .file("2.json", &results("2/2"))
        .done();
    assert_eq!(done.output.status.code(), Some(1), "{}", done.stderr());
    assert!(done.stdout().contains("not conformant:"), "{}", done.stdout());
}

#[test]
fn files_that_are_no_results_are_named_with_line_and_remedy() {
    let good = Run::new(&["check", "model", "--cases", "0", "--rules", "EXP-1", "--report", "json=-"]).done().stdout();
    let merge = |text: &str| Run::new(&["report", "merge", "x.json"]).file("x.json", text).done();
    assert_eq!(merge(&good).output.status.code(), Some(0), "{}", merge(&good).stderr());
    let line = |part: &str| 1 + good.lines().position(|line| line.contains(part)).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        merge(&good.replacen(from, to, 1))
    };
    Run::new(&["report", "merge", "missing.json"]).done().is_refused_with(&["missing.json"]);
    Run::new(&["report", "merge", "."]).done().is_refused_with(&["cannot be read"]);
    merge("").is_refused_with(&["x.json:1", "spec/results-format.md"]);
    merge("{\n\"format\": oops").is_refused_with(&["x.json:2"]);
    merge("[]").is_refused_with(&["x.json:1"]);
    merge("{}").is_refused_with(&["x.json:1", "\"format\""]);
    merge(&"[".repeat(100_000)).is_refused_with(&["x.json:1"]);
    merge(&good.chars().take(good.len() / 2).collect::<String>()).is_refused_with(&["x.json:", "EOF"]);
    changed("\"version\": 1", "\"version\": 2").is_refused_with(&["version is 2"]);
    changed("\"conformant\"", "\"not-judged\"").is_refused_with(&["\"outcome\"", "conformant"]);
    changed("\"seed\": 0", "\"seed\": -1").is_refused_with(&[&format!("x.json:{}", line("\"seed\"")), "-1"]);
    changed("\"number\": 1", "\"number\": 7")
        .is_refused_with(&[&format!("x.json:{}", line("\"of\"") + 1), "no shard 7 of 1"]);
    changed("\"EXP-1\"", "\"EXP-99\"").is_refused_with(&[&format!("x.json:{}", line("\"EXP-1\"")), "EXP-99"]);
    changed("\"wall\": ", "\"wall\": -").is_refused_with(&[&format!("x.json:{}", line("\"wall\"")), "time"]);
    changed("\"seed\"", "\"sed\"").is_refused_with(&[&format!("x.json:{}", line("\"seed\"")), "sed"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_end_is_refused() {
    Run::new(&["report", "merge", "/dev/zero"]).done().is_refused_with(&["256 MiB"]);
}
