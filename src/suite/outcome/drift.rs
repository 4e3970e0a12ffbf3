//! Whether regenerated vectors equal the ones in the repository.
//!
//! The same releases give the same bytes. Another Python changes the provenance, and another zlib may change compressed payloads,
//! which are then compared inflated.

use crate::protocol::{Answer, Call, Choices, CompressionChoice};
use crate::{
    evidence::vectors::{LoadedVector, Provenance, Vector, VectorError, VectorFile},
    suite::judging::compare::compare,
};
use std::collections::BTreeMap;

/// How a file that was made again differs from the one that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Not at all.
    None,
    /// Only in what made it, and how; the outputs say the same.
    Provenance(Vec<String>),
    /// In its vectors: each with its id.
    Vectors(Vec<String>),
}

/// Compares the texts of two vector files; `name` names the file in errors.
pub fn drift(name: &str, kept: &str, made: &str) -> Result<Drift, VectorError> {
    if kept == made {
        return Ok(Drift::None);
    }
    let (kept, made) = (VectorFile::parse(name, kept)?, VectorFile::parse(name, made)?);
    let releases = other_releases(&kept.provenance, &made.provenance);
    let same_zlib = kept.provenance.zlib == made.provenance.zlib;
    let by_id = |file: &VectorFile| -> BTreeMap<String, Vector> {
        file.vectors.iter().map(|vector| (vector.id.clone(), vector.clone())).collect()
    };
    let (old, mut new) = (by_id(&kept), by_id(&made));
    let mut changed = Vec::new();
    for (id, vector) in old {
        match new.remove(&id) {
            None => changed.push(format!("{id} (gone)")),
            Some(other) if vector == other => {}
            Some(other) if !same_zlib && says_the_same(&vector.ready(name)?, &other.ready(name)?) => {}
            Some(_) => changed.push(id),
        }
    }
    changed.extend(new.into_keys().map(|id| format!("{id} (new)")));
    match (changed.is_empty(), releases.is_empty()) {
        (false, _) => Ok(Drift::Vectors(changed)),
        (true, false) => Ok(Drift::Provenance(releases)),
        (true, true) => Ok(Drift::Vectors(vec!["the head of the file, or the order of vectors".to_owned()])),
    }
}

/// Compares the texts of two files of recordings (`vectors/recipes`), whose provenance stands on a line of its own.
pub fn drift_of_recordings(kept: &str, made: &str) -> Drift {
    let parts = |text: &str| -> (Vec<String>, Vec<String>) {
        text.lines().map(str::to_owned).partition(|line| line.starts_with("\"provenance\":"))
    };
    let ((old_head, old), (new_head, new)) = (parts(kept), parts(made));
    match (old == new, old_head == new_head) {
        (true, true) => Drift::None,
        (true, false) => Drift::Provenance(new_head),
        (false, _) => Drift::Vectors(vec!["the recordings".to_owned()]),
    }
}

fn other_releases(kept: &Provenance, made: &Provenance) -> Vec<String> {
    [
        ("python", &kept.python, &made.python),
        ("flask", &kept.flask, &made.flask),
        ("werkzeug", &kept.werkzeug, &made.werkzeug),
        ("itsdangerous", &kept.itsdangerous, &made.itsdangerous),
        ("zlib", &kept.zlib, &made.zlib),
    ]
    .into_iter()
    .filter(|(_, kept, made)| kept != made)
    .map(|(name, kept, made)| format!("{name} {kept} → {made}"))
    .collect()
}

/// Whether two outputs mean the same once payloads are inflated.
fn says_the_same(kept: &LoadedVector, made: &LoadedVector) -> bool {
    let choices = Choices { compression: CompressionChoice::Any, ..Choices::default() };
    let mut answered: Vec<(Call, Answer)> = Vec::new();
    for (old, new) in kept.recorded.iter().zip(&made.recorded) {
        let Some(call) = kept.scenario.next(&answered) else { return false };
        if compare(&call, &old.answer, &new.answer, &choices).is_err() {
            return false;
        }
        answered.push((call, old.answer.clone()));
    }
    kept.recorded.len() == made.recorded.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::scenario::Scenario, clock::UnixTime, config::Config, model::server, protocol::Sign, value::Value,
    };
    use crate::{
        evidence::vectors::from_scenario,
        model::base64,
        stock_zlib::{self, Format},
    };
    use std::sync::Arc;

    fn file(zlib: &str, vector: Vector) -> String {
        let provenance = Provenance { zlib: zlib.to_owned(), ..Provenance::default() };
        let (spec, family, description) = ("flask-3.1".to_owned(), "f".to_owned(), "d".to_owned());
        let implementation = None;
        VectorFile { format: 1, spec, family, description, provenance, implementation, vectors: vec![vector] }.to_text()
    }

    /// A vector of a long session, and the same as a zlib of another level would have made it.
    fn vectors() -> (Vector, Vector) {
        let session = [("text", Value::Text("sliding ".repeat(30).into()))].into_iter().collect();
        let config = Arc::new(Config::with_key("key"));
        let call = Sign { config: config.clone(), now: UnixTime::from_seconds(1_700_000_000), session };
        let answer = server::sign(&call, &Choices::default());
        let text = format!("{{\"text\":\"{}\"}}", "sliding ".repeat(30));
        let payload = format!(".{}", base64::encode(&stock_zlib::deflate(text.as_bytes(), 1, Format::Zlib)));
        let other = crate::model::signing::sign(&payload, b"key", &config, call.now).unwrap();
        let call = Call::Sign(call);
        let vector = |answer| {
            let scenario = Scenario::Single(call.clone());
            from_scenario("v".into(), vec!["PAY-12".into()], "c".into(), &scenario, &[(call.clone(), answer)])
        };
        (vector(Answer::Sign(answer)), vector(Answer::Sign(crate::protocol::SignOutcome::Cookie(other))))
    }

    #[test]
    fn another_zlib_may_give_other_bytes_of_the_same_text() {
        let (one, other) = vectors();
        assert_ne!(one, other);
        let found = drift("f", &file("1.2.13", one.clone()), &file("1.3.1.zlib-ng", other.clone())).unwrap();
        assert_eq!(found, Drift::Provenance(vec!["zlib 1.2.13 → 1.3.1.zlib-ng".to_owned()]));
        assert_eq!(drift("f", &file("1", one.clone()), &file("1", other)).unwrap(), Drift::Vectors(vec!["v".into()]));
        assert_eq!(drift("f", &file("1", one.clone()), &file("1", one)).unwrap(), Drift::None);
    }

    #[test]
    fn another_meaning_is_a_drift_whatever_the_zlib_is() {
        let (one, mut other) = vectors();
        other.output = crate::json::json!({ "raised": "x" });
        assert_eq!(drift("f", &file("1", one), &file("2", other)).unwrap(), Drift::Vectors(vec!["v".into()]));
    }

    #[test]
    fn recordings_may_differ_in_their_provenance_alone() {
        let text = "{\n\"provenance\":{\"python\":\"3.11.7\"},\n\"recordings\":[\n]}\n";
        assert_eq!(drift_of_recordings(text, text), Drift::None);
        assert!(matches!(drift_of_recordings(text, &text.replace("3.11", "3.12")), Drift::Provenance(_)));
        assert!(matches!(drift_of_recordings(text, &text.replace("[\n", "[\n1")), Drift::Vectors(_)));
    }

    #[test]
    fn vectors_that_come_and_go_are_named() {
        let (one, _) = vectors();
        let renamed = Vector { id: "w".to_owned(), ..one.clone() };
        let found = drift("f", &file("1", one), &file("1", renamed)).unwrap();
        assert_eq!(found, Drift::Vectors(vec!["v (gone)".into(), "w (new)".into()]));
    }
}
