//! From JSON to any type.

use super::{Error, Json, Number};
use indexmap::map::Iter;
use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

/// The members of an object, for a visitor.
type Members<'de> = MapDeserializer<'de, Pairs<'de>, Error>;

/// Each name as text.
type Pairs<'de> = std::iter::Map<Iter<'de, String, Json>, fn((&'de String, &'de Json)) -> (&'de str, &'de Json)>;

fn members<'de>(members: Iter<'de, String, Json>) -> Members<'de> {
    fn pair<'de>((name, value): (&'de String, &'de Json)) -> (&'de str, &'de Json) {
        (name, value)
    }
    MapDeserializer::new(members.map(pair as fn(_) -> _))
}

impl<'de> IntoDeserializer<'de, Error> for &'de Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Json {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Json::Null => visitor.visit_unit(),
            Json::Bool(truth) => visitor.visit_bool(*truth),
            Json::Number(Number::Float(number)) => visitor.visit_f64(*number),
            Json::Number(Number::Negative(number)) => visitor.visit_i64(*number),
            Json::Number(Number::Positive(number)) => visitor.visit_u64(*number),
            Json::String(text) => visitor.visit_borrowed_str(text),
            Json::Array(items) => {
                let mut items = SeqDeserializer::new(items.iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Json::Object(object) => {
                let mut members = members(object.iter());
                let value = visitor.visit_map(&mut members)?;
                members.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Json::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Json::String(text) => visitor.visit_enum(StrDeserializer::new(text)),
            Json::Object(object) => visitor.visit_enum(MapAccessDeserializer::new(members(object.iter()))),
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
