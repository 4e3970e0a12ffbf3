//! Base64 as Python reads and writes it (`SIG-3`, `SIG-7`).

use ::base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// URL-safe base64 without padding: how every part of a cookie is written (`SIG-3`).
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Standard base64 with padding: how bytes are written within a payload (`PAY-7`).
pub fn encode_standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A part of a cookie as itsdangerous reads it: padding is added up to a multiple of four characters, junk included, then
/// Python's lenient decoder reads both alphabets (`SIG-7`).
pub fn decode(part: &[u8]) -> Option<Vec<u8>> {
    let mut padded = part.to_vec();
    while !padded.len().is_multiple_of(4) {
        padded.push(b'=');
    }
    for byte in &mut padded {
        match byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        }
    }
    decode_standard(&padded)
}

/// Whether a part is the canonical spelling of what it decodes to: what a strict implementation accepts.
pub fn is_canonical(part: &[u8]) -> bool {
    decode(part).is_some_and(|bytes| encode(&bytes).as_bytes() == part)
}

/// Python's `base64.b64decode` without validation: characters outside the standard alphabet are skipped, a quad that padding
/// completes ends the input, and unused bits are dropped.
pub fn decode_standard(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut in_quad, mut left, mut pads) = (0u8, 0u8, 0u8);
    for &c in text {
        if c == b'=' {
            if in_quad >= 2 {
                pads += 1;
                if in_quad + pads >= 4 {
                    return Some(bytes);
                }
            }
            continue;
        }
        let Some(sextet) = sextet(c) else { continue };
        pads = 0;
        match in_quad {
            0 => {}
            1 => bytes.push(left << 2 | sextet >> 4),
            2 => bytes.push(left << 4 | sextet >> 2),
            _ => bytes.push(left << 6 | sextet),
        }
        left = match in_quad {
            0 => sextet,
            1 => sextet & 0x0F,
            2 => sextet & 0x03,
            _ => 0,
        };
        in_quad = (in_quad + 1) % 4;
    }
    (in_quad == 0).then_some(bytes)
}

fn sextet(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_spellings_are_read_and_known_for_what_they_are() {
        assert_eq!(decode(b"-_8").as_deref(), Some(&[0xFB, 0xFF][..]));
        for other in [&b"+/8"[..], b"-_8=", b"-_9", b"-_!!!!8"] {
            assert_eq!(decode(other), decode(b"-_8"), "{other:?}");
            assert!(!is_canonical(other));
        }
        assert!(is_canonical(b"-_8"));
    }

    #[test]
    fn a_lone_character_or_one_piece_of_junk_is_not_base64() {
        assert_eq!(decode(b"A"), None);
        assert_eq!(decode(b"AAAA!AA"), None);
        assert_eq!(decode(b"AAAA!AAA"), None);
    }
}
