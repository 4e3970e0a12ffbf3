//! The JUnit report against its schema, `spec/junit.xsd`, by xmllint.

use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    evidence::vectors,
    mutants,
    protocol::{Call, Capabilities, Reply},
    report::junit,
    rules::Pattern,
    suite::{
        outcome::{
            known::KnownFailures,
            results::{Outcome, Results},
        },
        running::run::{self, Options},
    },
};
use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Whether xmllint is here. Where it is not, that is said in sight; with `SESSIONPROOF_REQUIRE_XMLLINT` set it is a failure.
fn has_xmllint(test: &str) -> bool {
    let found = Command::new("xmllint").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_here = found.is_ok_and(|status| status.success());
    assert!(is_here || env::var_os("SESSIONPROOF_REQUIRE_XMLLINT").is_none(), "there is no xmllint");
    if !is_here {
        // Past the test harness, which keeps to itself what a passing test prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: there is no xmllint (Debian: libxml2-utils)");
    }
    is_here
}

/// The errors that xmllint finds in a report; `None` if it is valid.
fn refusal(report: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.xml");
    fs::write(&file, report).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/junit.xsd");
    let output =
        Command::new("xmllint").args(["--nonet", "--noout", "--schema"]).arg(schema).arg(file).output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn run(implementation: &dyn Implementation, options: &Options) -> Results {
    run::run(implementation, &vectors::embedded().unwrap(), options, &mut |_| {})
}

/// Breaks at its first call, with a message that XML cannot hold as it is.
struct Breaking(Model);

impl Implementation for Breaking {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn answer(&self, _: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Err(AdapterError { message: "<&]]>\u{0}\u{1b}\u{ffff}\"'\n".to_owned(), hint: "fix it".to_owned() })
    }
}

#[test]
fn every_kind_of_result_makes_a_valid_report() {
    if !has_xmllint("every_kind_of_result_makes_a_valid_report") {
        return;
    }
    let list = "[[known]]\nrules = \"*\"\nreason = \"<why> & \\\"how\\\"\"\n";
    let known = Options::default().known(KnownFailures::parse("known.toml", list).unwrap()).cases(50);
    let mutant = |name| mutants::find(name).unwrap().make();
    let one_rule = Options::default().rules(Pattern::parse("EXP-2").unwrap());
    for (outcome, results) in [
        (Outcome::Conformant, run(&Model::default(), &Options::default())),
        (Outcome::Conformant, run(&Model::default(), &one_rule)),
        (Outcome::NotConformant, run(mutant("accept-all").as_ref(), &Options::default().cases(50))),
        (Outcome::KnownFailures, run(mutant("age-equal-refused").as_ref(), &known)),
        (Outcome::NotConformant, run(&Model::default(), &known)),
        (Outcome::NotJudged, run(&Breaking(Model::default()), &Options::default())),
    ] {
        assert_eq!(results.outcome(), outcome);
        let report = junit::write(&results);
        assert_eq!(refusal(&report), None, "{report}");
    }
}

#[test]
fn the_schema_refuses_what_is_not_the_format() {
    if !has_xmllint("the_schema_refuses_what_is_not_the_format") {
        return;
    }
    let report = junit::write(&run(mutants::find("accept-all").unwrap().make().as_ref(), &Options::default()));
    for (from, to) in [
        ("<testsuites ", "<testsuites time=\"1\" "),
        (" failures=\"", " failures=\"-"),
        ("classname=\"sessionproof.KEY\"", "classname=\"KEY\""),
        ("KEY-2 ", "KEY-1 "),
        ("<failure message", "<failure text"),
        ("</failure>", "</failure><skipped message=\"\"/>"),
    ] {
        let title = |id: &str| sessionproof::rules::find(id).unwrap().title.clone();
        let to = if from == "KEY-2 " { format!("KEY-1 {}", title("KEY-1")) } else { to.to_owned() };
        let from = if from == "KEY-2 " { format!("KEY-2 {}", title("KEY-2")) } else { from.to_owned() };
        assert!(report.contains(&from), "{from}");
        assert!(refusal(&report.replacen(&from, &to, 1)).is_some(), "{from} as {to} is not refused");
    }
}
