//! CFG: defaults.

use super::{
    given,
    notation::cookie::{Parts, b64, hmac},
    observed::Observed,
    together,
};
use crate::config::Digest;

/// 31 days in seconds.
const MONTH: i128 = 2_678_400;

/// ```text
/// bare ∧ keyed ∧ w ≠ ∅       ⇒ g(w) = b64(HMAC(HMAC(secret, "cookie-session"), x(w)))
/// bare ∧ (set ∨ deleted)     ⇒ name(y) = "session" ∧ Path(y) = "/" ∧ HttpOnly(y) ≠ ∅
/// bare ∧ (set ∨ deleted)     ⇒ Domain(y) = ∅ ∧ Secure(y) = ∅ ∧ SameSite(y) = ∅ ∧ Partitioned(y) = ∅
/// bare ∧ set ∧ permanent(S)  ⇒ Expires(y) = ⌊now⌋ + 2678400
/// bare ∧ accepted(v)         ⇒ 0 ≤ age ≤ 2678400
/// ```
pub(super) fn cfg_1(o: &Observed<'_>) -> Option<bool> {
    if !o.bare() {
        return None;
    }
    let signed = o.w().and_then(Parts::of).filter(|_| o.keyed()).map(|w| {
        let key = hmac(Digest::Sha1, o.secret, b"cookie-session");
        w.g == b64(&hmac(Digest::Sha1, &key, w.x)).as_bytes()
    });
    let y = o.y();
    let there = y.map(|y| y.is_session && y.get("path") == Some("/") && y.get("httponly").is_some());
    let absent =
        y.map(|y| ["domain", "secure", "samesite", "partitioned"].into_iter().all(|name| y.get(name).is_none()));
    let permanent = o.view.as_ref().is_some_and(|view| o.set() && Observed::permanent(&view.session));
    let expires =
        y.and_then(|y| given(permanent, || y.expires().flatten().map(i128::from) == Some(o.second() + MONTH)));
    let young = given(o.accepted(), || o.age().is_some_and(|age| (0..=MONTH).contains(&age)));
    together([signed, there, absent, expires, young])
}
