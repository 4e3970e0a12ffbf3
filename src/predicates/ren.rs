//! REN: renewal.

use super::{
    given,
    notation::cookie::{self, Parts},
    observed::Observed,
};
use crate::protocol::Base64Choice::Lenient;

/// `keyed ∧ permanent(S) ∧ refresh ∧ writable ⇒ set`
pub(super) fn ren_1(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    given(o.keyed() && Observed::permanent(&view.session) && o.refresh() && o.writable()?, || o.set())
}

/// `¬refresh ∧ ¬modified ⇒ ¬set ∧ ¬deleted`
pub(super) fn ren_2(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    given(!o.refresh() && !view.modified, || !o.set() && !o.deleted())
}

/// `¬permanent(S) ∧ ¬modified ⇒ ¬set`
pub(super) fn ren_3(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    given(!Observed::permanent(&view.session) && !view.modified, || !o.set())
}

/// `keyed ∧ permanent(S) ∧ refresh ∧ writable ∧ (status ≠ 200 ∨ ¬ran) ⇒ set`
pub(super) fn ren_4(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_other = o.response()?.status != 200 || !view.ran;
    let renews = o.keyed() && Observed::permanent(&view.session) && o.refresh() && o.writable()?;
    given(renews && is_other, || o.set())
}

/// `set ⇒ ts(w) = ⌊now⌋ ∧ (permanent(S) ⇒ Expires(y) = ⌊now + C.lifetime⌋)`
pub(super) fn ren_5(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref().filter(|_| o.set())?;
    let ts = Parts::of(o.w()?).and_then(|w| cookie::timestamp(w.t?, Lenient));
    let expires = o.y()?.expires().flatten().map(i128::from);
    let is_renewed = !Observed::permanent(&view.session) || expires == Some(o.end());
    Some(ts.map(i128::from) == Some(o.second()) && is_renewed)
}

/// `timed(v) ∧ load(p) ∉ {fails, {}} ⇒ (opened = load(p) ⇔ 0 ≤ ⌊now⌋ - ts ≤ max)`
pub(super) fn ren_6(o: &Observed<'_>) -> Option<bool> {
    let opened = o.opened()?;
    let loaded = o.loaded().filter(|_| o.timed())?;
    let age = o.second() - i128::from(o.ts?);
    Some((opened == loaded) == (0 <= age && age <= o.max()))
}
