//! `explore stores`: a search of every interleaving of requests that overlap, with sessions in a store.

use super::{CliError, cannot_write, side_by_side};
use crate::cli::{
    failures::Failures,
    files::{self, Readers, write_atomic},
    out::{Out, say},
    progress::Progress,
    signals,
    target::Target,
};
use clap::Args;
use sessionproof::{
    adapter::Implementation,
    evidence::vectors::{FORMAT, Provenance, STORES, Vector, VectorFile},
    explore::{
        overlaps::{
            properties::RULES,
            story::{self, Broken},
            system::Overlaps,
            timeline,
            world::{WORLDS, World},
        },
        search::{Searched, search},
        system::Kind,
    },
    foreign,
    model::store::{Mistakes, mistakes},
    processes,
    report::terminal,
    suite::{
        outcome::results::Outcome,
        running::run::{self, Event},
    },
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};

const EXAMPLES: &str = "\
Examples:
  # every property in every world, or in one
  sessionproof explore stores
  sessionproof explore stores --world two-requests
  # the fewest steps to what a naive interface does wrong
  sessionproof explore stores --mutant write-back
  # ask a real one the same
  sessionproof explore stores --mutant write-back \\
    --export revival.json
  sessionproof replay revival.json flask-session
  # every transition of a world, taken by a real one
  sessionproof explore stores --world away careful-sessions

Exit status:
  0  every property and count is as expected
  1  one is not, or the mutant breaks a property
  2  no verdict (usage, set-up, or the adapter broke)";

/// The interface that writes every session back at the end of every request.
const WRITE_BACK: &str = "write-back";

/// The longest runs that are looked at to find what a mutant breaks, in events.
const LONGEST: usize = 12;

/// The most transitions whose stories are written to a file: about 25 megabytes.
const EXPORTED: usize = 25_000;

/// The most transitions whose stories an implementation is asked.
const ASKED: usize = 200_000;

#[derive(Args)]
#[command(after_help = EXAMPLES, mut_args(crate::cli::server::hidden), next_line_help = true)]
pub struct Arguments {
    /// Search only this world
    #[arg(long, value_name = "NAME")]
    world: Option<String>,
    /// Search this mutant instead of the specification, or write-back
    #[arg(long, value_name = "NAME", conflicts_with_all = ["implementation", "command"])]
    mutant: Option<String>,
    /// Print the shortest run that breaks, or shows, this property
    #[arg(long, value_name = "NAME", conflicts_with_all = ["implementation", "command"])]
    property: Option<String>,
    /// Write the stories to FILE, as vectors
    #[arg(long, value_name = "FILE", conflicts_with_all = ["implementation", "command"])]
    export: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    failures: Failures,
}

type Explored = Searched<Overlaps>;

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let worlds = chosen(arguments.world.as_deref())?;
    let property = arguments.property.as_deref().map(known_property).transpose()?;
    signals::prepare()?;
    if let Some(name) = &arguments.mutant {
        return mutant(arguments, &worlds, name, property);
    }
    if let Some(property) = property {
        return witness(&worlds, property);
    }
    if let Some(file) = &arguments.export {
        return export(file, arguments, &worlds);
    }
    if arguments.target.is_named() {
        return ask(arguments, &worlds);
    }
    let began = Instant::now();
    let all = side_by_side(&worlds, |world| {
        let explored = search(Overlaps::new(world), &mut |_| {})?;
        let stories = explored.graph.covering().count();
        Some((explored, stories))
    });
    processes::interruption().map_or(Ok(()), Err)?;
    let all: Vec<_> = all.into_iter().flatten().collect();
    Ok(report(&all, arguments.world.is_none(), began))
}

/// Prints what was found in all worlds, and whether it is as expected.
fn report(all: &[(Explored, usize)], is_whole: bool, began: Instant) -> Outcome {
    let mut wrong = 0;
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let mut sum = (0, 0, 0);
    for (explored, stories) in all {
        let (world, graph) = (explored.system.world(), &explored.graph);
        let counted = (graph.states(), graph.transitions(), *stories);
        sum = (sum.0 + counted.0, sum.1 + counted.1, sum.2 + counted.2);
        say!("{}: {}", world.name, world.about);
        let (states, transitions, stories) = counted;
        let took = explored.took.as_secs_f64();
        say!("  {states} states, {transitions} transitions, {stories} stories take them all, {took:.1} s");
        let pinned = (world.states, world.transitions, world.stories);
        if counted != pinned {
            let (states, transitions, stories) = pinned;
            say!("  NOT AS EXPECTED: there should be {states}, {transitions} and {stories}");
            wrong += 1;
        }
        for rule in RULES {
            let steps = |name: &str| Some(explored.finding(name)?.witness.as_ref()?.events.len());
            let result = match (steps(rule.name), steps(rule.witness)) {
                (Some(events), _) => format!("BROKEN in {events} events"),
                (None, Some(events)) => format!("holds; first met in {events}"),
                (None, None) => continue,
            };
            wrong += usize::from(steps(rule.name).is_some());
            met.insert(rule.name);
            say!("  {:<9}{:<66}{result}", rule.rule, rule.name);
        }
        say!("");
    }
    for rule in RULES.iter().filter(|rule| is_whole && !met.contains(rule.name)) {
        say!("  {:<9}{:<66}NEVER MET", rule.rule, rule.name);
        wrong += 1;
    }
    let (states, transitions, stories) = sum;
    let took = began.elapsed().as_secs_f64();
    let verdict = match wrong {
        0 => "every property is as expected".to_owned(),
        wrong => format!("{wrong} properties or counts are not as expected"),
    };
    say!("{states} states, {transitions} transitions and {stories} stories in {took:.1} s: {verdict}");
    if wrong == 0 { Outcome::Conformant } else { Outcome::NotConformant }
}

/// Finds what a mutant breaks with the fewest steps, in whichever world.
fn mutant(
    arguments: &Arguments,
    worlds: &[&'static World],
    name: &str,
    property: Option<&'static str>,
) -> Result<Outcome, CliError> {
    let mistakes = mistakes_of(name)?;
    let mut best: Option<(Overlaps, Broken)> = None;
    for world in worlds {
        processes::interruption().map_or(Ok(()), Err)?;
        let overlaps = Overlaps::with(world, mistakes);
        let longest = best.as_ref().map_or(LONGEST, |(_, broken)| broken.run.events.len() - 1);
        best = story::broken(&overlaps, property, longest).map(|broken| (overlaps, broken)).or(best);
    }
    let Some((overlaps, broken)) = best else {
        say!("{name} breaks no property in {LONGEST} events");
        return Ok(Outcome::Conformant);
    };
    let Broken { property, rule, run } = broken;
    let (world, events) = (overlaps.world(), run.events.len());
    say!("{name} breaks {property} ({rule}) in {events} events\n{}: {}\n", world.name, world.about);
    timeline::lines(&overlaps, &run).iter().for_each(|line| say!("{line}"));
    say!("\n{}", story::line(&story::story(&overlaps, &run.events)));
    if let Some(file) = &arguments.export {
        let comment = format!("{name} breaks {property}, with the fewest steps");
        let vector = story::vector(&Overlaps::new(world), &run.events, rule, comment);
        write(file, format!("The shortest story in which {name} breaks {property}."), vec![vector])?;
    }
    Ok(Outcome::NotConformant)
}

/// Prints the shortest run that meets the premise of a property.
fn witness(worlds: &[&'static World], property: &'static str) -> Result<Outcome, CliError> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == property) else { return Ok(Outcome::Conformant) };
    for world in worlds {
        processes::interruption().map_or(Ok(()), Err)?;
        let Some(explored) = search(Overlaps::new(world), &mut |_| {}) else { continue };
        for (name, kind) in [(rule.name, Kind::Always), (rule.witness, Kind::Sometimes)] {
            let Some(run) = explored.finding(name).and_then(|finding| finding.witness.as_ref()) else { continue };
            let what = if kind == Kind::Always { "BROKEN" } else { "holds; it is met" };
            say!("{}: {property} ({}) {what} in {} events\n", world.name, rule.rule, run.events.len());
            timeline::lines(&explored.system, run).iter().for_each(|line| say!("{line}"));
            return Ok(if kind == Kind::Always { Outcome::NotConformant } else { Outcome::Conformant });
        }
    }
    say!("{property} is met nowhere here");
    Ok(Outcome::NotConformant)
}

/// Asks an implementation the stories that take every transition of one world.
fn ask(arguments: &Arguments, worlds: &[&'static World]) -> Result<Outcome, CliError> {
    let world = one(arguments, worlds, "an implementation is asked about one world")?;
    let implementation = arguments.target.open()?;
    let mut stories = Vec::new();
    for vector in vectors(world, ASKED)? {
        stories.push(vector.ready("explored").map_err(|error| CliError(error.to_string()))?);
    }
    let mut progress = Progress::new();
    let failed_with = arguments.target.failed_with(&implementation.capabilities());
    let mut failures = arguments.failures.folder(arguments.target.words(), failed_with, Out::StandardOutput);
    let results = run::replay(implementation.as_ref(), &stories, &mut |event| match event {
        Event::Broke(check) => progress.aside(|| failures.show_broken(check)),
        Event::Failed(failure) => progress.aside(|| failures.show(failure)),
        other => progress.follow(other),
    });
    progress.end();
    failures.end();
    Out::StandardOutput.print(terminal::summary(&results));
    Ok(results.outcome())
}

/// Writes the stories that take every transition of one world.
fn export(file: &Path, arguments: &Arguments, worlds: &[&'static World]) -> Result<Outcome, CliError> {
    let world = one(arguments, worlds, "--export writes the stories of one world or of one mutant")?;
    let description = format!("Stories that take every transition of the world {}: {}.", world.name, world.about);
    write(file, description, vectors(world, EXPORTED)?)?;
    Ok(Outcome::Conformant)
}

/// The world that is named.
fn one(arguments: &Arguments, worlds: &[&'static World], why: &str) -> Result<&'static World, CliError> {
    match (&arguments.world, worlds) {
        (Some(_), [world]) => Ok(world),
        _ => Err(CliError(format!("{why}\nname it with --world NAME"))),
    }
}

/// The stories that take every transition of a world, if there are not too many.
fn vectors(world: &'static World, most: usize) -> Result<Vec<Vector>, CliError> {
    let (name, transitions) = (world.name, world.transitions);
    if transitions > most {
        return Err(CliError(format!("the stories of {name} take {transitions} transitions: name a smaller world")));
    }
    let overlaps = Overlaps::new(world);
    let searched = search(overlaps.clone(), &mut |_| {});
    processes::interruption().map_or(Ok(()), Err)?;
    Ok(searched.map(|explored| story::vectors(&overlaps, &explored.graph)).unwrap_or_default())
}

fn write(file: &Path, description: String, vectors: Vec<Vector>) -> Result<(), CliError> {
    files::make_ready(file).map_err(|error| cannot_write(file, &error))?;
    let (family, provenance) = ("explored".to_owned(), Provenance::default());
    let (spec, implementation) = (STORES.to_owned(), None);
    let written = VectorFile { format: FORMAT, spec, family, description, provenance, implementation, vectors };
    write_atomic(file, &written.to_text(), Readers::Everybody).map_err(|error| cannot_write(file, &error))?;
    say!("{} stories are in {}", written.vectors.len(), foreign::path(file));
    Ok(())
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static World>, CliError> {
    let Some(name) = name else { return Ok(WORLDS.iter().collect()) };
    let names: Vec<_> = WORLDS.iter().map(|world| world.name).collect();
    let found = World::find(name).map(|world| vec![world]);
    found.ok_or_else(|| CliError(format!("there is no world {name:?}\nthere are {}", names.join(", "))))
}

fn known_property(name: &str) -> Result<&'static str, CliError> {
    let found = RULES.iter().find(|rule| rule.name == name).map(|rule| rule.name);
    found.ok_or_else(|| {
        CliError(format!("there is no property {name:?} here\n`sessionproof explore stores` lists all properties"))
    })
}

fn mistakes_of(name: &str) -> Result<Mistakes, CliError> {
    if name == WRITE_BACK {
        return Ok(Mistakes::WRITE_BACK);
    }
    let found = mistakes::ALL.iter().find(|(_, known, ..)| *known == name).map(|(mistake, ..)| mistake.alone());
    found.ok_or_else(|| {
        CliError(format!(
            "there is no mutant of stores {name:?}\n\
             there are {WRITE_BACK}, and those that `sessionproof mutants` lists with store-"
        ))
    })
}
