//! SIG: signature.

use super::{
    given,
    notation::{
        Not,
        cookie::{self, Parts, b64},
    },
    observed::{Decision, LAST_SECOND, Observed},
    together,
};
use crate::protocol::{Base64Choice::Lenient, OnInvalid, Reason};

/// ```text
/// w ≠ ∅       ⇒ w = p(w) ‖ "." ‖ t(w) ‖ "." ‖ g(w) ∧ #unb64(g(w)) = #HMAC
/// accepted(v) ⇒ v = p ‖ "." ‖ t ‖ "." ‖ g ∧ open(v) = load(p)
/// ```
pub(super) fn sig_1(o: &Observed<'_>) -> Option<bool> {
    let has_parts = |w| {
        let size = o.hmac(o.secret, b"").len();
        let parts = Parts::of(w).filter(|w| w.p.is_some());
        parts.and_then(|w| cookie::unb64(w.g, Lenient)).is_some_and(|g| g.len() == size)
    };
    let is_loaded = || match o.payload.as_ref().map(|payload| &payload.session) {
        Some(Err(Not::Known)) => true,
        Some(Ok(session)) => o.opens_as(&Decision::Session(session.clone())),
        _ => false,
    };
    let read = given(o.accepted(), || o.parts().is_some_and(|v| v.p.is_some()) && is_loaded());
    together([o.w().map(has_parts), read])
}

/// ```text
/// w ≠ ∅       ⇒ ∃ s ∈ {secret} ∪ F: unb64(g(w)) = HMAC(key(s), p(w) ‖ "." ‖ t(w))
/// accepted(v) ⇒ ∃ s ∈ {secret} ∪ F: unb64(g) = HMAC(key(s), p ‖ "." ‖ t)
/// ```
pub(super) fn sig_2(o: &Observed<'_>) -> Option<bool> {
    let is_made = |value: &str| {
        let Some(Parts { p: Some(p), t: Some(t), g, .. }) = Parts::of(value) else { return false };
        let covered = [p, b".", t].concat();
        cookie::unb64(g, Lenient).is_some_and(|g| o.keys().any(|s| g == o.hmac(s, &covered)))
    };
    together([o.w().map(is_made), given(o.accepted(), || o.v().is_some_and(is_made))])
}

/// `w ≠ ∅ ⇒ canonical(w)`
pub(super) fn sig_3(o: &Observed<'_>) -> Option<bool> {
    o.w().map(Observed::canonical)
}

/// `w ≠ ∅ ⇒ t(w) = b64(be(⌊now⌋))`
pub(super) fn sig_4(o: &Observed<'_>) -> Option<bool> {
    let second = u64::try_from(o.second()).ok()?;
    Some(Parts::of(o.w()?)?.t? == b64(&cookie::be(second)).as_bytes())
}

/// `accepted(v) ⇒ keyed ∧ signed(v)`
pub(super) fn sig_5(o: &Observed<'_>) -> Option<bool> {
    given(o.accepted(), || o.keyed() && o.signed)
}

/// `examined(v) ∧ ¬signed(v) ⇒ open(v) = rejected`
pub(super) fn sig_6(o: &Observed<'_>) -> Option<bool> {
    given(o.examined() && !o.signed, || o.opens_as(&Decision::Rejected(Reason::Signature)))
}

/// ```text
/// examined(v) ∧ ¬canonical(v) ⇒ open(v) = decide(v)
/// lenient:  unb64(z) = python(pad(z))
/// strict:   unb64(z) = b if b64(b) = z, else fails
/// ```
pub(super) fn sig_7(o: &Observed<'_>) -> Option<bool> {
    let is_other = o.examined() && o.v().is_some_and(|v| !Observed::canonical(v));
    o.opens_as_decided().filter(|_| is_other)
}

/// `examined(v) ∧ signed(v) ∧ ts = ∅ ⇒ open(v) = rejected`
pub(super) fn sig_8(o: &Observed<'_>) -> Option<bool> {
    given(o.examined() && o.signed && o.ts.is_none(), || o.opens_as(&Decision::Rejected(Reason::Timestamp)))
}

/// ```text
/// raise:   examined(v) ∧ signed(v) ∧ ts > 253402300799 ⇒ open(v) = raised
/// reject:  examined(v) ∧ signed(v) ∧ ts > 253402300799 ⇒ open(v) = rejected
/// ```
pub(super) fn sig_9(o: &Observed<'_>) -> Option<bool> {
    let is_beyond = o.examined() && o.signed && o.ts.is_some_and(|ts| ts > LAST_SECOND);
    given(is_beyond, || match o.choices.timestamp_range {
        OnInvalid::Raise => o.opens_as(&Decision::Raised),
        OnInvalid::Reject => o.opens_as(&Decision::Rejected(Reason::Timestamp)),
    })
}

/// `examined(v) ∧ (∀ s ∈ {secret} ∪ F: #unb64(g) ≠ #HMAC ∨ unb64(g) ≠ HMAC(key(s), x)) ⇒ open(v) = rejected`
pub(super) fn sig_10(o: &Observed<'_>) -> Option<bool> {
    let v = o.parts()?;
    let g = cookie::unb64(v.g, o.choices.base64)?;
    let is_none_whole = o.keys().map(|s| o.hmac(s, v.x)).all(|mac| g.len() != mac.len() || g != mac);
    given(o.examined() && is_none_whole, || o.opens_as(&Decision::Rejected(Reason::Signature)))
}
