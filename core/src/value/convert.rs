//! Session values from the types of Rust, and back.

use super::{BigInt, Map, Text, Value};

/// The types that a value is made of by `into()`.
macro_rules! values_from {
    ($($source:ty: $value:ident => $made:expr),+ $(,)?) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $made
            }
        }
    )+};
}

values_from! {
    &str: text => Self::Text(text.into()),
    String: text => Self::Text(text.into()),
    Text: text => Self::Text(text),
    bool: truth => Self::Bool(truth),
    f64: float => Self::Float(float),
    BigInt: int => Self::Int(int),
    Map: map => Self::Map(map),
    i32: int => Self::Int(int.into()),
    i64: int => Self::Int(int.into()),
    u32: int => Self::Int(int.into()),
    u64: int => Self::Int(int.into()),
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// Whether it is `None`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The integer, where 64 bits hold it.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(int) => int.try_into().ok(),
            _ => None,
        }
    }

    /// The integer, where 64 bits without a sign hold it.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(int) => int.try_into().ok(),
            _ => None,
        }
    }

    /// The float, or an integer that a float holds exactly.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        const EXACT: i64 = 1 << 53;
        match self {
            Self::Float(float) => Some(*float),
            Self::Int(_) => self.as_i64().filter(|int| (-EXACT..=EXACT).contains(int)).map(|int| int as f64),
            _ => None,
        }
    }

    /// Whether it is text, and no markup.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Text or markup.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Markup(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text or markup as a Rust string; none if a lone surrogate stands in it.
    #[must_use]
    pub fn to_utf8(&self) -> Option<String> {
        self.as_text()?.to_utf8()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The map.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }
}

impl PartialEq<str> for Value {
    /// Whether it is this text. Markup is another type.
    fn eq(&self, other: &str) -> bool {
        matches!(self, Self::Text(text) if text == other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// What a [`Map`] is asked for: text, or a [`Value`].
pub trait MapKey {
    /// Whether a map's key is this one, as Python compares keys.
    #[doc(hidden)]
    fn is_key(&self, key: &Value) -> bool;
}

impl MapKey for Value {
    fn is_key(&self, key: &Value) -> bool {
        key.is_same_key(self)
    }
}

impl MapKey for str {
    fn is_key(&self, key: &Value) -> bool {
        key.as_text().is_some_and(|text| text == self)
    }
}

impl MapKey for String {
    fn is_key(&self, key: &Value) -> bool {
        self.as_str().is_key(key)
    }
}

impl<K: MapKey + ?Sized> MapKey for &K {
    fn is_key(&self, key: &Value) -> bool {
        (**self).is_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Map {
        let mut session: Map = [("user_id", 42)].into_iter().collect();
        session.insert("name", "Ada".to_owned());
        session.insert("ratio", 0.5);
        session.insert("admin", true);
        session.insert("big", u64::MAX);
        session.insert("tags", vec!["a", "b"]);
        session.insert("nobody", None::<i64>);
        session
    }

    #[test]
    fn a_session_is_read_by_text_and_by_value() {
        let session = session();
        assert_eq!(session.get("user_id"), session.get(&Value::from("user_id")));
        assert_eq!(session.get("user_id").and_then(Value::as_i64), Some(42));
        assert_eq!(session.get("user_id").and_then(Value::as_f64), Some(42.0));
        assert_eq!(session.get("name").and_then(Value::to_utf8).as_deref(), Some("Ada"));
        assert!(session.get("name").is_some_and(|name| *name == "Ada"));
        assert_eq!(session.get("ratio").and_then(Value::as_f64), Some(0.5));
        assert_eq!(session.get("admin").and_then(Value::as_bool), Some(true));
        assert_eq!(session.get("admin").and_then(Value::as_i64), None, "a boolean is no number");
        assert_eq!(session.get("big").and_then(Value::as_i64), None);
        assert_eq!(session.get("big").and_then(Value::as_u64), Some(u64::MAX));
        assert_eq!(session.get("big").and_then(Value::as_f64), None, "it would be rounded");
        assert_eq!(session.get("tags").and_then(Value::as_slice).map(<[_]>::len), Some(2));
        assert!(session.get("nobody").is_some_and(Value::is_null));
        assert!(session.contains_key("name") && !session.contains_key(&"other".to_owned()));
    }

    #[test]
    fn a_borrowed_map_is_walked_through() {
        let mut keys = Vec::new();
        for (key, _) in &session() {
            keys.push(key.to_utf8().unwrap());
        }
        assert_eq!(keys, ["user_id", "name", "ratio", "admin", "big", "tags", "nobody"]);
    }

    #[test]
    fn text_and_markup_of_the_same_characters_are_one_key() {
        let map: Map = [(Value::Markup("a".into()), 1)].into_iter().collect();
        assert!(map.contains_key("a"));
        assert!(*map.iter().next().unwrap().0 != "a", "as values they differ");
    }
}
