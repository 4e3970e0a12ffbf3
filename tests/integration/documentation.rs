//! The documents: their links lead somewhere, the README shows what is printed, and no line of the code is too long to read.

use crate::common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The longest line of the code (columns). rustfmt does not break comments and strings.
const LONGEST: usize = 130;
/// The longest README (lines).
const README: usize = 200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the repository whose names end so, without what is built or fetched.
fn files(ending: &str) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 5] = [".git", "node_modules", "sessionproof-failures", "target", "__pycache__"];
    let (mut folders, mut found) = (vec![root().to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines of a document that are no code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The anchors of a document's headings, as GitHub makes them, and those that it has itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let (mut anchors, mut seen) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    for line in prose(text) {
        if let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) {
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            let anchor: String = heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-");
            let count = seen.entry(anchor.clone()).or_default();
            anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
            *count += 1;
        }
        let named = line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        anchors.extend(named.map(str::to_owned));
    }
    anchors
}

/// The targets of the links in a line, whose text may go over lines.
fn targets(text: &str) -> Vec<String> {
    let whole = prose(text).collect::<Vec<_>>().join("\n");
    // What stands between backticks is no link.
    let plain: String = whole.split('`').step_by(2).collect::<Vec<_>>().join("x");
    plain.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// What is wrong with the links of a document.
fn broken(file: &Path, text: &str) -> Vec<String> {
    let name = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let is_ours = |target: &String| !target.contains("://") && !target.starts_with("mailto:");
    let problem = |target: String| {
        let (path, anchor) = target.split_once('#').map_or((&*target, None), |(path, anchor)| (path, Some(anchor)));
        let there = if path.is_empty() { file.to_owned() } else { file.parent()?.join(path) };
        if !there.exists() {
            return Some(format!("{name}: there is no {path}"));
        }
        let anchor = anchor?;
        let read = if path.is_empty() { text.to_owned() } else { fs::read_to_string(&there).ok()? };
        (!anchors(&read).contains(anchor)).then(|| format!("{name}: {path} has no heading #{anchor}"))
    };
    targets(text).into_iter().filter(is_ours).filter_map(problem).collect()
}

#[test]
fn every_relative_link_of_every_document_leads_somewhere() {
    let documents = files(".md");
    assert!(documents.len() > 15, "{documents:?}");
    let problems = documents.iter().flat_map(|file| broken(file, &fs::read_to_string(file).unwrap()));
    let problems: Vec<_> = problems.collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_broken_link_is_seen() {
    let file = root().join("README.md");
    let text = "# One `two`: three\n[a](#one-two-three) [b](docs/README.md) [c](https://example.com/none)\n```\n[d](none)\n```\n";
    assert_eq!(broken(&file, text), Vec::<String>::new());
    for (link, problem) in [
        ("[a](none.md)", "there is no none.md"),
        ("[a](#none)", "has no heading #none"),
        ("[over\ntwo lines](docs/README.md#none)", "docs/README.md has no heading #none"),
    ] {
        let found = broken(&file, link);
        assert!(matches!(&found[..], [one] if one.ends_with(problem)), "{link}: {found:?}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = include_str!("../../README.md").lines().count();
    assert!(lines <= README, "{lines} lines of {README}: move what is not for everybody to docs/");
}

/// The block of text in the README that begins so.
fn shown(beginning: &str) -> &'static str {
    let blocks = include_str!("../../README.md").split("```text\n").skip(1);
    let mut blocks = blocks.filter_map(|block| block.split("\n```").next());
    blocks.find(|block| block.starts_with(beginning)).unwrap_or_else(|| panic!("the README has no {beginning}"))
}

/// A text without what differs from run to run: how long it took, and which program ran.
fn steady(text: &str) -> String {
    let is_steady = |line: &&str| !line.starts_with("took ");
    let lines = text.lines().filter(is_steady).map(|line| match line.strip_prefix("  replay    ") {
        Some(command) => format!("  replay    {}", command.split_once(' ').map_or("", |(_, rest)| rest)),
        None if line.starts_with("stdlib 1 on ") => "stdlib 1 on cpython".to_owned(),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The model is asked what real Flask is asked, and counts as it does.
#[test]
fn the_readme_shows_the_counts_of_its_main_command() {
    let done = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
        .args(["check", "model", "--spec", "flask-3.1.r1"])
        .output()
        .unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    // How long it took is told where it took long, with a line around it.
    let from_cases = |text: &str| {
        let counts = steady(text.split_once("generated cases: ").unwrap().1);
        counts.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    assert!(done.status.success(), "{printed}{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(from_cases(&printed), from_cases(shown("flask 3.1.3")));
}

#[test]
fn the_readme_shows_the_failure_that_its_commands_print() {
    if !common::runs("the_readme_shows_the_failure_that_its_commands_print", "python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("target")).unwrap();
    let readme = include_str!("../../README.md");
    let block = readme.split("```sh\n").skip(1).find(|block| block.starts_with("sed ")).unwrap();
    let commands = block.split("\n```").next().unwrap();
    let commands = commands
        .replace("adapters/python", &root().join("adapters/python").display().to_string())
        .replace("cargo run --release --", env!("CARGO_BIN_EXE_sessionproof"));
    let done = Command::new("sh").args(["-c", &commands]).current_dir(folder.path()).output().unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{printed}{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(steady(printed.trim()), steady(shown("FAIL EXP-2")));
}

#[test]
fn no_line_of_the_code_is_too_long() {
    let code = files(".rs").into_iter().filter(|file| file.starts_with(root().join("src")));
    let mut long = Vec::new();
    for file in code {
        let text = fs::read_to_string(&file).unwrap();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| line.chars().count() > LONGEST);
        long.extend(lines.map(|(number, _)| format!("{}:{number}", file.strip_prefix(root()).unwrap().display())));
    }
    assert!(long.is_empty(), "more than {LONGEST} columns: {long:#?}");
}
