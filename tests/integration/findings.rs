//! The failures in `spec/findings` are vector files that what conforms passes, and that those they were found in still fail.

use crate::common;

use sessionproof::{
    adapter::{
        Implementation,
        in_process::Model,
        subprocess::{Options, Subprocess},
    },
    evidence::vectors::{LoadedVector, VectorFile},
    setup::{KNOWN, Known},
    suite::running::run,
};
use std::{collections::BTreeMap, fs, path::Path};

const PAGE: &str = include_str!("../../docs/findings.md");

/// The vectors of every file, by its name.
fn findings() -> BTreeMap<String, Vec<LoadedVector>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join("findings");
    let read = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = VectorFile::read(path).unwrap();
        let ready = file.vectors.iter().map(|vector| vector.ready(&name).unwrap()).collect();
        (name, ready)
    };
    fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path())).collect()
}

/// How many pass, and how many fail.
fn replayed(implementation: &dyn Implementation, vectors: &[LoadedVector]) -> (usize, usize) {
    let total = run::replay(implementation, vectors, &mut |_| {}).total;
    (total.passed, total.failed)
}

#[test]
fn every_finding_is_on_the_page_and_passes_with_the_model() {
    let all = findings();
    for (name, vectors) in &all {
        assert!(PAGE.contains(&format!("(findings/{name})")), "{name} is not on the page");
        assert_eq!(replayed(&Model::default(), vectors), (1, 0), "{name}");
        assert!(KNOWN.iter().any(|known| name.starts_with(&format!("{}-", known.name))), "{name}");
    }
    let mut named: Vec<_> = PAGE.split("(findings/").skip(1).filter_map(|rest| rest.split_once(')')).collect();
    named.retain(|(name, _)| !name.is_empty());
    for (name, _) in named {
        assert!(all.contains_key(name), "{name} is on the page, and not there");
    }
}

/// Old releases of Flask are not set up for this: each takes as long as all the rest.
#[test]
fn every_finding_in_a_release_that_is_the_default_is_still_one() {
    let test = "every_finding_in_a_release_that_is_the_default_is_still_one";
    let all = findings();
    let all_known = KNOWN.iter().filter(|known| !known.is_in_binary() && known.name != "flask");
    for known in all_known.take_while(|known| known.name != "flask-session") {
        let Some(implementation) = started(test, known) else { continue };
        let prefix = format!("{}-{}-", known.name, implementation.capabilities().version);
        let of_this: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
        assert!(known.name == "anyquart" || known.name == "quart" || !of_this.is_empty(), "{prefix}");
        for (name, vectors) in of_this {
            assert_eq!(replayed(&implementation, vectors), (0, 1), "{name}");
        }
    }
}

fn started(test: &str, known: &Known) -> Option<Subprocess> {
    let program = common::program(test, known)?;
    Some(Subprocess::start(program, Options { workers: 1, ..Options::default() }).unwrap())
}
