//! Values that are none of the session's types, and what comes back of them (`PAY-5`). An adapter makes them; here they are what
//! they become when the session is written.

use crate::value::{Map, Value, iso};
use serde::{Deserialize, Serialize};

/// What a value is made of before it is put into the session: `of` in the action `set_made`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Made {
    /// A dataclass with these members.
    Dataclass,
    /// A date without a time, as in `2024-02-29`.
    Date,
    /// A decimal number, as in `1.10`.
    Decimal,
    /// A member of an enumeration of nothing else, with this value.
    Enum,
    /// An object that shows itself as this HTML.
    Html,
    /// Text of a type of its own that shows itself as this HTML.
    HtmlText,
    /// A member of an enumeration of integers.
    IntEnum,
    /// A named tuple with these members.
    NamedTuple,
    /// A set of these items.
    Set,
    /// An instance of a subclass of the value's own type.
    Subclass,
    /// A member of an enumeration of text.
    TextEnum,
}

impl Made {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Dataclass,
        Self::Date,
        Self::Decimal,
        Self::Enum,
        Self::Html,
        Self::HtmlText,
        Self::IntEnum,
        Self::NamedTuple,
        Self::Set,
        Self::Subclass,
        Self::TextEnum,
    ];

    /// What comes back of it; a value that cannot be written stands for what raises.
    pub fn becomes(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Html | Self::HtmlText, Value::Text(text)) => Value::Markup(text.clone()),
            (Self::Date, Value::Text(text)) => {
                text.to_utf8().and_then(|text| http_date(&text)).map_or_else(unwritable, |date| date.as_str().into())
            }
            (Self::Dataclass, Value::Map(_)) => untagged(value),
            (Self::NamedTuple, Value::Map(map)) => Value::Tuple(map.iter().map(|(_, value)| value.clone()).collect()),
            (Self::Decimal | Self::TextEnum, Value::Text(_)) | (Self::IntEnum, Value::Int(_)) | (Self::Subclass, _) => {
                value.clone()
            }
            _ => unwritable(),
        }
    }
}

/// A map whose key is bytes, which no session can hold.
fn unwritable() -> Value {
    Value::Map([(Value::Bytes(Vec::new()), Value::Null)].into_iter().collect())
}

/// A value within a dataclass, which is written by JSON alone, without tags.
fn untagged(value: &Value) -> Value {
    match value {
        Value::List(items) | Value::Tuple(items) => Value::List(items.iter().map(untagged).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, value)| (key.clone(), untagged(value))).collect::<Map>()),
        Value::Markup(text) => Value::Text(text.clone()),
        Value::Uuid(uuid) => Value::from(uuid::Uuid::from_u128(*uuid).to_string().as_str()),
        Value::Bytes(_) => unwritable(),
        plain => plain.clone(),
    }
}

/// A date of ISO 8601 at midnight, as HTTP writes it.
fn http_date(date: &str) -> Option<String> {
    let at = iso::datetime_from_iso(&format!("{date}T00:00:00"))?.local;
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    Some(format!("{}, {:02} {} {:04} 00:00:00 GMT", weekday.get(..3)?, at.day(), month.get(..3)?, at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_text_and_html_is_markup() {
        assert_eq!(Made::Date.becomes(&"2024-02-29".into()), Value::from("Thu, 29 Feb 2024 00:00:00 GMT"));
        assert_eq!(Made::Html.becomes(&"<b>".into()), Value::Markup("<b>".into()));
        assert_eq!(Made::Decimal.becomes(&"1.10".into()), Value::from("1.10"));
        assert_eq!(Made::Set.becomes(&Value::List(Vec::new())), unwritable());
    }

    #[test]
    fn tags_are_lost_within_a_dataclass_and_not_within_a_named_tuple() {
        let pair = Value::Tuple(vec![Value::int(1)]);
        let map = Value::Map([("x", pair.clone())].into_iter().collect());
        let list = Value::Map([("x", Value::List(vec![Value::int(1)]))].into_iter().collect());
        assert_eq!(Made::Dataclass.becomes(&map), list);
        assert_eq!(Made::NamedTuple.becomes(&map), Value::Tuple(vec![pair]));
    }
}
