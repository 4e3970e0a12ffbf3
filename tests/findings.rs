//! The failures in `spec/findings` are vector files that what conforms passes.

use sessionproof::{
    adapter::embedded::Model,
    suite::{run, vectors::VectorFile},
};
use std::{fs, path::Path};

const PAGE: &str = include_str!("../spec/findings.md");

#[test]
fn every_finding_is_on_the_page_and_passes_with_the_model() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec").join("findings");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(PAGE.contains(&format!("(findings/{name})")), "{name} is not on the page");
        let file = VectorFile::read(&path).unwrap();
        let ready: Vec<_> = file.vectors.iter().map(|vector| vector.ready(&name).unwrap()).collect();
        let results = run::replay(&Model::default(), &ready, &mut |_| {});
        assert_eq!((results.total.passed, results.total.failed), (1, 0), "{name}");
        count += 1;
    }
    assert_eq!(count, PAGE.matches("(findings/flask-").count());
}
