//! What an implementation lacks, where that keeps the vectors of a rule from being asked.

use crate::{
    adapter::{AdapterError, Implementation},
    case::scenario::Scenario,
    evidence::vectors::{self, LoadedVector},
    model::payload,
    protocol::{Call, Capabilities, Choices, Op, Reply, ValueKind},
    suite::judging::judge::{Case, Inconclusive, Verdict, judge},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is offered of each rule.
#[derive(Debug, Default)]
pub(super) struct Offered {
    rules: BTreeMap<&'static str, Rule>,
}

#[derive(Debug, Default)]
struct Rule {
    /// What is missing, of the vectors that cannot be asked.
    missing: Option<String>,
    /// Whether a vector can be asked.
    is_asked: bool,
    /// The operations of its vectors that read or write one cookie.
    ops: BTreeSet<Op>,
}

impl Offered {
    /// What an implementation offers, found once for all rules.
    pub(super) fn of(capabilities: &Capabilities) -> Self {
        let vectors = vectors::shared().unwrap_or_default();
        let cases: Vec<_> =
            vectors.iter().map(|ready| Case { scenario: &ready.scenario, recorded: &ready.recorded }).collect();
        let mut offered = Self::default();
        for (ready, verdict) in vectors.iter().zip(judge(&Declared(capabilities), &cases).unwrap_or_default()) {
            let missing = match verdict {
                Verdict::Inconclusive(Inconclusive::NotOffered(what)) => Some(what),
                _ => carries_missing_kind(ready, capabilities),
            };
            for rule in &ready.vector.rules {
                let rule = offered.rules.entry(rule).or_default();
                rule.is_asked |= missing.is_none();
                rule.missing = rule.missing.take().or_else(|| missing.clone());
                if let Scenario::Single(Call::Sign(_) | Call::Verify(_)) = &ready.scenario {
                    rule.ops.extend(ready.scenario.next(&[]).map(|call| call.op()));
                }
            }
        }
        for rule in offered.rules.values_mut() {
            rule.ops.retain(|op| !capabilities.ops.contains(op));
        }
        offered
    }

    /// What is missing, where no vector of a rule can be asked.
    pub(super) fn missing(&self, rule: &str) -> Option<&str> {
        self.rules.get(rule).filter(|rule| !rule.is_asked)?.missing.as_deref()
    }

    /// The operation that half of a rule is about, and that is missing: one that reads, of a rule about writing too, or the other
    /// way round.
    pub(super) fn missing_half(&self, rule: &str) -> Option<Op> {
        self.rules.get(rule)?.ops.first().copied()
    }
}

/// The kind of value whose tag stands in a cookie, and which is not offered. Whatever an implementation without it makes of
/// such a cookie, it may say that it does not have this.
fn carries_missing_kind(ready: &LoadedVector, capabilities: &Capabilities) -> Option<String> {
    const TAGS: [(&str, ValueKind); 5] = [
        (" b", ValueKind::Bytes),
        (" d", ValueKind::Datetime),
        (" m", ValueKind::Markup),
        (" t", ValueKind::Tuple),
        (" u", ValueKind::Uuid),
    ];
    let Scenario::Single(Call::Verify(call)) = &ready.scenario else { return None };
    let payload = call.cookie.rsplitn(3, '.').nth(2)?;
    let text = payload::text(payload.as_bytes(), &Choices::default())?;
    let is_missing =
        |(tag, kind): &&(&str, ValueKind)| !capabilities.values.contains(kind) && text.contains(&format!("\"{tag}\""));
    TAGS.iter().find(is_missing).map(|(_, kind)| format!("values of kind {kind}"))
}

/// Everything that is declared, and no more: it is asked only what the declarations allow, and breaks then.
struct Declared<'h>(&'h Capabilities);

impl Implementation for Declared<'_> {
    fn capabilities(&self) -> Capabilities {
        self.0.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Ok(calls.iter().map(|_| Reply::Error("it was asked".to_owned())).collect())
    }
}
