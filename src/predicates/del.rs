//! DEL: deletion.

use super::{
    given,
    observed::{Decision, Observed},
    set::{set_2, set_3, set_4, set_5, set_6, set_7},
    together,
};

/// `deleted ⇔ keyed ∧ S = {} ∧ modified ∧ writable`
pub(super) fn del_1(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_called_for = o.keyed() && view.session.is_empty() && view.modified;
    Some(o.deleted() == (is_called_for && o.writable()?))
}

/// `deleted ⇒ SET-2 ∧ SET-3 ∧ SET-4 ∧ SET-5 ∧ SET-6 ∧ SET-7`
pub(super) fn del_2(o: &Observed<'_>) -> Option<bool> {
    let rules = || together([set_2, set_3, set_4, set_5, set_6, set_7].map(|rule| rule(o)));
    o.deleted().then(rules).flatten()
}

/// `deleted ⇒ value(y) = "" ∧ Expires(y) = 0 ∧ Max-Age(y) = 0`
pub(super) fn del_3(o: &Observed<'_>) -> Option<bool> {
    let y = o.y().filter(|_| o.deleted())?;
    Some(y.value.is_empty() && y.expires() == Some(Some(0)) && y.get("max-age") == Some("0"))
}

/// `S = {} ∧ ¬modified ⇒ ¬set ∧ ¬deleted`
pub(super) fn del_4(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    given(view.session.is_empty() && !view.modified, || !o.set() && !o.deleted())
}

/// `keyed ∧ keys(S) = ["_permanent"] ∧ modified ∧ writable ⇒ set ∧ ¬deleted`
pub(super) fn del_5(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_alone = view.session.len() == 1 && view.session.contains_key("_permanent");
    given(o.keyed() && is_alone && view.modified && o.writable()?, || o.set() && !o.deleted())
}

/// `decide(v) = rejected ∧ S = {} ∧ ¬modified ⇒ ¬set ∧ ¬deleted`
pub(super) fn del_6(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_rejected = o.v().is_some() && matches!(o.decide()?, Decision::Rejected(_));
    given(is_rejected && view.session.is_empty() && !view.modified, || !o.set() && !o.deleted())
}
