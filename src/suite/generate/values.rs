//! Session values: every type, nested, with the extremes of each.

use crate::value::{BigInt, Datetime, Map, Text, Value};
use proptest::{collection::vec, prelude::*};
use time::{Date, PrimitiveDateTime, Time, UtcOffset};

/// Any session value, nested up to three deep.
pub fn value() -> BoxedStrategy<Value> {
    leaf()
        .prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::List),
                map_of(inner.clone()).prop_map(Value::Map),
                vec(inner.clone(), 0..4).prop_map(Value::Tuple),
                (any::<i16>(), inner)
                    .prop_map(|(key, value)| Value::Map([(Value::int(key), value)].into_iter().collect())),
            ]
        })
        .boxed()
}

/// A small plain value, for cases that are about something else.
pub fn plain_value() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<u8>().prop_map(Value::int),
        "[a-z]{0,8}".prop_map(|text| Value::Text(text.into())),
        any::<bool>().prop_map(Value::Bool),
        vec(any::<u8>().prop_map(Value::int), 0..3).prop_map(Value::List),
        Just(Value::Null),
    ]
    .boxed()
}

/// A session of any values under text keys.
pub fn session() -> BoxedStrategy<Map> {
    prop_oneof![4 => map_of(value()), 1 => long_session()].boxed()
}

/// A session that may pay to compress: text of some length over few characters.
fn long_session() -> BoxedStrategy<Map> {
    (0usize..120, prop_oneof![Just("a"), Just("ab"), Just("lorem ipsum "), Just("é")], "[a-zA-Z0-9]{0,60}")
        .prop_map(|(times, piece, tail)| {
            let text = piece.repeat(times) + &tail;
            [("text", Value::Text(text.into()))].into_iter().collect()
        })
        .boxed()
}

fn map_of(values: BoxedStrategy<Value>) -> BoxedStrategy<Map> {
    vec((key(), values), 0..4)
        .prop_map(|entries| entries.into_iter().map(|(key, value)| (Value::Text(key), value)).collect())
        .boxed()
}

/// Keys: words, any text, and those that look like tags.
fn key() -> BoxedStrategy<Text> {
    prop_oneof![
        4 => "[a-z_]{1,6}".prop_map(Text::from),
        1 => text(),
        1 => prop_oneof![
            Just(" t"), Just(" b"), Just(" m"), Just(" u"), Just(" d"), Just(" di"), Just(" t__"), Just("")
        ].prop_map(Text::from),
    ]
    .boxed()
}

/// Text, lone surrogates and control characters among it.
pub fn text() -> BoxedStrategy<Text> {
    prop_oneof![
        3 => "[ -~]{0,12}".prop_map(Text::from),
        1 => any::<String>().prop_map(|text| Text::from(text.chars().take(12).collect::<String>())),
        1 => vec(prop_oneof![0u32..0x80, 0xD700u32..0xE100, Just(0xFF61), 0x1F600u32..0x1F610], 0..6)
            .prop_map(Text::from_code_points),
    ]
    .boxed()
}

fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => plain_value(),
        2 => integer().prop_map(Value::Int),
        2 => float().prop_map(Value::Float),
        2 => text().prop_map(Value::Text),
        1 => text().prop_map(Value::Markup),
        1 => vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
        1 => any::<u128>().prop_map(Value::Uuid),
        1 => datetime().prop_map(Value::Datetime),
    ]
    .boxed()
}

fn integer() -> BoxedStrategy<BigInt> {
    prop_oneof![
        any::<i64>().prop_map(BigInt::from),
        any::<i128>().prop_map(BigInt::from),
        (0u32..100, -1i8..=1, any::<bool>()).prop_map(|(bits, by, minus)| {
            let near = (BigInt::from(1) << bits) + by;
            if minus { -near } else { near }
        }),
    ]
    .boxed()
}

fn float() -> BoxedStrategy<f64> {
    prop_oneof![
        2 => any::<f64>(),
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => (-20i32..25, 1u32..1000).prop_map(|(power, digits)| f64::from(digits) * 10f64.powi(power)),
        1 => prop_oneof![
            Just(0.0), Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX),
            Just(f64::MIN_POSITIVE), Just(1e16), Just(1e15), Just(9999999999999998.0), Just(1e-4), Just(1e-5)
        ],
    ]
    .boxed()
}

/// Any datetime that survives its trip: years 100 to 9998, since two-digit years come back in another century.
fn datetime() -> BoxedStrategy<Datetime> {
    let second = 86_400u32;
    let offset = prop_oneof![
        Just(None),
        Just(Some(UtcOffset::UTC)),
        (-1439i32..=1439).prop_map(|minutes| UtcOffset::from_whole_seconds(minutes * 60).ok()),
    ];
    (100i32..9999, 1u16..=365, 0..second, prop_oneof![Just(0u32), 0u32..1_000_000], offset)
        .prop_filter_map("a date", |(year, day, second, micro, offset)| {
            let date = Date::from_ordinal_date(year, day).ok()?;
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            let time = Time::from_hms_micro(hour as u8, minute as u8, second as u8, micro).ok()?;
            Some(Datetime { local: PrimitiveDateTime::new(date, time), offset })
        })
        .boxed()
}
