//! Crates outside the workspace that use this one as the crates of others do (`tests/consumers`, `examples/rust-port`): what is wrong
//! with them is a compile error or a red test, never silence; what they build is little, and what they already had stays as it was.

use crate::common;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The tests that compile.
const TESTS: [&str; 11] = [
    "documented",
    "endless",
    "guide",
    "losing_floats",
    "missing",
    "nothing_judged",
    "panicking",
    "stale",
    "too_few_replies",
    "trimming",
    "unanswered",
];

/// The package with most of the tests.
const CONSUMERS: &str = "tests/consumers";
const VERIFIER_ALONE: &str = "tests/consumers/verifier-alone";
const EXAMPLE: &str = "examples/rust-port";

/// Runs cargo in the folder of a package.
fn cargo(folder: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(ROOT).join(folder);
    // The versions are those of this project.
    fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", Path::new(ROOT).join("target/consumers"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

/// What cargo printed, or why it cannot do it here.
fn printed(folder: &str, arguments: &[&str]) -> Result<String, String> {
    let output = cargo(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_away = ["no matching package", "failed to download", "unable to update", "offline"];
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false if is_away.iter().any(|part| errors.contains(part)) => {
            Err(format!("a crate that {folder} needs is not on this machine"))
        }
        false => panic!("{folder}: {}{errors}", String::from_utf8_lossy(&output.stdout)),
    }
}

/// The programs of the tests, or why they cannot be built here.
static BUILT: LazyLock<Result<BTreeMap<String, PathBuf>, String>> = LazyLock::new(|| {
    let mut arguments = vec!["test", "--no-run", "--message-format=json"];
    TESTS.iter().for_each(|test| arguments.extend(["--test", test]));
    let messages = printed(CONSUMERS, &arguments)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let program = |message: serde_json::Value| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    };
    Ok(messages.filter_map(program).collect())
});

/// What came of the tests of one program: those that failed, and everything that was printed.
struct Ran {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
    text: String,
}

impl Ran {
    fn add(&mut self, output: &Output) {
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        for line in text.lines().filter_map(|line| line.strip_prefix("test ")) {
            match line.split_once(" ... ") {
                Some((name, "ok")) => drop(self.passed.insert(name.to_owned())),
                Some((name, "FAILED")) => drop(self.failed.insert(name.to_owned())),
                _ => {}
            }
        }
        self.text += &text;
    }
}

/// Runs some tests of a program in one process, or each in one of its own, as cargo-nextest does.
fn run(test: &str, name: &str, only: &[&str], is_nextest: bool) -> Option<Ran> {
    let programs = match &*BUILT {
        Ok(programs) => programs,
        Err(why) => {
            common::skipped(test, why);
            return None;
        }
    };
    let mut ran = Ran { passed: BTreeSet::new(), failed: BTreeSet::new(), text: String::new() };
    let start = |arguments: &[&str]| {
        let mut command = Command::new(&programs[name]);
        command.args(arguments).env_remove("NEXTEST_EXECUTION_MODE").current_dir(ROOT);
        if is_nextest {
            command.env("NEXTEST_EXECUTION_MODE", "process-per-test");
        }
        command.output().unwrap()
    };
    match is_nextest {
        true => only.iter().for_each(|only| ran.add(&start(&["--exact", only]))),
        false => ran.add(&start(only)),
    }
    Some(ran)
}

fn all(test: &str, name: &str) -> Option<Ran> {
    run(test, name, &[], false)
}

#[test]
fn the_example_of_the_documentation_is_green_as_it_is_written() {
    let documentation = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let written = fs::read_to_string(Path::new(ROOT).join("tests/consumers/tests/documented.rs")).unwrap();
    let as_comment: String = written.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
    assert!(documentation.contains(&format!("//! ```\n{as_comment}//! ```\n")), "{as_comment}");
    let Some(ran) = all("the_example_of_the_documentation_is_green_as_it_is_written", "documented") else { return };
    assert!(ran.failed.is_empty() && ran.passed.len() > 90, "{}", ran.text);
    assert!(ran.text.contains("NOT OFFERED DEL-1"), "{}", ran.text);
    assert!(ran.text.contains("NOT OFFERED KEY-1 "), "half of it is about writing: {}", ran.text);
}

#[test]
fn a_misspelt_operation_does_not_compile() {
    if let Err(why) = &*BUILT {
        return common::skipped("a_misspelt_operation_does_not_compile", why);
    }
    let output = cargo(CONSUMERS, &["test", "--no-run", "--test", "misspelt"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.contains("E0407") && errors.contains("`verfy` is not a member of trait"), "{errors}");
}

#[test]
fn without_an_operation_every_test_is_red() {
    let Some(ran) = all("without_an_operation_every_test_is_red", "missing") else { return };
    assert!(ran.passed.is_empty() && ran.failed.len() > 90, "{:?}", ran.passed);
    assert!(ran.text.contains("nothing was judged in the whole run"));
}

#[test]
fn what_is_wrong_with_the_whole_run_is_red() {
    for (name, part) in [
        ("unanswered", "sign is offered, and every call of it was answered as unsupported"),
        ("stale", "EXP-2 now passes"),
        ("nothing_judged", "nothing was judged in the whole run"),
    ] {
        let Some(ran) = all("what_is_wrong_with_the_whole_run_is_red", name) else { return };
        assert!(ran.failed.contains("whole_run"), "{name}: {}", ran.text);
        assert!(ran.text.contains(part), "{name}: {}", ran.text);
    }
}

#[test]
fn one_panic_is_one_red_test_that_shows_the_cookie() {
    let Some(ran) = all("one_panic_is_one_red_test_that_shows_the_cookie", "panicking") else { return };
    assert_eq!(ran.failed, BTreeSet::from(["sig_6".to_owned()]), "{}", ran.text);
    assert!(ran.text.contains("it panicked: ") && ran.text.contains("three dots are too many"), "{}", ran.text);
    assert!(ran.text.contains("\"...\""), "{}", ran.text);
}

#[test]
fn what_never_ends_or_gives_too_few_replies_ends_red() {
    for (name, part) in [("endless", "no answer came within 2s"), ("too_few_replies", "0 replies to 1 calls")] {
        let Some(ran) = all("what_never_ends_or_gives_too_few_replies_ends_red", name) else { return };
        assert!(ran.failed.contains("whole_run") && ran.text.contains(part), "{name}: {}", ran.text);
    }
}

#[test]
fn a_reader_that_trims_text_is_red() {
    let Some(ran) = all("a_reader_that_trims_text_is_red", "trimming") else { return };
    assert!(!ran.failed.is_empty() && ran.failed.iter().all(|name| name.starts_with("pay_")), "{:?}", ran.failed);
}

#[test]
fn a_process_for_each_test_has_the_verdicts_of_one_for_all() {
    const SOME: [&str; 8] = ["exp_2", "sig_6", "pay_2", "pay_10", "key_1", "del_1", "sys_4", "whole_run"];
    for name in ["documented", "panicking", "stale", "nothing_judged"] {
        let test = "a_process_for_each_test_has_the_verdicts_of_one_for_all";
        let (Some(together), Some(alone)) = (all(test, name), run(test, name, &SOME, true)) else { return };
        for one in SOME {
            let verdicts = [&together, &alone].map(|ran| (ran.passed.contains(one), ran.failed.contains(one)));
            assert_eq!(verdicts[0], verdicts[1], "{name} {one}: {}", alone.text);
        }
    }
}

#[test]
fn a_reader_that_loses_floats_is_red_since_its_serde_json_is_as_it_ships() {
    let test = "a_reader_that_loses_floats_is_red_since_its_serde_json_is_as_it_ships";
    let Some(ran) = all(test, "losing_floats") else { return };
    assert!(!ran.failed.is_empty() && ran.failed.iter().all(|name| name.starts_with("pay_")), "{:?}", ran.failed);
    let here: Vec<_> = ran.passed.iter().filter(|name| name.starts_with("serde_json_")).collect();
    assert_eq!(here.len(), 3, "{here:?}: {}", ran.text);
}

#[test]
fn every_block_of_code_in_the_guide_to_rust_is_part_of_a_test_that_is_green() {
    let test = "every_block_of_code_in_the_guide_to_rust_is_part_of_a_test_that_is_green";
    let text = |file: &str| fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let library = text("src/lib.rs");
    let documentation: Vec<_> = library.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let tested = ["documented", "guide"].map(|name| text(&format!("{CONSUMERS}/tests/{name}.rs")));
    let manifests = [CONSUMERS, VERIFIER_ALONE].map(|folder| text(&format!("{folder}/Cargo.toml")));
    let tested = tested.join("\n") + &documentation.join("\n") + &manifests.join("\n");
    let tested =
        tested.replace("path = \"../../..\"", "version = \"0.1\"").replace("path = \"../..\"", "version = \"0.1\"");
    // The indentation differs, and that alone.
    let tested: Vec<_> = tested.lines().map(str::trim).collect();
    let guide = text("docs/rust.md");
    let mut blocks = 0;
    for language in ["```rust\n", "```toml\n"] {
        for block in guide.split(language).skip(1).map(|rest| rest.split("```").next().unwrap()) {
            let lines: Vec<_> = block.lines().map(str::trim).filter(|line| *line != "[dev-dependencies]").collect();
            assert!(tested.windows(lines.len()).any(|window| window == lines), "nothing tests this:\n{block}");
            blocks += 1;
        }
    }
    assert!(blocks >= 7, "{blocks}");
    let Some(ran) = all(test, "guide") else { return };
    assert!(ran.failed.is_empty() && ran.passed.contains("results_are_a_value"), "{}", ran.text);
    assert!(ran.text.contains("KNOWN FAILURE EXP-3"), "{}", ran.text);
}

#[test]
fn the_verifier_alone_and_the_example_port_are_green_as_packages_of_their_own() {
    let test = "the_verifier_alone_and_the_example_port_are_green_as_packages_of_their_own";
    for (folder, part) in [
        (VERIFIER_ALONE, "test a_session_that_was_signed_is_read_as_a_type ... ok"),
        (EXAMPLE, "test whole_run ... ok"),
    ] {
        match printed(folder, &["test"]) {
            Ok(printed) => assert!(printed.contains(part), "{printed}"),
            Err(why) => return common::skipped(test, &why),
        }
    }
}

#[test]
fn a_dependant_builds_few_crates_and_none_of_them_behaves_otherwise_than_before() {
    let test = "a_dependant_builds_few_crates_and_none_of_them_behaves_otherwise_than_before";
    for (folder, most) in [(CONSUMERS, 75), (VERIFIER_ALONE, 45)] {
        let tree = |edges| printed(folder, &["tree", "-e", edges, "--prefix", "none"]);
        let (built, features) = match (tree("normal,build"), tree("features")) {
            (Ok(built), Ok(features)) => (built, features),
            (Err(why), _) | (_, Err(why)) => return common::skipped(test, &why),
        };
        let own = built.lines().next().unwrap_or_default();
        let crates: BTreeSet<_> = built.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        let crates: Vec<_> = crates.into_iter().filter(|name| !name.is_empty() && *name != own).collect();
        assert!(crates.iter().any(|name| name.starts_with("sessionproof v")), "{built}");
        assert!(crates.len() <= most, "{folder} builds {} crates: {crates:#?}", crates.len());
        for wrong in ["float_roundtrip", "preserve_order", "arbitrary_precision", "flate2"] {
            assert!(features.contains("serde feature") && !features.contains(wrong), "{folder}: {wrong}: {features}");
        }
    }
}
