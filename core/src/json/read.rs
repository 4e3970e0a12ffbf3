//! From text to JSON. `serde_json` reads the text and finds its mistakes; each number's digits are taken from the text
//! itself, since
//! `serde_json` alone may give a neighbour of the nearest float.

use super::{Error, Json, Number, Object};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// Reads a type from JSON.
///
/// # Errors
/// What is wrong with the text, and on which line.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(&parse(text)?).map_err(|error| match serde_json::from_str::<T>(text) {
        // The same complaint, with the line.
        Err(placed) => placed,
        Ok(_) => error,
    })
}

/// Reads a type from JSON.
///
/// # Errors
/// What is wrong with the text, and on which line.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    match std::str::from_utf8(text) {
        Ok(text) => from_str(text),
        // The complaint of `serde_json` says where.
        Err(error) => Err(serde_json::from_slice::<Json>(text).err().unwrap_or_else(|| Error::custom(error))),
    }
}

/// Any JSON.
pub(super) fn parse(text: &str) -> Result<Json, Error> {
    let mut numbers = Numbers { text, at: 0 };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Reader(&mut |_| numbers.next()).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(json)
}

/// From other formats and from [`Json`] itself, whose numbers are exact as they come.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader(&mut Some).deserialize(deserializer)
    }
}

/// The numbers of a text, in order.
struct Numbers<'t> {
    text: &'t str,
    at: usize,
}

impl Numbers<'_> {
    fn next(&mut self) -> Option<Number> {
        let bytes = self.text.as_bytes();
        let mut is_string = false;
        loop {
            match (is_string, bytes.get(self.at)?) {
                (true, b'\\') => self.at += 1,
                (_, b'"') => is_string = !is_string,
                (false, b'-' | b'0'..=b'9') => break,
                _ => {}
            }
            self.at += 1;
        }
        let rest = self.text.get(self.at..)?;
        let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let token = rest.find(|c| !is_of_number(c)).map_or(rest, |end| rest.get(..end).unwrap_or(rest));
        self.at += token.len();
        Number::parse(token)
    }
}

/// Reads any JSON; the function is handed each number as the deserializer has it, in order, and gives the exact one.
struct Reader<'n>(&'n mut dyn FnMut(Number) -> Option<Number>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Reader<'_> {
    fn number<E: serde::de::Error>(self, number: Number) -> Result<Json, E> {
        (self.0)(number).map(Json::Number).ok_or_else(|| E::custom("a number that cannot be read"))
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Json, E> {
        let number = u64::try_from(number).map_or(Number::Negative(number), Number::Positive);
        self.number(number)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Json, E> {
        self.number(Number::Positive(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Json, E> {
        self.number(Number::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Reader(&mut *self.0))? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Object::new();
        while let Some(name) = map.next_key()? {
            members.insert(name, map.next_value_seed(Reader(&mut *self.0))?);
        }
        Ok(Json::Object(members))
    }
}
