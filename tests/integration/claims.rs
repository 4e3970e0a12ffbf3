//! The checked tutorial (`docs/claims.md`): its form, and its evidence, run.

use crate::common;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sessionproof::json::{self, Json};
use sessionproof::{
    adapter::{
        Implementation,
        in_process::Model,
        subprocess::{Options, Subprocess},
    },
    bundled,
    evidence::vectors::{self, LoadedVector},
    report::terminal,
    rules::{self, family_of},
    suite::running::run,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

const PAGE: &str = include_str!("../../docs/claims.md");
const VERDICTS: [&str; 3] = ["holds", "holds with a caveat", "false"];

/// `### CLAIM-7 (false) Paraphrase`, and three paragraphs.
#[derive(Debug)]
struct Claim {
    id: &'static str,
    verdict: &'static str,
    paraphrase: &'static str,
    why: String,
    rules: Vec<String>,
    evidence: Evidence,
}

/// `vectors a, b; recordings c; tests d`.
#[derive(Debug, Default)]
struct Evidence {
    vectors: Vec<String>,
    recordings: Vec<String>,
    tests: Vec<String>,
}

static CLAIMS: LazyLock<Vec<Claim>> = LazyLock::new(|| {
    let sections = PAGE.split("\n### ").skip(1);
    sections.map(|section| claim(section.split("\n## ").next().unwrap())).collect()
});

static VECTORS: LazyLock<BTreeMap<String, LoadedVector>> = LazyLock::new(|| {
    let ready = vectors::embedded().unwrap();
    ready.into_iter().map(|ready| (ready.vector.id.clone(), ready)).collect()
});

fn claim(section: &'static str) -> Claim {
    let (heading, body) = section.split_once('\n').unwrap();
    let (id, rest) = heading.split_once(" (").unwrap_or_else(|| panic!("{heading}"));
    let (verdict, paraphrase) = rest.split_once(") ").unwrap_or_else(|| panic!("{heading}"));
    let paragraphs: Vec<_> = body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()).collect();
    let [why, rules, evidence] = paragraphs[..] else { panic!("{id} has {} paragraphs", paragraphs.len()) };
    let labelled = |text: &str, label: &str| {
        let text = text.strip_prefix(&format!("**{label}.** ")).unwrap_or_else(|| panic!("{id} has no {label}"));
        text.replace('\n', " ")
    };
    let rules = list(&labelled(rules, "Rules"));
    let evidence = read_evidence(&labelled(evidence, "Evidence"));
    Claim { id, verdict, paraphrase, why: labelled(why, "Why"), rules, evidence }
}

fn read_evidence(text: &str) -> Evidence {
    let mut evidence = Evidence::default();
    for part in text.split("; ") {
        let (kind, names) = part.split_once(' ').unwrap_or_else(|| panic!("{part}"));
        let into = match kind {
            "vectors" => &mut evidence.vectors,
            "recordings" => &mut evidence.recordings,
            "tests" => &mut evidence.tests,
            _ => panic!("{kind} is no kind of evidence"),
        };
        assert!(into.is_empty(), "{kind} twice: {text}");
        *into = list(names);
    }
    evidence
}

fn list(text: &str) -> Vec<String> {
    text.split(", ").map(str::to_owned).collect()
}

fn shares_a_family(one: &[String], other: &[String]) -> bool {
    one.iter().any(|rule| other.iter().any(|cited| family_of(rule) == family_of(cited)))
}

#[test]
fn claims_are_numbered_from_one_and_have_a_verdict() {
    assert!(CLAIMS.len() >= 38, "{}", CLAIMS.len());
    for (claim, number) in CLAIMS.iter().zip(1..) {
        assert_eq!(claim.id, format!("CLAIM-{number}"));
        assert!(VERDICTS.contains(&claim.verdict), "{}: {}", claim.id, claim.verdict);
        assert!(!claim.paraphrase.is_empty() && !claim.paraphrase.ends_with('.'), "{}", claim.id);
        assert!(claim.why.ends_with('.'), "{}", claim.id);
    }
    assert_eq!(PAGE.matches("\n### ").count(), CLAIMS.len());
}

#[test]
fn every_verdict_is_given() {
    for verdict in VERDICTS {
        assert!(CLAIMS.iter().any(|claim| claim.verdict == verdict), "{verdict}");
    }
}

#[test]
fn every_rule_that_is_cited_exists() {
    for claim in CLAIMS.iter() {
        for rule in &claim.rules {
            assert!(rules::find(rule).is_some(), "{}: {rule}", claim.id);
        }
    }
}

#[test]
fn every_other_claim_that_is_named_exists() {
    let ids: BTreeSet<_> = CLAIMS.iter().map(|claim| claim.id).collect();
    let words = PAGE.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    for word in words.filter(|word| word.starts_with("CLAIM-")) {
        assert!(ids.contains(word), "{word}");
    }
}

/// Every rule by a vector or recording that cites it, or by a test where it is about user agents, which vectors know nothing
/// of; and nothing that is about something else.
#[test]
fn every_claim_has_evidence_for_its_rules_and_no_other() {
    let recordings = recordings();
    for Claim { id, rules, evidence, .. } in CLAIMS.iter() {
        let vector = |name: &String| VECTORS.get(name).map(|ready| ready.vector.rules.clone());
        let vectors = evidence.vectors.iter().map(|name| (name, vector(name)));
        let recorded = evidence.recordings.iter().map(|name| (name, recordings.get(name).cloned()));
        let mut shown = BTreeSet::new();
        for (name, cites) in vectors.chain(recorded) {
            let cites = cites.unwrap_or_else(|| panic!("{id}: there is no {name}"));
            assert!(shares_a_family(rules, &cites), "{id}: {name} is about something else");
            shown.extend(cites);
        }
        for rule in rules {
            let by_a_test = family_of(rule) == "UA" && !evidence.tests.is_empty();
            assert!(shown.contains(rule) || by_a_test, "{id}: nothing shows {rule}");
        }
    }
}

/// What the recordings show is run by `tests/recipes.rs`.
#[test]
fn every_recording_in_the_table_was_made_with_both_applications() {
    let recordings = recordings();
    let rows = PAGE.split("\n| ").filter(|row| row.contains(" | `"));
    let stories: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(stories.len(), 10);
    for story in stories {
        for application in ["hook", "interface"] {
            assert!(recordings.contains_key(&format!("{application}-{story}")), "{story}");
        }
    }
}

/// The rules of each recording.
fn recordings() -> BTreeMap<String, Vec<String>> {
    let mut rules = BTreeMap::new();
    for (path, text) in bundled::under("vectors/recipes/") {
        let file: Json = json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        for recording in file["recordings"].as_array().unwrap() {
            let cited = json::from_value(&recording["rules"]).unwrap();
            rules.insert(recording["id"].as_str().unwrap().to_owned(), cited);
        }
    }
    rules
}

#[test]
fn every_test_that_is_cited_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration");
    let mut code = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            code += &fs::read_to_string(path).unwrap();
        }
    }
    for claim in CLAIMS.iter() {
        for test in &claim.evidence.tests {
            assert!(code.contains(&format!("fn {test}(")), "{}: there is no test {test}", claim.id);
        }
    }
}

/// The vectors that some claim cites, each once.
fn cited() -> Vec<LoadedVector> {
    let ids: BTreeSet<_> = CLAIMS.iter().flat_map(|claim| &claim.evidence.vectors).collect();
    ids.into_iter().map(|id| VECTORS[id].clone()).collect()
}

/// Runs the evidence on an implementation: each cited vector once, and all pass.
fn run_evidence(implementation: &dyn Implementation) {
    let cited = cited();
    let results = run::replay(implementation, &cited, &mut |_| {});
    let shown: String = results.failures.iter().map(|failure| terminal::failure(failure, None)).collect();
    assert_eq!(results.total.failed, 0, "{shown}");
    assert_eq!(results.broken, None);
    assert!(results.inconclusive.is_empty(), "{:?}", results.inconclusive);
    assert_eq!(results.total.passed, cited.len());
}

#[test]
fn the_model_does_what_the_evidence_says() {
    run_evidence(&Model::default());
}

#[test]
fn real_flask_does_what_the_evidence_says() {
    let Some(oracle) = common::oracle("real_flask_does_what_the_evidence_says") else { return };
    run_evidence(&Subprocess::start(oracle.program(), Options::default()).unwrap());
}

/// The cookie that a vector of signing has as its output, made by real Flask.
fn cookie_of(id: &str) -> &'static str {
    VECTORS[id].vector.output["cookie"].as_str().unwrap()
}

#[test]
fn a_cookie_value_is_the_same_under_any_lifetime() {
    let [short, default] = ["expiry-in-force-written-short", "expiry-in-force-written-default"];
    let lifetime = |id: &str| VECTORS[id].vector.input["config"].get("lifetime").cloned();
    assert_ne!(lifetime(short), lifetime(default));
    assert_eq!(cookie_of(short), cookie_of(default));
}

#[test]
fn a_cookie_is_read_without_the_key() {
    let payload = cookie_of("signature-write-small").split('.').next().unwrap();
    let text = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let session: Json = json::from_slice(&text).unwrap();
    assert_eq!(session, VECTORS["signature-write-small"].vector.input["session"]);
}
