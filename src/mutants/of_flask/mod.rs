//! Mutants of real Flask: the adapter of Flask with one small change in the source of Flask, itsdangerous or Werkzeug.
//!
//! `adapters/python/flask_mutants.py` makes them. [`run()`] tries the suite on each: a mutant is killed when a check fails. What
//! survives either changes nothing that is visible in a cookie or a response, which [`explained`] then says of it, or
//! shows a gap in the suite.

pub mod explained;
pub mod page;

use crate::{
    adapter::subprocess::{Options, Subprocess},
    evidence::vectors::LoadedVector,
    foreign,
    processes::{self, Tool},
    setup::Oracle,
    suite::{
        generate::sizes::Sizes,
        judging::judge::{Case, Inconclusive, Verdict, judge},
        outcome::results::{Origin, Results},
        running::run,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// How long one call may take. A mutant that loops for ever costs this once.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the suite may take for one mutant.
const RUN_LIMIT: Duration = Duration::from_secs(600);

/// Every so many-th vector is asked first, and together with few others: most mutants fail there.
const SAMPLE: usize = 16;

/// Why mutants cannot be tried. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutantsError {
    /// The list was not printed, or is none.
    #[error("the mutants of Flask cannot be listed: {0}\nrun `sessionproof cache clear flask`, then try again")]
    List(String),
    /// The file of the trace cannot be made or read.
    #[error("the trace of Flask cannot be kept: {0}\nset TMPDIR to a folder that you may write to")]
    Trace(#[from] io::Error),
    /// Flask without a change fails, so that no failure says anything of a mutant.
    #[error("Flask without a change does not pass: {0}\nrun `sessionproof check flask` to see why")]
    Unchanged(String),
}

/// One change of the source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mutant {
    /// Module, function, kind of change and number, as in `flask.sessions:SessionInterface.should_set_cookie:logic:1`.
    pub id: String,
    /// The module that is changed.
    pub module: String,
    /// The line in the source of the module.
    pub line: u32,
    /// The first and the last line of the statement.
    lines: (u32, u32),
    /// The source that is changed, on one line.
    pub was: String,
    /// What it becomes; empty where it goes.
    pub becomes: String,
}

impl Mutant {
    /// The function or variable with its module: the id without kind and number.
    pub fn place(&self) -> &str {
        self.id.rsplitn(3, ':').last().unwrap_or(&self.id)
    }

    /// What is changed, for people.
    pub fn describe(&self) -> String {
        match self.becomes.as_str() {
            "" => format!("without {}", self.was),
            becomes => format!("{} → {becomes}", self.was),
        }
    }

    fn is_reached(&self, lines: &Lines) -> bool {
        (self.lines.0..=self.lines.1).any(|line| lines.contains(&(self.module.clone(), line)))
    }
}

/// Lines of modules.
type Lines = BTreeSet<(String, u32)>;

/// What came of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It does not start, does not answer, or breaks the adapter.
    Broke(String),
    /// A check failed; its rule and its name.
    Killed(String),
    /// No check of the run reaches the statement.
    NotReached,
    /// Every check passed.
    Survived,
}

/// What is known of mutants from an earlier run, by their ids.
pub type Fates = BTreeMap<String, Fate>;

/// How hard the suite tries.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many cases are generated for each mutant, besides all vectors.
    pub cases: usize,
    /// The seed of the generated cases.
    pub seed: u64,
    /// How many mutants are tried at a time.
    pub jobs: usize,
}

/// All mutants of what is installed, in the order of modules and source.
///
/// # Errors
///
/// The script does not run, or prints something else.
pub fn list(oracle: &Oracle) -> Result<Vec<Mutant>, MutantsError> {
    let wrong = |what: String| MutantsError::List(foreign::block(&what));
    let mut command = oracle.mutants(&["list"]).to_command().ok_or_else(|| wrong("there is no program".to_owned()))?;
    let output = command.run_to_end().map_err(|error| wrong(error.to_string()))?;
    if !output.status.success() {
        return Err(wrong(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    listed.lines().map(|line| serde_json::from_str(line).map_err(|error| wrong(error.to_string()))).collect()
}

/// The lines that a run of the suite on unchanged Flask reaches.
fn reached(oracle: &Oracle, vectors: &[LoadedVector], effort: Effort) -> Result<Lines, MutantsError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("lines");
    let broke = |what: String| MutantsError::Unchanged(what);
    let adapter = start(oracle, &["trace", &file.display().to_string()]).map_err(|broken| broke(broken.to_string()))?;
    let results = run::run(&adapter, vectors, &options(effort), &mut |_| {});
    drop(adapter);
    match fate(&results) {
        Fate::Survived => {}
        Fate::Broke(what) | Fate::Killed(what) => return Err(broke(what)),
        Fate::NotReached => return Err(broke("no check was asked".to_owned())),
    }
    let text = fs::read_to_string(&file)?;
    let line =
        |line: &str| line.split_once(' ').and_then(|(module, line)| Some((module.to_owned(), line.parse().ok()?)));
    Ok(text.lines().filter_map(line).collect())
}

/// Tries the suite on mutants, and gives their fates in their order; `None` for one whose run did not end before this process was
/// interrupted. Those whose fate is `known` are not tried. `observe` gets each fate as it comes.
///
/// # Errors
///
/// Unchanged Flask fails, or its trace cannot be kept.
pub fn run(
    oracle: &Oracle,
    mutants: &[Mutant],
    vectors: &[LoadedVector],
    effort: Effort,
    known: &Fates,
    observe: &(dyn Fn(&Mutant, &Fate) + Sync),
) -> Result<Vec<Option<Fate>>, MutantsError> {
    let found: Vec<_> = mutants.iter().map(|mutant| known.get(&mutant.id).cloned()).collect();
    if found.iter().all(Option::is_some) {
        return Ok(found);
    }
    let lines = reached(oracle, vectors, effort)?;
    let (next, fates) = (AtomicUsize::new(0), Mutex::new(found));
    let work = || {
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(mutant) = mutants.get(at) else { return };
            if known.contains_key(&mutant.id) {
                continue;
            }
            let fate = match mutant.is_reached(&lines) {
                true => try_one(oracle, mutant, vectors, effort),
                false => Fate::NotReached,
            };
            if processes::interruption().is_some() {
                return;
            }
            observe(mutant, &fate);
            if let Some(place) = fates.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *place = Some(fate);
            }
        }
    };
    thread::scope(|scope| {
        (0..effort.jobs.max(1)).for_each(|_| _ = scope.spawn(work));
    });
    Ok(fates.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One mutant: a few vectors, then all of them and generated cases, up to the first failure.
fn try_one(oracle: &Oracle, mutant: &Mutant, vectors: &[LoadedVector], effort: Effort) -> Fate {
    let adapter = match start(oracle, &["run", &mutant.id]) {
        Ok(adapter) => adapter,
        Err(broken) => return Fate::Broke(broken.message),
    };
    let sample: Vec<_> = vectors.iter().step_by(SAMPLE).collect();
    let cases = sample.iter().map(|ready| Case { scenario: &ready.scenario, recorded: &ready.recorded });
    let verdicts = match judge(&adapter, &cases.collect::<Vec<_>>()) {
        Ok(verdicts) => verdicts,
        Err(broken) => return Fate::Broke(broken.message),
    };
    for (ready, verdict) in sample.iter().zip(verdicts) {
        match verdict {
            Verdict::Fail(divergence) => {
                let rule = divergence.rules().next().unwrap_or_default();
                return Fate::Killed(format!("{rule} {}", ready.vector.id));
            }
            Verdict::Inconclusive(Inconclusive::Broke(broke)) => return Fate::Broke(broke.what),
            Verdict::Inconclusive(_) | Verdict::Pass => {}
        }
    }
    fate(&run::run(&adapter, vectors, &options(effort), &mut |_| {}))
}

fn start(oracle: &Oracle, words: &[&str]) -> Result<Subprocess, crate::adapter::AdapterError> {
    let options = Options {
        workers: 1,
        call_timeout: CALL_TIMEOUT,
        run_limit: Some(RUN_LIMIT),
        max_crashes: 0,
        ..Options::default()
    };
    Subprocess::start(oracle.mutants(words), options)
}

fn options(effort: Effort) -> run::Options {
    let Effort { cases, seed, .. } = effort;
    run::Options { cases, seed, sizes: Sizes::QUICK, fail_fast: true, no_shrink: true, ..run::Options::default() }
}

/// What a run says of a mutant.
fn fate(results: &Results) -> Fate {
    if let Some(failure) = results.failures.first() {
        let check = match &failure.origin {
            Origin::Property(sentence) => (*sentence).to_owned(),
            Origin::Vector { id, .. } => id.clone(),
        };
        return Fate::Killed(format!("{} {check}", failure.rule));
    }
    if let Some(broken) = &results.broken {
        return Fate::Broke(broken.message.clone());
    }
    if results.adapter_broke || !results.incidents.is_empty() {
        let incident = results.incidents.first().map(String::as_str);
        return Fate::Broke(incident.unwrap_or("the adapter broke in a call").to_owned());
    }
    Fate::Survived
}
