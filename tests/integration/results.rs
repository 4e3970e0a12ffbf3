//! The results of runs: as JSON and back, split into shards and joined, and the same for the same seed.

use proptest::{prelude::*, sample::select};
use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    evidence::vectors::{self, LoadedVector},
    mutants::{self, Mutant},
    protocol::{Call, Capabilities, Reply},
    report::json,
    rules::Pattern,
    suite::{
        outcome::{
            merge::{MergeError, merge},
            results::{Outcome, Results, Tally},
        },
        running::{
            run::{self, Options},
            shard::Shard,
            times::Times,
        },
    },
};
use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

fn run(implementation: &dyn Implementation, options: &Options) -> Results {
    run::run(implementation, &VECTORS, options, &mut |_| {})
}

fn mutant(name: &str) -> &'static Mutant {
    mutants::find(name).unwrap()
}

/// The text of results without what they took, which is all that may differ between two runs.
fn without_times(results: &Results) -> String {
    let mut results = results.clone();
    results.times = Times::default();
    json::write(&results)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn results_read_back_as_the_same_value(
        name in select(mutants::of_cookies().map(|mutant| mutant.name).collect::<Vec<_>>()),
        rules in select(vec!["EXP", "PAY-1*,SIG", "SYS,REN", "DEL,SET", "KEY,HDR,MOD"]),
        seed in any::<u64>(),
        (number, of) in (1usize..4).prop_flat_map(|of| (1..=of, Just(of))),
        (cases, fail_fast) in (0usize..80, any::<bool>()),
        tallies in proptest::collection::vec(any::<[usize; 3]>(), 3),
    ) {
        let (rules, shard) = (Pattern::parse(rules).unwrap(), Shard::new(number, of).unwrap());
        let options = Options::default().spec("s".to_owned()).rules(rules).cases(cases).seed(seed).shard(shard).fail_fast(fail_fast);
        let mut results = run(mutant(name).make().as_ref(), &options);
        // Figures as no run has them.
        for (tally, [passed, failed, inconclusive]) in results.rules.values_mut().zip(tallies) {
            *tally = Tally { passed, failed, inconclusive, ..Tally::default() };
        }
        let text = json::write(&results);
        let read = json::parse("results", text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &results);
        prop_assert_eq!(json::write(&read), text);
    }
}

#[test]
fn an_implementation_that_broke_reads_back_as_the_same_value() {
    struct Breaking(Model);
    impl Implementation for Breaking {
        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }
        fn answer(&self, _: &[Call]) -> Result<Vec<Reply>, AdapterError> {
            Err(AdapterError { message: "it \"broke\"\n".to_owned(), hint: "fix it".to_owned() })
        }
        fn incidents(&self) -> Vec<String> {
            vec!["a crash".to_owned()]
        }
    }
    let results = run(&Breaking(Model::default()), &Options::default());
    assert_eq!(results.outcome(), Outcome::NotJudged);
    assert_eq!(json::parse("results", json::write(&results).as_bytes()).unwrap(), results);
}

#[test]
fn the_same_seed_and_number_of_cases_make_the_same_results_and_others_do_not() {
    for name in ["age-equal-refused", "echo"] {
        let mutant = mutant(name);
        let results =
            |seed, cases| without_times(&run(mutant.make().as_ref(), &Options::default().seed(seed).cases(cases)));
        assert_eq!(results(7, 300), results(7, 300), "{name}");
        assert_ne!(results(7, 300), results(8, 300), "{name}");
    }
}

/// An implementation that keeps every call that it is asked.
struct Recorder {
    answers: Model,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Recorder {
    fn new() -> Self {
        Self { answers: Model::default(), asked: Mutex::default() }
    }

    fn into_asked(self) -> BTreeMap<String, usize> {
        self.asked.into_inner().unwrap()
    }
}

impl Implementation for Recorder {
    fn capabilities(&self) -> Capabilities {
        self.answers.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        for call in calls {
            *self.asked.lock().unwrap().entry(call.to_line(0)).or_default() += 1;
        }
        self.answers.answer(calls)
    }
}

fn in_shards(of: usize, options: &Options) -> impl Iterator<Item = Options> {
    (1..=of).map(move |number| options.clone().shard(Shard::new(number, of).unwrap()))
}

#[test]
fn the_shards_of_a_run_ask_exactly_what_the_whole_run_asks() {
    let options = Options::default().cases(300).seed(3);
    let whole = Recorder::new();
    let results = run(&whole, &options);
    for of in [2, 5] {
        let shards = Recorder::new();
        let parts: Vec<_> =
            in_shards(of, &options).map(|options| (options.shard.to_string(), run(&shards, &options))).collect();
        assert!(parts.iter().all(|(_, part)| part.total.total() > results.total.total() / of / 2), "{of}");
        let joined = merge(parts).unwrap();
        assert_eq!(without_times(&joined), without_times(&results), "{of}");
        assert!(shards.into_asked() == *whole.asked.lock().unwrap(), "{of} shards ask something else");
    }
    assert!(whole.into_asked().len() > 2000);
}

#[test]
fn joined_shards_count_what_the_whole_run_counts_and_find_the_same_rules_broken() {
    let options = Options::default().cases(600);
    for name in ["age-equal-refused", "accept-all"] {
        let mutant = mutant(name);
        let whole = run(mutant.make().as_ref(), &options);
        assert_eq!(whole.outcome(), Outcome::NotConformant);
        let parts = in_shards(3, &options).map(|options| (String::new(), run(mutant.make().as_ref(), &options)));
        let joined = merge(parts.collect()).unwrap();
        assert_eq!((joined.total, &joined.families), (whole.total, &whole.families), "{name}");
        let differing = joined.rules.iter().filter(|(rule, tally)| whole.rules.get(*rule) != Some(tally));
        assert_eq!(differing.collect::<Vec<_>>(), [], "{name}");
        assert_eq!(joined.rules.len(), whole.rules.len(), "{name}");
        let found = |results: &Results| {
            let mut found: Vec<_> = results.failures.iter().map(|f| (f.rule.clone(), f.origin.clone())).collect();
            found.sort_by_key(|found| format!("{found:?}"));
            found
        };
        assert_eq!(found(&joined), found(&whole), "{name}");
        assert_eq!(joined.outcome(), whole.outcome());
    }
}

#[test]
fn a_check_counts_under_each_rule_that_it_is_evidence_for_and_a_failure_under_the_broken_one() {
    let expiry: Vec<_> = VECTORS.iter().filter(|r| r.vector.id == "expiry-at-lifetime").cloned().collect();
    let rules = &expiry[0].vector.rules;
    let passing = run::replay(&Model::default(), &expiry, &mut |_| {});
    let counted = |results: &Results, of: fn(&Tally) -> usize| {
        let counted = results.rules.iter().filter(|(_, tally)| of(tally) > 0);
        counted.map(|(rule, _)| rule.clone()).collect::<Vec<_>>()
    };
    let mut expected = rules.clone();
    expected.sort();
    assert_eq!(counted(&passing, |tally| tally.passed), expected);
    let failing = run::replay(mutant("age-equal-refused").make().as_ref(), &expiry, &mut |_| {});
    assert_eq!(counted(&failing, |tally| tally.failed), [failing.failures[0].rule.clone()]);
    assert_eq!(counted(&failing, |tally| tally.passed), [""; 0]);
}

#[test]
fn only_rules_that_count_have_a_tally() {
    let options = Options::default().rules(Pattern::parse("EXP-1,DEL").unwrap()).cases(100);
    let results = run(&Model::default(), &options);
    let rules: Vec<_> = results.rules.keys().map(String::as_str).collect();
    assert_eq!(rules, ["DEL-1", "DEL-2", "DEL-3", "DEL-4", "DEL-5", "DEL-6", "EXP-1"]);
    assert!(results.rules.values().all(|tally| tally.passed > 0 && tally.failed == 0), "{:?}", results.rules);
}

#[test]
fn what_is_not_of_one_run_is_not_joined() {
    let options = Options::default().cases(0).rules(Pattern::parse("EXP-1").unwrap());
    let [one, two]: [_; 2] =
        in_shards(2, &options).map(|o| run(&Model::default(), &o)).collect::<Vec<_>>().try_into().unwrap();
    let join = |change: &dyn Fn(&mut Results)| {
        let mut other = two.clone();
        change(&mut other);
        merge(vec![("1.json".to_owned(), one.clone()), ("2.json".to_owned(), other)])
    };
    assert!(join(&|_| {}).is_ok());
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Results));
    let changes: [Change<'_>; 10] = [
        ("the version of sessionproof", &|r| r.suite.push('x')),
        ("the implementation", &|r| r.implementation.version.push('x')),
        ("what it runs on", &|r| r.implementation.runtime.push('x')),
        ("what it offers", &|r| {
            let _ = r.implementation.ops.pop_first();
        }),
        ("the specification", &|r| r.spec.push('x')),
        ("the seed", &|r| r.seed += 1),
        ("the sizes of generated cases", &|r| r.sizes.depth += 1),
        ("the number of generated cases", &|r| r.cases += 1),
        ("the number of shards", &|r| r.shard = Shard::new(2, 3).unwrap()),
        ("the list of rules that counted", &|r| drop(r.rules.pop_first())),
    ];
    for (what, change) in changes {
        let error = join(change).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("1.json") && error.contains("2.json"), "{error}");
    }
    let same = |names: &[&str]| merge(names.iter().map(|name| ((*name).to_owned(), one.clone())).collect());
    let Err(MergeError::Repeated { first, second, .. }) = same(&["a", "b"]) else { panic!() };
    assert_eq!((first.as_str(), second.as_str()), ("a", "b"));
    assert_eq!(same(&["a"]).unwrap_err(), MergeError::Missing { missing: 2, of: 2 });
    assert_eq!(same(&[]).unwrap_err(), MergeError::Nothing);
}
