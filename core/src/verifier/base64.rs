//! Base64 in two speeds: the canonical spelling without a detour, and what else Python's decoder reads (`SIG-7`).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// The longest part that is short, in bytes after decoding: as long as the longest signature.
pub(super) const SHORT: usize = 64;

/// Appends the URL-safe spelling without padding (`SIG-3`).
pub(super) fn append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Appends the standard spelling with padding, as bytes within a payload are written (`PAY-7`).
pub(super) fn append_standard(bytes: &[u8], text: &mut String) {
    STANDARD.encode_string(bytes, text);
}

/// Shows the bytes of a short part to `see`, decoded without an allocation. None when it is longer or not base64, or when
/// `strict` and not the canonical spelling.
pub(super) fn with_short<T>(part: &str, strict: bool, see: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut buffer = [0; SHORT];
    let length = match URL_SAFE_NO_PAD.decode_slice(part, &mut buffer) {
        Ok(length) => length,
        Err(_) if strict => return None,
        Err(_) => {
            let mut length = 0;
            leniently(url_safe(part.as_bytes()), |bytes| {
                buffer.get_mut(length..length + bytes.len())?.copy_from_slice(bytes);
                length += bytes.len();
                Some(())
            })?;
            length
        }
    };
    buffer.get(..length).map(see)
}

/// The bytes of a part of any length; none when it is not base64, or when `strict` and not the canonical spelling.
pub(super) fn decode(part: &str, strict: bool) -> Option<Vec<u8>> {
    match URL_SAFE_NO_PAD.decode(part) {
        Ok(bytes) => Some(bytes),
        Err(_) if strict => None,
        Err(_) => to_vec_leniently(url_safe(part.as_bytes())),
    }
}

/// What itsdangerous gives to Python's decoder: both alphabets, and padding up to a multiple of four characters of whatever kind.
fn url_safe(part: &[u8]) -> impl Iterator<Item = u8> {
    let padding = part.len().wrapping_neg() % 4;
    let standard = part.iter().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    standard.chain(std::iter::repeat_n(b'=', padding))
}

/// As Python's `b64decode` reads bytes within a payload: the standard alphabet alone, nothing added.
pub(super) fn decode_standard(text: &[u8]) -> Option<Vec<u8>> {
    to_vec_leniently(text.iter().copied())
}

fn to_vec_leniently(text: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut all = Vec::with_capacity(text.size_hint().0 / 4 * 3 + 3);
    leniently(text, |bytes| {
        all.extend_from_slice(bytes);
        Some(())
    })?;
    Some(all)
}

/// Python's lenient reading, in pieces for `take`, which may give up. Characters of no meaning are passed over. Padding counts
/// only where a group of four characters lacks one or two, and what completes such a group ends the text. A group left open
/// otherwise is an error.
fn leniently(text: impl Iterator<Item = u8>, mut take: impl FnMut(&[u8]) -> Option<()>) -> Option<()> {
    let (mut group, mut filled, mut padding) = (0u32, 0u32, 0u32);
    for byte in text {
        if byte == b'=' {
            padding += 1;
            if filled >= 2 && filled + padding >= 4 {
                let whole = (filled - 1) as usize;
                return take(&(group << (32 - 6 * filled)).to_be_bytes()[..whole]);
            }
            continue;
        }
        let Some(value) = value_of(byte) else { continue };
        padding = 0;
        group = group << 6 | value;
        filled += 1;
        if filled == 4 {
            take(&group.to_be_bytes()[1..])?;
            (group, filled) = (0, 0);
        }
    }
    (filled == 0).then_some(())
}

/// The six bits that a character of the standard alphabet stands for.
fn value_of(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(part: &str) -> Option<Vec<u8>> {
        decode(part, false)
    }

    #[test]
    fn other_spellings_of_the_same_bytes_are_read_unless_strict() {
        for part in ["+/8", "-_8=", "-_8==", "-_8===", "-_9", "-_!!!!8", "-_8=AA", "é-_é8"] {
            assert_eq!(read(part).as_deref(), Some(&[0xFB, 0xFF][..]), "{part}");
            assert_eq!(decode(part, true), None, "{part}");
            assert_eq!(with_short(part, false, <[u8]>::to_vec), read(part), "{part}");
            assert_eq!(with_short(part, true, <[u8]>::to_vec), None, "{part}");
        }
        assert_eq!(decode("-_8", true), read("-_8"));
    }

    #[test]
    fn a_group_left_open_is_an_error() {
        for part in ["A", "AAAA!AA", "A===", "AAAAA=A"] {
            assert_eq!(read(part), None, "{part}");
        }
        assert_eq!(read(""), Some(Vec::new()));
        assert_eq!(read("===="), Some(Vec::new()));
    }

    #[test]
    fn a_part_is_short_by_its_bytes_and_not_by_its_characters() {
        let part = |bytes: usize| "A".repeat((bytes * 4).div_ceil(3));
        assert_eq!(with_short(&part(SHORT), true, <[u8]>::len), Some(SHORT));
        for long in [part(SHORT + 1), part(10 * SHORT), part(SHORT + 1) + "="] {
            assert_eq!(with_short(&long, false, <[u8]>::len), None);
            assert_eq!(with_short(&long, true, <[u8]>::len), None);
        }
        let with_junk = part(SHORT) + &"!".repeat(400);
        assert_eq!(with_short(&with_junk, false, <[u8]>::len), Some(SHORT));
        assert_eq!(with_short(&with_junk, true, <[u8]>::len), None);
    }

    #[test]
    fn bytes_within_a_payload_need_their_padding() {
        assert_eq!(decode_standard(b"AAH/").as_deref(), Some(&[0, 1, 255][..]));
        assert_eq!(decode_standard(b"AA==").as_deref(), Some(&[0][..]));
        assert_eq!(decode_standard(b"AA"), None);
    }
}
