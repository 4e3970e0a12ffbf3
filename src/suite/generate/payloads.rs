//! Payloads that Flask would not write, signed by somebody who has the key: other JSON, dates that Flask reads but does not
//! write, and texts that are not payloads.

use super::{
    strategies::{nested, text_in},
    values,
};
use crate::model::{base64, payload};
use proptest::{collection::vec, prelude::*, sample::select};
use std::ops::RangeInclusive;

/// What ASCII can print.
const PRINTABLE: &[RangeInclusive<char>] = &[' '..='~'];

/// Any such payload, as it stands in a cookie.
pub fn odd() -> BoxedStrategy<String> {
    prop_oneof![
        3 => select(ODD.to_vec()).prop_map(encode),
        2 => prop_oneof![json_soup(), tagged_json(), keyed(tagged_json())].prop_map(encode),
        1 => prop_oneof![keyed(tagged_json()), json_soup()].prop_map(deflate),
        1 => vec(any::<char>(), 0..32).prop_map(String::from_iter).prop_map(encode),
        1 => vec(any::<u8>(), 0..12).prop_map(|bytes| base64::encode(&bytes)),
        1 => text_in(&['A'..='Z', 'a'..='z', '0'..='9', '_'..='_', '-'..='.', '!'..='!'], 0..=9),
        1 => text_in(PRINTABLE, 0..=40).prop_map(deflate),
        1 => (values::around_a_buffer(20), any::<bool>()).prop_map(|(length, replaced)| long(length, replaced)),
        1 => (text_in(PRINTABLE, 0..=40), any::<prop::sample::Index>(), 0u8..8)
            .prop_map(|(text, at, bit)| spoiled_stream(&text, at, bit)),
    ]
    .boxed()
}

/// The payload of a session with a date that Flask would not write.
pub fn dated() -> BoxedStrategy<String> {
    prop_oneof![
        3 => dates().prop_map(|date| format!("{{\"v\":{{\" d\":\"{date}\"}}}}")),
        1 => dates().prop_map(|date| format!("{{\"v\":{{\" m\":[{{\" d\":\"{date}\"}}]}}}}")),
    ]
    .prop_map(encode)
    .boxed()
}

fn encode(text: impl AsRef<str>) -> String {
    base64::encode(text.as_ref().as_bytes())
}

fn deflate(text: String) -> String {
    format!(".{}", base64::encode(&payload::deflate(text.as_bytes())))
}

/// A compressed payload that inflates to so many bytes, most of which mean nothing: space, or a text that a later value of its
/// key replaces.
fn long(length: usize, is_replaced: bool) -> String {
    let (head, filler, tail) = if is_replaced { ("{\"a\":\"", "t", "\",\"a\":1}") } else { ("{\"a\":1", " ", "}") };
    deflate(format!("{head}{}{tail}", filler.repeat(length.saturating_sub(head.len() + tail.len()))))
}

/// A zlib stream with one bit changed.
fn spoiled_stream(text: &str, at: prop::sample::Index, bit: u8) -> String {
    let mut stream = payload::deflate(text.as_bytes());
    let at = at.index(stream.len());
    if let Some(byte) = stream.get_mut(at) {
        *byte ^= 1 << bit;
    }
    format!(".{}", base64::encode(&stream))
}

fn keyed(values: BoxedStrategy<String>) -> BoxedStrategy<String> {
    values.prop_map(|value| format!("{{\"v\":{value}}}")).boxed()
}

const ODD: &[&str] = &[
    "",
    "5",
    "\"ab\"",
    "[]",
    "null",
    "true",
    "[1]",
    "[[\"a\",1]]",
    "[\"ab\"]",
    "{",
    "{}x",
    "[NaN]",
    "{\"a\":1e400}",
    "{\" u\":\"x\"}",
    "{\"a\":{\" u\":\"x\"}}",
    "{\"a\":{\" t\":5}}",
    "{\"a\":{\" b\":\"A\"}}",
    "{\"a\":{\" d\":\"x\"}}",
    "{\"a\":{\" d\":\"Thursday, 29-Feb-24 12:30:05 EST\"}}",
    "{\"a\":{\" d\":\"Feb 29 12:30 2024\"}}",
    "{\"a\":{\" d\":\"29 Feb 2024 12.30 -0530\"}}",
    "{\"a\":{\" d\":\"31 Dec 2016 23:59:60 GMT\"}}",
    "{\"a\":{\" d\":\"1 Jan 2024 00:00 +2400\"}}",
    "{\"a\":{\" d\":\"1 Jan 2147483648 00:00\"}}",
    "{\"a\":{\" di\":{}}}",
    "{\"a\":{\" di\":{\"b\":1}}}",
    "{\"a\":{\" m\":[1]}}",
    "{\"a\":01}",
    " {} ",
    "{\"a\":1,\"a\":2}",
    "\u{feff}{}",
    "{\"0\":1}",
    "{\"a\":{\"0\":1,\"1\":2},\"b\":[1,2]}",
    "{\"a\":{},\"b\":[]}",
    "{\"a\":[-0,-0.0,0,0.0,false]}",
    "{\"a\":[1e999999999,-1e99999999999999999999,0e99999999999999999999]}",
    "{\"a\":[1],\"\\u0061\":{}}",
    "{\"\\u0000a\":1,\"\\u0000\":2}",
    "{\"__proto__\":{\"a\":1}}",
];

/// JSON that is almost what Python writes: fragments, tags and values in any order.
pub fn json_soup() -> BoxedStrategy<String> {
    let fragments = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\" t\"",
        "\" di\"",
        "\" b\"",
        "\" m\"",
        "\" d\"",
        "\" u\"",
        "1",
        "-",
        "0",
        ".5",
        "e3",
        "null",
        "true",
        "NaN",
        "-Infinity",
        "\\u00e9",
        "\\ud83d",
        "\\",
        " ",
        "\n",
        "{\" t\":[1,2]}",
        "{\" m\":",
        "{\" di\":{",
        "\" t__\":",
        "\"AAH/\"",
        "\"é\"",
        "\"00000000000000000000000000000001\"",
        "{\"a\":",
        "[[\"a\",",
    ];
    vec(select(fragments), 0..9).prop_map(|all| all.concat()).boxed()
}

/// A value of the right JSON form, with tags over contents of any type.
pub fn tagged_json() -> BoxedStrategy<String> {
    let leaf = select(vec![
        "1",
        "-0.0",
        "1e16",
        "null",
        "true",
        "\"\"",
        "\"ab\"",
        "\"a'\\\"b\"",
        "\"AA==\"",
        "\"AAH/\"",
        "[]",
        "{}",
        "12345678901234567890",
        "\"Thu, 29 Feb 2024 12:30:00 GMT\"",
        "\"Thu, 01 Jan 1970 00:00:07 GMT\"",
        "\"12345678-1234-5678-1234-567812345678\"",
        "\"{0x345678123456781234567812345678}\"",
        "\"\\u0661\\uff11345678123456781234567812345678\"",
        "\"\\u00e9\\n\\ud800\"",
        "NaN",
    ]);
    let tag = select(vec![" t", " b", " m", " u", " d", " di", "a", " t__", " m__"]);
    nested(leaf.prop_map(str::to_owned).boxed(), [4, 16, 3], |inner| {
        prop_oneof![
            4 => (tag.clone(), inner.clone()).prop_map(|(tag, content)| format!("{{\"{tag}\":{content}}}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("[{one},{two}]")),
            1 => (tag.clone(), tag.clone(), inner.clone(), inner).prop_map(|(a, b, one, two)| {
                format!("{{\"{a}\":{one},\"{b}\":{two}}}")
            }),
        ]
        .boxed()
    })
}

/// Text that is a date, or almost.
pub fn dates() -> BoxedStrategy<String> {
    let one_of = |words: &'static [&'static str]| select(words);
    let parts = (
        one_of(&["Thu, ", "Thu ", "", "x ", "Thu,", "Thursday, "]),
        one_of(&["1", "01", "31", "1,", "+1", "1_0"]),
        one_of(&[" ", "-", " , "]),
        one_of(&["Jan", "feb", "March", "may", "Foo", "12"]),
        one_of(&[" ", "-"]),
        one_of(&["2024", "24", "0075", "2024,", "0", "100", "10000", "99999999999", "12:30:15"]),
        one_of(&[" 12:30:15", " 12:30", " 12.30.15", " 24:0", " 12:30:15,", " 1:2:3:4", " 2024", ""]),
        one_of(&[" ", ""]),
        one_of(&["GMT", "", "EST", "mdt", "Z", "+0530", "-0000", "-2360", "+2400", "junk", "+99999999999999999999"]),
    );
    parts.prop_map(|(a, b, c, d, e, f, g, h, i)| [a, b, c, d, e, f, g, h, i].concat()).boxed()
}
