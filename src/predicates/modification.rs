//! MOD: modification.

use super::{
    given,
    notation::{
        payload::lossy,
        view::{Step, View},
    },
    observed::{Decision, Observed},
    together,
};
use crate::{protocol::Action, value::Value};

/// The steps of a view with their observed results; none if a step has no result.
pub(super) fn results<'o>(
    o: &'o Observed<'_>,
    view: &'o View<'_>,
) -> impl Iterator<Item = (&'o Step<'o>, Option<&'o Value>)> {
    let results = o.response().map_or(&[][..], |response| &response.results);
    view.steps.iter().enumerate().map(|(place, step)| (step, results.get(place)))
}

/// `do(a) = "set" ⇒ flag(a) = true`
pub(super) fn mod_1(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::Set { .. }) && step.result.is_some())
}

/// ```text
/// do(a) ∈ {"delete", "pop", "popitem"} ∧ there(a) ⇒ flag(a) = true
/// do(a) ∈ {"delete", "pop", "popitem"} ∧ ¬there(a) ∧ default(a) = ∅ ⇒ result(a) = ∅ ∧ flag(a) = before(a)
/// ```
pub(super) fn mod_2(o: &Observed<'_>) -> Option<bool> {
    let takes = |step: &Step<'_>| matches!(step.action, Action::Delete { .. } | Action::Pop { .. } | Action::PopItem);
    let has_default = |step: &Step<'_>| matches!(step.action, Action::Pop { default: Some(_), .. });
    let flags = o.flag(|step| takes(step) && (step.there() || !has_default(step)));
    let raises = o.view.as_ref().filter(|_| o.keyed()).and_then(|view| {
        let missing = |step: &Step<'_>| takes(step) && !step.there() && !has_default(step);
        together(results(o, view).map(|(step, result)| given(missing(step), || result.is_none())))
    });
    together([flags, raises])
}

/// `do(a) ∈ {"update", "union", "clear"} ⇒ flag(a) = true`
pub(super) fn mod_3(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::Update { .. } | Action::Union { .. } | Action::Clear))
}

/// ```text
/// do(a) = "setdefault" ⇒ flag(a) = (before(a) ∨ ¬there(a))
/// do(a) = "pop" ∧ default(a) ≠ ∅ ⇒ flag(a) = (before(a) ∨ there(a))
/// ```
pub(super) fn mod_4(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::SetDefault { .. } | Action::Pop { default: Some(_), .. }))
}

/// `do(a) ∈ {"mutate", "append"} ⇒ flag(a) = before(a)`
pub(super) fn mod_5(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::Mutate { .. } | Action::Append { .. }))
}

/// `set ∧ (∃ a: do(a) ∈ {"mutate", "append"} ∧ result(a) ≠ ∅) ⇒ load(p(w)) = lossy(S)`
pub(super) fn mod_6(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref().filter(|_| o.set())?;
    let is_nested = |step: &Step<'_>| matches!(step.action, Action::Mutate { .. } | Action::Append { .. });
    let lossy = lossy(&view.session)?;
    given(results(o, view).any(|(step, result)| is_nested(step) && result.is_some()), || {
        o.written.as_ref().is_some_and(|written| written.session.as_ref() == Ok(&lossy))
    })
}

/// `do(a) = "set_modified" ⇒ flag(a) = argument(a)`
pub(super) fn mod_7(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::SetModified { .. }))
}

/// `(∀ b ≤ a: do(b) ∈ reads) ⇒ flag(a) = false`
pub(super) fn mod_8(o: &Observed<'_>) -> Option<bool> {
    let steps = &o.view.as_ref()?.steps;
    let only_reads = |place: usize| place > 0 && steps[..place].iter().all(Step::reads);
    together(o.sightings().into_iter().map(|(place, flag)| given(only_reads(place), || !flag)))
}

/// ```text
/// keyed ∧ failed ∧ writable ⇒
///   (set ⇔ S ≠ {} ∧ (modified ∨ (permanent(S) ∧ refresh))) ∧ (deleted ⇔ S = {} ∧ modified)
/// ```
pub(super) fn mod_9(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let renews = Observed::permanent(&view.session) && o.refresh();
    given(o.keyed() && view.failed() && o.writable()?, || {
        o.set() == (!view.session.is_empty() && (view.modified || renews))
            && o.deleted() == (view.session.is_empty() && view.modified)
    })
}

/// ```text
/// valid(v) ∧ load(p) ≠ fails ⇒ opened = load(p)
/// keyed ∧ ran ⇒ ∀ a: result(a) = act(a)
/// ```
pub(super) fn mod_10(o: &Observed<'_>) -> Option<bool> {
    let loaded = o.payload.as_ref().filter(|_| o.valid()).and_then(|payload| payload.session.as_ref().ok());
    let is_request = o.response().is_some();
    let opened = loaded.filter(|_| is_request).map(|session| o.opens_as(&Decision::Session(session.clone())));
    let acts = o
        .view
        .as_ref()
        .filter(|view| o.keyed() && view.ran)
        .and_then(|view| together(results(o, view).map(|(step, result)| Some(is_result(step, result)))));
    together([opened, acts])
}

/// `result(a) = act(a)`; the keys of an iteration come in any order.
pub(super) fn is_result(step: &Step<'_>, result: Option<&Value>) -> bool {
    match (step.action, &step.result, result) {
        (Action::Iterate, Some(Value::List(keys)), Some(Value::List(got))) => {
            keys.len() == got.len() && keys.iter().all(|key| got.contains(key))
        }
        (_, expected, got) => expected.as_ref() == got,
    }
}
