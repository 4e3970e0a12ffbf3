//! Releases as they were, and packages where they are installed.

use crate::common::{self, program::Run};

#[cfg(unix)]
mod environments {
    use super::*;
    use std::{
        fs,
        path::{Path, PathBuf},
        process::Command,
    };

    /// The Python of a virtual environment in which `flask` is this text alone.
    fn environment(folder: &Path, flask: &str) -> PathBuf {
        let home = folder.join("environment");
        let made = Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&home).status().unwrap();
        assert!(made.success());
        let python = home.join("bin").join("python");
        let asked = ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"];
        let site = Command::new(&python).args(asked).output().unwrap().stdout;
        let site = PathBuf::from(String::from_utf8(site).unwrap().trim());
        for (file, text) in [
            ("flask/__init__.py", flask),
            ("flask-9.9.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: flask\nVersion: 9.9.9\n"),
        ] {
            fs::create_dir_all(site.join(file).parent().unwrap()).unwrap();
            fs::write(site.join(file), text).unwrap();
        }
        python
    }

    #[test]
    fn what_does_not_start_is_told_by_its_own_error_and_not_by_the_network() {
        const TEST: &str = "what_does_not_start_is_told_by_its_own_error_and_not_by_the_network";
        if !common::runs(TEST, "python3") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let python = environment(folder.path(), "from a_module_of_old import quote\n");
        let done = Run::new(&["check", "flask", "--python", python.to_str().unwrap()]).done();
        done.is_refused_with(&[
            "flask 9.9.9",
            "importing it failed",
            "No module named 'a_module_of_old'",
            "--python PATH",
        ]);
        assert!(!done.stderr().contains("network"), "{}", done.stderr());
    }
}

#[test]
fn what_is_installed_for_the_python_that_is_named_is_tested_there() {
    const TEST: &str = "what_is_installed_for_the_python_that_is_named_is_tested_there";
    let Some(oracle) = common::oracle(TEST) else { return };
    let python = oracle.python.to_str().unwrap();
    let done = Run::new(&["check", "flask", "--python", python, "--cases", "0", "--rules", "EXP-1"]).done();
    let (out, told) = (done.stdout(), done.stderr());
    assert_eq!(done.output.status.code(), Some(0), "{out}{told}");
    assert!(told.contains("testing flask 3.1.3 as it is installed") && !told.contains("setting up"), "{told}");
    for part in ["cpython 3.", "werkzeug 3.", "itsdangerous 2.", "zlib "] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
}
