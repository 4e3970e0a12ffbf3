//! For implementers in Rust: [`conformance`] runs the suite on a type and gives the results, and
//! [`conformance_tests!`](crate::conformance_tests) makes a `#[test]` of each rule in their own crate.
//!
//! A test says that a rule is kept, or why not. What was not judged does not look like a pass: where the implementation
//! lacks what the rule is about, the test says so past the test harness; everywhere else it fails.

mod offered;

use crate::{
    adapter::{AdapterError, Guarded, Implementation},
    evidence::vectors,
    foreign,
    protocol::Op,
    report::{style, terminal},
    rules,
    suite::{
        outcome::results::Results,
        running::run::{self, Options},
    },
};
use std::{
    env, fmt,
    io::{self, Write},
    sync::{Arc, OnceLock},
    time::Duration,
};

/// How long one call may take, unless the options say otherwise.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Runs the suite on an implementation: every vector of real Flask, and as many generated cases as the options say
/// ([`Options::default`] has none, [`Options::from_preset`] those of a preset).
///
/// Look at [`Results::outcome`]: it is [`Conformant`](crate::Outcome::Conformant) only when checks passed, none failed,
/// every known failure still fails, and every operation that the implementation offers was answered at least once.
///
/// The implementation is asked on a thread of its own. A call that panics is a failure of the rule that it is about. A call that
/// takes longer than [`Options::call_limit`] ends the run, since no thread can be ended from outside.
///
/// ```
/// use sessionproof::{Options, Outcome, Preset, adapter::in_process::BuiltInVerifier};
///
/// let options = Options::from_preset(Preset::Quick).cases(100);
/// let results = sessionproof::conformance(BuiltInVerifier::default(), &options);
/// assert_eq!(results.outcome(), Outcome::Conformant);
/// assert_eq!(results.rules["EXP-2"].failed, 0);
/// ```
pub fn conformance(implementation: impl Implementation + 'static, options: &Options) -> Results {
    let implementation: Arc<dyn Implementation> = Arc::new(implementation);
    let declared = implementation.capabilities();
    let end = |broken| Results { broken: Some(broken), ..Results::new(declared, options) };
    if let Some(wrong) = options.known.wrong() {
        return end(AdapterError {
            message: wrong.to_owned(),
            hint: "correct this known failure in the options".to_owned(),
        });
    }
    let vectors = match vectors::shared() {
        Ok(vectors) => vectors,
        Err(error) => {
            return end(AdapterError { message: error.to_owned(), hint: "build this crate anew".to_owned() });
        }
    };
    if implementation.limits_itself() {
        return run::run(&*implementation, vectors, options, &mut |_| {});
    }
    let guarded = match Guarded::start(implementation, options.call_limit.unwrap_or(CALL_LIMIT)) {
        Ok(guarded) => guarded,
        Err(broken) => return end(broken),
    };
    let mut results = run::run(&guarded, vectors, options, &mut |_| {});
    results.unanswered = std::mem::take(&mut results.unreported.idle);
    results
}

/// Makes a `#[test]` of each rule that an implementation can be asked about, named by the rule's number, such as `exp_2`, and one
/// named `whole_run`.
///
/// ```
/// // tests/conformance.rs
/// sessionproof::conformance_tests!(MyImplementation::new());
/// # use sessionproof::adapter::in_process::Model;
/// # struct MyImplementation;
/// # impl MyImplementation {
/// #     fn new() -> Model {
/// #         Model::default()
/// #     }
/// # }
/// ```
///
/// All tests of one binary share one run, of all vectors and the generated cases of the quick preset; [`Options`] can follow
/// behind a comma. A test fails with the failures of its rule, made small. A rule about which nothing could be judged fails
/// too, unless the implementation lacks what the rule is about; then the test passes, and `NOT OFFERED` stands on standard error.
///
/// `whole_run` fails when nothing was judged in the whole run, when the run ended early, when a known failure now passes, and
/// when an operation that is offered was never answered.
///
/// Under cargo-nextest each test has a process of its own: it asks only what its rule needs, and has the same verdict.
#[macro_export]
macro_rules! conformance_tests {
    ($implementation:expr $(,)?) => {
        $crate::conformance_tests!($implementation, $crate::Options::from_preset($crate::Preset::Quick));
    };
    ($implementation:expr, $options:expr $(,)?) => {
        fn sessionproof_run(rule: Option<&str>) -> &'static $crate::conformance::RuleVerdicts {
            static RUN: std::sync::OnceLock<$crate::conformance::RuleVerdicts> = std::sync::OnceLock::new();
            RUN.get_or_init(|| $crate::conformance::RuleVerdicts::for_test($implementation, $options, rule))
        }

        fn sessionproof_verdict(rule: &str) -> Result<(), $crate::conformance::RuleFailure> {
            sessionproof_run(Some(rule)).verdict(rule)
        }

        #[test]
        fn whole_run() -> Result<(), $crate::conformance::RuleFailure> {
            sessionproof_run(None).whole_run()
        }

        $crate::rule_tests!(sessionproof_verdict);
    };
}

include!(concat!(env!("OUT_DIR"), "/rule_tests.rs"));

/// A run, told rule by rule.
#[derive(Debug)]
pub struct RuleVerdicts {
    results: Results,
    offered: OnceLock<offered::Offered>,
}

/// Why a rule's test fails.
pub struct RuleFailure(String);

impl fmt::Display for RuleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text itself, since this is what the test harness shows of an error.
impl fmt::Debug for RuleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RuleFailure {}

/// How many failures of a rule are shown.
const SHOWN: usize = 3;

impl RuleVerdicts {
    /// The run behind the tests of one process. Its summary goes to standard error, past the test harness. Where each test has
    /// a process of its own, as under cargo-nextest, only the rule that is asked about is judged, if the options choose it.
    #[doc(hidden)]
    pub fn for_test(implementation: impl Implementation + 'static, options: Options, rule: Option<&str>) -> Self {
        let is_alone = env::var("NEXTEST_EXECUTION_MODE").is_ok_and(|mode| mode == "process-per-test");
        let options = match rule {
            Some(rule) if is_alone => {
                let rules = options.rules.clone().alone(rule);
                options.rules(rules)
            }
            _ => options,
        };
        let run = Self::new(conformance(implementation, &options));
        aside(&terminal::summary(&run.results));
        run
    }

    /// The results of a run.
    #[must_use]
    pub fn new(results: Results) -> Self {
        Self { results, offered: OnceLock::new() }
    }

    /// Whether a rule is kept.
    ///
    /// # Errors
    ///
    /// Answers break the rule, or nothing can be said about it. The error shows the answers, or says why.
    pub fn verdict(&self, rule: &str) -> Result<(), RuleFailure> {
        let Some(tally) = self.results.rules.get(rule) else {
            aside(&format!("LEFT OUT {}\n", titled(rule)));
            return Ok(());
        };
        if tally.failed > 0 {
            return Err(self.failures(rule));
        }
        if let Some(broken) = &self.results.broken {
            return Err(RuleFailure(format!("{}: the run ended: {broken}", titled(rule))));
        }
        if let Some(broke) = self.results.unreported.broke.get(rule) {
            let what = broke.iter().map(foreign::line).collect::<Vec<_>>().join("; ");
            return Err(self.not_judged(rule, &format!("the implementation broke in some checks ({what})")));
        }
        if self.results.implementation.ops.is_empty() {
            return Err(self.not_judged(rule, "the implementation has none of the methods verify, sign and exchange"));
        }
        let offered = self.offered();
        if tally.known > 0 {
            aside(&format!("KNOWN FAILURE {}: {} failed\n", titled(rule), tally.known));
            return Ok(());
        }
        if tally.passed > 0 {
            if let Some(op) = offered.missing_half(rule) {
                aside(&format!("NOT OFFERED {}: the operation {op}; the rest passed\n", titled(rule)));
            }
            return Ok(());
        }
        match offered.missing(rule) {
            Some(what) => {
                aside(&format!("NOT OFFERED {}: {}\n", titled(rule), foreign::line(what)));
                Ok(())
            }
            None => Err(self.not_judged(rule, "nothing was judged")),
        }
    }

    /// Whether the run as a whole says something.
    ///
    /// # Errors
    ///
    /// It ended early, nothing was judged, a known failure now passes, or an operation that is offered was never answered.
    pub fn whole_run(&self) -> Result<(), RuleFailure> {
        let results = &self.results;
        let mut wrong = Vec::new();
        if let Some(broken) = &results.broken {
            wrong.push(format!("the run ended: {broken}"));
        }
        let total = results.total;
        if total.passed + total.failed + total.known == 0 {
            let reasons: Vec<_> = results.inconclusive.keys().map(foreign::line).collect();
            wrong.push(format!("nothing was judged in the whole run; inconclusive: {}", reasons.join("; ")));
        }
        for op in &results.unanswered {
            wrong.push(format!("{op} is offered, and every call of it was answered as unsupported"));
        }
        wrong.extend(results.stale().iter().map(|stale| format!("{stale}: take it out of the known failures")));
        wrong.extend(results.incidents.iter().map(foreign::block));
        if wrong.is_empty() { Ok(()) } else { Err(RuleFailure(wrong.join("\n"))) }
    }

    /// The operation that half of a rule is about, and that the implementation does not offer.
    #[doc(hidden)]
    pub fn missing_half(&self, rule: &str) -> Option<Op> {
        self.offered().missing_half(rule)
    }

    fn offered(&self) -> &offered::Offered {
        self.offered.get_or_init(|| offered::Offered::of(&self.results.implementation))
    }

    fn failures(&self, rule: &str) -> RuleFailure {
        let failures: Vec<_> = self.results.failures_of(rule).collect();
        let mut text = format!("{}\n", titled(rule));
        text.extend(failures.iter().take(SHOWN).map(|failure| terminal::failure(failure, None)));
        if failures.len() > SHOWN {
            text += &format!("\n… and {} more\n", failures.len() - SHOWN);
        }
        RuleFailure(style::strip(&text))
    }

    fn not_judged(&self, rule: &str, what: &str) -> RuleFailure {
        let reasons: Vec<_> = self.results.inconclusive.keys().map(foreign::line).collect();
        RuleFailure(format!("{}: {what}; inconclusive in the whole run: {}", titled(rule), reasons.join("; ")))
    }
}

fn titled(rule: &str) -> String {
    rules::find(rule).map_or_else(|| rule.to_owned(), |found| format!("{rule} {}", found.title))
}

/// Past the test harness, which keeps to itself what a passing test prints.
fn aside(text: &str) {
    let _ = io::stderr().write_all(foreign::terminal(&style::strip(text)).as_bytes());
}
