//! `adapters/README.md` is a guide that is followed here, step by step: its blocks make the program, its commands are run, and what
//! it shows is what they print.

use crate::common;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const GUIDE: &str = include_str!("../../adapters/README.md");
const FINISHED: &str = include_str!("../../adapters/perl/session_adapter.pl");
/// The release of Perl that the guide shows.
const PERL: &str = "v5.36.0";

/// The blocks of the guide: the language, and the lines.
fn blocks() -> Vec<(&'static str, &'static str)> {
    // A block's lines and the text behind it are every other part.
    GUIDE.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap()).collect()
}

/// The subs in a program, each with the comment above it: its name, and where it begins and ends.
fn subs(program: &str) -> Vec<(&str, usize, usize)> {
    let (mut found, mut at, mut comment, mut current) = (Vec::new(), 0, None, None);
    for line in program.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("sub ") {
            current = Some((name.split_once(' ').unwrap().0, comment.unwrap_or(at)));
        }
        comment = line.starts_with("# ").then(|| comment.unwrap_or(at));
        at += line.len();
        if line == "}\n"
            && let Some((name, from)) = current.take()
        {
            found.push((name, from, at));
        }
    }
    found
}

/// The program after a block, as the guide says: the whole file, or subs that replace others or go to the end.
fn with(program: &str, block: &str) -> String {
    if block.starts_with("#!") {
        return format!("{block}\n");
    }
    let block = format!("{block}\n");
    let mut program = program.to_owned();
    for (name, from, to) in subs(&block) {
        let old = subs(&program).into_iter().find(|(old, ..)| *old == name).map(|(_, from, to)| from..to);
        match old {
            Some(old) => program.replace_range(old, &block[from..to]),
            None => program += &format!("\n{}", &block[from..to]),
        }
    }
    program
}

/// Whether the text is what was said, where lines of `…` stand for whatever.
fn shows(text: &str, said: &str) -> bool {
    let mut rest = said.trim_matches('\n');
    let parts: Vec<_> = text.split("…\n").collect();
    for (at, part) in parts.iter().enumerate() {
        let is_there = match rest.find(part) {
            Some(0) => true,
            Some(_) => at > 0,
            None => false,
        };
        if !is_there {
            return false;
        }
        rest = rest.split_once(part).unwrap().1;
    }
    rest.is_empty()
}

fn runtime() -> String {
    let perl = Command::new("perl").args(["-e", "print $^V"]).output().unwrap();
    String::from_utf8(perl.stdout).unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

#[test]
fn the_guide_builds_the_adapter_and_shows_what_is_printed() {
    if !common::runs("the_guide_builds_the_adapter_and_shows_what_is_printed", "perl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_sessionproof");
    let (runtime, mut program, mut printed, mut steps) = (runtime(), String::new(), None, 0);
    for (language, block) in blocks() {
        match language {
            "perl" => {
                program = with(&program, block);
                fs::write(folder.path().join("adapter.pl"), &program).unwrap();
            }
            "sh" => {
                let command = block.replacen("sessionproof", binary, 1);
                let done = Command::new("sh").args(["-c", &command]).current_dir(folder.path()).output().unwrap();
                printed = Some(said(&done).replace(binary, "sessionproof").replace(&runtime, PERL));
            }
            "text" => {
                let printed = printed.take().expect("a text without a command before it");
                assert!(shows(block, &printed), "the guide shows\n{block}\n\nand this was printed:\n{printed}");
                steps += 1;
            }
            other => panic!("a block of {other:?}"),
        }
    }
    assert_eq!(printed, None, "a command without what it prints");
    assert_eq!(steps, 8);
    assert_eq!(program, FINISHED, "adapters/perl/session_adapter.pl is not what the guide builds");
}

#[test]
fn another_text_than_was_printed_is_seen() {
    assert!(shows("a\nb", "a\nb\n"));
    assert!(shows("…\nb\n…\nd", "a\nb\nc\nd\n"));
    for (text, said) in [("a\nb", "a\nc"), ("a", "a\nb"), ("b", "a\nb"), ("…\nb", "a\nb\nc"), ("a\n…\nc", "b\na\nc")]
    {
        assert!(!shows(text, said), "{text:?} {said:?}");
    }
}

#[test]
fn the_adapter_in_perl_follows_the_protocol_and_is_conformant() {
    if !common::runs("the_adapter_in_perl_follows_the_protocol_and_is_conformant", "perl") {
        return;
    }
    for options in [vec!["--protocol"], vec!["--preset", "quick", "--seed", "7"]] {
        let done = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
            .arg("check")
            .args(&options)
            .args(["--", "perl", "adapters/perl/session_adapter.pl"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{options:?}: {}", said(&done));
    }
}

#[test]
fn every_adapter_is_in_the_table_and_every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    for folder in ["node", "perl", "python", "rust"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let is_adapter = ["pl", "py", "mjs", "rs"].iter().any(|end| name.ends_with(&format!("_adapter.{end}")));
            assert!(
                !is_adapter || GUIDE.contains(&format!("({folder}/{name})")),
                "{folder}/{name} is not in the guide"
            );
        }
    }
    for link in
        GUIDE.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()).filter(|link| !link.is_empty())
    {
        assert!(root.join(link).exists(), "{link} leads nowhere");
    }
}
