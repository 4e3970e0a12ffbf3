//! `spec/session-lifetime.md` stands alone: its contents are complete, its symbols are defined, its examples are right.

use crate::common;

use regex_lite::Regex;
use sessionproof::{
    clock::UnixTime,
    config::{Config, Lifetime},
    evidence::{
        revision::Revision,
        vectors::{self, Kind},
    },
    model::{base64, json, payload, server, signing, tagging},
    protocol::{Action, Choices, Exchange},
    rules::{self, Profile, TEXT},
    value::{Map, Value},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Words of plain English that may stand in a predicate; the notation lists them too.
const WORDS: &str = "`where`, `if`, `else`, `or`, `at`, `before`, `and`, `is`, `the`, `same`, `that`";

/// The text under a heading of the second level.
fn section(heading: &str) -> &'static str {
    let (_, rest) = TEXT.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading:?}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The cells of the rows of every table in a text, without the heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let mut rows = Vec::new();
    let mut is_body = false;
    for line in text.lines() {
        match line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
            Some(cells) if is_body => rows.push(cells.split('|').map(str::trim).collect()),
            Some(cells) => is_body = cells.starts_with("---"),
            None => is_body = false,
        }
    }
    rows
}

/// How GitHub names the anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn the_contents_list_every_section_and_rule_in_order_and_nothing_else() {
    let headings = TEXT.lines().filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")));
    let expected: Vec<_> = headings.filter(|heading| *heading != "Contents").map(anchor).collect();
    let link = Regex::new(r"\]\(#([^)]*)\)").unwrap();
    let listed: Vec<_> = link.captures_iter(section("Contents")).map(|link| link[1].to_owned()).collect();
    assert_eq!(listed, expected);
}

#[test]
fn every_link_within_the_text_leads_to_a_heading() {
    let headings = TEXT.lines().filter(|line| line.starts_with('#'));
    let anchors: BTreeSet<_> = headings.map(|line| anchor(line.trim_start_matches(['#', ' ']))).collect();
    for link in Regex::new(r"\]\(#([^)]*)\)").unwrap().captures_iter(TEXT) {
        assert!(anchors.contains(&link[1]), "#{} leads nowhere", &link[1]);
    }
}

#[test]
fn the_revision_line_names_the_newest_revision() {
    let newest = Revision::newest(Profile::Cookie).unwrap().name;
    assert_eq!(TEXT.lines().nth(2).and_then(|line| line.split('`').nth(1)), Some(newest.as_str()));
    assert!(rows(section("Revisions")).iter().any(|row| row[0] == format!("`{newest}`")), "{newest} is not listed");
}

#[test]
fn the_classes_of_conformance_list_the_rules_that_vectors_ask_them_about() {
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let vectors = vectors::embedded().unwrap();
    for vector in vectors.iter().map(|ready| &ready.vector) {
        let op = match vector.kind {
            Kind::Sign => "sign",
            Kind::Verify => "verify",
            _ => "exchange",
        };
        asked.entry(op).or_default().extend(vector.rules.iter().map(String::as_str));
    }
    let classes = rows(section("Conformance"));
    assert_eq!(classes.len(), 3);
    for class in classes {
        let listed: BTreeSet<_> = class[3].split(", ").flat_map(range).collect();
        assert_eq!(listed, asked[class[2].trim_matches('`')], "{}", class[0]);
    }
}

/// The rules of `EXP-1 to EXP-10`, or the one of `EXP-1`.
fn range(text: &str) -> Vec<&'static str> {
    let (first, last) = text.split_once(" to ").unwrap_or((text, text));
    let place = |id: &str| rules::all().iter().position(|rule| rule.id == id).unwrap_or_else(|| panic!("{id}"));
    rules::all()[place(first)..=place(last)].iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn the_table_of_values_of_other_types_is_what_real_flask_makes_of_them() {
    let test = "the_table_of_values_of_other_types_is_what_real_flask_makes_of_them";
    let Some(oracle) = common::oracle(test) else { return };
    let made = oracle.script("conversions.py").output().unwrap();
    let text = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success() && text.lines().count() > 30, "{}", String::from_utf8_lossy(&made.stderr));
    assert!(TEXT.contains(&text), "the table of PAY-5 is to be:\n{text}");
}

#[test]
fn the_table_of_the_configuration_has_every_member_with_its_default() {
    let config = Config::with_key("");
    let Config { lifetime: Lifetime::Seconds(lifetime), .. } = config else { panic!("{config:?}") };
    let listed = rows(section("Configuration"));
    let row = |member: &str| {
        let row = listed.iter().find(|row| row[0] == format!("`{member}`"));
        row.unwrap_or_else(|| panic!("{member} is not listed"))[3].to_owned()
    };
    // An unknown member makes the list of those that there are.
    let error = serde_json::from_str::<Config>(r#"{"?":1}"#).unwrap_err().to_string();
    let members: Vec<_> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(listed.iter().map(|row| row[0].trim_matches('`')).collect::<Vec<_>>(), members);
    for (member, default) in [
        ("secret_key", "nothing".to_owned()),
        ("fallback_keys", "nothing".to_owned()),
        ("lifetime", format!("{lifetime} ({} days)", lifetime / 86_400)),
        ("refresh_each_request", config.refresh_each_request.to_string()),
        ("cookie_name", format!("`{}`", config.cookie_name)),
        ("cookie_domain", "nothing".to_owned()),
        ("cookie_path", "nothing".to_owned()),
        ("application_root", format!("`{}`", config.application_root)),
        ("cookie_httponly", config.cookie_httponly.to_string()),
        ("cookie_secure", config.cookie_secure.to_string()),
        ("cookie_samesite", "nothing".to_owned()),
        ("cookie_partitioned", config.cookie_partitioned.to_string()),
        ("salt", format!("`{}`", config.salt)),
        ("digest", format!("`{}`", serde_json::to_value(config.digest).unwrap().as_str().unwrap())),
        ("key_derivation", format!("`{}`", serde_json::to_value(config.key_derivation).unwrap().as_str().unwrap())),
    ] {
        assert_eq!(row(member), default, "{member}");
    }
    assert_eq!(
        (config.cookie_domain, config.cookie_path, config.cookie_samesite, config.fallback_keys),
        (None, None, None, None)
    );
}

/// The symbols of a piece of notation: names, with the members of `C` as `C.name`. Quoted characters and indices are no symbols.
fn symbols(notation: &str) -> BTreeSet<String> {
    let quoted = Regex::new(r#"b?"[^"]*""#).unwrap();
    let symbol = Regex::new(r"C\.[a-z_]+|[A-Za-zα-ω][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*").unwrap();
    let indices = ['₀', '₁', 'ₙ', 'ᵢ', 'ⱼ', '₊'];
    let plain = quoted.replace_all(notation, " ").replace(indices, "");
    symbol.find_iter(&plain).map(|found| found.as_str().to_owned()).collect()
}

/// The code of a rule's predicate: its spans, or its block.
fn predicate(rule: &rules::Rule) -> String {
    let text = rules::paragraph(rule, "Predicate").unwrap();
    match text.strip_prefix("```text\n") {
        Some(block) => block.trim_end_matches('`').to_owned(),
        None => text.split('`').skip(1).step_by(2).collect::<Vec<_>>().join("\n"),
    }
}

/// What the notation and the configuration define.
fn defined() -> BTreeSet<String> {
    let notation = rows(section("Notation"));
    let spans = notation.iter().flat_map(|row| row[0].split('`').skip(1).step_by(2));
    let mut defined: BTreeSet<_> = spans.flat_map(symbols).collect();
    defined.extend(rows(section("Configuration")).iter().map(|row| format!("C.{}", row[0].trim_matches('`'))));
    defined
}

#[test]
fn every_symbol_of_a_predicate_is_defined() {
    let defined = defined();
    let mut undefined = Vec::new();
    for rule in rules::of(Profile::Cookie) {
        for symbol in symbols(&predicate(rule)) {
            if !defined.contains(&symbol) && rules::find(&symbol).is_none() {
                undefined.push(format!("{}: {symbol}", rule.id));
            }
        }
    }
    assert!(undefined.is_empty(), "{undefined:#?}");
    assert!(TEXT.contains(WORDS), "the notation lists the words");
}

#[test]
fn every_symbol_that_is_defined_is_used() {
    let mut used: BTreeSet<_> = rules::of(Profile::Cookie).flat_map(|rule| symbols(&predicate(rule))).collect();
    // What defines a symbol of a predicate uses others.
    used.extend(
        rows(section("Notation")).iter().flat_map(|row| row[1].split('`').skip(1).step_by(2)).flat_map(symbols),
    );
    let names = defined();
    let unused: Vec<_> = names.iter().filter(|name| !name.starts_with("C.") && !used.contains(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn an_undefined_symbol_would_be_noticed() {
    let names = symbols(r#"set ⇒ Expires(y) = ⌊now + C.lifetime⌋ ∧ "quoted" ≠ Max-Age(zᵢ₊₁)"#);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["C.lifetime", "Expires", "Max-Age", "now", "set", "y", "z"]);
    assert!(!defined().contains("closed"));
}

/// Every stage of the worked cookie, made by the model.
#[test]
fn the_worked_cookie_has_these_bytes_at_every_stage() {
    let config = Arc::new(Config::with_key("development key").lifetime(Lifetime::Seconds(1800)));
    let now = UnixTime::from_micros(1_700_000_000_250_000);
    let cart = Value::Tuple(vec![Value::int(7), Value::Float(1.5)]);
    let session: Map =
        [("user", Value::from("Zoë")), ("cart", cart.clone()), ("_permanent", true.into())].into_iter().collect();
    let tagged = tagging::tag(&session.clone().into()).unwrap();
    let text = json::write(&tagged).unwrap();
    let stream = payload::deflate(text.as_bytes());
    let packed = payload::write(&session, &Choices::default()).unwrap();
    let cookie = signing::sign(&packed, b"development key", &config, now).unwrap();
    let (signed, signature) = cookie.rsplit_once('.').unwrap();
    let (_, timestamp) = signed.rsplit_once('.').unwrap();
    let key = signing::derive_key(&config, b"development key");
    let actions = vec![
        Action::Set { key: "user".into(), value: "Zoë".into() },
        Action::Set { key: "cart".into(), value: cart },
        Action::SetPermanent { value: true },
    ];
    let (method, path) = ("GET".to_owned(), "/".to_owned());
    let call = Exchange { config: config.clone(), now, cookie_header: None, method, path, actions };
    let response = server::exchange(&call, &Choices::default());
    let set_cookie = &response.headers.iter().find(|(name, _)| name == "Set-Cookie").unwrap().1;

    let rows = rows(section("A worked cookie"));
    let stages: Vec<_> = rows.iter().map(|row| (row[0], row[2].trim_matches('`').to_owned())).collect();
    let lengths = [format!("JSON text, {} bytes", text.len()), format!("zlib stream, {} bytes", stream.len())];
    let expected = [
        ("session", r#"{"user": "Zoë", "cart": (7, 1.5), "_permanent": true}"#.to_owned()),
        ("tagged", r#"{"user": "Zoë", "cart": {" t": [7, 1.5]}, "_permanent": true}"#.to_owned()),
        (&lengths[0], text.clone()),
        (&lengths[1], hex(&stream)),
        ("payload", packed.clone()),
        ("bytes of the timestamp", hex(&base64::decode(timestamp.as_bytes()).unwrap())),
        ("timestamp", timestamp.to_owned()),
        ("signing key", hex(&key)),
        ("what is signed", signed.to_owned()),
        ("HMAC", hex(&signing::mac(config.digest, &key, &[signed.as_bytes()]))),
        ("signature", signature.to_owned()),
        ("Set-Cookie", set_cookie.clone()),
    ];
    assert_eq!(stages.len(), expected.len());
    for ((stage, bytes), (name, made)) in stages.iter().zip(&expected) {
        assert!(stage.starts_with(name), "{stage} is not {name}");
        assert_eq!(bytes, made, "{stage}");
    }
    // The tagged row is what becomes the JSON text.
    assert_eq!(json::read(&stages[1].1), Ok(tagged));
    assert!(stream.len() >= text.len() - 1, "compression does not pay");
    assert_eq!(server::verify(&verify(&config, &cookie, 1_700_001_800), &Choices::default()), accepted(&session));
    assert_ne!(server::verify(&verify(&config, &cookie, 1_700_001_801), &Choices::default()), accepted(&session));
}

fn verify(config: &Arc<Config>, cookie: &str, now: i64) -> sessionproof::protocol::Verify {
    let (config, now, cookie) = (config.clone(), UnixTime::from_seconds(now), cookie.to_owned());
    sessionproof::protocol::Verify { config, now, cookie }
}

fn accepted(session: &Map) -> sessionproof::protocol::VerifyOutcome {
    sessionproof::protocol::VerifyOutcome::Accepted(session.clone())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
