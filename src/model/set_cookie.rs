//! The Set-Cookie header as Werkzeug writes it (`SET-*`, `DEL-2`, `DEL-3`).

use super::{Raised, http_date};
use crate::config::Config;
use std::fmt::Write;

/// A cookie to be set; the attributes that do not depend on the request come from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The value.
    pub value: String,
    /// `Expires` in Unix seconds.
    pub expires: Option<i64>,
    /// `Max-Age` in seconds.
    pub max_age: Option<i64>,
}

impl SetCookie {
    /// The cookie that makes a user agent drop the session (`DEL-3`).
    pub fn deletion() -> Self {
        Self { value: String::new(), expires: Some(0), max_age: Some(0) }
    }

    /// The header's value, one character for each byte.
    pub fn header(&self, config: &Config) -> Result<String, Raised> {
        let mut header = String::new();
        header.extend(config.cookie_name.bytes().map(char::from));
        // Writing to a String cannot fail.
        let _ = write!(header, "={}", self.value);
        if let Some(domain) = &config.cookie_domain {
            let _ = write!(header, "; Domain={}", domain_text(domain)?);
        }
        if let Some(expires) = self.expires {
            let _ = write!(header, "; Expires={}", http_date::format(expires).ok_or(Raised::Calendar)?);
        }
        if let Some(max_age) = self.max_age {
            let _ = write!(header, "; Max-Age={max_age}");
        }
        if config.cookie_secure || config.cookie_partitioned {
            header.push_str("; Secure");
        }
        if config.cookie_httponly {
            header.push_str("; HttpOnly");
        }
        let _ = write!(header, "; Path={}", path_text(path(config)));
        if let Some(same_site) = &config.cookie_samesite {
            let _ = write!(header, "; SameSite={}", same_site_text(same_site)?);
        }
        if config.cookie_partitioned {
            header.push_str("; Partitioned");
        }
        if header.contains(['\r', '\n']) { Err(Raised::Attribute) } else { Ok(header) }
    }
}

/// The cookie path, or the application root where there is none (`SET-4`).
pub fn path(config: &Config) -> &str {
    config.cookie_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(&config.application_root)
}

/// Percent-encoded except for the characters that a URL path may hold.
fn path_text(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~%!$&'()*+,/:=@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Without a port and leading dots (`SET-3`). Labels hold 1 to 63 characters; the last may be empty. Domains beyond ASCII are
/// outside this model and raise.
fn domain_text(domain: &str) -> Result<&str, Raised> {
    let domain = domain.split(':').next().unwrap_or("").trim_start_matches('.');
    let mut labels = domain.split('.').rev();
    let last_fits = labels.next().is_none_or(|last| last.len() < 64);
    if domain.is_ascii() && last_fits && labels.all(|label| (1..64).contains(&label.len())) {
        Ok(domain)
    } else {
        Err(Raised::Attribute)
    }
}

/// In title case; another word raises (`SET-6`).
fn same_site_text(same_site: &str) -> Result<&'static str, Raised> {
    ["Strict", "Lax", "None"].into_iter().find(|known| known.eq_ignore_ascii_case(same_site)).ok_or(Raised::Attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_in_werkzeugs_order() {
        let config = Config::default()
            .cookie_domain(".example.com:80")
            .cookie_partitioned(true)
            .cookie_path("/é b")
            .cookie_samesite("nONE");
        assert_eq!(
            SetCookie::deletion().header(&config).as_deref(),
            Ok("session=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; \
                Path=/%C3%A9%20b; SameSite=None; Partitioned")
        );
    }

    #[test]
    fn attributes_that_cannot_be_written_raise() {
        let with = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            SetCookie::deletion().header(&config)
        };
        assert_eq!(with(|c| c.cookie_samesite = Some("maybe".into())), Err(Raised::Attribute));
        assert_eq!(with(|c| c.cookie_domain = Some("a..b".into())), Err(Raised::Attribute));
        assert_eq!(with(|c| c.cookie_name = "a\nb".into()), Err(Raised::Attribute));
    }

    #[test]
    fn labels_of_a_domain_hold_63_characters() {
        let label = |length: usize| "a".repeat(length);
        for (domain, is_written) in [
            (format!("{}.{}", label(63), label(63)), true),
            (format!("{}.com", label(64)), false),
            (format!("www.{}", label(64)), false),
            ("com.".to_owned(), true),
        ] {
            assert_eq!(domain_text(&domain).is_ok(), is_written, "{domain}");
        }
    }
}
