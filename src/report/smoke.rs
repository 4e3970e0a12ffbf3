//! What a person reads of an adapter's manners: a line for each, and below it what to mend.

use super::style::{BAD, DOUBT, FAINT, GOOD, styled};
use crate::{
    foreign,
    protocol_check::{Finding, Mutant, Verdict},
    suite::outcome::results::Outcome,
};

/// One manner.
pub fn line(finding: &Finding) -> String {
    let (mark, what) = match &finding.verdict {
        Verdict::Broken(mutant) => (styled(BAD, "✗"), told(mutant)),
        Verdict::Kept(what) => (styled(GOOD, "✓"), foreign::line(what)),
        Verdict::NotAsked(why) => (styled(DOUBT, "–"), format!("not asked: {}", foreign::line(why))),
    };
    format!("{mark} {:<16} {what}\n", finding.manner)
}

fn told(mutant: &Mutant) -> String {
    let parts = [("asked", &mutant.asked), ("came", &mutant.came), ("mend", &mutant.remedy)];
    let part = |(name, text): (&str, &String)| {
        format!(
            "\n    {}  {}",
            styled(FAINT, format!("{name:<5}")),
            foreign::lines(text).replace('\n', "\n           ")
        )
    };
    format!("is to be mended{}", parts.map(part).concat())
}

/// The verdict on all manners.
pub fn verdict(findings: &[Finding]) -> String {
    let broken = findings.iter().filter(|finding| finding.is_broken()).count();
    let count = |what: usize| if what == 1 { "1 manner".to_owned() } else { format!("{what} manners") };
    match outcome(findings) {
        Outcome::NotConformant => {
            format!("\n{} {} of {}\n", styled(BAD, "to be mended:"), broken, count(findings.len()))
        }
        Outcome::NotJudged => format!("\n{} no manner could be asked for\n", styled(DOUBT, "not judged:")),
        Outcome::Conformant | Outcome::KnownFailures => {
            let kept = findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Kept(_))).count();
            format!(
                "\n{} {}; what the implementation makes of cookies, `check` judges without --smoke\n",
                styled(GOOD, "well mannered:"),
                count(kept)
            )
        }
    }
}

/// What the manners come to: conformant where none is broken.
pub fn outcome(findings: &[Finding]) -> Outcome {
    if findings.iter().any(Finding::is_broken) {
        Outcome::NotConformant
    } else if findings.iter().any(|finding| matches!(finding.verdict, Verdict::Kept(_))) {
        Outcome::Conformant
    } else {
        Outcome::NotJudged
    }
}
