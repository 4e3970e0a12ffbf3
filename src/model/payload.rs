//! The first part of a cookie: a session as JSON, compressed when that pays, in base64 (`PAY-12`, `PAY-13`).

use super::{Raised, base64, json, tagging};
use crate::{
    protocol::{Base64Choice, Choices, CompressionChoice},
    stock_zlib::{self, DEFAULT_LEVEL, Format, InflateError},
    value::{Map, Value},
};

/// The most that a payload may inflate to, in bytes. Flask knows no limit; a model needs one.
const MAX_INFLATED: usize = 64 << 20;

/// A session as the payload of a cookie. Compressed exactly when the stream is shorter than the JSON by more than one byte,
/// and then marked by a leading dot.
pub fn write(session: &Map, choices: &Choices) -> Result<String, Raised> {
    let text = json::write(&tagging::tag(&Value::Map(session.clone()))?)?;
    if choices.compression != CompressionChoice::Never {
        let deflated = deflate(text.as_bytes());
        if deflated.len() + 1 < text.len() {
            return Ok(format!(".{}", base64::encode(&deflated)));
        }
    }
    Ok(base64::encode(text.as_bytes()))
}

/// The session in the payload of a cookie whose signature was verified.
pub fn read(payload: &[u8], choices: &Choices) -> Result<Map, Raised> {
    let text = text(payload, choices).ok_or(Raised::Payload)?;
    session(tagging::untag(json::read(&text)?)?).ok_or(Raised::Payload)
}

/// The JSON text in a payload, inflated when a dot stands before it.
pub fn text(payload: &[u8], choices: &Choices) -> Option<String> {
    text_within(payload, choices, MAX_INFLATED).ok()
}

/// Why a payload has no JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    /// It is not base64, or not the canonical spelling where that is required.
    #[error("the payload is not base64")]
    Base64,
    /// Behind its leading dot stands no whole zlib stream.
    #[error("the payload is not a zlib stream")]
    Deflate,
    /// It inflates to more than the limit.
    #[error("the payload inflates to more than {0} bytes")]
    TooLong(usize),
    /// It is not UTF-8.
    #[error("the payload is not UTF-8")]
    Utf8,
}

/// The JSON text in a payload, which may inflate to a limit in bytes.
pub fn text_within(payload: &[u8], choices: &Choices, limit: usize) -> Result<String, NoText> {
    let (encoded, is_deflated) = match payload.strip_prefix(b".") {
        Some(rest) => (rest, true),
        None => (payload, false),
    };
    if choices.base64 == Base64Choice::Strict && !base64::is_canonical(encoded) {
        return Err(NoText::Base64);
    }
    let bytes = base64::decode(encoded).ok_or(NoText::Base64)?;
    let text = if is_deflated { inflate_within(&bytes, limit)? } else { bytes };
    String::from_utf8(text).map_err(|_| NoText::Utf8)
}

/// Python's `zlib.compress`: stock zlib, default level, one piece.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    stock_zlib::deflate(bytes, DEFAULT_LEVEL, Format::Zlib)
}

/// Python's `zlib.decompress`: a whole stream; what stands behind it is ignored.
pub fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    inflate_within(bytes, MAX_INFLATED).ok()
}

fn inflate_within(bytes: &[u8], limit: usize) -> Result<Vec<u8>, NoText> {
    stock_zlib::inflate(bytes, limit).map_err(|error| match error {
        InflateError::Data => NoText::Deflate,
        InflateError::TooLong => NoText::TooLong(limit),
    })
}

/// What Python's `dict()` makes of a loaded payload: a map as it is, nothing of null, and pairs of anything that has two
/// (`PAY-15`).
fn session(loaded: Value) -> Option<Map> {
    match loaded {
        Value::Map(map) => Some(map),
        Value::Null => Some(Map::new()),
        other => {
            let mut map = Map::new();
            for pair in tagging::iterate(&other)? {
                match <[Value; 2]>::try_from(tagging::iterate(&pair)?) {
                    Ok([key, value]) if is_hashable(&key) => map.insert(key, value),
                    _ => return None,
                }
            }
            Some(map)
        }
    }
}

/// Whether Python takes the value as a key.
pub fn is_hashable(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Tuple(items) => items.iter().all(is_hashable),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLASK: Choices = Choices {
        base64: Base64Choice::Lenient,
        odd_payload: crate::protocol::OnInvalid::Raise,
        timestamp_range: crate::protocol::OnInvalid::Raise,
        compression: CompressionChoice::Zlib,
        key_order: crate::protocol::OrderChoice::Sorted,
        duplicates: crate::protocol::DuplicatesChoice::First,
        fallback_text: crate::config::FallbackTextChoice::Letters,
        reasons: crate::protocol::ReasonsChoice::None,
        store: crate::protocol::StoreChoices::FIRST,
    };

    #[test]
    fn a_strict_reader_takes_the_canonical_spelling_alone() {
        let strict = Choices { base64: Base64Choice::Strict, ..FLASK };
        assert_eq!(text(b"e30", &strict).as_deref(), Some("{}"));
        assert_eq!(text(b"e30=", &strict), None);
        assert_eq!(text(b"e30=", &FLASK).as_deref(), Some("{}"));
    }

    fn read_json(text: &str) -> Result<Map, Raised> {
        read(base64::encode(text.as_bytes()).as_bytes(), &FLASK)
    }

    #[test]
    fn long_repetitive_sessions_are_compressed_and_come_back() {
        let session: Map = [("text", Value::Text("a".repeat(100).into()))].into_iter().collect();
        let payload = write(&session, &FLASK).unwrap();
        assert!(payload.starts_with('.'));
        assert_eq!(read(payload.as_bytes(), &FLASK), Ok(session));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = format!(".{}", base64::encode(&deflate(&vec![b' '; MAX_INFLATED + (1 << 20)])));
        assert_eq!(read(bomb.as_bytes(), &FLASK), Err(Raised::Payload));
    }

    #[test]
    fn a_stream_inflates_up_to_the_limit() {
        let (plain, limit) = (vec![b' '; 5000], 5000);
        let stream = deflate(&plain);
        let inflated = |limit| inflate_within(&stream, limit);
        assert!(matches!(inflated(limit), Ok(all) if all == plain));
        assert!(matches!(inflated(limit + 1), Ok(all) if all == plain));
        assert!(matches!(inflated(limit - 1), Err(NoText::TooLong(most)) if most == limit - 1));
    }

    #[test]
    fn a_key_is_hashable_to_its_depth() {
        let tuple = |item| Value::Tuple(vec![Value::int(1), item]);
        assert!(is_hashable(&Value::Null) && is_hashable(&tuple(tuple("a".into()))));
        for odd in [Value::List(Vec::new()), Value::Map(Map::new())] {
            assert!(!is_hashable(&odd) && !is_hashable(&tuple(tuple(odd))));
        }
    }

    #[test]
    fn a_truncated_stream_is_refused_and_a_tail_ignored() {
        let mut stream = deflate(b"{}");
        stream.extend(b"tail");
        assert_eq!(inflate(&stream).as_deref(), Some(&b"{}"[..]));
        assert_eq!(inflate(&stream[..stream.len() - 5]), None);
        assert_eq!(inflate(b""), None);
    }

    #[test]
    fn a_session_is_whatever_dict_takes() {
        assert_eq!(read_json("null"), Ok(Map::new()));
        assert_eq!(read_json("\"\""), Ok(Map::new()));
        assert_eq!(read_json("[[\"a\",1]]"), Ok([("a", Value::int(1))].into_iter().collect()));
        assert_eq!(read_json("[\"ab\"]"), Ok([("a", Value::from("b"))].into_iter().collect()));
        for odd in ["5", "true", "\"ab\"", "[1]", "[[[],1]]", "[[1,2,3]]"] {
            assert_eq!(read_json(odd), Err(Raised::Payload), "{odd}");
        }
    }
}
