//! The structure of `src/` and `core/src/`, read from their imports: the floors of CONTRIBUTING.md, and no circle of files.

use regex_lite::Regex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The sources of the two packages, which are one crate to those who use it.
const SOURCES: [&str; 2] = ["core/src", "src"];

/// Longer files are hard to read at once.
const MOST_LINES: usize = 500;

/// A module's place in the crate, such as `suite`, `judging`.
type Module = Vec<String>;

/// The files of a folder that end in `.rs`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

/// The module that a file of the sources is.
fn module(file: &Path) -> Module {
    let below = |folder: &&str| file.strip_prefix(Path::new(ROOT).join(folder)).ok();
    let path = SOURCES.iter().find_map(below).unwrap().with_extension("");
    let mut parts: Module = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The text of a file without comments and without what stands under `#[cfg(test)]` at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |all, line| all + line + "\n")
}

/// The paths in a tree of imports, such as `crate::{a, b::c}`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    match tree.find('{') {
        None => {
            let path = tree.split(" as ").next().unwrap_or_default();
            vec![path.split("::").map(|part| part.trim().to_owned()).collect()]
        }
        Some(open) => {
            let head: Vec<String> =
                tree[..open].split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
            let inner = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
            let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
            for (at, c) in inner.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        parts.push(&inner[start..at]);
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            parts.push(&inner[start..]);
            let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
            parts.flat_map(leaves).map(|leaf| [head.clone(), leaf].concat()).collect()
        }
    }
}

/// The places in the crate that a file names.
fn named(file: &Path) -> BTreeSet<Vec<String>> {
    let text = code(&fs::read_to_string(file).unwrap());
    let here = module(file);
    let imports = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
    let inline = Regex::new(r"\b(?:crate|sessionproof|sessionproof_core)(?:::\w+)+").unwrap();
    let trees = imports.captures_iter(&text).map(|found| found[1].to_owned());
    let places = inline.find_iter(&text).map(|found| found.as_str().to_owned());
    let paths = trees.chain(places).flat_map(|tree| leaves(&tree));
    let absolute = |path: Vec<String>| {
        let above = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" | "sessionproof" | "sessionproof_core" => Some(path[1..].to_vec()),
            "self" => Some([here.clone(), path[1..].to_vec()].concat()),
            "super" => Some([here[..here.len().checked_sub(above)?].to_vec(), path[above..].to_vec()].concat()),
            // A module below this one, by its bare name.
            _ => Some([here.clone(), path].concat()),
        }
    };
    paths.filter_map(absolute).filter(|path| !path.is_empty()).collect()
}

/// The module with a file that a path leads into, the longest.
fn target(path: &[String], all: &BTreeSet<Module>) -> Option<Module> {
    (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|module| all.contains(module))
}

/// Each module with those that it imports from.
fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let files: Vec<_> = SOURCES.iter().flat_map(|folder| files(&Path::new(ROOT).join(folder))).collect();
    let all: BTreeSet<_> = files.iter().map(|file| module(file)).collect();
    let is_test = |file: &&PathBuf| !file.ends_with("tests.rs") && !file.ends_with("schema.rs");
    let of_file = |file: &PathBuf| {
        let here = module(file);
        let targets = named(file).iter().filter_map(|path| target(path, &all)).filter(|to| *to != here).collect();
        (here, targets)
    };
    files.iter().filter(is_test).map(of_file).collect()
}

/// The floors of CONTRIBUTING.md.
fn floors() -> BTreeMap<String, usize> {
    let text = fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).unwrap();
    let row = Regex::new(r"(?m)^\| (\d+) \| ([^|]+) \|").unwrap();
    let room = Regex::new(r"`(\w+)`").unwrap();
    let rows = row.captures_iter(&text);
    rows.flat_map(|row| {
        let floor = row[1].parse().unwrap();
        room.captures_iter(&row[2]).map(|room| (room[1].to_owned(), floor)).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn every_room_has_a_floor_and_knows_only_rooms_on_floors_below() {
    let floors = floors();
    let imports = imports();
    let reads = |from: &str, to: &str| {
        let place = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
        assert!(imports[&place(from)].contains(&place(to)), "{from} uses {to}, and that is not read");
    };
    reads("suite::judging::compare", "model::payload");
    reads("cli::check", "suite::running::run");
    reads("adapter::subprocess::run", "processes");
    let rooms: BTreeSet<_> = imports.keys().filter_map(|module| module.first()).collect();
    assert_eq!(floors.keys().collect::<BTreeSet<_>>(), rooms, "the rooms of the table, and those of src");
    let mut wrong = Vec::new();
    for (from, targets) in &imports {
        for to in targets {
            let (Some(here), Some(there)) = (from.first(), to.first()) else { continue };
            if here != there && floors[here] <= floors[there] {
                wrong.push(format!("{} uses {}", from.join("::"), to.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "against the floors of CONTRIBUTING.md:\n{}", wrong.join("\n"));
}

/// A module may use what the module above it declares; apart from that, nothing leads back.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let imports = imports();
    let mut left: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .iter()
        .map(|(from, to)| (from, to.iter().filter(|to| !from.starts_with(to) && imports.contains_key(*to)).collect()))
        .collect();
    // What imports from nothing that is left is in no circle.
    while let Some(free) = left.iter().find(|(_, to)| to.is_empty()).map(|(from, _)| *from) {
        left.remove(free);
        for to in left.values_mut() {
            to.remove(free);
        }
    }
    let names = |module: &&Module| module.join("::");
    let circles: Vec<_> = left
        .iter()
        .map(|(from, to)| format!("{} -> {}", names(from), to.iter().map(names).collect::<Vec<_>>().join(", ")))
        .collect();
    assert!(circles.is_empty(), "in a circle, or leading into one:\n{}", circles.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let folders = [
        "core/src",
        "src",
        "tests/integration",
        "tests/consumers/tests",
        "benches",
        "fuzz/fuzz_targets",
        "examples/rust-port/src",
    ];
    for file in folders.iter().flat_map(|folder| files(&Path::new(ROOT).join(folder))) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", file.display());
    }
}

#[test]
fn imports_are_read_in_all_their_forms() {
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let read = leaves("crate::{a::{b, c as d}, e::f::*}");
    assert_eq!(read, ["crate::a::b", "crate::a::c", "crate::e::f::*"].map(path));
    assert_eq!(code("use a;\n// use crate::b;\n#[cfg(test)]\nmod tests {\nuse c;\n}\n"), "use a;\n");
}
