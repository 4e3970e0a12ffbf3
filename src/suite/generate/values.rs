//! Session values: every type, nested, with the extremes of each.

use super::{
    sizes::Sizes,
    strategies::{nested, text_in},
};
use crate::{
    model::payload,
    value::{BigInt, Datetime, Map, Text, Value},
};
use proptest::{char::range, collection::vec, prelude::*, sample::select};
use time::{Date, PrimitiveDateTime, Time, UtcOffset};

/// Any session value, containers within containers among them.
pub fn value(sizes: &Sizes) -> BoxedStrategy<Value> {
    let sizes = *sizes;
    nested(leaf(sizes.text), [sizes.depth, 8 * sizes.depth, sizes.entries as u32], |inner| {
        let entries = 0..=sizes.entries;
        prop_oneof![
            4 => vec(inner.clone(), entries.clone()).prop_map(Value::List),
            4 => map_of(inner.clone(), &sizes).prop_map(Value::Map),
            4 => vec(inner.clone(), entries).prop_map(Value::Tuple),
            3 => (tag_like(), inner.clone()).prop_map(|(key, value)| single(key, value)),
            2 => (any::<i16>(), inner.clone()).prop_map(|(key, value)| single(Value::int(key), value)),
            1 => vec(inner, 0..=sizes.entries).prop_map(|items| Value::Map(like_a_list(items))),
        ]
        .boxed()
    })
}

/// A map whose keys count from 0, which languages with one type for lists and maps take for a list.
fn like_a_list(items: Vec<Value>) -> Map {
    let keyed = |(number, item): (usize, Value)| (Value::from(number.to_string().as_str()), item);
    items.into_iter().enumerate().map(keyed).collect()
}

/// A map of one entry.
fn single(key: impl Into<Value>, value: Value) -> Value {
    Value::Map([(key.into(), value)].into_iter().collect())
}

/// A small plain value, for cases that are about something else.
pub fn plain_value() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<u8>().prop_map(Value::int),
        text_in(&['a'..='z'], 0..=8).prop_map(|text| Value::Text(text.into())),
        any::<bool>().prop_map(Value::Bool),
        vec(any::<u8>().prop_map(Value::int), 0..3).prop_map(Value::List),
        Just(Value::Null),
    ]
    .boxed()
}

/// A session of values that plain JSON holds, as most are: text with space around it and characters of every kind, small numbers,
/// lists and maps of them.
pub fn plain_session(sizes: &Sizes) -> BoxedStrategy<Map> {
    let space = || select(vec!["", "", " ", "  ", "\t", "\n", "\u{a0}", "\u{3000}"]);
    let written = text_of(any::<char>().boxed(), sizes.text.min(40));
    let spaced = (space(), written, space()).prop_map(|(before, text, after)| format!("{before}{text}{after}"));
    let float =
        (-1_000_000i32..1_000_000, 1u32..6).prop_map(|(digits, places)| f64::from(digits) / 10f64.powi(places as i32));
    let float = float.prop_filter("it has a fraction", |float| float.fract() != 0.0);
    let leaf = prop_oneof![
        2 => plain_value(),
        4 => spaced.prop_map(|text| Value::Text(text.into())),
        1 => float.prop_map(Value::Float),
        1 => (-(1i64 << 53)..=1 << 53).prop_map(Value::int),
    ];
    let entries = sizes.entries.max(1);
    let values = nested(leaf.boxed(), [2, 8, entries as u32], move |inner| {
        let map = vec((text_in(&['a'..='z'], 1..=6), inner.clone()), 0..=entries);
        prop_oneof![
            4 => vec(inner.clone(), 0..=entries).prop_map(Value::List),
            4 => map.prop_map(|entries| Value::Map(entries.into_iter().collect())),
            1 => vec(inner, 0..=entries).prop_map(|items| Value::Map(like_a_list(items))),
        ]
        .boxed()
    });
    vec((text_in(&['a'..='z', '_'..='_'], 1..=6), values), 1..=entries).prop_map(Map::from_iter).boxed()
}

/// A session of any values under text keys.
pub fn session(sizes: &Sizes) -> BoxedStrategy<Map> {
    prop_oneof![8 => map_of(value(sizes), sizes), 1 => long_session(sizes.long_text), 1 => barely_compressed()].boxed()
}

/// A session of one long text over few characters, with something at its end that does not compress.
fn long_session(most: usize) -> BoxedStrategy<Map> {
    let piece = prop_oneof![Just("a"), Just("ab"), Just("lorem ipsum "), Just("é"), Just("\u{1f36a}")];
    let length = prop_oneof![15 => 0..=most / 20, 5 => 0..=most, 1 => around_a_buffer(16)];
    (length, piece, text_of(alphanumeric(), 60))
        .prop_map(|(length, piece, tail)| {
            let text = piece.chars().cycle().take(length).collect::<String>() + &tail;
            [("text", Value::Text(text.into()))].into_iter().collect()
        })
        .boxed()
}

/// Lengths around the ends of buffers and limits, of so many bits at most.
pub fn around_a_buffer(bits: u32) -> BoxedStrategy<usize> {
    let ends: Vec<_> = [12, 15, 16, 20].into_iter().filter(|end| *end <= bits).collect();
    (select(ends), -1isize..=1).prop_map(|(end, by)| (1usize << end).saturating_add_signed(by)).boxed()
}

/// A session about which it is a close call whether it pays to compress: text that does not compress, and behind it as much of
/// the beginning again as it takes, or one character less or more.
pub fn barely_compressed() -> BoxedStrategy<Map> {
    (vec(alphanumeric(), 12..80), -2i8..=2)
        .prop_map(|(head, by)| {
            let session = |repeated: usize| -> Map {
                let text: String = head.iter().chain(head.iter().cycle().take(repeated)).collect();
                [("text", Value::Text(text.into()))].into_iter().collect()
            };
            let pays =
                |repeated: usize| payload::write(&session(repeated), &Default::default()).is_ok_and(is_compressed);
            // Halving finds a place where it begins to pay. There may be more than one, and any is a close call.
            let (mut never, mut always) = (0usize, 80usize);
            while never + 1 < always {
                let middle = never.midpoint(always);
                if pays(middle) { always = middle } else { never = middle }
            }
            session(always.saturating_add_signed(by.into()))
        })
        .boxed()
}

fn is_compressed(payload: String) -> bool {
    payload.starts_with('.')
}

fn alphanumeric() -> BoxedStrategy<char> {
    prop_oneof![range('a', 'z'), range('A', 'Z'), range('0', '9')].boxed()
}

fn map_of(values: BoxedStrategy<Value>, sizes: &Sizes) -> BoxedStrategy<Map> {
    vec((key(sizes.text), values), 0..=sizes.entries)
        .prop_map(|entries| entries.into_iter().map(|(key, value)| (Value::Text(key), value)).collect())
        .boxed()
}

/// Keys: words, any text, and those that look like tags.
fn key(most: usize) -> BoxedStrategy<Text> {
    let word = text_in(&['a'..='z', '_'..='_'], 1..=6).prop_map(Text::from);
    prop_oneof![8 => word, 2 => text(most), 2 => tag_like().prop_map(Text::from), 1 => foreign_key().prop_map(Text::from)]
        .boxed()
}

/// Keys that other languages take for something else: for a number, a member of every object, or an error.
fn foreign_key() -> BoxedStrategy<&'static str> {
    select(vec![
        "0",
        "1",
        "-0",
        "01",
        "1.0",
        "null",
        "true",
        "__proto__",
        "constructor",
        "length",
        "\0a",
        "\0*\0a",
        "$id",
    ])
    .boxed()
}

/// Keys that are tags, or become tags when they are escaped or taken apart.
fn tag_like() -> BoxedStrategy<&'static str> {
    select(vec![" t", " b", " m", " u", " d", " di", " t__", " di__", "__", " ", " j", ""]).boxed()
}

/// Text of some code points at most, lone surrogates and control characters among it.
pub fn text(most: usize) -> BoxedStrategy<Text> {
    let edges =
        select(vec!['"', '\\', '/', '<', '&', '\u{0}', '\u{8}', '\n', '\u{1f}', '\u{7f}', '\u{2028}', '\u{feff}']);
    let point = prop_oneof![
        2 => 0u32..0x80,
        3 => 0xD7F0u32..0xE010,
        1 => Just(0xFF61),
        2 => 0x1F600u32..0x1F610,
        1 => Just(0x10FFFF),
        2 => edges.prop_map(u32::from)
    ];
    prop_oneof![
        3 => text_of(range(' ', '~').boxed(), most).prop_map(Text::from),
        1 => text_of(any::<char>().boxed(), most).prop_map(Text::from),
        1 => vec(point, 0..=most.div_ceil(2)).prop_map(Text::from_code_points),
    ]
    .boxed()
}

fn text_of(characters: BoxedStrategy<char>, most: usize) -> BoxedStrategy<String> {
    vec(characters, 0..=most).prop_map(String::from_iter).boxed()
}

fn leaf(text_length: usize) -> BoxedStrategy<Value> {
    prop_oneof![
        4 => plain_value(),
        2 => integer().prop_map(Value::Int),
        3 => float().prop_map(Value::Float),
        2 => text(text_length).prop_map(Value::Text),
        1 => text(text_length).prop_map(Value::Markup),
        1 => vec(any::<u8>(), 0..=text_length).prop_map(Value::Bytes),
        1 => prop_oneof![9 => any::<u128>(), 1 => select(vec![0, 1, u128::MAX])].prop_map(Value::Uuid),
        1 => datetime().prop_map(Value::Datetime),
    ]
    .boxed()
}

/// Integers around the powers of two, far beyond every machine's word, and some of hundreds of digits.
fn integer() -> BoxedStrategy<BigInt> {
    let near_a_power = |bits| {
        (bits, -1i8..=1, any::<bool>()).prop_map(|(bits, by, minus): (u32, i8, bool)| {
            let near = (BigInt::from(1) << bits) + by;
            if minus { -near } else { near }
        })
    };
    prop_oneof![
        3 => any::<i64>().prop_map(BigInt::from),
        3 => any::<i128>().prop_map(BigInt::from),
        2 => near_a_power(0u32..100),
        1 => near_a_power(1000u32..1100),
        2 => select(vec![i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, -(1 << 53)]).prop_map(BigInt::from),
    ]
    .boxed()
}

/// Floats of any bits, and those where ways of writing them part.
fn float() -> BoxedStrategy<f64> {
    let edges = vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        1e15,
        1e16,
        9999999999999998.0,
        1e21,
        1e22,
        1e23,
        1e-4,
        1e-5,
        1e-7,
        0.1,
        1e308,
    ];
    prop_oneof![
        2 => any::<f64>(),
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => (-20i32..25, 1u32..1000).prop_map(|(power, digits)| f64::from(digits) * 10f64.powi(power)),
        4 => select(edges),
    ]
    .boxed()
}

/// Any datetime that survives its trip: years 100 to 9998, since two-digit years come back in another century.
fn datetime() -> BoxedStrategy<Datetime> {
    let day = 86_400u32;
    let offset = prop_oneof![
        Just(None),
        Just(Some(UtcOffset::UTC)),
        (-1439i32..=1439).prop_map(|minutes| UtcOffset::from_whole_seconds(minutes * 60).ok()),
    ];
    let year = prop_oneof![4 => 1900i32..2100, 2 => 100i32..9999, 1 => select(vec![100, 1969, 1970, 2038, 9998])];
    let ordinal = prop_oneof![6 => 1u16..=365, 1 => select(vec![1, 59, 60, 365])];
    (year, ordinal, 0..day, prop_oneof![Just(0u32), 0u32..1_000_000], offset)
        .prop_filter_map("a date", |(year, ordinal, second, micro, offset)| {
            let date = Date::from_ordinal_date(year, ordinal).ok()?;
            let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
            let time = Time::from_hms_micro(hour as u8, minute as u8, second as u8, micro).ok()?;
            Some(Datetime { local: PrimitiveDateTime::new(date, time), offset })
        })
        .boxed()
}
