//! What a person reads of the protocol checks: a line for each, and below a failed one how to fix it.

use super::style::{BAD, DOUBT, FAINT, GOOD, styled};
use crate::{
    foreign,
    protocol_check::finding::{Finding, Verdict, Violation},
    suite::outcome::results::Outcome,
};

/// One check.
pub fn line(finding: &Finding) -> String {
    let (mark, what) = match &finding.verdict {
        Verdict::Failed(violation) => (styled(BAD, "✗"), explain(violation)),
        Verdict::NotAsked(why) => (styled(DOUBT, "–"), format!("not asked: {}", foreign::line(why))),
        Verdict::Passed(what) => (styled(GOOD, "✓"), foreign::line(what)),
    };
    format!("{mark} {:<16} {what}\n", finding.check)
}

fn explain(violation: &Violation) -> String {
    let parts = [("asked", &violation.asked), ("came", &violation.came), ("fix", &violation.remedy)];
    let part = |(name, text): (&str, &String)| {
        format!(
            "\n    {}  {}",
            styled(FAINT, format!("{name:<5}")),
            foreign::lines(text).replace('\n', "\n           ")
        )
    };
    format!("failed{}", parts.map(part).concat())
}

/// The verdict on all checks.
pub fn verdict(findings: &[Finding]) -> String {
    let failed = findings.iter().filter(|finding| finding.is_failed()).count();
    let count = |what: usize| if what == 1 { "1 check".to_owned() } else { format!("{what} checks") };
    match outcome(findings) {
        Outcome::NotConformant => {
            format!("\n{} {failed} of {} failed\n", styled(BAD, "violates the protocol:"), count(findings.len()))
        }
        Outcome::NotJudged => format!("\n{} no check could be made\n", styled(DOUBT, "could not judge:")),
        Outcome::Conformant | Outcome::KnownFailures => {
            let passed = findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Passed(_))).count();
            format!(
                "\n{} {} passed; run `check` without --protocol to test the implementation\n",
                styled(GOOD, "follows the protocol:"),
                count(passed)
            )
        }
    }
}

/// What the checks come to: conformant if none failed and some passed.
pub fn outcome(findings: &[Finding]) -> Outcome {
    if findings.iter().any(Finding::is_failed) {
        Outcome::NotConformant
    } else if findings.iter().any(|finding| matches!(finding.verdict, Verdict::Passed(_))) {
        Outcome::Conformant
    } else {
        Outcome::NotJudged
    }
}
