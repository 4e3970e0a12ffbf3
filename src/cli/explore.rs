//! `explore`: every state that small worlds of the model can come to.

use super::Trouble;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sessionproof::{
    explore::{
        configuration::{CONFIGURATIONS, Configuration},
        exploration::Exploration,
        search::{Finding, Kind, Searched, search},
        timeline,
    },
    suite::results::Outcome,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

const EXAMPLES: &str = "\
Examples:
  sessionproof explore                                          every configuration and every property
  sessionproof explore --configuration copied-cookie            one configuration
  sessionproof explore --property a-copy-outlives-the-logout    the shortest run that shows it, a line for each event

Exit status: 0 every property is as expected, 1 one is not, 2 could not judge (usage).";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// One configuration instead of all
    #[arg(long, value_name = "NAME")]
    configuration: Option<String>,
    /// Print the shortest run to one property, in the first configuration that has one
    #[arg(long, value_name = "NAME")]
    property: Option<String>,
}

type Explored = Searched<Exploration>;

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let configurations = chosen(arguments.configuration.as_deref())?;
    let began = Instant::now();
    if let Some(property) = &arguments.property {
        return tell(property, configurations);
    }
    let all = search_all(configurations);
    all.iter().for_each(print);
    let (states, untrue): (usize, usize) = all.iter().fold((0, 0), |(states, untrue), explored| {
        let here = explored.findings.iter().filter(|finding| !finding.is_true()).count();
        let miscounted = usize::from(explored.states != explored.system.configuration().states);
        (states + explored.states, untrue + here + miscounted)
    });
    let verdict = match untrue {
        0 => "every property is as expected".to_owned(),
        _ => format!("{untrue} properties or counts are not as expected"),
    };
    anstream::println!("{states} states in {:.1} s: {verdict}", began.elapsed().as_secs_f64());
    Ok(if untrue == 0 { Outcome::Conformant } else { Outcome::NotConformant })
}

fn chosen(name: Option<&str>) -> Result<Vec<Configuration>, Trouble> {
    let Some(name) = name else { return Ok(CONFIGURATIONS.to_vec()) };
    let names = CONFIGURATIONS.map(|configuration| configuration.name).join(", ");
    let found = Configuration::find(name).map(|configuration| vec![configuration]);
    found.ok_or_else(|| Trouble(format!("there is no configuration {name:?}; there are {names}")))
}

/// Searches two configurations side by side, the large ones first; each by one thread, so that the first run that is found
/// is a shortest one.
fn search_all(configurations: Vec<Configuration>) -> Vec<Explored> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} states {wide_msg}") {
        bar.set_style(style);
    }
    // The large ones come last, and are taken first.
    let next = AtomicUsize::new(configurations.len());
    let take = |next: &AtomicUsize| {
        next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| next.checked_sub(1)).ok().map(|next| next - 1)
    };
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, |cores| cores.get().min(2));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(configuration) = take(&next).and_then(|place| configurations.get(place)) {
                    bar.set_message(configuration.name);
                    let mut told = 0;
                    let explored = search(Exploration::new(configuration.clone()), &mut |states| {
                        bar.inc(states.saturating_sub(told) as u64);
                        told = told.max(states);
                    });
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(explored);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |explored: &Explored| configurations.iter().position(|one| one == explored.system.configuration());
    done.sort_by_key(place);
    done
}

fn print(explored: &Explored) {
    let configuration = explored.system.configuration();
    anstream::println!(
        "{}: {}\n  {} states, {} events between them, {:.1} s",
        configuration.name,
        configuration.about,
        explored.states,
        explored.events,
        explored.took.as_secs_f64()
    );
    if explored.states != configuration.states {
        anstream::println!("  NOT AS EXPECTED: there should be {} states", configuration.states);
    }
    explored.findings.iter().for_each(|finding| anstream::println!("  {}", line(finding)));
    anstream::println!();
}

fn line(finding: &Finding<Exploration>) -> String {
    let claim = &finding.claim;
    let came_of_it = match (&finding.witness, claim.kind) {
        (Some(run), Kind::Sometimes) => format!("in {} events", run.events.len()),
        (Some(run), _) => format!("BROKEN in {} events", run.events.len()),
        (None, Kind::Sometimes) => "NEVER".to_owned(),
        (None, _) => "holds".to_owned(),
    };
    format!("{:<11}{:<9}{:<54}{came_of_it}", claim.kind.word(), claim.rule, claim.name)
}

fn tell(property: &str, configurations: Vec<Configuration>) -> Result<Outcome, Trouble> {
    let mut is_known = false;
    for configuration in configurations {
        let explored = search(Exploration::new(configuration), &mut |_| {});
        let Some(finding) = explored.finding(property) else { continue };
        is_known = true;
        let Some(run) = &finding.witness else { continue };
        anstream::println!("{}: {}\n", explored.system.configuration().name, line(finding));
        timeline::lines(&explored.system, run).iter().for_each(|line| anstream::println!("{line}"));
        return Ok(if finding.is_true() { Outcome::Conformant } else { Outcome::NotConformant });
    }
    match is_known {
        true => {
            anstream::println!("{property} holds in every configuration: there is no run to show");
            Ok(Outcome::Conformant)
        }
        false => Err(Trouble(format!("there is no property {property:?} here; sessionproof explore lists them all"))),
    }
}
