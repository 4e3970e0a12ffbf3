//! `explore`: a search of every state of small worlds, and a test of every transition between them on an implementation.

mod stores;

use super::{
    CliError,
    failures::Failures,
    files::{self, Readers, write_atomic},
    out::{Out, say},
    progress::Progress,
    signals,
    target::Target,
};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use sessionproof::{
    adapter::Implementation,
    evidence::vectors::{FORMAT, Provenance, SPEC, VectorFile},
    explore::{
        configuration::{CONFIGURATIONS, Configuration},
        exploration::Exploration,
        graph::Graph,
        search::{Finding, Searched, search},
        sequences::{self, RequestSet},
        system::{Kind, System},
        timeline,
    },
    foreign, processes,
    report::terminal,
    suite::{
        outcome::results::Outcome,
        running::run::{self, Event},
    },
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

const EXAMPLES: &str = "\
Examples:
  # every property in every configuration, or in one
  sessionproof explore
  sessionproof explore --configuration copied-cookie
  # the shortest run that shows a property
  sessionproof explore --property a-copy-outlives-the-logout
  # every transition, taken by real Flask
  sessionproof explore flask
  # the runs of one configuration, step by step
  sessionproof explore --configuration rotation \\
    --export runs.json
  sessionproof replay runs.json -- python3 my_adapter.py
  # sessions in a store, whose requests overlap
  sessionproof explore stores

Exit status:
  0  every property and answer is as expected
  1  one is not
  2  no verdict (usage, set-up, or the adapter broke)";

/// The most transitions whose runs are written to a file: about 20 megabytes.
const EXPORTED: usize = 20_000;

#[derive(Args)]
#[command(
    after_help = EXAMPLES,
    mut_args(super::server::hidden),
    next_line_help = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Arguments {
    #[command(subcommand)]
    of: Option<Of>,
    /// Search only this configuration
    #[arg(long, value_name = "NAME")]
    configuration: Option<String>,
    /// Print the shortest run that shows this property
    #[arg(long, value_name = "NAME", conflicts_with_all = ["implementation", "command"])]
    property: Option<String>,
    /// Write runs that take every transition to FILE, as vectors
    #[arg(long, value_name = "FILE", requires = "configuration", conflicts_with_all = ["property", "implementation", "command"])]
    export: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    failures: Failures,
}

/// What else is searched.
#[derive(Subcommand)]
enum Of {
    /// Search every interleaving of requests whose session is in a store
    Stores(Box<stores::Arguments>),
}

type Explored = Searched<Exploration>;

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    if let Some(Of::Stores(arguments)) = &arguments.of {
        return stores::run(arguments);
    }
    let configurations = chosen(arguments.configuration.as_deref())?;
    signals::prepare()?;
    let began = Instant::now();
    if let Some(property) = &arguments.property {
        return show(property, configurations);
    }
    if let Some(file) = &arguments.export {
        return export(file, configurations);
    }
    // Before the search, which takes long: an implementation that is not there need not wait for it.
    let implementation = match arguments.target.is_named() {
        true => Some(arguments.target.open()?),
        false => None,
    };
    let all = search_all(configurations);
    all.iter().for_each(print);
    // What was searched until then is shown, and is not all.
    processes::interruption().map_or(Ok(()), Err)?;
    let found = verdict(&all, began);
    match implementation {
        Some(implementation) if found == Outcome::Conformant => judge(arguments, implementation.as_ref(), &all),
        _ => Ok(found),
    }
}

fn verdict(all: &[Explored], began: Instant) -> Outcome {
    let (states, untrue): (usize, usize) = all.iter().fold((0, 0), |(states, untrue), explored| {
        let here = explored.findings.iter().filter(|finding| !finding.is_true()).count();
        let miscounted = usize::from(explored.graph.states() != explored.system.configuration().states);
        (states + explored.graph.states(), untrue + here + miscounted)
    });
    let verdict = match untrue {
        0 => "every property is as expected".to_owned(),
        _ => format!("{untrue} properties or counts are not as expected"),
    };
    say!("{states} states in {:.1} s: {verdict}", began.elapsed().as_secs_f64());
    if untrue == 0 { Outcome::Conformant } else { Outcome::NotConformant }
}

/// Sends every request of the runs that cover the configurations to the implementation, each request once.
fn judge(arguments: &Arguments, implementation: &dyn Implementation, all: &[Explored]) -> Result<Outcome, CliError> {
    let sets = side_by_side(all, |explored| RequestSet::of(&explored.system, &explored.graph));
    let (mut requests, mut miscounted) = (Vec::new(), false);
    for (explored, set) in all.iter().zip(sets) {
        let Configuration { name, transitions, requests: pinned, .. } = explored.system.configuration();
        let different = set.distinct.len();
        say!(
            "{name}: {} transitions on {} runs make {} requests, {different} of them different",
            set.transitions,
            set.runs,
            set.requests
        );
        if (set.transitions, different) != (*transitions, *pinned) {
            say!("  NOT AS EXPECTED: there should be {transitions} transitions and {pinned} requests");
            miscounted = true;
        }
        requests.extend(set.distinct);
    }
    let mut progress = Progress::new();
    let failed_with = arguments.target.failed_with(&implementation.capabilities());
    let mut failures = arguments.failures.folder(arguments.target.words(), failed_with, Out::StandardOutput);
    let results = run::replay(implementation, &requests, &mut |event| match event {
        Event::Broke(check) => progress.aside(|| failures.show_broken(check)),
        Event::Failed(failure) => progress.aside(|| failures.show(failure)),
        other => progress.follow(other),
    });
    progress.end();
    failures.end();
    Out::StandardOutput.print(terminal::summary(&results));
    Ok(if miscounted { Outcome::NotConformant } else { results.outcome() })
}

fn export(file: &Path, configurations: Vec<Configuration>) -> Result<Outcome, CliError> {
    files::make_ready(file).map_err(|error| cannot_write(file, &error))?;
    let mut vectors = Vec::new();
    let mut description = String::new();
    for configuration in configurations {
        let (name, about) = (configuration.name, configuration.about);
        let exploration = Exploration::new(configuration);
        let graph = Graph::of(&exploration);
        if graph.transitions() > EXPORTED {
            return Err(CliError(format!(
                "the runs of {name} take {} transitions, too many for a file\n\
                 test an implementation with them directly: sessionproof explore --configuration {name} flask",
                graph.transitions()
            )));
        }
        description += &format!("Runs that take every transition of the configuration {name}: {about}.");
        vectors.extend(graph.covering().map(|run| sequences::vector(&exploration, &run)));
    }
    let (family, provenance) = ("explored".to_owned(), Provenance::default());
    let (spec, implementation) = (SPEC.to_owned(), None);
    let written = VectorFile { format: FORMAT, spec, family, description, provenance, implementation, vectors };
    write_atomic(file, &written.to_text(), Readers::Everybody).map_err(|error| cannot_write(file, &error))?;
    say!("{} runs are in {}", written.vectors.len(), foreign::path(file));
    Ok(Outcome::Conformant)
}

fn cannot_write(file: &Path, error: &io::Error) -> CliError {
    CliError(format!("{} cannot be written: {error}\nname another file after --export", foreign::path(file)))
}

fn chosen(name: Option<&str>) -> Result<Vec<Configuration>, CliError> {
    let Some(name) = name else { return Ok(CONFIGURATIONS.to_vec()) };
    let names = CONFIGURATIONS.map(|configuration| configuration.name).join(", ");
    let found = Configuration::find(name).map(|configuration| vec![configuration]);
    found.ok_or_else(|| CliError(format!("there is no configuration {name:?}\nthere are {names}")))
}

/// Searches the configurations, each on one thread. Those that were not searched to the end are missing.
fn search_all(configurations: Vec<Configuration>) -> Vec<Explored> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} states {wide_msg}") {
        bar.set_style(style);
    }
    let all = side_by_side(&configurations, |configuration| {
        bar.set_message(configuration.name);
        let mut shown = 0;
        search(Exploration::new(configuration.clone()), &mut |states| {
            bar.inc(states.saturating_sub(shown) as u64);
            shown = shown.max(states);
        })
    });
    bar.finish_and_clear();
    all.into_iter().flatten().collect()
}

/// Works on two items at a time, and gives the results in the order of the items. The large items stand last, and are taken
/// first.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(all.len());
    let take = || {
        next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| next.checked_sub(1)).ok().map(|next| next - 1)
    };
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get().min(2));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((place, one)) = take().and_then(|place| Some((place, all.get(place)?))) {
                    let made = work(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, made));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, made)| made).collect()
}

fn print(explored: &Explored) {
    let configuration = explored.system.configuration();
    say!(
        "{}: {}\n  {} states, {} events between them, {:.1} s",
        configuration.name,
        configuration.about,
        explored.graph.states(),
        explored.graph.changes(),
        explored.took.as_secs_f64()
    );
    if explored.graph.states() != configuration.states {
        say!("  NOT AS EXPECTED: there should be {} states", configuration.states);
    }
    explored.findings.iter().for_each(|finding| say!("  {}", line(finding)));
    say!("");
}

fn line(finding: &Finding<Exploration>) -> String {
    let property = &finding.property;
    let result = match (&finding.witness, property.kind) {
        (Some(run), Kind::Sometimes) => format!("in {} events", run.events.len()),
        (Some(run), _) => format!("BROKEN in {} events", run.events.len()),
        (None, Kind::Sometimes) => "NEVER".to_owned(),
        (None, _) => "holds".to_owned(),
    };
    format!("{:<11}{:<9}{:<54}{result}", property.kind.word(), property.rule, property.name)
}

fn show(property: &str, configurations: Vec<Configuration>) -> Result<Outcome, CliError> {
    let mut explorations: Vec<_> = configurations.into_iter().map(Exploration::new).collect();
    explorations.retain(|exploration| exploration.properties().iter().any(|known| known.name == property));
    if explorations.is_empty() {
        return Err(CliError(format!(
            "there is no property {property:?} here\n`sessionproof explore` lists all properties"
        )));
    }
    for exploration in explorations {
        let searched = search(exploration, &mut |_| {});
        processes::interruption().map_or(Ok(()), Err)?;
        let Some(explored) = searched else { continue };
        let Some(finding) = explored.finding(property) else { continue };
        let Some(run) = &finding.witness else { continue };
        say!("{}: {}\n", explored.system.configuration().name, line(finding));
        timeline::lines(&explored.system, run).iter().for_each(|line| say!("{line}"));
        return Ok(if finding.is_true() { Outcome::Conformant } else { Outcome::NotConformant });
    }
    say!("{property} holds in every configuration: there is no run to show");
    Ok(Outcome::Conformant)
}
