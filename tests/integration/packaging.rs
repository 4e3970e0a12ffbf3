//! The package that is published: what it is built from, without the weight of what is not.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files in the package, by their paths.
fn packaged() -> BTreeSet<String> {
    let arguments = ["package", "-p", "sessionproof", "--list", "--locked", "--allow-dirty", "--offline"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn the_package_has_every_file_that_is_built_or_bundled_and_no_others_of_weight() {
    let packaged = packaged();
    let bundled = sessionproof::bundled::files().map(|(path, _)| path);
    let by_hand = [
        "CHANGELOG.md",
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "adapters/rust/Cargo.lock",
        "adapters/rust/itsdangerous_adapter.rs",
        "adapters/rust/manifest.toml",
        "build.rs",
        "spec/session-lifetime.md",
        "src/main.rs",
        "src/report/html/layout.html",
    ];
    let missing: Vec<_> = bundled.chain(by_hand).filter(|path| !packaged.contains(*path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    const ROOMS: [&str; 4] = ["adapters", "spec", "src", "vectors"];
    let is_wanted = |path: &str| match path.split_once('/') {
        Some((room, _)) => {
            ROOMS.contains(&room) && !["/snapshots/", "/__pycache__/"].iter().any(|made| path.contains(made))
        }
        None => true,
    };
    let weight: Vec<_> = packaged.iter().filter(|path| !is_wanted(path)).collect();
    assert!(weight.is_empty(), "{weight:?}");
    let bytes: u64 =
        packaged.iter().filter_map(|path| fs::metadata(Path::new(ROOT).join(path)).ok()).map(|file| file.len()).sum();
    assert!((1_000_000..6_000_000).contains(&bytes), "{bytes} bytes before compression");
}

/// Such a folder is a package of its own, and cargo leaves it out of this one.
#[test]
fn no_folder_of_the_package_has_a_manifest() {
    let of_cargo: Vec<_> = packaged().into_iter().filter(|path| path.ends_with("Cargo.toml")).collect();
    assert_eq!(of_cargo, ["Cargo.toml"]);
    for folder in ["adapters", "adapters/rust", "vectors", "spec"] {
        assert!(!Path::new(ROOT).join(folder).join("Cargo.toml").exists(), "{folder}");
    }
}
