//! The examples of `vectors/README.md` run, and agree with Flask.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const TEXT: &str = include_str!("../../vectors/README.md");

/// The code block of a language.
fn example(language: &str) -> &'static str {
    let (_, rest) = TEXT.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// Runs the example of a language; where its program is missing, that is said in sight.
fn runs(test: &str, language: &str, program: &str) {
    let code = example(language);
    assert!(code.lines().count() <= 25, "{language}: short enough to read at once");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("example.{}", if language == "js" { "cjs" } else { "py" }));
    fs::write(&file, code).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(program).arg(&file).current_dir(root).stderr(Stdio::inherit()).output();
    let output = match ran {
        Ok(output) => output,
        Err(error) => {
            assert!(env::var_os("SESSIONPROOF_REQUIRE_PYTHON").is_none(), "{program}: {error}");
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: there is no {program}: {error}");
            return;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let count: usize = said.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{said}"));
    assert!(count >= 40 && said.trim_end().ends_with("agree, 0 differ"), "{said}");
}

#[test]
fn the_example_in_python_agrees_with_flask() {
    runs("the_example_in_python_agrees_with_flask", "python", "python3");
}

#[test]
fn the_example_in_javascript_agrees_with_flask() {
    runs("the_example_in_javascript_agrees_with_flask", "js", "node");
}
