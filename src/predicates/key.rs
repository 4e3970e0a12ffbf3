//! KEY: keys.

use super::{
    given,
    modification::{is_result, results},
    notation::{
        cookie::{self, Parts, b64},
        view::is_write,
    },
    observed::Observed,
    together,
};
use crate::{
    config::{Digest, Fallbacks, Key},
    protocol::Base64Choice::Lenient,
};

/// `standard ∧ w ≠ ∅ ⇒ ∃ s ∈ {secret} ∪ F: unb64(g(w)) = HMAC(HMAC(s, "cookie-session"), x(w))`
pub(super) fn key_1(o: &Observed<'_>) -> Option<bool> {
    let w = Parts::of(o.w()?)?;
    given(o.standard(), || {
        let mac = |s: &[u8]| cookie::hmac(Digest::Sha1, &cookie::hmac(Digest::Sha1, s, b"cookie-session"), w.x);
        cookie::unb64(w.g, Lenient).is_some_and(|g| o.keys().any(|s| g == mac(s)))
    })
}

/// `w ≠ ∅ ⇒ g(w) = b64(HMAC(key(secret), x(w)))`
pub(super) fn key_2(o: &Observed<'_>) -> Option<bool> {
    let w = Parts::of(o.w()?)?;
    Some(w.g == b64(&o.hmac(o.secret, w.x)).as_bytes())
}

/// `sound(v) ∧ F ≠ [] ⇒ (open(v) = load(p) ⇔ signed(v))`
pub(super) fn key_3(o: &Observed<'_>) -> Option<bool> {
    given(o.sound() && !o.fallbacks.is_empty(), || o.opens_as_loaded() == o.signed)
}

/// ```text
/// C.fallback_keys ∈ text ∧ sound(v) ⇒ (open(v) = load(p) ⇔ signed(v))
/// letters:  F = [c : c ∈ C.fallback_keys]
/// whole:    F = [C.fallback_keys], or [] if that is ""
/// ```
pub(super) fn key_4(o: &Observed<'_>) -> Option<bool> {
    let is_text = matches!(o.config.fallback_keys, Some(Fallbacks::Text(_)));
    given(is_text && o.sound(), || o.opens_as_loaded() == o.signed)
}

/// ```text
/// ¬keyed ⇒ opened = {} ∧ w = ∅ ∧ ¬set ∧ ¬deleted ∧ ¬vary
/// ¬keyed ∧ ran ⇒ ∀ a: result(a) = act(a) ∧ (do(a) ∈ writes ⇒ result(a) = ∅)
/// ```
pub(super) fn key_5(o: &Observed<'_>) -> Option<bool> {
    let empty = given(!o.keyed(), || {
        let is_empty = o.response().is_none_or(|response| response.opened.as_ref().is_some_and(|s| s.is_empty()));
        is_empty && !o.accepted() && o.w().is_none() && !o.set() && !o.deleted() && !o.vary()
    });
    let view = o.view.as_ref().filter(|view| view.ran && !o.keyed());
    let acts = view.map(|view| {
        let mut acts = results(o, view).map(|(step, result)| (step, result, is_write(step.action)));
        acts.all(|(step, result, writes)| is_result(step, result) && !(writes && result.is_some()))
    });
    together([empty, acts])
}

/// ```text
/// bytes(k) = k where k ∈ bytes, UTF-8(k) where k ∈ text
/// w ≠ ∅    ⇒ g(w) = b64(HMAC(key(bytes(C.secret_key)), x(w)))
/// sound(v) ⇒ (open(v) = load(p) ⇔ signed(v))
/// ```
pub(super) fn key_6(o: &Observed<'_>) -> Option<bool> {
    let bytes = |key: &Key| match key {
        Key::Bytes(bytes) => bytes.clone(),
        Key::Text(text) => text.as_bytes().to_vec(),
    };
    let secret = o.config.secret_key.as_ref().map(bytes)?;
    let written = o.w().and_then(Parts::of).map(|w| w.g == b64(&o.hmac(&secret, w.x)).as_bytes());
    together([written, given(o.sound(), || o.opens_as_loaded() == o.signed)])
}

/// ```text
/// C.key_derivation = "hmac"           key(s) = HMAC(s, UTF-8(C.salt))
///                  = "concat"         key(s) = H(UTF-8(C.salt) ‖ s)
///                  = "django-concat"  key(s) = H(UTF-8(C.salt) ‖ "signer" ‖ s)
///                  = "none"           key(s) = s
/// ¬standard ∧ w ≠ ∅    ⇒ g(w) = b64(HMAC(key(secret), x(w)))
/// ¬standard ∧ sound(v) ⇒ (open(v) = load(p) ⇔ signed(v))
/// ```
pub(super) fn key_7(o: &Observed<'_>) -> Option<bool> {
    let written = o.w().and_then(Parts::of).map(|w| w.g == b64(&o.hmac(o.secret, w.x)).as_bytes());
    let both = together([written, given(o.sound(), || o.opens_as_loaded() == o.signed)]);
    both.filter(|_| !o.standard())
}
