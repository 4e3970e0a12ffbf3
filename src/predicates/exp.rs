//! EXP: age.

use super::{
    given,
    notation::cookie::{self, Parts},
    observed::{Decision, Observed},
    together,
};
use crate::protocol::{Base64Choice::Lenient, Reason};

/// `open(v) = rejected`, as too old or from the future.
fn is_rejected_for_age(o: &Observed<'_>) -> bool {
    let is_old = o.age().is_some_and(|age| age > o.max());
    o.opens_as(&Decision::Rejected(if is_old { Reason::Expired } else { Reason::Future }))
}

/// `timed(v) ∧ load(p) ∉ {fails, {}}`.
fn decided_by_age(o: &Observed<'_>) -> bool {
    o.timed() && o.loaded().is_some()
}

/// `timed(v) ∧ load(p) ∉ {fails, {}} ⇒ (open(v) = load(p) ⇔ 0 ≤ age ≤ max)`
pub(super) fn exp_1(o: &Observed<'_>) -> Option<bool> {
    given(decided_by_age(o), || o.opens_as_loaded() == o.fresh())
}

/// `timed(v) ∧ load(p) ∉ {fails, {}} ∧ max ≥ 0 ⇒ (age = max ⇒ open(v) = load(p)) ∧ (age = max + 1 ⇒ open(v) = rejected)`
pub(super) fn exp_2(o: &Observed<'_>) -> Option<bool> {
    let (age, max) = (o.age()?, o.max());
    let is_edge = age == max || age == max + 1;
    given(decided_by_age(o) && max >= 0 && is_edge, || {
        if age == max { o.opens_as_loaded() } else { o.opens_as(&Decision::Rejected(Reason::Expired)) }
    })
}

/// `timed(v) ∧ ⌊now⌋ < ts ⇒ open(v) = rejected`
pub(super) fn exp_3(o: &Observed<'_>) -> Option<bool> {
    given(o.timed() && o.age()? < 0, || is_rejected_for_age(o))
}

/// `∀ b ∈ {true, false}: timed(v) ∧ load(p) ∉ {fails, {}} ∧ permanent(load(p)) = b ⇒ (accepted(v) ⇔ 0 ≤ age ≤ max)`
pub(super) fn exp_4(o: &Observed<'_>) -> Option<bool> {
    together([true, false].map(|b| {
        let is_such = o.loaded().is_some_and(|session| Observed::permanent(session) == b);
        given(o.timed() && is_such, || o.accepted() == o.fresh())
    }))
}

/// `C.lifetime ≠ ⌊C.lifetime⌋ ∧ timed(v) ∧ load(p) ∉ {fails, {}} ⇒ (open(v) = load(p) ⇔ 0 ≤ age ≤ trunc(C.lifetime))`
pub(super) fn exp_5(o: &Observed<'_>) -> Option<bool> {
    let whole = o.lifetime() / 1_000_000;
    let has_fraction = o.lifetime() % 1_000_000 != 0;
    let age = o.age()?;
    given(has_fraction && decided_by_age(o), || o.opens_as_loaded() == (0 <= age && age <= whole))
}

/// `timed(v) ∧ load(p) ∉ {fails, {}} ⇒ (opened = load(p) ⇔ 0 ≤ age ≤ trunc(C.lifetime))`
pub(super) fn exp_6(o: &Observed<'_>) -> Option<bool> {
    let opened = o.opened()?;
    let loaded = o.loaded().filter(|_| o.timed())?;
    Some((opened == loaded) == o.fresh())
}

/// ```text
/// timed(v) ∧ load(p) ∉ {fails, {}} ∧ max = 0 ⇒ (accepted(v) ⇔ age = 0)
/// timed(v) ∧ max < 0 ⇒ open(v) = rejected
/// ```
pub(super) fn exp_7(o: &Observed<'_>) -> Option<bool> {
    let zero = given(decided_by_age(o) && o.max() == 0, || o.accepted() == (o.age() == Some(0)));
    together([zero, given(o.timed() && o.max() < 0, || is_rejected_for_age(o))])
}

/// ```text
/// now ≠ ⌊now⌋ ∧ timed(v) ∧ load(p) ∉ {fails, {}} ⇒ (open(v) = load(p) ⇔ 0 ≤ ⌊now⌋ - ts ≤ max)
/// now ≠ ⌊now⌋ ∧ w ≠ ∅ ⇒ ts(w) = ⌊now⌋
/// ```
pub(super) fn exp_8(o: &Observed<'_>) -> Option<bool> {
    let read = given(decided_by_age(o), || o.opens_as_loaded() == o.fresh());
    let t = o.w().and_then(Parts::of).and_then(|w| w.t);
    let written = t.map(|t| cookie::timestamp(t, Lenient).map(i128::from) == Some(o.second()));
    together([read, written]).filter(|_| o.has_fraction())
}

/// ```text
/// span  ⇔ -86399999913600 ≤ C.lifetime < 86400000000000
/// dates ⇔ -62135596800 ≤ now + C.lifetime < 253402300800
/// keyed ∧ v ∉ {∅, ""} ∧ ¬span ⇒ open(v) = raised
/// keyed ∧ due ∧ permanent(S) ∧ ¬(span ∧ dates) ⇒ w = ∅
/// examined(v) ∧ ¬dates ⇒ open(v) = decide(v)
/// ```
pub(super) fn exp_9(o: &Observed<'_>) -> Option<bool> {
    let is_given = o.keyed() && o.v().is_some_and(|v| !v.is_empty());
    let opening = given(is_given && !o.span(), || o.opens_as(&Decision::Raised));
    let is_written = |view: &super::notation::view::View<'_>| {
        Observed::permanent(&view.session) && o.keyed() && o.due() == Some(true) && !(o.span() && o.dates())
    };
    let writing = given(o.view.as_ref().is_some_and(is_written), || o.w().is_none());
    let reading = o.opens_as_decided().filter(|_| o.examined() && !o.dates());
    together([opening, writing, reading])
}

/// `timed(v) ∧ F ≠ [] ∧ ¬(0 ≤ age ≤ max) ⇒ open(v) = rejected`
pub(super) fn exp_10(o: &Observed<'_>) -> Option<bool> {
    given(o.timed() && !o.fallbacks.is_empty() && !o.fresh(), || is_rejected_for_age(o))
}
