//! VARY: Vary.

use super::{given, observed::Observed};

/// `keyed ∧ accessed ⇒ vary`
pub(super) fn vary_1(o: &Observed<'_>) -> Option<bool> {
    given(o.keyed() && o.view.as_ref()?.accessed, || o.vary())
}

/// `set ∨ deleted ⇒ vary`
pub(super) fn vary_2(o: &Observed<'_>) -> Option<bool> {
    given(o.set() || o.deleted(), || o.vary())
}

/// `¬accessed ∧ ¬set ∧ ¬deleted ⇒ ¬vary`
pub(super) fn vary_3(o: &Observed<'_>) -> Option<bool> {
    given(!o.view.as_ref()?.accessed && !o.set() && !o.deleted(), || !o.vary())
}

/// `late ∧ ¬set ∧ ¬deleted ⇒ ¬vary`
pub(super) fn vary_4(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let is_late = view.streams.is_some() && !view.accessed;
    given(is_late && !o.set() && !o.deleted(), || !o.vary())
}
