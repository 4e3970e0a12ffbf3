//! What the project takes from others: the actions of its workflows are pinned, and the notices of the crates in its binary are whole.

use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const NOTICES: &str = "THIRD-PARTY-NOTICES";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_default()
}

fn workflows() -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.clone(), fs::read_to_string(&file).unwrap())).collect()
}

/// What is wrong with a line of a workflow that uses an action; nothing where it uses none.
fn unpinned(line: &str) -> Option<&'static str> {
    let (_, used) = line.split_once("uses:")?;
    let Some((action, release)) = used.split_once(" # ") else { return Some("no release stands beside it") };
    let digest = action.split_once('@').map_or("", |(_, digest)| digest);
    if digest.len() != 40 || !digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Some("it is not pinned by the digest of a commit");
    }
    let numbers = release.strip_prefix('v').map(|numbers| numbers.split('.').map(str::parse::<u32>));
    match numbers.is_some_and(|mut numbers| numbers.clone().count() == 3 && numbers.all(|number| number.is_ok())) {
        true => None,
        false => Some("what stands beside it is no release"),
    }
}

#[test]
fn every_action_is_pinned_by_a_digest_with_its_release_beside_it() {
    let mut used = 0;
    // The guide has a workflow to copy.
    for (file, text) in workflows().into_iter().chain([(root().join("docs/reports.md"), text("docs/reports.md"))]) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("uses:")) {
            used += 1;
            assert_eq!(unpinned(line), None, "{}:{}: {line}", file.display(), number + 1);
        }
    }
    assert!(used >= 10, "{used} actions were found");
}

#[test]
fn an_action_that_is_not_pinned_is_seen() {
    let digest = "0123456789abcdef0123456789abcdef01234567";
    for (used, wrong) in [
        (format!("some/action@{digest} # v1.2.3"), false),
        ("some/action@v1 # v1.2.3".to_owned(), true),
        ("some/action # v1.2.3".to_owned(), true),
        (format!("some/action@{} # v1.2.3", &digest[1..]), true),
        (format!("some/action@{} # v1.2.3", digest.to_uppercase()), true),
        (format!("some/action@{digest}"), true),
        (format!("some/action@{digest} # v1"), true),
        (format!("some/action@{digest} # main"), true),
    ] {
        assert_eq!(unpinned(&format!("      - uses: {used}")).is_some(), wrong, "{used}");
    }
    assert_eq!(unpinned("      - run: cargo test"), None);
}

/// The jobs of a workflow that ask for a permission, by the two spaces before their names.
fn jobs_that_ask(workflow: &str, permission: &str) -> Vec<String> {
    let mut job = String::new();
    let mut asking = Vec::new();
    for line in workflow.lines() {
        if let Some(name) = line.strip_prefix("  ").filter(|name| !name.starts_with(' ')) {
            job = name.trim_end_matches(':').to_owned();
        }
        if line.trim() == permission {
            asking.push(job.clone());
        }
    }
    asking
}

#[test]
fn a_job_that_builds_can_publish_nothing() {
    for (file, text) in workflows() {
        assert!(text.contains("\npermissions:\n  contents: read\njobs:"), "{}", file.display());
        let asking = text.matches("write").count();
        if file.ends_with("release.yml") {
            assert_eq!(jobs_that_ask(&text, "attestations: write"), ["attest"]);
            assert_eq!(jobs_that_ask(&text, "contents: write"), ["github"]);
            assert_eq!(jobs_that_ask(&text, "id-token: write"), ["attest", "pypi"]);
            assert_eq!(asking, 4);
        } else {
            assert_eq!(asking, 0, "{}", file.display());
        }
    }
}

#[test]
fn what_is_released_is_attested_first_and_carries_the_notices() {
    let release = text(".github/workflows/release.yml");
    assert_eq!(release.matches("    needs: [attest]\n").count(), 2);
    assert!(
        release.contains(&format!("cp unpacked/*.data/scripts/sessionproof* LICENSE-* {NOTICES} README.md binary/"))
    );
    assert!(
        text("pyproject.toml")
            .contains(&format!("license-files = [\"LICENSE-APACHE\", \"LICENSE-MIT\", \"{NOTICES}\"]"))
    );
}

/// A crate that is linked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Linked {
    name: String,
    version: String,
    license: String,
    repository: String,
}

impl Linked {
    /// Its line in the notices.
    fn line(&self) -> String {
        format!("  {} {}, {}, {}", self.name, self.version, self.license, self.repository)
            .trim_end_matches([',', ' '])
            .to_owned()
    }
}

/// The platforms that are released, as the workflow names them.
fn targets() -> Vec<String> {
    let release = text(".github/workflows/release.yml");
    let targets = release.lines().filter_map(|line| line.split_once("{ runner: ")?.1.split_once("target: "));
    let targets: Vec<_> = targets.map(|(_, rest)| rest.split([',', ' ']).next().unwrap().to_owned()).collect();
    assert!(targets.len() >= 6, "{targets:?}");
    targets
}

fn cargo(arguments: &[&str]) -> Result<String, String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output =
        Command::new(cargo).args(arguments).args(["--locked", "--offline"]).current_dir(root()).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The crates that are linked for some platform, without those that run at compile time alone; `None` is this one. The packages of this workspace are left out.
fn linked(target: Option<&str>) -> Result<BTreeSet<Linked>, String> {
    let mut arguments = vec![
        "tree",
        "-p",
        "sessionproof",
        "-e",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}\t{l}\t{r}",
    ];
    arguments.extend(target.iter().flat_map(|target| ["--target", *target]));
    let tree = cargo(&arguments)?;
    let crates = tree.lines().filter(|line| !line.starts_with("sessionproof")).map(|line| {
        let mut parts = line.trim_end_matches(" (*)").split('\t').map(str::to_owned);
        let [package, license, repository] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let (name, version) = package.split_once(" v").unwrap();
        assert!(!license.is_empty() && !version.contains(' '), "{line}");
        Linked { name: name.to_owned(), version: version.to_owned(), license, repository }
    });
    Ok(crates.collect())
}

/// Folders of a crate with licences of what is not built.
const NOT_BUILT: [&str; 3] = ["contrib", "tests", "zlib-ng"];

/// The files of a crate that say what its licence asks to be passed on.
fn licences(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
        if path.is_dir() {
            if !NOT_BUILT.contains(&name.as_str()) {
                licences(&path, found);
            }
        } else if !name.ends_with(".rs")
            && (name.contains("licen")
                || ["copying", "copyright", "notice"].iter().any(|begin| name.starts_with(begin)))
        {
            found.insert(path);
        }
    }
}

const HEAD: &str = "\
Notices of third parties

sessionproof is licensed under MIT OR Apache-2.0. The binaries that are released hold the crates below, each under its own licence,
and Rust's standard library (MIT OR Apache-2.0, https://github.com/rust-lang/rust, copyright The Rust Project Developers). The one for
musl holds musl as well (MIT, https://musl.libc.org, copyright 2005-2020 Rich Felker and others). libz-sys holds zlib. The source of
each crate is at the address beside it, and is what `cargo fetch` brings. All licence files of each follow.

`UPDATE_NOTICES=1 cargo test --test integration notices` makes this file.
";

fn notices(linked: &BTreeSet<Linked>) -> Result<String, String> {
    let metadata: Json = serde_json::from_str(&cargo(&["metadata", "--format-version", "1"])?).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let mut whole = HEAD.to_owned() + "\n";
    // Many crates have the same text, if need be in other lines.
    let mut texts: BTreeMap<String, (Vec<String>, String)> = BTreeMap::new();
    for crate_ in linked {
        whole += &(crate_.line() + "\n");
        let is_it = |package: &&Json| package["name"] == *crate_.name && package["version"] == *crate_.version;
        let manifest = packages.iter().find(is_it).unwrap()["manifest_path"].as_str().unwrap();
        let folder = Path::new(manifest).parent().unwrap();
        let mut files = BTreeSet::new();
        licences(folder, &mut files);
        assert!(!files.is_empty(), "{} {} has no file with its licence", crate_.name, crate_.version);
        for file in files {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            let words: Vec<_> = text.split_whitespace().collect();
            let lines: Vec<_> = text.lines().map(str::trim_end).collect();
            let file = file.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
            let (of, _) = texts
                .entry(words.join(" "))
                .or_insert_with(|| (Vec::new(), lines.join("\n").trim_matches('\n').to_owned()));
            of.push(format!("{} {}: {file}", crate_.name, crate_.version));
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort();
    for (of, text) in texts {
        whole += &format!("\n{}\n{}\n{}\n\n{text}\n", "=".repeat(80), of.join("\n"), "-".repeat(80));
    }
    Ok(whole)
}

/// Says in sight that a test is skipped. With `SESSIONPROOF_REQUIRE_CRATES` set, that is a failure.
fn skipped(test: &str, why: &str) {
    assert!(env::var_os("SESSIONPROOF_REQUIRE_CRATES").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// `UPDATE_NOTICES=1 cargo test` rewrites the file; `cargo fetch --locked` fetches the crates of all platforms before.
#[test]
fn the_notices_are_those_of_the_crates_that_are_linked_on_every_platform() {
    let all: Result<Vec<_>, _> = targets().iter().map(|target| linked(Some(target))).collect();
    let expected = match all.and_then(|all| notices(&all.into_iter().flatten().collect())) {
        Ok(expected) => expected,
        Err(why) => {
            let test = "the_notices_are_those_of_the_crates_that_are_linked_on_every_platform";
            let why = why.lines().next().unwrap_or_default();
            return skipped(test, &format!("`cargo fetch --locked` has not run: {why}"));
        }
    };
    if env::var_os("UPDATE_NOTICES").is_some() {
        fs::write(root().join(NOTICES), &expected).unwrap();
    }
    assert!(text(NOTICES) == expected, "run UPDATE_NOTICES=1 cargo test --test integration notices");
}

#[test]
fn the_notices_name_every_crate_that_is_linked_here() {
    let (notices, here) = (text(NOTICES), linked(None).unwrap());
    assert!(here.len() > 100, "{}", here.len());
    for crate_ in here {
        let line = crate_.line();
        assert!(
            notices.lines().any(|told| told == line),
            "{line}\nrun UPDATE_NOTICES=1 cargo test --test integration notices"
        );
    }
    for (name, license) in [("option-ext", "MPL-2.0"), ("webpki-roots", "CDLA-Permissive-2.0"), ("ring", "ISC")] {
        let told = notices.lines().any(|line| line.starts_with(&format!("  {name} ")) && line.contains(license));
        assert!(told, "{name}");
    }
    for text in ["libz-sys 1", ": src/zlib/LICENSE", "Jean-loup Gailly", "Mozilla Public License Version 2.0"] {
        assert!(notices.contains(text), "{text}");
    }
}

/// What the licences of linked crates may be. Another has to be read by a person before it stands here.
const LICENCES: [&str; 14] = [
    "Apache-2.0",
    "Apache-2.0 AND ISC",
    "Apache-2.0 OR ISC OR MIT",
    "Apache-2.0 OR MIT",
    "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT OR Apache-2.0",
    "MIT/Apache-2.0",
    "MPL-2.0",
    "Unlicense OR MIT",
    "Zlib",
];

#[test]
fn nothing_is_linked_under_a_licence_that_nobody_has_read() {
    let notices = text(NOTICES);
    let crates = notices.lines().take_while(|line| !line.starts_with("===")).filter_map(|line| line.strip_prefix("  "));
    let licences: BTreeSet<_> = crates.map(|line| line.split(", ").nth(1).unwrap()).collect();
    assert_eq!(licences, BTreeSet::from(LICENCES));
}
