//! Who may read the files that the program writes, under an open umask.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessionproof");

/// Runs the program in a folder, under a umask that lets everybody do everything.
fn run(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh", PROGRAM]).args(arguments).current_dir(folder);
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|status| status < 2), "{output:?}");
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn reports_and_failures_are_readable_by_their_owner_alone_and_what_is_for_others_by_everybody() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    // One that is there, and open, is replaced.
    fs::write(at("r.json"), "older").unwrap();
    fs::set_permissions(at("r.json"), PermissionsExt::from_mode(0o666)).unwrap();
    let reports = "json=r.json,junit=deeper/r.xml,html=r.html,tap=r.tap";
    let check = [
        "check",
        "--rules",
        "EXP-2",
        "--cases",
        "0",
        "--report",
        reports,
        "--write-known-failures",
        "known.toml",
        "--",
    ];
    run(place.path(), &[&check[..], &[PROGRAM, "mutant", "age-equal-refused"]].concat());
    run(place.path(), &["report", "matrix", "r.json", "--html", "table.html"]);
    run(place.path(), &["report", "merge", "r.json", "--out", "merged.json"]);
    for name in ["r.json", "deeper/r.xml", "r.html", "r.tap", "table.html", "merged.json"] {
        assert_eq!(mode(&at(name)), 0o600, "{name}");
    }
    let saved: Vec<_> = fs::read_dir(at("sessionproof-failures")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!saved.is_empty() && saved.iter().all(|file| mode(file) == 0o600), "{saved:?}");

    run(place.path(), &["probe", "probe"]);
    run(place.path(), &["man", "pages"]);
    for name in ["known.toml", "probe/sessionproof_probe.py", "pages/sessionproof.1"] {
        assert_eq!(mode(&at(name)), 0o666, "{name}");
    }
    // Folders are as the umask says.
    assert_eq!((mode(&at("deeper")), mode(&at("sessionproof-failures"))), (0o777, 0o777));
}
