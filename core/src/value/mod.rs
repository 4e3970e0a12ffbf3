//! Session values: what a Flask session can hold and carry through its cookie.
//!
//! These are plain types. They know how they cross the adapter protocol ([`wire`]) and what they are in plain JSON ([`plain`]),
//! and nothing of Flask's tags, which are the model's business.

mod convert;
mod deserialize;
pub mod iso;
#[cfg(feature = "json")]
pub mod kind;
#[cfg(feature = "json")]
pub mod plain;
mod text;
#[cfg(feature = "json")]
pub mod wire;

pub use convert::MapKey;
pub use deserialize::DeserializeError;
pub use num_bigint::BigInt;
pub use text::Text;
use time::{PrimitiveDateTime, UtcOffset};

/// One value in a session. Equality is identity of meaning: `NaN` equals itself, `0.0` and `-0.0` differ, an integer never
/// equals a float, and maps are equal in any order.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// Bytes, tagged ` b` in a payload (`PAY-7`).
    Bytes(Vec<u8>),
    /// A point in time, tagged ` d` (`PAY-10`).
    Datetime(Datetime),
    /// A double.
    Float(f64),
    /// An integer of any size.
    Int(BigInt),
    /// A list.
    List(Vec<Value>),
    /// A map in insertion order.
    Map(Map),
    /// HTML-safe text, tagged ` m` (`PAY-8`).
    Markup(Text),
    /// Text.
    Text(Text),
    /// A tuple, tagged ` t` (`PAY-6`).
    Tuple(Vec<Value>),
    /// A UUID, tagged ` u` (`PAY-9`).
    Uuid(u128),
}

/// A datetime: naive when it has no offset. Whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Datetime {
    /// The reading of calendar and clock.
    pub local: PrimitiveDateTime,
    /// Distance from UTC, or none for a naive datetime.
    pub offset: Option<UtcOffset>,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value::*;
        match (self, other) {
            (Null, Null) => true,
            (Bool(a), Bool(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (Datetime(a), Datetime(b)) => a == b,
            (Float(a), Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Int(a), Int(b)) => a == b,
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => a == b,
            (Map(a), Map(b)) => a == b,
            (Markup(a), Markup(b)) | (Text(a), Text(b)) => a == b,
            (Uuid(a), Uuid(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Value {
    /// An integer.
    pub fn int(number: impl Into<BigInt>) -> Self {
        Self::Int(number.into())
    }

    /// Whether Python takes both for the same key of a dict: text equals markup of the same characters, and
    /// `1 == 1.0 == True`.
    pub fn is_same_key(&self, other: &Self) -> bool {
        use Value::*;
        match (self, other) {
            (Text(a) | Markup(a), Text(b) | Markup(b)) => a == b,
            (Tuple(a), Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same_key(b)),
            (Float(a), Float(b)) => a == b,
            (Bool(_) | Int(_), Bool(_) | Int(_)) => self.as_int() == other.as_int(),
            (Float(float), Bool(_) | Int(_)) => float_equals(*float, other),
            (Bool(_) | Int(_), Float(float)) => float_equals(*float, self),
            _ => self == other,
        }
    }

    /// Python's reading of a boolean or integer as an integer.
    pub fn as_int(&self) -> Option<BigInt> {
        match self {
            Self::Bool(b) => Some(BigInt::from(u8::from(*b))),
            Self::Int(n) => Some(n.clone()),
            _ => None,
        }
    }

    /// Python's truth value.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(b) => *b,
            Self::Bytes(b) => !b.is_empty(),
            Self::Datetime(_) | Self::Uuid(_) => true,
            Self::Float(f) => *f != 0.0,
            Self::Int(n) => *n != BigInt::ZERO,
            Self::List(items) | Self::Tuple(items) => !items.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Markup(t) | Self::Text(t) => !t.is_empty(),
        }
    }
}

fn float_equals(float: f64, integer: &Value) -> bool {
    float.is_finite() && float.fract() == 0.0 && format!("{float:.0}").parse::<BigInt>().ok() == integer.as_int()
}

/// A map in insertion order, with Python's notion of equal keys ([`Value::is_same_key`]). A session is one of these.
#[derive(Clone, Debug, Default)]
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(feature = "json")]
    /// A map of entries of which no two have the same key.
    fn of_distinct(entries: Vec<(Value, Value)>) -> Self {
        Self(entries)
    }

    /// The value under a key, which is text or any other [`Value`].
    #[must_use]
    pub fn get<K: MapKey + ?Sized>(&self, key: &K) -> Option<&Value> {
        self.0.iter().find(|(k, _)| key.is_key(k)).map(|(_, v)| v)
    }

    /// The value under a key, to be changed in place.
    #[must_use]
    pub fn get_mut<K: MapKey + ?Sized>(&mut self, key: &K) -> Option<&mut Value> {
        self.0.iter_mut().find(|(k, _)| key.is_key(k)).map(|(_, v)| v)
    }

    /// Sets a key. An equal key that is there already keeps its place and its spelling.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(place) => *place = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove<K: MapKey + ?Sized>(&mut self, key: &K) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| key.is_key(k))?;
        Some(self.0.remove(at).1)
    }

    /// Takes out the entry that was put in last.
    pub fn pop_last(&mut self) -> Option<(Value, Value)> {
        self.0.pop()
    }

    /// Leaves the entries that are wanted, given key and value, in their order.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&Value, &Value) -> bool) {
        self.0.retain(|(key, value)| is_kept(key, value));
    }

    /// Whether a key is there.
    #[must_use]
    pub fn contains_key<K: MapKey + ?Sized>(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries in insertion order.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(pair)
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.0.iter().all(|(key, value)| other.0.iter().any(|(k, v)| k == key && v == value))
    }
}

impl Eq for Map {}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// The entries of a map, in insertion order.
pub type Iter<'a> =
    std::iter::Map<std::slice::Iter<'a, (Value, Value)>, fn(&'a (Value, Value)) -> (&'a Value, &'a Value)>;

fn pair(entry: &(Value, Value)) -> (&Value, &Value) {
    (&entry.0, &entry.1)
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Value, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = std::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_the_same_key_and_keep_the_first_spelling() {
        let mut map = Map::new();
        map.insert(Value::Bool(true), Value::int(1));
        map.insert(Value::Float(1.0), Value::int(2));
        assert_eq!(map.iter().next(), Some((&Value::Bool(true), &Value::int(2))));
        assert_eq!(map.len(), 1);
    }

    #[test]
    fn maps_are_equal_in_any_order_and_types_are_told_apart() {
        let one: Map = [("a", Value::int(1)), ("b", Value::Null)].into_iter().collect();
        let two: Map = [("b", Value::Null), ("a", Value::int(1))].into_iter().collect();
        let three: Map = [("b", Value::Null), ("a", Value::Float(1.0))].into_iter().collect();
        assert_eq!(one, two);
        assert_ne!(one, three);
    }
}
