//! PERM: permanence.

use super::{
    given,
    notation::{header::SetCookie, payload::lossy},
    observed::Observed,
    together,
};
use crate::{
    protocol::Action,
    value::{Map, Value},
};

/// `set`, with `y` and `S`.
fn set<'o>(o: &'o Observed<'_>) -> Option<(&'o SetCookie, &'o Map)> {
    Some((o.y().filter(|_| o.set())?, &o.view.as_ref()?.session))
}

/// ```text
/// permanent(S) ⇔ "_permanent" ∈ keys(S) ∧ S._permanent ∉ {null, false, 0, 0.0, "", [], {}, (), b""}
/// set ⇒ (Expires(y) ≠ ∅ ⇔ permanent(S)) ∧ load(p(w))._permanent = lossy(S)._permanent
/// do(a) = "permanent" ⇒ result(a) = S(a)._permanent, or false if that is ∅
/// ```
pub(super) fn perm_1(o: &Observed<'_>) -> Option<bool> {
    let key = Value::from("_permanent");
    let written = set(o).map(|(y, session)| {
        let loaded = o.written.as_ref().and_then(|written| written.session.as_ref().ok());
        let travels =
            lossy(session).is_none_or(|lossy| loaded.is_some_and(|loaded| loaded.get(&key) == lossy.get(&key)));
        y.expires().is_some() == Observed::permanent(session) && travels
    });
    let results = o.response().map_or(&[][..], |response| &response.results);
    let read = |step: &super::notation::view::Step<'_>, result: &Value| {
        let stored = step.session.get(&key).cloned().unwrap_or(Value::Bool(false));
        given(matches!(step.action, Action::Permanent), || *result == stored)
    };
    let steps = o.view.iter().flat_map(|view| &view.steps).zip(results).map(|(step, result)| read(step, result));
    together([written].into_iter().chain(steps))
}

/// `do(a) ∈ {"set_permanent", "set_permanent_to"} ⇒ flag(a) = true`
pub(super) fn perm_2(o: &Observed<'_>) -> Option<bool> {
    o.flag(|step| matches!(step.action, Action::SetPermanent { .. } | Action::SetPermanentTo { .. }))
}

/// `set ∧ permanent(S) ⇒ Expires(y) = ⌊now + C.lifetime⌋`
pub(super) fn perm_3(o: &Observed<'_>) -> Option<bool> {
    let (y, session) = set(o)?;
    given(Observed::permanent(session), || y.expires().flatten().map(i128::from) == Some(o.end()))
}

/// `set ∧ ¬permanent(S) ⇒ Expires(y) = ∅`
pub(super) fn perm_4(o: &Observed<'_>) -> Option<bool> {
    let (y, session) = set(o)?;
    given(!Observed::permanent(session), || y.expires().is_none())
}

/// `keyed ∧ permanent(opened) ∧ S._permanent = false ∧ modified ∧ writable ⇒ set ∧ Expires(y) = ∅`
pub(super) fn perm_5(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_ended = Observed::permanent(o.opened()?) && view.session.get("_permanent") == Some(&false.into());
    given(o.keyed() && is_ended && view.modified && o.writable()?, || {
        o.set() && o.y().is_some_and(|y| y.expires().is_none())
    })
}

/// `set ⇒ Max-Age(y) = ∅`
pub(super) fn perm_6(o: &Observed<'_>) -> Option<bool> {
    set(o).map(|(y, _)| y.get("max-age").is_none())
}
