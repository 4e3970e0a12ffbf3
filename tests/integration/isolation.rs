//! Known implementations are set up and judged as they are, whatever lies in the working directory and stands in the environment.

use crate::common;

use sessionproof::setup::Known;
use sha2::{Digest, Sha256};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What Python would take from the working directory, or from PYTHONPATH, before anything of its own.
const MODULES: [&str; 14] = [
    "ensurepip",
    "flask",
    "framework",
    "importlib",
    "itsdangerous",
    "json",
    "os",
    "pip",
    "runpy",
    "sessionproof_adapter",
    "site",
    "sitecustomize",
    "usercustomize",
    "venv",
];

/// A folder in which everything leaves a mark when it is run.
struct Poisoned {
    folder: tempfile::TempDir,
}

impl Poisoned {
    fn new() -> Self {
        let poisoned = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(poisoned.marks()).unwrap();
        let in_python = |name: &str| format!("open({:?}, 'w').close()\n", poisoned.marks().join(name));
        for module in MODULES {
            poisoned.file(&format!("{module}.py"), &in_python(module));
        }
        poisoned.file("flask-2.2.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: flask\nVersion: 2.2.5\n");
        poisoned.file("startup.py", &in_python("startup"));
        for minor in 9..20 {
            let site = format!("user/lib/python3.{minor}/site-packages");
            poisoned.file(&format!("{site}/usercustomize.py"), &in_python("user-site"));
        }
        let in_node = |name: &str| format!("require('fs').writeFileSync({:?}, '');\n", poisoned.marks().join(name));
        poisoned.file("required.cjs", &in_node("required"));
        poisoned.file("node_modules/itsdangerous.js/index.js", &in_node("node_modules"));
        poisoned.file("node_modules/itsdangerous.js/package.json", r#"{"name":"itsdangerous.js","version":"9.9.9"}"#);
        poisoned.file("package.json", r#"{"name":"poisoned","version":"1.0.0","workspaces":["cache/*"]}"#);
        for rc in [".npmrc", "user.npmrc"] {
            poisoned.file(rc, "dry-run=true\nglobal=true\nprefix=/nonexistent\nscript-shell=./npm\nomit=prod\n");
        }
        poisoned.file("pip.conf", "[install]\ntarget = elsewhere\ndry-run = true\n[global]\nuser = true\n");
        poisoned.file("constraints.txt", "flask==2.2.5\n");
        let cargo =
            "[build]\nrustc-wrapper = \"./wrapper\"\nrustflags = [\"--no-such-flag\"]\ntarget = \"no-such-target\"\n";
        poisoned.file(".cargo/config.toml", cargo);
        poisoned.file("rust-toolchain.toml", "[toolchain]\nchannel = \"no-such-channel\"\n");
        poisoned.file("bash_env", &format!(": > {}\n", poisoned.marks().join("bash_env").display()));
        for program in ["cargo", "node", "npm", "python", "python3", "rustc", "sh", "wrapper"] {
            poisoned.program(program);
        }
        poisoned
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn marks(&self) -> PathBuf {
        self.path("marks")
    }

    fn file(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn program(&self, name: &str) {
        let mark = self.marks().join(format!("program {name}"));
        self.file(name, &format!("#!/bin/sh\n: > '{}'\nexit 1\n", mark.display()));
        #[cfg(unix)]
        {
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(self.path(name), executable).unwrap();
        }
    }

    /// The program in this folder, with an environment that has an order for every tool.
    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
        let here = |name: &str| self.path(name).into_os_string();
        command.args(arguments).current_dir(self.folder.path());
        for (name, value) in [
            ("PYTHONPATH", ""),
            ("PYTHONHOME", ""),
            ("PYTHONSTARTUP", "startup.py"),
            ("PYTHONUSERBASE", "user"),
            ("PIP_CONFIG_FILE", "pip.conf"),
            ("PIP_CONSTRAINT", "constraints.txt"),
            ("PIP_PREFIX", "elsewhere"),
            ("PIP_TARGET", "elsewhere"),
            ("NODE_PATH", "node_modules"),
            ("npm_config_prefix", "elsewhere"),
            ("npm_config_userconfig", "user.npmrc"),
            ("CARGO_TARGET_DIR", "elsewhere"),
            ("CARGO_BUILD_RUSTC_WRAPPER", "wrapper"),
            ("RUSTC", "wrapper"),
            ("RUSTC_WRAPPER", "wrapper"),
            ("RUSTC_WORKSPACE_WRAPPER", "wrapper"),
            ("BASH_ENV", "bash_env"),
        ] {
            command.env(name, here(value));
        }
        for (name, value) in [
            ("PYTHONINSPECT", "1"),
            ("PYTHONWARNINGS", "error"),
            ("PIP_DRY_RUN", "1"),
            ("PIP_REQUIRE_VIRTUALENV", "1"),
            ("PIP_USER", "1"),
            ("npm_config_dry_run", "true"),
            ("npm_config_global", "true"),
            ("npm_config_omit", "prod"),
            ("RUSTFLAGS", "--no-such-flag"),
            ("CARGO_ENCODED_RUSTFLAGS", "--no-such-flag"),
            ("CARGO_BUILD_TARGET", "no-such-target"),
            ("FLASK_DEBUG", "1"),
        ] {
            command.env(name, value);
        }
        command.env("NODE_OPTIONS", format!("--require {}", self.path("required.cjs").display()));
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [PathBuf::new(), PathBuf::from(".")].into_iter().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(path).unwrap());
        command
    }

    /// Nothing in the folder was run, and nothing was installed elsewhere.
    fn is_untouched(&self, what: &str) {
        let marks: Vec<_> = fs::read_dir(self.marks()).unwrap().map(|mark| mark.unwrap().file_name()).collect();
        assert!(marks.is_empty(), "{what} ran {marks:?}");
        assert!(!self.path("elsewhere").exists(), "{what}");
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// What a set-up by name says that takes place nowhere else, in a folder that is not poisoned.
fn set_up_in_peace(name: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
    command.args(["check", "--cases", "0", "--rules", "EXP-1", name]).current_dir(folder.path());
    command.env("SESSIONPROOF_CACHE", folder.path().join("cache")).output().unwrap()
}

fn is_set_up_as_it_is(test: &str, name: &str) {
    let known = Known::named(name).unwrap();
    let Some(_) = common::program(test, known) else { return };
    let poisoned = Poisoned::new();
    let report = poisoned.path("results.json");
    let report = format!("json={}", report.display());
    let mut command = poisoned.run(&["check", "--cases", "0", "--rules", "EXP", "--report", &report, name]);
    let output = command.env("SESSIONPROOF_CACHE", poisoned.path("cache")).output().unwrap();
    poisoned.is_untouched(name);
    if output.status.code() == Some(2) {
        let peace = set_up_in_peace(name);
        assert_eq!(peace.status.code(), Some(2), "{}", said(&output));
        common::skipped(test, &said(&peace));
        return;
    }
    let results = fs::read_to_string(poisoned.path("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["implementation"]["version"].as_str(), known.release(), "{}", said(&output));
}

#[test]
fn flask_is_set_up_as_it_is_in_a_poisoned_folder() {
    is_set_up_as_it_is("flask_is_set_up_as_it_is_in_a_poisoned_folder", "flask");
}

#[test]
fn a_package_of_npm_is_set_up_as_it_is_in_a_poisoned_folder() {
    is_set_up_as_it_is("a_package_of_npm_is_set_up_as_it_is_in_a_poisoned_folder", "itsdangerous.js");
}

#[test]
fn a_crate_is_set_up_as_it_is_in_a_poisoned_folder() {
    is_set_up_as_it_is("a_crate_is_set_up_as_it_is_in_a_poisoned_folder", "itsdangerous-rs");
}

#[test]
fn what_is_set_up_is_judged_as_it_is_in_a_poisoned_folder_whatever_the_command() {
    const TEST: &str = "what_is_set_up_is_judged_as_it_is_in_a_poisoned_folder_whatever_the_command";
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/flask-3.1/expiry.json").display().to_string();
    for (name, version) in [("flask", "flask 3.1.3"), ("itsdangerous.js", "itsdangerous.js 1.1.5")] {
        let Some(_) = common::program(TEST, Known::named(name).unwrap()) else { continue };
        let poisoned = Poisoned::new();
        for arguments in [
            &["check", "--cases", "0", "--rules", "EXP-1", name][..],
            &["check", "--protocol", name],
            &["replay", &vectors, name],
            &["bench", "--turns", "1", name],
            &["explore", "--configuration", "copied-cookie", name],
        ] {
            let output = poisoned.run(arguments).output().unwrap();
            poisoned.is_untouched(&format!("{arguments:?}"));
            // No verdict, where an operation is not offered, is no error.
            assert!(!said(&output).contains("error:"), "{arguments:?}: {}", said(&output));
            if arguments[0] == "bench" || arguments[1] == "--protocol" {
                assert!(said(&output).contains(version), "{arguments:?}: {}", said(&output));
            }
        }
    }
}

#[test]
fn the_vectors_come_from_the_flask_that_was_set_up() {
    let Some(_) = common::oracle("the_vectors_come_from_the_flask_that_was_set_up") else { return };
    let poisoned = Poisoned::new();
    let output = poisoned.run(&["vectors", "regenerate", "--out", "made"]).output().unwrap();
    poisoned.is_untouched("vectors regenerate");
    assert!(output.status.success(), "{}", said(&output));
    let made = fs::read_to_string(poisoned.path("made").join("expiry.json")).unwrap();
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["provenance"]["flask"], "3.1.3");
}

#[test]
fn a_program_behind_two_dashes_keeps_its_environment_and_working_directory() {
    const TEST: &str = "a_program_behind_two_dashes_keeps_its_environment_and_working_directory";
    if !common::runs(TEST, "python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let adapter = "import json, os\ninput()\nprint(json.dumps({'id': 0, 'ok': {'name': os.environ['PYTHONPATH'], 'version': os.getcwd(), 'ops': ['verify']}}))\n";
    fs::write(folder.path().join("adapter.py"), adapter).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
    command.args(["check", "--protocol", "--", "python3", "adapter.py"]).current_dir(folder.path());
    let output = command.env("PYTHONPATH", "/of/the/user").output().unwrap();
    let here = folder.path().canonicalize().unwrap();
    assert!(said(&output).contains(&format!("/of/the/user {}", here.display())), "{}", said(&output));
}

#[cfg(unix)]
#[test]
fn another_version_than_was_set_up_ends_every_command_before_anything_is_judged() {
    const TEST: &str = "another_version_than_was_set_up_ends_every_command_before_anything_is_judged";
    let Some(oracle) = common::oracle(TEST) else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let home = oracle.python.ancestors().nth(2).unwrap();
    fs::create_dir(&cache).unwrap();
    let copied = Command::new("cp").arg("-a").args([home, &oracle.files]).arg(&cache).status().unwrap();
    assert!(copied.success());
    // The package says that it is another, and what was written down of its files fits.
    let home = cache.join(home.file_name().unwrap());
    let lib = fs::read_dir(home.join("lib")).unwrap().next().unwrap().unwrap().path();
    let metadata = lib.join("site-packages").join("flask-3.1.3.dist-info").join("METADATA");
    let digest = |text: &str| -> String { Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect() };
    let truth = fs::read_to_string(&metadata).unwrap();
    let lie = truth.replacen("\nVersion: 3.1.3\n", "\nVersion: 2.2.5\n", 1);
    assert_ne!(lie, truth);
    fs::write(&metadata, &lie).unwrap();
    let contents = fs::read_to_string(home.join("sessionproof.json")).unwrap();
    let (was, is) = (digest(&truth), digest(&lie));
    assert!(contents.contains(&was));
    fs::write(home.join("sessionproof.json"), contents.replace(&was, &is)).unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/flask-3.1/expiry.json").display().to_string();
    for arguments in [
        &["check", "flask"][..],
        &["check", "--protocol", "flask"],
        &["replay", &vectors, "flask"],
        &["bench", "flask"],
        &["explore", "--configuration", "copied-cookie", "flask"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
        command.args(arguments).current_dir(folder.path()).env("SESSIONPROOF_CACHE", &cache);
        let output = command.output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("flask 3.1.3") && said.contains("2.2.5"), "{arguments:?}: {said}");
        assert!(!said.contains("checks passed") && !said.contains("follows the protocol"), "{arguments:?}: {said}");
    }
}
