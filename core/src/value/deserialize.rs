//! A session as a type of one's own, by serde. Every type of a session value has a form here, so that one value of an
//! unusual type does not make the rest of the session unreadable:
//!
//! | value | what serde sees |
//! |---|---|
//! | null, boolean, float | the same |
//! | integer | an integer of up to 128 bits; a larger one is decimal text |
//! | text, markup | text; one with a lone surrogate is an error where it is asked for |
//! | list, tuple | a sequence |
//! | map | a map |
//! | bytes | bytes, or a sequence of numbers where that is asked for |
//! | datetime | text as in RFC 3339; a naive one has no offset |
//! | UUID | text with hyphens |

use super::{Map, Value, iso};
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};
use std::{fmt, slice};

/// Why a session is not of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", shown(path))]
#[non_exhaustive]
pub struct DeserializeError {
    /// The keys that lead to the value, the outermost first.
    pub path: Vec<String>,
    /// What is wrong there.
    pub message: String,
}

fn shown(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!("{}: ", path.join(".")) }
}

impl DeserializeError {
    fn under(mut self, key: impl fmt::Display) -> Self {
        self.path.insert(0, key.to_string());
        self
    }
}

impl de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: Vec::new(), message: message.to_string() }
    }
}

impl Map {
    /// The session as a type of one's own.
    ///
    /// ```
    /// use sessionproof::{Map, Value};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Session {
    ///     user_id: u64,
    ///     #[serde(default, rename = "_flashes")]
    ///     flashes: Vec<(String, String)>,
    /// }
    ///
    /// let mut session: Map = [("user_id", 8)].into_iter().collect();
    /// session.insert("_flashes", vec![Value::Tuple(vec!["message".into(), "hi".into()])]);
    ///
    /// let session: Session = session.deserialize_into()?;
    /// assert_eq!(session.user_id, 8);
    /// assert_eq!(session.flashes[0].1, "hi");
    /// # Ok::<(), sessionproof::value::DeserializeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A value is missing, or of another type. The error names it.
    pub fn deserialize_into<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        T::deserialize(Reader(Of::Map(self)))
    }
}

impl Value {
    /// The value as a type of one's own.
    ///
    /// # Errors
    ///
    /// As for [`Map::deserialize_into`].
    pub fn deserialize_into<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        T::deserialize(Reader(Of::Value(self)))
    }
}

/// Reads one value.
struct Reader<'v>(Of<'v>);

enum Of<'v> {
    Map(&'v Map),
    Value(&'v Value),
}

impl<'v> Reader<'v> {
    fn value(&self) -> Option<&'v Value> {
        match self.0 {
            Of::Map(_) => None,
            Of::Value(value) => Some(value),
        }
    }
}

fn sequence<'de, 'v, V: Visitor<'de>>(items: &'v [Value], visitor: V) -> Result<V::Value, DeserializeError> {
    let mut items = Items { items: items.iter(), place: 0 };
    let value = visitor.visit_seq(&mut items)?;
    match items.items.len() {
        0 => Ok(value),
        more => Err(de::Error::invalid_length(items.place + more, &"fewer items")),
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let value = match self.0 {
            Of::Map(map) => return visitor.visit_map(Entries { entries: map.iter(), next: None }),
            Of::Value(value) => value,
        };
        match value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Bytes(bytes) => visitor.visit_seq(de::value::SeqDeserializer::new(bytes.iter().copied())),
            Value::Datetime(datetime) => visitor.visit_string(iso::datetime_to_iso(datetime)),
            Value::Float(float) => visitor.visit_f64(*float),
            Value::Int(int) => match (i64::try_from(int), u64::try_from(int), i128::try_from(int), u128::try_from(int))
            {
                (Ok(int), ..) => visitor.visit_i64(int),
                (_, Ok(int), ..) => visitor.visit_u64(int),
                (_, _, Ok(int), _) => visitor.visit_i128(int),
                (.., Ok(int)) => visitor.visit_u128(int),
                _ => visitor.visit_string(int.to_string()),
            },
            Value::List(items) | Value::Tuple(items) => sequence(items, visitor),
            Value::Map(map) => Reader(Of::Map(map)).deserialize_any(visitor),
            Value::Markup(text) | Value::Text(text) => match text.to_utf8() {
                Some(text) => visitor.visit_string(text),
                None => Err(de::Error::custom("the text has a lone surrogate, which no string of Rust holds")),
            },
            Value::Uuid(uuid) => visitor.visit_string(uuid::Uuid::from_u128(*uuid).to_string()),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.value() {
            Some(Value::Bytes(bytes)) => visitor.visit_bytes(bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.value() {
            Some(Value::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let map = match self.0 {
            Of::Map(map) | Of::Value(Value::Map(map)) => map,
            Of::Value(value) => return visitor.visit_enum(Variant { name: value, content: None }),
        };
        match (map.len(), map.iter().next()) {
            (1, Some((name, content))) => visitor.visit_enum(Variant { name, content: Some(content) }),
            _ => Err(de::Error::invalid_type(Unexpected::Map, &"text, or a map with one key")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        // What nobody asks for is read by nobody: it may be anything.
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple tuple_struct map
        struct identifier
    }
}

struct Items<'v> {
    items: slice::Iter<'v, Value>,
    place: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DeserializeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Self::Error> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let place = self.place;
        self.place += 1;
        seed.deserialize(Reader(Of::Value(item))).map(Some).map_err(|error| error.under(place))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'v> {
    entries: super::Iter<'v>,
    next: Option<(&'v Value, &'v Value)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        self.next = self.entries.next();
        match self.next {
            Some((key, _)) => seed.deserialize(Reader(Of::Value(key))).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        let (key, value) = self.next.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        let under = |error: DeserializeError| match key.as_text() {
            Some(key) => error.under(key),
            None => error.under(format_args!("{key:?}")),
        };
        seed.deserialize(Reader(Of::Value(value))).map_err(under)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

struct Variant<'v> {
    name: &'v Value,
    content: Option<&'v Value>,
}

impl<'de, 'v> EnumAccess<'de> for Variant<'v> {
    type Error = DeserializeError;
    type Variant = Content<'v>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Self::Error> {
        Ok((seed.deserialize(Reader(Of::Value(self.name)))?, Content(self.content)))
    }
}

struct Content<'v>(Option<&'v Value>);

impl<'v> Content<'v> {
    fn reader(self) -> Result<Reader<'v>, DeserializeError> {
        self.0.map(|value| Reader(Of::Value(value))).ok_or_else(|| de::Error::custom("this variant needs a content"))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = DeserializeError;

    fn unit_variant(self) -> Result<(), Self::Error> {
        match self.0 {
            None => Ok(()),
            Some(content) => Deserialize::deserialize(Reader(Of::Value(content))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Self::Error> {
        seed.deserialize(self.reader()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.reader()?.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.reader()?.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests;
