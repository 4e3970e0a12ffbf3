//! `spec/history.md` says what the data of `.ci/history` say.

use sessionproof::evidence::history::History;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec").join(name)
}

/// The data as they are on the disk, so that new ones need no new build.
fn history() -> History {
    History::parse(&fs::read_to_string(file("history.json")).unwrap()).unwrap()
}

/// `UPDATE_HISTORY=1 cargo test --test integration history` rewrites the page.
#[test]
fn the_page_of_releases_says_what_the_runs_found() {
    let (file, made) = (file("history.md"), history().page());
    if env::var_os("UPDATE_HISTORY").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == made, "spec/history.md is not up to date: UPDATE_HISTORY=1 cargo test --test integration history");
}

#[test]
fn every_release_from_0_10_on_has_a_verdict_and_names_what_ran_together() {
    let history = history();
    for (name, first, at_least) in [("flask", "0.10", 46), ("quart", "0.10.0", 38), ("itsdangerous", "0.21", 11)] {
        let releases: Vec<_> = history.releases.iter().filter(|release| release.name == name).collect();
        assert_eq!(releases[0].release, first);
        assert!(releases.len() >= at_least, "{name}: {}", releases.len());
        for release in releases {
            let which = format!("{name} {}", release.release);
            assert_eq!(release.not_run, None, "{which}");
            assert!(release.runtime.contains("cpython 3.") && release.runtime.contains("zlib "), "{which}");
            assert!(name == "itsdangerous" || release.runtime.contains("itsdangerous "), "{which}");
            assert!(release.total.passed > 100, "{which}");
        }
    }
}
