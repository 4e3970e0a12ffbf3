//! HDR: Cookie header.

use super::{given, observed::Observed};
use crate::protocol::Call;

/// The Cookie header of a request to a server with a secret key.
fn header<'o>(o: &Observed<'o>) -> Option<&'o str> {
    match o.call {
        Call::Exchange(call) => call.cookie_header.as_deref().filter(|_| o.keyed()),
        _ => None,
    }
}

/// ```text
/// #named > 1 ⇒ open(v) = decide(v)
/// first:  v = value(named₁)
/// last:   v = value(namedₙ) where n = #named
/// ```
pub(super) fn hdr_1(o: &Observed<'_>) -> Option<bool> {
    header(o).filter(|_| o.found.named > 1).and_then(|_| o.opens_as_decided())
}

/// `quoted(v) ⇒ open(v) = decide(v)`
pub(super) fn hdr_2(o: &Observed<'_>) -> Option<bool> {
    header(o).filter(|_| o.found.quoted).and_then(|_| o.opens_as_decided())
}

/// `skipped(header) ⇒ open(v) = decide(v)`
pub(super) fn hdr_3(o: &Observed<'_>) -> Option<bool> {
    header(o).filter(|_| o.found.skipped).and_then(|_| o.opens_as_decided())
}

/// `v = "" ⇒ opened = {}`
pub(super) fn hdr_4(o: &Observed<'_>) -> Option<bool> {
    let response = o.response().filter(|_| o.v() == Some(""))?;
    Some(response.opened.as_ref().is_some_and(|opened| opened.is_empty()))
}

/// `near(header) ⇒ open(v) = decide(v)`
pub(super) fn hdr_5(o: &Observed<'_>) -> Option<bool> {
    header(o).filter(|_| o.found.near).and_then(|_| o.opens_as_decided())
}

/// `(∃ b ∈ header: b > 127) ⇒ open(v) = decide(v)`
pub(super) fn hdr_6(o: &Observed<'_>) -> Option<bool> {
    let has_byte = |header: &&str| header.chars().any(|byte| byte > '\u{7F}');
    given(header(o).filter(has_byte).is_some(), || o.opens_as_decided() != Some(false))
}
