//! Every transition of the explored graph: on a run, in a vector, and put to real Flask.

use crate::common;

use sessionproof::json::{self, Json, json};
use sessionproof::{
    adapter::subprocess::{Options, Subprocess},
    bundled,
    explore::{
        configuration::{CONFIGURATIONS, Configuration},
        covering::LONGEST,
        event::Event,
        exploration::Exploration,
        graph::{Graph, fingerprint},
        search::search,
        sequences::{self, RequestSet},
        system::{Run, System},
    },
    report::terminal,
    suite::running::run,
};
use std::{
    collections::{HashSet, VecDeque},
    env, fs,
    path::Path,
};

/// The small configurations. The large ones are counted and put to real Flask by the command line, in a release build.
fn small() -> impl Iterator<Item = Configuration> {
    CONFIGURATIONS.into_iter().filter(|configuration| configuration.transitions < 20_000)
}

/// Those in which every run can be gone through again and again.
fn smallest() -> impl Iterator<Item = Configuration> {
    small().filter(|configuration| configuration.transitions < 1000)
}

/// Those whose runs are vectors.
const VECTORS: [&str; 2] = ["idle", "browser-ahead"];

fn exploration(name: &str) -> Exploration {
    Exploration::new(Configuration::find(name).unwrap())
}

type Transitions = HashSet<(u64, Event)>;

/// Every transition there is, found without the graph.
fn transitions(exploration: &Exploration) -> Transitions {
    let mut waiting: VecDeque<_> = exploration.initial_states().into();
    let mut known: HashSet<u64> = waiting.iter().map(fingerprint).collect();
    let mut transitions = Transitions::new();
    while let Some(state) = waiting.pop_front() {
        for transition in exploration.successors(&state) {
            transitions.insert((fingerprint(&state), transition.event));
            if known.insert(fingerprint(&transition.state)) {
                waiting.push_back(transition.state);
            }
        }
    }
    transitions
}

/// The transitions that some runs take, each from a beginning and each event one that can happen there.
fn taken(exploration: &Exploration, runs: &[Run<Exploration>]) -> Transitions {
    let mut taken = Transitions::new();
    for run in runs {
        let starts = exploration.initial_states();
        assert!(starts.iter().any(|start| fingerprint(start) == fingerprint(&run.start)));
        let mut state = run.start.clone();
        for event in &run.events {
            let mut successors = exploration.successors(&state).into_iter();
            let transition = successors.find(|transition| transition.event == *event);
            taken.insert((fingerprint(&state), *event));
            state = transition.expect("an event that can happen").state;
        }
    }
    taken
}

#[test]
fn the_runs_take_every_transition_and_without_one_of_them_they_do_not() {
    for Configuration { name, transitions: count, .. } in smallest() {
        let exploration = exploration(name);
        let there_are = transitions(&exploration);
        assert_eq!(there_are.len(), count, "{name}");
        let graph = Graph::of(&exploration);
        let mut runs: Vec<_> = graph.covering().collect();
        assert!(taken(&exploration, &runs) == there_are, "{name}");
        // The last one takes what none before it took.
        runs.pop();
        let missing = there_are.difference(&taken(&exploration, &runs)).count();
        assert!(missing > 0, "{name}");
    }
}

#[test]
fn the_graph_is_the_one_that_was_searched() {
    for name in ["idle", "one-user", "server-behind"] {
        let searched = search(exploration(name), &mut |_| {}).unwrap();
        let all = transitions(&searched.system).len();
        assert_eq!(searched.graph.transitions(), all, "{name}");
        assert!(searched.graph.changes() < all, "those that change nothing are transitions too");
    }
}

#[test]
fn runs_are_as_few_and_short_as_is_said() {
    for Configuration { name, transitions: count, .. } in smallest() {
        let exploration = exploration(name);
        let graph = Graph::of(&exploration);
        let runs: Vec<_> = graph.covering().collect();
        let events: usize = runs.iter().map(|run| run.events.len()).sum();
        assert!(runs.len() <= count && events <= 2 * count + runs.len() * graph.depth(), "{name}: {events}");
        assert!(runs.iter().all(|run| run.events.len() <= LONGEST), "{name}");
    }
}

/// Each different request once, which is enough for all the runs ([`RequestSet`]).
#[test]
fn real_flask_answers_every_transition_of_the_small_configurations_as_the_model_does() {
    let test = "real_flask_answers_every_transition_of_the_small_configurations_as_the_model_does";
    let Some(oracle) = common::oracle(test) else { return };
    let flask = Subprocess::start(oracle.program(), Options::default()).unwrap();
    assert_eq!(small().count(), 9);
    for Configuration { name, transitions, requests, .. } in small() {
        let exploration = exploration(name);
        let set = RequestSet::of(&exploration, &Graph::of(&exploration));
        assert_eq!((set.transitions, set.distinct.len()), (transitions, requests), "{name}");
        let results = run::replay(&flask, &set.distinct, &mut |_| {});
        let shown: String = results.failures.iter().take(3).map(|failure| terminal::failure(failure, None)).collect();
        assert_eq!((results.total.passed, results.broken), (requests, None), "{name}: {shown}");
    }
}

/// `UPDATE_EXPLORED=1 cargo test --test integration explored` rewrites the file; then make the vectors again.
#[test]
fn the_vectors_are_the_runs_that_the_search_gives() {
    let mut lines = Vec::new();
    for name in VECTORS {
        let exploration = exploration(name);
        for run in Graph::of(&exploration).covering() {
            let vector = sequences::vector(&exploration, &run);
            assert!(!vector.rules.is_empty(), "{}", vector.id);
            let line =
                json!({ "id": vector.id, "rules": vector.rules, "comment": vector.comment, "input": vector.input });
            lines.push(line.to_string());
        }
    }
    let made = format!("[\n{}\n]\n", lines.join(",\n"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/inputs/explored_steps.json");
    if env::var_os("UPDATE_EXPLORED").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == made, "the search gives other runs: UPDATE_EXPLORED=1 cargo test --test integration explored");
}

/// The model's answers in an exported run are those that real Flask was recorded with.
#[test]
fn an_exported_run_expects_what_real_flask_answered() {
    let (_, text) = bundled::under("vectors/flask-3.1/explored.json").next().unwrap();
    let recorded: Json = json::from_str(text).unwrap();
    let mut recorded = recorded["vectors"].as_array().unwrap().iter();
    for name in VECTORS {
        let exploration = exploration(name);
        for run in Graph::of(&exploration).covering() {
            let vector = sequences::vector(&exploration, &run);
            assert_eq!(json::to_value(&vector).unwrap(), *recorded.next().unwrap());
        }
    }
    assert!(recorded.next().is_none());
}
