//! The command line from outside: exit statuses, messages, and what is left behind.

use crate::common::{self, program::Run};

use sessionproof::setup::KNOWN;
use std::{fs, path::Path};

#[test]
fn the_verifier_in_the_binary_conforms_without_python_or_network() {
    let done = Run::new(&["check"]).env("PATH", "").done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stdout());
    assert!(done.stdout().contains("conformant"), "{}", done.stdout());
    assert_eq!(done.stderr(), "", "quiet when piped");
    assert!(!done.stdout().contains('\u{1b}'), "no colours when piped");
    assert_eq!(fs::read_dir(done.folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn the_model_conforms_to_every_rule() {
    let done = Run::new(&["check", "model", "--preset", "quick"]).done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stdout());
    assert!(!done.stdout().contains("Inconclusive"), "{}", done.stdout());
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let report = |seed| Run::new(&["check", "model", "--preset", "quick", "--seed", seed]).done().stdout();
    assert_eq!(report("7"), report("7"));
}

#[test]
fn the_vectors_in_the_binary_are_verified_offline() {
    let done = Run::new(&["vectors", "verify"]).env("PATH", "").done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stdout());
}

#[test]
fn bad_usage_is_one_clear_error() {
    for (arguments, parts) in [
        (&["check", "--spec", "flask-9"][..], &["flask-9", "flask-3.1.r1"][..]),
        (&["check", "flusk"], &["flusk", "did you mean flask?", "itsdangerous.js", "NAME@VERSION"]),
        (&["cache", "clear", "flusk"], &["did you mean flask?"]),
        (&["cache", "clear", "quart"], &["quart is not set up", "cache list"]),
        (&["report", "merge", "missing.json"], &["missing.json", "check --report json=FILE"]),
        (&["check", "flask@--help"], &["flask@3.0.3"]),
        (&["check", "itsdangerous.js@../x"], &["flask@3.0.3"]),
        (&["check", "model@1.0"], &["write the name alone"]),
        (&["check", "--rules", "NOPE-1"], &["NOPE-1", "sessionproof rules"]),
        (&["check", "flask", "--", "cat"], &["cannot be used with"]),
        (&["check", "--workers", "0"], &["--workers"]),
        (&["frobnicate"], &["frobnicate"]),
        (&["replay"], &["FILE"]),
        (&["vectors", "regenerate"], &["vectors/flask-3.1", "--out"]),
        (&["check", "--", "no-such-program-here"], &["no-such-program-here"]),
    ] {
        let done = Run::new(arguments).done();
        done.is_refused_with(parts);
    }
}

#[test]
fn a_lifetime_is_written_alike_for_a_cookie_and_for_a_server() {
    for lifetime in ["1800", "30m", "0.5h"] {
        Run::new(&["inspect", "--lifetime", lifetime, "--now", "1700000000", "eyJ1c2VyIjoxfQ.ZVPxAA.x"])
            .done()
            .stdout()
            .find("30 minutes")
            .expect(lifetime);
        // Nobody listens on the discard port of this machine.
        Run::new(&["check", "--url", "http://127.0.0.1:9/probe", "--secret-key-file", "key", "--lifetime", lifetime])
            .file("key", "key")
            .done()
            .is_refused_with(&["no connection to http://127.0.0.1:9/probe"]);
    }
    for command in [&["inspect", "x"][..], &["check", "--url", "http://127.0.0.1:9/probe", "--secret-key-file", "key"]]
    {
        Run::new(&[command, &["--lifetime", "long"]].concat()).done().is_refused_with(&["as in 30m"]);
    }
}

#[test]
fn a_missing_python_is_named_with_the_remedy() {
    Run::new(&["check", "flask"]).env("PATH", "").done().is_refused_with(&["python3", "--python"]);
    Run::new(&["check", "flask", "--python", "/no/such/python"]).done().is_refused_with(&["/no/such/python"]);
}

#[test]
fn without_a_network_nothing_half_made_is_left() {
    let Some(_) = common::oracle("without_a_network_nothing_half_made_is_left") else { return };
    // Nobody listens on the discard port of this machine.
    let done =
        Run::new(&["check", "flask"]).env("PIP_INDEX_URL", "http://127.0.0.1:9/").env("PIP_NO_CACHE_DIR", "1").done();
    done.is_refused_with(&["flask 3.1.3", "network"]);
    let left: Vec<_> =
        fs::read_dir(done.folder.path().join("cache")).unwrap().map(|e| e.unwrap().file_name()).collect();
    let half_made = |name: &str| name.starts_with("partial-") || name.starts_with("flask@");
    assert!(!left.iter().any(|name| half_made(&name.to_string_lossy())), "{left:?}");
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let run = Run::new(&["check", "flask"]).file("occupied", "");
    let cache = run.folder.path().join("occupied").join("cache");
    run.env("SESSIONPROOF_CACHE", &cache).done().is_refused_with(&["occupied", "SESSIONPROOF_CACHE"]);
}

#[test]
fn files_that_are_no_vectors_are_named_with_line_and_remedy() {
    Run::new(&["replay", "missing.json"]).done().is_refused_with(&["missing.json", "name a file of vectors"]);
    Run::new(&["replay", "x.json"])
        .file("x.json", "{\n\"format\": 1,\n oops")
        .done()
        .is_refused_with(&["x.json:3", "spec/vector-format.md"]);
    let vector = r#"{"id":"v","rules":["EXP-1"],"comment":"c","kind":"verify","input":{"now":"noon"},"output":{}}"#;
    let file = format!(
        r#"{{"format":1,"spec":"s","family":"f","description":"d","provenance":{{"python":"","flask":"","werkzeug":"","itsdangerous":"","zlib":""}},"vectors":[{vector}]}}"#
    );
    Run::new(&["vectors", "verify", "x.json"])
        .file("x.json", &file)
        .done()
        .is_refused_with(&["x.json", "vector v", "now"]);
    Run::new(&["vectors", "verify", "x.json"])
        .file("x.json", &file.replace("\"format\":1", "\"format\":2"))
        .done()
        .is_refused_with(&["format 2"]);
}

#[cfg(unix)]
mod adapters {
    use super::*;

    #[test]
    fn an_adapter_that_breaks_gives_no_verdict() {
        for (script, parts) in [
            ("exit 3", &["exit"][..]),
            ("echo Hello; sleep 9", &["Hello", "Standard output"]),
            ("cat", &["hello"]),
            ("sleep 60", &["--call-timeout"]),
        ] {
            let done = Run::new(&["check", "--call-timeout", "2", "--", "sh", "-c", script]).done();
            done.is_refused_with(parts);
        }
    }

    #[test]
    fn an_adapter_that_breaks_midway_gives_no_verdict_and_the_call_is_named() {
        const HELLO: &str = r#"read -r hello; echo '{"id":0,"ok":{"name":"x","ops":["verify"]}}'"#;
        const NEXT: &str = r#"read -r line; id=${line#*\"id\":}; id=${id%%,*}"#;
        const ANSWER: &str = r#"echo "{\"id\":$id,\"unsupported\":\"everything\"}""#;
        for (name, script, parts) in [
            ("hangs", format!("{HELLO}; {NEXT}; sleep 60"), &["--call-timeout", "\"op\":\"verify\""][..]),
            (
                "crashes at the thousandth call",
                format!(
                    "{HELLO}; n=0; while [ $n -lt 999 ]; do {NEXT}; {ANSWER}; n=$((n+1)); done; echo why >&2; exit 7"
                ),
                &["status 7", "why"],
            ),
            ("prints garbage", format!("{HELLO}; {NEXT}; echo garbage; sleep 60"), &["garbage", "Standard output"]),
            (
                "prints a gigabyte on a line",
                format!("{HELLO}; {NEXT}; head -c 1000000000 /dev/zero | tr '\\0' x; sleep 60"),
                &["4194304"],
            ),
            ("answers with wrong ids", format!("{HELLO}; {NEXT}; id=99999999; {ANSWER}; sleep 60"), &["99999999"]),
            ("closes standard input early", format!("{HELLO}; exec <&-; sleep 60"), &["standard input"]),
        ] {
            let run = Run::new(&[
                "check",
                "--cases",
                "10000",
                "--workers",
                "1",
                "--call-timeout",
                "3",
                "--",
                "sh",
                "-c",
                &script,
            ]);
            let done = run.done();
            let said = done.stdout() + &done.stderr();
            assert_eq!(done.output.status.code(), Some(2), "{name}: {said}");
            for part in parts {
                assert!(said.contains(part), "{name}: {part:?} is not in {said}");
            }
        }
    }

    /// An adapter that accepts every cookie as an empty session.
    const CREDULOUS: &str = r#"
        read -r hello
        echo '{"id":0,"ok":{"name":"credulous","ops":["verify"]}}'
        while read -r line; do
            id=${line#*\"id\":}
            echo "{\"id\":${id%%,*},\"ok\":{\"accepted\":true,\"session\":{}}}"
        done"#;

    #[test]
    fn failures_are_saved_and_replay() {
        let done =
            Run::new(&["check", "--cases", "0", "--", "sh", "credulous.sh"]).file("credulous.sh", CREDULOUS).done();
        assert_eq!(done.output.status.code(), Some(1), "{}{}", done.stdout(), done.stderr());
        let folder = done.folder.path().join("sessionproof-failures");
        let saved: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        // Twenty at most are shown with their own command. The first of every other broken rule is in the table of all.
        let text = done.stdout();
        let again =
            |path: &Path| format!("sessionproof replay sessionproof-failures/{} -- sh credulous.sh", name(path));
        let (shown, others): (Vec<_>, Vec<_>) = saved.iter().partition(|path| text.contains(&again(path)));
        assert!(!shown.is_empty() && shown.len() <= 20, "{saved:?}");
        assert!(text.contains(&again(Path::new("CASE.json"))), "{text}");
        for other in others {
            let case = other.file_stem().unwrap().to_string_lossy();
            assert!(text.lines().any(|line| line.ends_with(&format!("  {case}"))), "{case} is not in {text}");
        }

        let file = shown[0].display().to_string();
        let replayed = Run::new(&["replay", &file, "--", "sh", "credulous.sh"]).file("credulous.sh", CREDULOUS).done();
        assert_eq!(replayed.output.status.code(), Some(1), "{}", replayed.stdout());
        assert!(replayed.stdout().contains("1 check of 1 failed"), "{}", replayed.stdout());
        let good = Run::new(&["replay", &file, "model"]).done();
        assert_eq!(good.output.status.code(), Some(0), "{}", good.stdout());
    }

    fn name(path: &Path) -> String {
        path.file_name().unwrap().to_string_lossy().into_owned()
    }

    #[test]
    fn failures_that_cannot_be_saved_are_still_shown() {
        let done = Run::new(&["check", "--fail-fast", "--failures", "occupied/x", "--", "sh", "credulous.sh"])
            .file("credulous.sh", CREDULOUS)
            .file("occupied", "")
            .done();
        assert_eq!(done.output.status.code(), Some(1));
        assert!(done.stdout().contains("FAIL "), "{}", done.stdout());
        assert!(done.stderr().contains("--failures DIR"), "{}", done.stderr());
    }
}

#[test]
fn examples_on_help_pages_can_be_copied_at_60_columns() {
    for command in [
        &["bench"][..],
        &["cache", "clear"],
        &["cache", "list"],
        &["check"],
        &["completions"],
        &["explore"],
        &["inspect"],
        &["list"],
        &["man"],
        &["mutant"],
        &["mutants"],
        &["probe"],
        &["replay"],
        &["report", "matrix"],
        &["report", "merge"],
        &["rules"],
        &["vectors", "regenerate"],
        &["vectors", "verify"],
    ] {
        let page = |columns: &str| Run::new(&[command, &["--help"]].concat()).env("COLUMNS", columns).done().stdout();
        let examples = |page: &str| page.split_once("\nExample").map(|(_, examples)| examples.to_owned());
        let (narrow, wide) = (examples(&page("60")), examples(&page("200")));
        assert!(wide.as_ref().is_some_and(|examples| examples.contains("sessionproof")), "{command:?}");
        assert_eq!(narrow, wide, "{command:?}");
    }
}

#[test]
fn the_names_before_the_protocol_checks_and_mutants_work_for_one_version() {
    let done = Run::new(&["check", "--smoke", "verifier"]).done();
    done.is_refused_with(&["--protocol"]);
    let names = |command| Run::new(&[command]).done().stdout();
    assert_eq!(names("faulty"), names("mutant"));
    let one = |command| Run::new(&[command, "accept-all", "--cases", "10"]).done().stdout();
    assert_eq!(one("faults"), one("mutants"));
}

#[test]
fn help_pages_read_well() {
    for arguments in [
        &["--help"][..],
        &["bench", "--help"],
        &["check", "--help"],
        &["inspect", "--help"],
        &["replay", "--help"],
        &["vectors", "regenerate", "--help"],
    ] {
        let done = Run::new(arguments).done();
        assert_eq!(done.output.status.code(), Some(0));
        insta::assert_snapshot!(arguments.join("-").replace("--", ""), done.stdout());
    }
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = Run::new(&["completions", shell]).done();
        assert_eq!(done.output.status.code(), Some(0));
        assert!(done.stdout().contains("known-failures"), "{shell}: {}", done.stdout());
    }
    Run::new(&["completions", "tcl"]).done().is_refused_with(&["bash"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let done = Run::new(&["man"]).done();
    assert!(done.stdout().contains(".TH sessionproof 1"), "{}", done.stdout());
    let done = Run::new(&["man", "pages"]).done();
    let pages = fs::read_dir(done.folder.path().join("pages")).unwrap();
    let mut pages: Vec<_> = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    for page in
        ["sessionproof.1", "sessionproof-check.1", "sessionproof-inspect.1", "sessionproof-vectors-regenerate.1"]
    {
        assert!(pages.iter().any(|there| there == page), "{pages:?}");
    }
    let check = fs::read_to_string(done.folder.path().join("pages/sessionproof-check.1")).unwrap();
    assert!(check.contains("known\\-failures"), "{check}");
    Run::new(&["man", "occupied/pages"]).file("occupied", "").done().is_refused_with(&["occupied", "another folder"]);
}

#[test]
fn the_known_implementations_are_listed_without_setting_anything_up() {
    let done = Run::new(&["list"]).env("PATH", "").done();
    assert_eq!(done.output.status.code(), Some(0), "{}", done.stderr());
    for known in KNOWN {
        let line = done.stdout().lines().find(|line| line.starts_with(&format!("{} ", known.name))).map(str::to_owned);
        let line = line.unwrap_or_else(|| panic!("{} is not in {}", known.name, done.stdout()));
        assert!(
            line.contains(known.about) && line.contains(if known.is_in_binary() { "always" } else { " no " }),
            "{line}"
        );
    }
    for words in ["quart                     0.23.1   Python 3.13", "3.11 or newer, gets release 0.22.0"] {
        assert!(done.stdout().contains(words), "{words} is not in {}", done.stdout());
    }
    assert!(done.stdout().lines().all(|line| line.chars().count() <= 120), "{}", done.stdout());
    assert_eq!(fs::read_dir(done.folder.path()).unwrap().count(), 0, "nothing is left behind");

    let done = Run::new(&["list", "--json"]).done();
    let all: serde_json::Value = serde_json::from_str(&done.stdout()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), KNOWN.len());
    assert_eq!(all[2]["name"], "flask");
    assert_eq!(all[2]["set_up"], serde_json::json!([]));
}

#[test]
fn what_sets_up_names_the_tool_that_is_missing() {
    for (name, tool) in [("quart", "Python 3.11"), ("itsdangerous.js", "Node.js"), ("itsdangerous-rs", "cargo")] {
        let done = Run::new(&["check", name]).env("PATH", "").done();
        done.is_refused_with(&[tool, "install"]);
        let left = fs::read_dir(done.folder.path().join("cache")).unwrap().flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(!left.iter().any(|name| name.starts_with("partial-") || name.contains('@')), "{left:?}");
    }
}
