//! Spells base64 like another base64 text, and makes signatures as wrong as another signature.
//!
//! It knows letters, not what they mean.

use crate::model::base64;

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What is to `other` as `text` is to `right`: the same case changed, the same bits turned, as much cut off, or the same put in.
/// None where `text` is not much like `right`.
pub(super) fn alike(text: &str, right: &str, other: &str) -> Option<String> {
    if !text.is_ascii() || right.len() != other.len() {
        return None;
    }
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).count();
    let prefix = same(&mut text.chars().zip(right.chars()));
    let (text_rest, right_rest) = (text.get(prefix..)?, right.get(prefix..)?);
    let suffix = same(&mut text_rest.chars().rev().zip(right_rest.chars().rev()));
    let case = text.eq_ignore_ascii_case(right);
    let is_cut_off = prefix == text.len() || suffix == text.len();
    if !case && !is_cut_off && (prefix + suffix) * 4 < right.len() * 3 {
        return None;
    }
    let put = text_rest.get(..text_rest.len() - suffix)?;
    let (taken, there) = (right_rest.get(..right_rest.len() - suffix)?, other.get(prefix..other.len() - suffix)?);
    let turned = |((put, taken), there): ((char, char), char)| {
        let place = |c: char| ALPHABET.find(c);
        match (place(put), place(taken), place(there)) {
            _ if put == taken => there,
            _ if case && there.is_ascii_lowercase() => there.to_ascii_uppercase(),
            _ if case => there.to_ascii_lowercase(),
            (Some(a), Some(b), Some(c)) => ALPHABET.chars().nth(a ^ b ^ c).unwrap_or(put),
            _ => put,
        }
    };
    let middle = match put.len() == taken.len() {
        true => put.chars().zip(taken.chars()).zip(there.chars()).map(turned).collect(),
        false => put.to_owned(),
    };
    Some(format!("{}{middle}{}", other.get(..prefix)?, other.get(other.len() - suffix..)?))
}

/// Other bytes, spelled in base64 as some bytes were: canonically, with something behind, in the other alphabet, or with the same
/// unused bits set. None where it is spelled otherwise.
pub(super) fn respell(text: &str, bytes: &[u8], others: &[u8]) -> Option<String> {
    let (canonical, other) = (base64::encode(bytes), base64::encode(others));
    let standard = |text: &str| text.replace('-', "+").replace('_', "/");
    if let Some(behind) = text.strip_prefix(&canonical) {
        return Some(other + behind);
    }
    if let Some(behind) = text.strip_prefix(&standard(&canonical)) {
        return Some(standard(&other) + behind);
    }
    let place = |c: char| ALPHABET.find(c);
    let (mut head, mut other_head) = (canonical, other);
    let (last, other_last) = (head.pop()?, other_head.pop()?);
    let (behind, same_length) = (text.strip_prefix(&head)?, head.len() == other_head.len());
    let written = behind.chars().next().filter(|_| same_length)?;
    let bits = place(written)? ^ place(last)?;
    let spelled = ALPHABET.chars().nth(place(other_last)? ^ bits)?;
    Some(format!("{other_head}{spelled}{}", behind.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_that_is_almost_right_stays_so() {
        let (right, other) = ("AbCdEfGh-_", "ZyXwVuTs01");
        for (text, expected) in [
            ("aBCdEfGh-_", "zYXwVuTs01"),
            ("AbCdEfGh-", "ZyXwVuTs0"),
            ("", ""),
            ("_", "1"),
            ("AbCd!EfGh-_", "ZyXw!VuTs01"),
            ("AbCdEfGh-_=x", "ZyXwVuTs01=x"),
            ("AbCeEfGh-_", "ZyXzVuTs01"),
            ("AbC.EfGh-_", "ZyX.VuTs01"),
        ] {
            assert_eq!(alike(text, right, other).as_deref(), Some(expected), "{text}");
        }
        for text in ["0123456789", "AbCd012345", "é"] {
            assert_eq!(alike(text, right, other), None, "{text}");
        }
    }

    #[test]
    fn another_spelling_of_a_part_stays_one() {
        for (text, spelled) in [("-_8", "AAE"), ("-_8=", "AAE="), ("+/8", "AAE"), ("-_9", "AAF"), ("-_8!x", "AAE!x")] {
            assert_eq!(respell(text, &[0xfb, 0xff], &[0, 1]).as_deref(), Some(spelled), "{text}");
        }
        assert_eq!(respell("!-_8", &[0xfb, 0xff], &[0, 1]), None);
    }
}
