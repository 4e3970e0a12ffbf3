//! This crate's suite held against the bank: which rule catches each fault, and after how many checks.

use super::Fault;
use crate::{
    adapter::{Implementation, embedded::Model},
    suite::{
        results::Results,
        run::{self, Options},
        vectors::Ready,
    },
};
use std::{
    collections::BTreeSet,
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// What the suite found of one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A failed check is blamed on a rule that the fault breaks.
    Caught {
        /// The rule: that of the first such check.
        rule: String,
        /// How many checks it took to the first failure, which is counted too.
        checks: usize,
    },
    /// Checks failed, all of them blamed on rules that do not concern the fault.
    Misblamed {
        /// Those rules.
        rules: BTreeSet<String>,
        /// As for [`Found::Caught`].
        checks: usize,
    },
    /// No check failed.
    Survived,
}

/// Holds the suite against some faults, two at a time, and gives what was found in their order.
pub fn run(faults: &[&Fault], vectors: &[Ready], cases: usize, seed: u64) -> Vec<Found> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![Found::Survived; faults.len()]));
    let work = || {
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(fault) = faults.get(at) else { return };
            let result = one(fault, vectors, cases, seed);
            if let Some(place) = found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *place = result;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Holds the suite against one fault. Most of them need no more than the first failure; where that is blamed on a rule that
/// does not concern the fault, all vectors are asked, and at last all cases.
fn one(fault: &Fault, vectors: &[Ready], cases: usize, seed: u64) -> Found {
    let concerns = |rule: &&String| fault.rules.contains(&rule.as_str());
    let mut misblamed = BTreeSet::new();
    let mut first = None;
    for (fail_fast, cases) in [(true, cases), (false, 0), (false, cases)] {
        let results = suite(fault.make().as_ref(), vectors, Options { fail_fast, cases, seed, ..Options::default() });
        let Some(checks) = first.or(results.first_failure) else { return Found::Survived };
        first = Some(checks);
        let mut rules = results.failures.into_iter().map(|failure| failure.rule).collect::<Vec<_>>();
        if let Some(rule) = rules.iter().find(concerns) {
            return Found::Caught { rule: rule.clone(), checks };
        }
        misblamed.extend(rules.drain(..));
    }
    Found::Misblamed { rules: misblamed, checks: first.unwrap_or_default() }
}

/// The rules that the suite blames the model for: none, if suite and model are right.
pub fn blame_on_the_model(vectors: &[Ready], cases: usize, seed: u64) -> BTreeSet<String> {
    let results = suite(&Model::default(), vectors, Options { cases, seed, ..Options::default() });
    results.failures.into_iter().map(|failure| failure.rule).collect()
}

fn suite(implementation: &dyn Implementation, vectors: &[Ready], options: Options) -> Results {
    run::run(implementation, vectors, &options, &mut |_| {})
}

/// The page `spec/faults.md`.
pub fn page(faults: &[&Fault], found: &[Found], cases: usize) -> String {
    let mut text = format!(
        "# The fault bank\n\n\
         {} implementations that are wrong in one thing each, and the rule that caught each of them: made by a test, which fails \
         when the page is not up to date (`UPDATE_FAULTS=1 cargo test --test fault_bank` writes it anew).\n\n\
         `sessionproof faulty NAME` speaks the [adapter protocol](adapter-protocol.md) as such an implementation, so that any \
         suite can be tried on it; `sessionproof faults` holds this one against all of them.\n\n\
         **Caught by** is the rule that is blamed first among those that the fault breaks. **Checks** is how many checks it took \
         to the first failure, of a run of all vectors and {cases} generated cases.\n\n\
         | fault | what is wrong | caught by | checks |\n|---|---|---|---:|\n",
        faults.len()
    );
    for (fault, found) in faults.iter().zip(found) {
        let (by, checks) = found.told();
        let _ = writeln!(text, "| `{}` | {} | {by} | {checks} |", fault.name, fault.summary);
    }
    text
}

impl Found {
    /// The rule that caught the fault, or what became of it, and the number of checks.
    pub fn told(&self) -> (String, String) {
        match self {
            Self::Caught { rule, checks } => (rule.clone(), checks.to_string()),
            Self::Misblamed { rules, checks } => {
                let rules: Vec<_> = rules.iter().map(String::as_str).collect();
                (format!("only {}", rules.join(", ")), checks.to_string())
            }
            Self::Survived => ("survived".to_owned(), "-".to_owned()),
        }
    }
}
