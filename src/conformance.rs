//! For implementers in Rust: [`conformance`] holds a type against the specification and gives the results, and
//! [`conformance_tests!`](crate::conformance_tests) makes a `#[test]` of each rule in their own crate.
//!
//! It knows what a test can say: that a rule is kept, or why not. What was not judged does not look like a pass: where the
//! implementation declares in its [`Hello`] that it does not offer what the rule is about, the test says so past the test
//! harness; everywhere else it fails.

use crate::{
    adapter::{Broken, Implementation},
    evidence::vectors::{self, LoadedVector},
    foreign,
    protocol::{Call, Hello, Reply},
    report::terminal,
    spec::rules::{self, Pattern},
    suite::{
        judging::judge::{Case, Inconclusive, Verdict, judge},
        outcome::results::Results,
        running::run::{self, Options},
    },
};
use anstream::adapter::strip_str;
use std::{env, fmt, io::Write};

/// Holds an implementation against the specification: every vector of real Flask, and as many generated cases as the options
/// say ([`Options::default`] has none, [`Options::of`] those of a preset).
///
/// ```
/// use sessionproof::{
///     adapter::embedded::BuiltInVerifier,
///     suite::{generate::sizes::Preset, results::Outcome, run::Options},
/// };
///
/// let options = Options { cases: 100, ..Options::of(Preset::Quick) };
/// let results = sessionproof::conformance(&BuiltInVerifier::default(), &options);
/// assert_eq!(results.outcome(), Outcome::Conformant);
/// assert_eq!(results.rules["EXP-2"].failed, 0);
/// ```
pub fn conformance(implementation: &dyn Implementation, options: &Options) -> Results {
    match vectors::embedded() {
        Ok(vectors) => run::run(implementation, &vectors, options, &mut |_| {}),
        Err(error) => Results {
            broken: Some(Broken { what: error.to_string(), remedy: "build this crate anew".to_owned() }),
            ..Results::new(implementation.hello().clone(), options)
        },
    }
}

/// Makes a `#[test]` of each rule that an implementation can be asked about, named by the rule:
/// `exp_2_age_equal_to_the_lifetime_is_accepted_one_second_more_is_not`.
///
/// ```ignore
/// // tests/conformance.rs
/// sessionproof::conformance_tests!(my_crate::MyImplementation::new());
/// ```
///
/// All tests of one binary share one run, of all vectors and the generated cases of the quick preset; options
/// ([`Options`](crate::suite::running::run::Options)) can follow behind a comma. A test fails with the failures of its rule, made
/// small. A rule about which nothing could be judged fails too, unless the implementation declares that it does not offer what
/// the rule is about; then the test passes, and `NOT OFFERED` stands on standard error.
#[macro_export]
macro_rules! conformance_tests {
    ($implementation:expr $(,)?) => {
        $crate::conformance_tests!(
            $implementation,
            $crate::suite::running::run::Options::of($crate::suite::generate::sizes::Preset::Quick)
        );
    };
    ($implementation:expr, $options:expr $(,)?) => {
        fn sessionproof_verdict(rule: &str) -> Result<(), $crate::conformance::Unmet> {
            static RUN: std::sync::OnceLock<$crate::conformance::RuleByRule> = std::sync::OnceLock::new();
            RUN.get_or_init(|| $crate::conformance::RuleByRule::for_test(&$implementation, $options, rule))
                .verdict(rule)
        }

        $crate::rule_tests!(sessionproof_verdict);
    };
}

include!(concat!(env!("OUT_DIR"), "/rule_tests.rs"));

/// A run, told rule by rule.
pub struct RuleByRule {
    results: Results,
}

/// Why a rule's test fails.
pub struct Unmet(String);

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text itself, since this is what the test harness shows of an error.
impl fmt::Debug for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unmet {}

/// How many failures of a rule are shown.
const SHOWN: usize = 3;

impl RuleByRule {
    /// The run behind the tests of one process. Its summary goes to standard error, past the test harness. Where each test has
    /// a process of its own, as under cargo-nextest, only the rule that is asked about is judged.
    pub fn for_test(implementation: &dyn Implementation, options: Options, rule: &str) -> Self {
        let is_alone = env::var("NEXTEST_EXECUTION_MODE").is_ok_and(|mode| mode == "process-per-test");
        let only = if is_alone { Pattern::parse(rule).ok() } else { None };
        let options = Options { rules: only.unwrap_or_else(|| options.rules.clone()), ..options };
        let run = Self::new(conformance(implementation, &options));
        aside(&terminal::summary(&run.results));
        run
    }

    /// The results of a run.
    pub fn new(results: Results) -> Self {
        Self { results }
    }

    /// Whether a rule is kept. The error says which answers break it, or why nothing can be said.
    pub fn verdict(&self, rule: &str) -> Result<(), Unmet> {
        let Some(tally) = self.results.rules.get(rule) else {
            aside(&format!("LEFT OUT {}\n", titled(rule)));
            return Ok(());
        };
        if tally.failed > 0 {
            return Err(self.failures(rule));
        }
        if let Some(broken) = &self.results.broken {
            return Err(Unmet(format!("{}: the run ended: {broken}", titled(rule))));
        }
        if self.results.adapter_broke && tally.inconclusive > 0 {
            return Err(self.not_judged(rule, "the implementation broke in some checks"));
        }
        if tally.known > 0 {
            aside(&format!("KNOWN FAILURE {}: {} failed\n", titled(rule), tally.known));
            return Ok(());
        }
        if tally.passed > 0 {
            return Ok(());
        }
        match not_offered(rule, &self.results.implementation) {
            Some(what) => {
                aside(&format!("NOT OFFERED {}: {}\n", titled(rule), foreign::line(what)));
                Ok(())
            }
            None => Err(self.not_judged(rule, "nothing was judged")),
        }
    }

    fn failures(&self, rule: &str) -> Unmet {
        let failures: Vec<_> = self.results.failures.iter().filter(|failure| failure.rule == rule).collect();
        let mut text: String = failures.iter().take(SHOWN).map(|failure| terminal::failure(failure, None)).collect();
        if failures.len() > SHOWN {
            text += &format!("\n… and {} more\n", failures.len() - SHOWN);
        }
        Unmet(strip_str(&text).to_string())
    }

    fn not_judged(&self, rule: &str, what: &str) -> Unmet {
        let reasons: Vec<_> = self.results.inconclusive.keys().map(foreign::line).collect();
        Unmet(format!("{}: {what}; inconclusive in the whole run: {}", titled(rule), reasons.join("; ")))
    }
}

/// What an implementation declares to be without, where that keeps every vector of a rule from being asked.
fn not_offered(rule: &str, hello: &Hello) -> Option<String> {
    let vectors = vectors::embedded().ok()?;
    let cites = |ready: &&LoadedVector| ready.vector.rules.iter().any(|cited| cited == rule);
    let cases: Vec<_> = vectors
        .iter()
        .filter(cites)
        .map(|ready| Case { scenario: &ready.scenario, recorded: &ready.recorded })
        .collect();
    let mut missing = None;
    for verdict in judge(&Declared(hello), &cases).ok()? {
        let Verdict::Inconclusive(Inconclusive::NotOffered(what)) = verdict else { return None };
        missing = missing.or(Some(what));
    }
    missing
}

/// Everything that is declared, and no more: it is asked only what the declarations allow, and breaks then.
struct Declared<'h>(&'h Hello);

impl Implementation for Declared<'_> {
    fn hello(&self) -> &Hello {
        self.0
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
        Ok(calls.iter().map(|_| Reply::Error("it was asked".to_owned())).collect())
    }
}

fn titled(rule: &str) -> String {
    rules::find(rule).map_or_else(|| rule.to_owned(), |found| format!("{rule} {}", found.title))
}

/// Past the test harness, which keeps to itself what a passing test prints.
fn aside(text: &str) {
    let _ = anstream::stderr().write_all(foreign::terminal(text).as_bytes());
}
