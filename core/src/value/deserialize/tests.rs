use super::*;
use crate::value::{BigInt, Datetime, Text};
use std::collections::BTreeMap;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Session {
    user_id: u64,
    #[serde(default, rename = "_flashes")]
    flashes: Vec<(String, String)>,
}

fn flashed() -> Map {
    let mut session: Map = [("user_id", 8)].into_iter().collect();
    session.insert("_flashes", vec![Value::Tuple(vec!["message".into(), Value::Markup("<b>hi</b>".into())])]);
    session
}

#[test]
fn a_flash_message_does_not_make_the_session_unreadable() {
    let read: Session = flashed().deserialize_into().unwrap();
    assert_eq!(read, Session { user_id: 8, flashes: vec![("message".to_owned(), "<b>hi</b>".to_owned())] });
}

fn datetime(offset: Option<UtcOffset>) -> Value {
    let at = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
    Value::Datetime(Datetime { local: PrimitiveDateTime::new(at.date(), at.time()), offset })
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Everything {
    null: Option<u8>,
    truth: bool,
    float: f64,
    whole: f64,
    small: i8,
    large: u128,
    huge: String,
    numbers: Vec<u8>,
    naive: String,
    aware: String,
    uuid: String,
    kind: Kind,
    other: Kind,
    map: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Admin,
    Guest { since: i64 },
}

#[test]
fn every_type_of_value_has_a_form() {
    let mut session = Map::new();
    session.insert("null", Value::Null);
    session.insert("truth", true);
    session.insert("float", 0.5);
    session.insert("whole", 3);
    session.insert("small", -4);
    session.insert("large", BigInt::from(u128::MAX));
    session.insert("huge", BigInt::from(1) << 200);
    session.insert("numbers", Value::Bytes(vec![0, 255]));
    session.insert("naive", datetime(None));
    session.insert("aware", datetime(Some(UtcOffset::UTC)));
    session.insert("uuid", Value::Uuid(0x1234));
    session.insert("kind", "admin");
    session.insert("other", [("guest", Map::from_iter([("since", 5)]))].into_iter().collect::<Map>());
    session.insert("map", [("a", 1)].into_iter().collect::<Map>());
    session.insert("unread", Text::from_code_points([0xD800]));
    let read: Everything = session.deserialize_into().unwrap();
    assert_eq!(read.null, None);
    assert_eq!((read.truth, read.float, read.whole, read.small), (true, 0.5, 3.0, -4));
    assert_eq!(read.large, u128::MAX);
    assert_eq!(read.huge, (BigInt::from(1) << 200u32).to_string());
    assert_eq!(read.numbers, [0, 255]);
    assert_eq!(read.naive, "2023-11-14T22:13:20");
    let aware = OffsetDateTime::parse(&read.aware, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!(aware.unix_timestamp(), 1_700_000_000);
    assert_eq!(read.uuid, "00000000-0000-0000-0000-000000001234");
    assert_eq!((read.kind, read.other), (Kind::Admin, Kind::Guest { since: 5 }));
    assert_eq!(read.map, BTreeMap::from([("a".to_owned(), 1)]));
}

#[test]
fn an_error_names_the_value() {
    let mut session = flashed();
    session.insert("_flashes", vec![Value::Tuple(vec!["message".into(), 5.into()])]);
    let error = session.deserialize_into::<Session>().unwrap_err();
    assert_eq!(error.path, ["_flashes", "0", "1"]);
    assert!(error.to_string().starts_with("_flashes.0.1: invalid type: integer `5`"), "{error}");
    let missing = Map::new().deserialize_into::<Session>().unwrap_err();
    assert_eq!(missing.to_string(), "missing field `user_id`");
}

#[test]
fn text_with_a_lone_surrogate_is_an_error_only_where_it_is_read() {
    let mut session = flashed();
    session.insert("note", Text::from_code_points([0xD800]));
    assert!(session.deserialize_into::<Session>().is_ok());
    assert!(session.deserialize_into::<BTreeMap<String, serde_json::Value>>().is_err());
}

#[test]
fn a_tuple_that_is_too_long_is_an_error() {
    let three = Value::Tuple(vec![1.into(), 2.into(), 3.into()]);
    assert!(three.deserialize_into::<(i64, i64)>().unwrap_err().message.contains("length 3"));
    assert_eq!(three.deserialize_into::<Vec<i64>>().unwrap(), [1, 2, 3]);
}
