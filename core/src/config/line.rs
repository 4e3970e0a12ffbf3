//! A configuration as it crosses a line: only the members that are not the default, and those that were named all the same.

use super::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use std::sync::LazyLock;

/// The members of a configuration that were named though they have their defaults. An implementation is to do the same whether a
/// default is named or not (`CFG-1`).
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named(u16);

impl Named {
    fn has(self, place: u16) -> bool {
        self.0 & (1 << place) != 0
    }
}

static DEFAULT: LazyLock<Config> = LazyLock::new(Config::default);

macro_rules! members {
    ($($place:literal $member:ident: $type:ty,)*) => {
        /// What a line says: each member, if it is there.
        #[derive(Default, Deserialize)]
        #[serde(rename = "Config", default, deny_unknown_fields)]
        struct Line {
            $(#[serde(deserialize_with = "there")] $member: Option<$type>,)*
        }

        impl<'de> Deserialize<'de> for Config {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let line = Line::deserialize(deserializer)?;
                let mut config = Self::default();
                $(if let Some(value) = line.$member {
                    if value == config.$member {
                        config.named.0 |= 1 << $place;
                    }
                    config.$member = value;
                })*
                Ok(config)
            }
        }

        impl Serialize for Config {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $(if self.named.has($place) || self.$member != DEFAULT.$member {
                    map.serialize_entry(stringify!($member), &self.$member)?;
                })*
                map.end()
            }
        }

        impl Config {
            /// Whether a member is written: it is not the default, or was named all the same.
            #[doc(hidden)]
            #[must_use]
            pub fn names(&self, member: &str) -> bool {
                match member {
                    $(stringify!($member) => self.named.has($place) || self.$member != DEFAULT.$member,)*
                    _ => false,
                }
            }

            /// Whether every member is written, so that nothing is left to an implementation's own defaults.
            #[doc(hidden)]
            #[must_use]
            pub fn names_all(&self) -> bool {
                [$(stringify!($member)),*].into_iter().all(|member| self.names(member))
            }
        }
    };
}

members! {
    0 secret_key: Option<Key>,
    1 fallback_keys: Option<Fallbacks>,
    2 lifetime: Lifetime,
    3 refresh_each_request: bool,
    4 cookie_name: String,
    5 cookie_domain: Option<String>,
    6 cookie_path: Option<String>,
    7 application_root: String,
    8 cookie_httponly: bool,
    9 cookie_secure: bool,
    10 cookie_samesite: Option<String>,
    11 cookie_partitioned: bool,
    12 salt: String,
    13 digest: Digest,
    14 key_derivation: KeyDerivation,
}

/// A member that is there, `null` as well.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_that_is_named_is_written_and_one_that_is_not_is_left_out() {
        for text in [
            "{}",
            r#"{"secret_key":"k"}"#,
            r#"{"secret_key":"k","lifetime":2678400,"cookie_samesite":null,"salt":"cookie-session"}"#,
            r#"{"secret_key":null,"cookie_secure":false,"key_derivation":"hmac"}"#,
        ] {
            let config: Config = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), text);
            assert!(!config.names_all());
        }
        let named: Config = serde_json::from_str(r#"{"salt":"cookie-session"}"#).unwrap();
        assert!(named.names("salt") && !named.names("digest") && !named.names("?"));
        assert_ne!(named, Config::default());
    }
}
