//! The probe in applications of many shapes: whatever their rules, hosts, proxies and loggers are, strangers see no difference.

use super::real::programs;
use std::{path::Path, process::Command};

#[test]
fn applications_of_every_shape_answer_strangers_alike_with_and_without_the_probe_and_log_the_same() {
    let Some(programs) = programs() else { return };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(programs.join("python"));
    command.arg(here.join("tests/fixtures/applications/shapes.py"));
    command.env("PYTHONPATH", here.join("adapters/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("shapes are alike") && output.status.success(), "{text}");
}
