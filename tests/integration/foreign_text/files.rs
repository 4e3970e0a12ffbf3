//! Files: results, vectors, lists of known failures. And what an implementation answers, as far as the library sees it.

use super::{
    Matrix, PROBES,
    checks::Output::{self, *},
    fields,
};
use sessionproof::json::{self, Json as Document, json};
use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    case::scenario::Scenario,
    config::{Config, Digest, KeyDerivation, Lifetime},
    evidence::vectors::{self, LoadedVector, VectorFile},
    mutants,
    protocol::{
        Answer, Call, Capabilities, Op, Reply, Response, SignOutcome, StoryAnswer, ValueKind, VerifyOutcome,
        story::{StoreClock, StoryOffer},
    },
    report::{self, github, html, junit, matrix, tap, terminal},
    rules::Pattern,
    suite::{
        outcome::{
            diagnosis::{Cause, CauseKind, Diagnosis},
            known::{Known, KnownCase, KnownFailures},
            listing,
            results::{Failure, Origin, Results, Tally},
        },
        running::run::{self, Options},
    },
    value::{Map, Value},
};
use std::{collections::BTreeMap, sync::LazyLock};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

/// Every output that results go to.
const REPORTS: [Output; 9] = [Annotations, Html, Json, Junit, Log, Markdown, Tap, Terminal, Toml];

/// What is printed of results, as the library makes it: what the command line does to its own output comes on top.
fn printed(results: &Results) -> Vec<(Output, String)> {
    let failures = results.failures.iter().map(|failure| terminal::failure(failure, Some("sessionproof replay x")));
    let text = failures.collect::<String>() + &terminal::summary(results);
    vec![(Log, anstream::adapter::strip_str(&text).to_string()), (Terminal, text)]
}

/// The results in every output. Pages cut nothing, and take long to make: they get all probes at once.
fn told(results: &Results, is_all: bool) -> Vec<(Output, String)> {
    let mut told = printed(results);
    let table = matrix::Matrix::new(&[("results.json".to_owned(), results.clone())]);
    if is_all {
        let text = report::json::write(results);
        let again = report::json::parse("again", text.as_bytes()).unwrap();
        assert_eq!(again, *results, "what is written reads back as the same");
        told.extend([(Html, html::write(results)), (Html, table.html()), (Json, text)]);
    } else {
        told.extend([
            (Annotations, github::write(results)),
            (Junit, junit::write(results)),
            (Markdown, table.markdown()),
            (Tap, tap::write(results)),
            (Toml, listing::write(results)),
        ]);
    }
    told
}

/// Each probe, and all of them at once.
fn probes() -> Vec<(String, bool)> {
    PROBES.iter().map(|probe| (probe.to_string(), false)).chain([(PROBES.concat(), true)]).collect()
}

/// Those for one of many fields: one in turn, and for every third field all of them at once, unless the whole is wanted.
fn probes_of(field: usize) -> Vec<(String, bool)> {
    let is_in_turn = |at: usize| at == field % PROBES.len() || at == PROBES.len() && field.is_multiple_of(3);
    let is_taken = |at: usize| crate::common::is_whole() || is_in_turn(at);
    probes().into_iter().enumerate().filter(|(at, _)| is_taken(*at)).map(|(_, probe)| probe).collect()
}

fn error(error: impl std::fmt::Display) -> Vec<(Output, String)> {
    vec![(Log, format!("error: {error}\n")), (Terminal, format!("error: {error}\n"))]
}

/// A session with a text in every kind of value that holds one.
fn session() -> Map {
    let map = |entries: Vec<(&str, Value)>| -> Map {
        entries.into_iter().map(|(key, value)| (Value::Text(key.into()), value)).collect()
    };
    map(vec![
        ("text", Value::Text("t".into())),
        ("markup", Value::Markup("m".into())),
        ("list", Value::List(vec![Value::Text("l".into())])),
        ("tuple", Value::Tuple(vec![Value::Text("t".into())])),
        ("map", Value::Map(map(vec![("k", Value::Text("v".into()))]))),
        ("bytes", Value::Bytes(b"b".to_vec())),
    ])
}

/// A configuration whose every member is other than Flask's.
fn config() -> Config {
    let config = Config::with_key("key")
        .fallback_keys(["older"])
        .lifetime(Lifetime::Delta(60.5))
        .refresh_each_request(false)
        .cookie_name("sid")
        .cookie_domain("example.com")
        .cookie_path("/path")
        .application_root("/root")
        .cookie_httponly(false)
        .cookie_secure(true)
        .cookie_samesite("Lax")
        .cookie_partitioned(true)
        .salt("salt")
        .digest(Digest::Sha256)
        .key_derivation(KeyDerivation::Concat);
    // What is Flask's is not written: each member is, beside the one that says which of Flask's are.
    let written = json!(config).as_object().unwrap().len();
    assert_eq!(written + 1, members(&config), "give the new member a value of its own");
    config
}

/// How many members a struct has.
fn members(value: &impl std::fmt::Debug) -> usize {
    let text = format!("{value:#?}");
    text.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ") && line.contains(": ")).count()
}

/// A hello with everything in it.
fn hello() -> Capabilities {
    let mut hello = Capabilities::new("mine")
        .version("1")
        .runtime("a machine")
        .operations([Op::Verify, Op::Sign, Op::Exchange])
        .values([ValueKind::Bytes, ValueKind::Map, ValueKind::Markup, ValueKind::Tuple]);
    hello.story = Some(StoryOffer {
        store: "a store".to_owned(),
        clock: StoreClock::Advanced,
        states: Vec::new(),
        regenerate: false,
    });
    assert_eq!(members(&hello), 7, "give the new member a text of its own");
    hello
}

/// Answers everything otherwise than the model, with texts of its own.
struct Contrary(Capabilities, Option<Document>);

impl Implementation for Contrary {
    fn capabilities(&self) -> Capabilities {
        self.0.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let one = |call: &Call| match &self.1 {
            Some(reply) => Reply::from_json(call, &reply.clone()).unwrap_or_else(Reply::Error),
            None => match call {
                Call::Exchange(_) => Response {
                    status: 200,
                    opened: Some(session()),
                    results: vec![Value::Text("r".into())],
                    headers: vec![("Set-Cookie".to_owned(), "session=x; Expires=never; Path=/".to_owned())],
                }
                .into(),
                Call::Sign(_) => SignOutcome::Raised("raised".to_owned()).into(),
                Call::Story(_) => StoryAnswer::default().into(),
                Call::Verify(_) => VerifyOutcome::Accepted(session()).into(),
            },
        };
        Ok(calls.iter().map(one).collect())
    }
}

/// One failure of each kind of check.
fn failures() -> Vec<Failure> {
    let options = Options::default().cases(400);
    let contrary = run::run(&Contrary(hello(), None), &VECTORS, &options, &mut |_| {});
    let mut found = contrary.failures;
    for name in ["sign-on-read", "accept-all", "age-equal-refused"] {
        let mutant = mutants::find(name).unwrap();
        found.extend(run::run(mutant.make().as_ref(), &VECTORS, &options, &mut |_| {}).failures);
    }
    let kind = |failure: &Failure| match (&failure.scenario, &failure.origin) {
        (Scenario::Calls(_), _) => "calls".to_owned(),
        (Scenario::RoundTrip(_), _) => "round trip".to_owned(),
        (Scenario::Sequence(_), _) => "sequence".to_owned(),
        (Scenario::World(_), _) => "story".to_owned(),
        (Scenario::Single(call), Origin::Property(_)) => format!("property {}", call.op()),
        (Scenario::Single(call), Origin::Vector { .. }) => call.op().to_string(),
    };
    let mut kinds: BTreeMap<String, Failure> = BTreeMap::new();
    for failure in found {
        let key = kind(&failure);
        // The longest has the most in it.
        let length = |failure: &Failure| json!(failure.vector).to_string().len();
        match kinds.get(&key) {
            Some(kept) if length(kept) >= length(&failure) => {}
            _ => drop(kinds.insert(key, failure)),
        }
    }
    for kind in ["exchange", "round trip", "sequence", "sign", "story", "verify"] {
        assert!(kinds.contains_key(kind), "{kind}: {:?}", kinds.keys());
    }
    kinds.into_values().collect()
}

/// Results with everything in them. Those that broke say why, the others what is stale.
fn results(is_broken: bool) -> Results {
    let tally = Tally { passed: 1, failed: 1, inconclusive: 1, known: 1 };
    let case = |failures| KnownCase { name: "expiry-at-lifetime".to_owned(), judged: true, failures, left_out: false };
    let known = |failures| Known {
        file: "known.toml".to_owned(),
        line: 1,
        rules: Some("EXP-2".to_owned()),
        cases: vec![case(failures)],
        reason: "why".to_owned(),
        link: Some("https://example.com/1".to_owned()),
        sometimes: false,
        failures,
        left_out: false,
    };
    let mut failures = failures();
    // The others are shown with the words that name the implementation.
    failures[0].replay = Some("sessionproof replay x.json".to_owned());
    let rule = |id: &str| (id.to_owned(), tally);
    let only = |id: &str, tally: Tally| (id.to_owned(), tally);
    let mut rules: BTreeMap<_, _> = failures.iter().map(|failure| rule(&failure.rule)).collect();
    rules.extend([
        only("EXP-2", Tally { known: 1, ..Tally::default() }),
        only("VARY-4", Tally { inconclusive: 1, ..Tally::default() }),
    ]);
    let mut whole = Results::new(hello(), &Options::default().spec("flask-3.1.r1").seed(7).cases(100));
    assert_eq!(members(&whole), 24, "give the new member a text of its own");
    whole.suite = "0.1.0".to_owned();
    whole.target = Some(" -- x".to_owned());
    whole.total = tally;
    whole.families = sessionproof::rules::families().iter().map(|family| rule(&family.id)).collect();
    whole.rules = rules;
    whole.first_failure = Some(1);
    whole.failures = failures;
    let cause = Cause {
        kind: CauseKind::Mutant,
        name: "mine".to_owned(),
        summary: "it is wrong".to_owned(),
        rules: vec!["EXP-2".to_owned()],
        explains: 1,
        adds: 1,
        like: vec!["theirs".to_owned()],
    };
    let unexplained = [("EXP-3".to_owned(), 1)].into();
    whole.diagnosis = Some(Diagnosis { looked_at: 2, failures: 2, causes: vec![cause], unexplained });
    whole.known = vec![known(1), known(0)];
    whole.inconclusive = BTreeMap::from([("not offered: x".to_owned(), 1)]);
    whole.adapter_broke = true;
    whole.unanswered = [Op::Sign].into();
    whole.incidents = vec!["it crashed\n    with words".to_owned()];
    whole.broken = is_broken.then(|| AdapterError { message: "it broke".to_owned(), hint: "fix it".to_owned() });
    whole.interrupted = is_broken.then(|| "SIGTERM".to_owned());
    // Without failures, so that there is no verdict and its reason is told.
    if is_broken {
        whole.total = Tally { passed: 1, ..Tally::default() };
        whole.failures.clear();
        whole.known.clear();
    }
    whole
}

#[test]
fn every_text_of_a_results_file_is_harmless_in_every_output() {
    let mut matrix = Matrix::default();
    for is_broken in [false, true] {
        let document: Document = sessionproof::json::from_str(&report::json::write(&results(is_broken))).unwrap();
        // What the broken ones have in common with the others is asked once.
        let own = [".broken", ".incidents", ".interrupted"];
        let is_own = |name: &str| !is_broken || own.iter().any(|own| name.starts_with(own));
        for (at, field) in fields::of(&document).iter().filter(|field| is_own(&field.name)).enumerate() {
            for (probe, is_all) in &probes_of(at) {
                let text = field.with(&document, probe).to_string();
                let name = format!("results {}", field.name);
                match report::json::parse("results.json", text.as_bytes()) {
                    Ok(read) => matrix.look_at(&name, probe, told(&read, *is_all)),
                    Err(refused) => matrix.look_at(&name, probe, error(refused)),
                }
            }
        }
    }
    matrix.verdict(300, &REPORTS);
}

#[test]
fn every_text_of_a_vector_file_is_harmless_in_every_output() {
    let mut matrix = Matrix::default();
    let mut all: Vec<_> = failures().into_iter().map(|failure| failure.vector).collect();
    // A call with a configuration that has everything.
    if let Some(vector) = all.iter_mut().find(|vector| vector.input.get("cookie").is_some()) {
        vector.input.as_object_mut().unwrap().insert("config".to_owned(), json::to_value(&config()).unwrap());
    }
    for vector in all {
        let kind = json!(vector.kind);
        let document: Document = sessionproof::json::from_str(&VectorFile::of_failure(vector).to_text()).unwrap();
        for (at, field) in fields::of(&document).into_iter().enumerate() {
            for (probe, _) in &probes_of(at) {
                let text = field.with(&document, probe).to_string();
                let name = format!("{} vector {}", kind.as_str().unwrap(), field.name);
                let ready = VectorFile::parse("vectors.json", &text).and_then(|file| {
                    file.vectors.iter().map(|vector| vector.ready("vectors.json")).collect::<Result<Vec<_>, _>>()
                });
                match ready {
                    Ok(ready) => {
                        let results = run::replay(&Contrary(hello(), None), &ready, &mut |_| {});
                        matrix.look_at(&name, probe, printed(&results));
                        let saved = VectorFile::of_failure(ready[0].vector.clone()).to_text();
                        matrix.look(&name, probe, Json, &saved);
                        let again = VectorFile::parse("again", &saved).unwrap();
                        assert_eq!(
                            again.vectors,
                            [ready[0].vector.clone()],
                            "{name}: what is saved reads back as the same"
                        );
                    }
                    Err(refused) => matrix.look_at(&name, probe, error(refused)),
                }
            }
        }
    }
    matrix.verdict(300, &[Json, Log, Terminal]);
}

/// A list of known failures as TOML.
fn list(document: &Document) -> String {
    let text = |text: &str| -> String {
        let escaped = text.chars().map(|c| match c {
            ' '..='~' if c != '"' && c != '\\' => c.to_string(),
            c => format!("\\U{:08x}", u32::from(c)),
        });
        format!("\"{}\"", escaped.collect::<String>())
    };
    fn value(json: &Document, text: &dyn Fn(&str) -> String) -> String {
        match json {
            Document::String(string) => text(string),
            Document::Array(items) => {
                format!("[{}]", items.iter().map(|item| value(item, text)).collect::<Vec<_>>().join(", "))
            }
            Document::Object(members) => {
                let members = members.iter().map(|(name, member)| format!("{} = {}", text(name), value(member, text)));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        }
    }
    let members = document.as_object().unwrap();
    members.iter().map(|(name, member)| format!("{} = {}\n", text(name), value(member, &text))).collect()
}

#[test]
fn every_text_of_a_list_of_known_failures_is_harmless_in_every_output() {
    let mut matrix = Matrix::default();
    let whole = json!({ "known": [{
        "rules": "EXP-2", "cases": ["expiry-at-lifetime"], "reason": "why", "link": "https://example.com/1", "sometimes": false,
    }] });
    let mut of_rule = whole.clone();
    *of_rule.pointer_mut("/known/0/cases").unwrap() = json!([]);
    let mutant = mutants::find("age-equal-refused").unwrap().make();
    let vectors: Vec<_> = VECTORS.iter().filter(|ready| ready.vector.id.starts_with("expiry-")).cloned().collect();
    for (document, field) in
        [&whole, &of_rule].into_iter().flat_map(|d| fields::of(d).into_iter().map(move |field| (d, field)))
    {
        for (probe, is_all) in &probes() {
            let text = list(&field.with(document, probe));
            let name = format!("known failures {}", field.name);
            match KnownFailures::parse("known.toml", &text) {
                Ok(known) => {
                    for implementation in [mutant.as_ref(), &Model::default()] {
                        let options = Options::default().cases(0).known(known.clone());
                        let rules = Pattern::parse("EXP").unwrap();
                        let options = options.rules(rules);
                        matrix.look_at(
                            &name,
                            probe,
                            told(&run::run(implementation, &vectors, &options, &mut |_| {}), *is_all),
                        );
                    }
                }
                Err(refused) => matrix.look_at(&name, probe, error(refused)),
            }
        }
    }
    matrix.verdict(20, &[Annotations, Html, Json, Junit, Log, Tap, Terminal]);
}

#[test]
fn every_text_that_an_implementation_answers_is_harmless_in_every_output() {
    let mut matrix = Matrix::default();
    let kinds = |op: Op| {
        VECTORS.iter().find(|ready| matches!(&ready.scenario, Scenario::Single(call) if call.op() == op)).unwrap()
    };
    let vectors = [Op::Verify, Op::Sign, Op::Exchange].map(|op| kinds(op).clone());
    let answers = [
        Answer::Verify(VerifyOutcome::Accepted(session())),
        Answer::Verify(VerifyOutcome::Raised("raised".to_owned())),
        Answer::Sign(SignOutcome::Cookie("cookie".to_owned())),
        Answer::Sign(SignOutcome::Raised("raised".to_owned())),
        Answer::Exchange(Response {
            status: 200,
            opened: Some(session()),
            results: vec![Value::Map(session())],
            headers: vec![("Set-Cookie".to_owned(), "session=x".to_owned()), ("Vary".to_owned(), "Cookie".to_owned())],
        }),
    ];
    let mut replies: Vec<_> = answers.iter().map(|answer| json!({ "ok": answer.to_json() })).collect();
    replies.extend([
        json!({ "unsupported": "what" }),
        json!({ "error": "what" }),
        json!({ "ok": { "accepted": false, "reason": "expired" } }),
    ]);
    replies.extend(["Set-Cookie: session=x; Expires=then; Path=/p; Domain=d; SameSite=s; Odd=o"].map(|header| {
        json!({ "ok": { "status": 200, "opened": {}, "results": [], "headers": [["Set-Cookie", header.split_once(": ").unwrap().1]] } })
    }));
    for (number, reply) in replies.iter().enumerate() {
        for field in fields::of(reply) {
            for (probe, is_all) in &probes() {
                let contrary = Contrary(hello(), Some(field.with(reply, probe)));
                let name = format!("reply {number} {}", field.name);
                matrix.look_at(&name, probe, told(&run::replay(&contrary, &vectors, &mut |_| {}), *is_all));
            }
        }
    }
    let document = json!(hello());
    for field in fields::of(&document) {
        for (probe, is_all) in &probes() {
            // What is no hello is asked of programs.
            let Ok(hello) = sessionproof::json::from_value::<Capabilities>(&field.with(&document, probe)) else {
                continue;
            };
            let results = run::replay(&Contrary(hello, None), &vectors, &mut |_| {});
            matrix.look_at(&format!("hello {}", field.name), probe, told(&results, *is_all));
        }
    }
    matrix.verdict(300, &REPORTS);
}
