//! SET: Set-Cookie.

use super::{
    given,
    notation::{
        header::{self, SetCookie},
        payload::lossy,
        written::dump,
    },
    observed::{Decision, Observed},
    together,
};

/// `y`, where `set ∨ deleted`.
fn sent<'o>(o: &'o Observed<'_>) -> Option<&'o SetCookie> {
    o.y()
}

/// `set ⇔ keyed ∧ S ≠ {} ∧ (modified ∨ (permanent(S) ∧ refresh)) ∧ writable`
pub(super) fn set_1(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    let renews = Observed::permanent(&view.session) && o.refresh();
    let is_called_for = o.keyed() && !view.session.is_empty() && (view.modified || renews);
    Some(o.set() == (is_called_for && o.writable()?))
}

/// `∀ y ∈ cookies: name(y) = UTF-8(C.cookie_name)`
pub(super) fn set_2(o: &Observed<'_>) -> Option<bool> {
    together(o.cookies.iter().map(|y| Some(y.is_session)))
}

/// `set ∨ deleted ⇒ Domain(y) = ∅ if C.cookie_domain = ∅, else idna(strip(C.cookie_domain))`
pub(super) fn set_3(o: &Observed<'_>) -> Option<bool> {
    let domain = sent(o)?.get("domain");
    match &o.config.cookie_domain {
        None => Some(domain.is_none()),
        Some(configured) => {
            let is_it = |domain: &str| domain.eq_ignore_ascii_case(header::strip(configured));
            given(configured.is_ascii(), || domain.is_some_and(is_it))
        }
    }
}

/// `set ∨ deleted ⇒ Path(y) = quote(C.cookie_path), or quote(C.application_root) if that is ∅ or ""`
pub(super) fn set_4(o: &Observed<'_>) -> Option<bool> {
    let path = o.config.cookie_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(&o.config.application_root);
    Some(sent(o)?.get("path") == Some(header::quote(path).as_str()))
}

/// `set ∨ deleted ⇒ (HttpOnly(y) ≠ ∅ ⇔ C.cookie_httponly) ∧ (Secure(y) ≠ ∅ ⇔ C.cookie_secure ∨ C.cookie_partitioned)`
pub(super) fn set_5(o: &Observed<'_>) -> Option<bool> {
    let y = sent(o)?;
    let secure = o.config.cookie_secure || o.config.cookie_partitioned;
    Some(y.get("httponly").is_some() == o.config.cookie_httponly && y.get("secure").is_some() == secure)
}

/// `set ∨ deleted ⇒ SameSite(y) = title(C.cookie_samesite) ∧ SameSite(y) ∈ {"Strict", "Lax", "None", ∅}`
pub(super) fn set_6(o: &Observed<'_>) -> Option<bool> {
    let written = sent(o)?.get("samesite");
    Some(match &o.config.cookie_samesite {
        None => written.is_none(),
        Some(word) => written.is_some() && written == header::same_site(word),
    })
}

/// `set ∨ deleted ⇒ (Partitioned(y) ≠ ∅ ⇔ C.cookie_partitioned) ∧ (Partitioned(y) ≠ ∅ ⇒ Secure(y) ≠ ∅)`
pub(super) fn set_7(o: &Observed<'_>) -> Option<bool> {
    let y = sent(o)?;
    let partitioned = y.get("partitioned").is_some();
    Some(partitioned == o.config.cookie_partitioned && (!partitioned || y.get("secure").is_some()))
}

/// `#[y : y ∈ cookies, name(y) = UTF-8(C.cookie_name)] ≤ 1`
pub(super) fn set_8(o: &Observed<'_>) -> Option<bool> {
    given(!o.cookies.is_empty(), || o.cookies.iter().filter(|y| y.is_session).count() <= 1)
}

/// `keyed ∧ due ∧ writable ∧ #dump(S) > 4093 ⇒ set ∧ load(p(w)) = lossy(S)`
pub(super) fn set_9(o: &Observed<'_>) -> Option<bool> {
    let session = &o.view.as_ref()?.session;
    let is_due = o.keyed() && o.due()? && !session.is_empty() && o.writable()?;
    let is_large = || dump(session).is_some_and(|payload| payload.len() > 4093);
    let lossy = lossy(session).filter(|_| is_due && is_large())?;
    Some(o.set() && o.written.as_ref().is_some_and(|written| written.session.as_ref() == Ok(&lossy)))
}

/// ```text
/// keyed ∧ due ∧ ¬writable ⇒ status = 500 ∧ ¬set ∧ ¬deleted ∧ (vary ⇔ accessed)
/// open(v) = raised ⇒ status = 500 ∧ ¬set ∧ ¬deleted ∧ ¬vary ∧ ¬ran
/// ```
pub(super) fn set_10(o: &Observed<'_>) -> Option<bool> {
    let response = o.response()?;
    let is_error = response.status == 500 && !o.set() && !o.deleted();
    let unwritten = o
        .view
        .as_ref()
        .and_then(|view| given(o.keyed() && o.due()? && !o.writable()?, || is_error && o.vary() == view.accessed));
    let unopened = given(o.opens_as(&Decision::Raised), || is_error && !o.vary() && response.results.is_empty());
    together([unwritten, unopened])
}
