//! Cookies carried over from one clock and key to another.
//!
//! A server cannot be told what time it is. But all that it remembers of a session is a cookie, and whoever has the secret key
//! can sign the same payload with another time. To the server, a cookie that is signed a minute earlier is one that has waited
//! a minute; so nobody needs to wait. The suite's calls have a clock and a key of their own; each is carried over to the
//! server's clock and key before it is sent, and what is set is carried back.
//!
//! It does not know whether a cookie is good: what no key signed is left as it stands, as it would be refused all the same.

use crate::{
    clock::UnixTime,
    config::Config,
    model::{base64, http_date, signing},
    protocol::Exchanged,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// One side: a configuration, and a second by its clock.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What is configured there.
    pub config: &'a Config,
    /// The keys that verify there, the current one first; those of both sides stand in the same order.
    pub keys: &'a [Vec<u8>],
    /// The time of the request there.
    pub now: UnixTime,
}

/// The way from one side to the other. Their times differ by whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Carry<'a> {
    /// Where cookies come from.
    pub from: Side<'a>,
    /// Where they go to.
    pub to: Side<'a>,
}

impl<'a> Carry<'a> {
    /// The way back.
    pub fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }

    fn seconds(&self) -> i64 {
        self.to.now.seconds().saturating_sub(self.from.now.seconds())
    }

    /// A Cookie header in which every cookie that a key signed is carried over, wherever it stands.
    pub fn header(&self, header: &str) -> String {
        const ENDS: [char; 5] = [';', ',', ' ', '\t', '"'];
        header.split_inclusive(ENDS).map(|run| self.run(run, ENDS)).collect()
    }

    /// What stands between two characters that end a value, with the second of them.
    fn run(&self, run: &str, ends: [char; 5]) -> String {
        let text = run.strip_suffix(ends).unwrap_or(run);
        let end = run.strip_prefix(text).unwrap_or_default();
        let named = text.split_once('=').map(|(name, value)| (&text[..=name.len()], value));
        for (name, value) in named.into_iter().chain([("", text)]) {
            if let Some(carried) = self.escaped(value) {
                return format!("{name}{carried}{end}");
            }
        }
        run.to_owned()
    }

    /// A value that may have characters written as three octal digits, which are written so again.
    fn escaped(&self, value: &str) -> Option<String> {
        if !value.contains('\\') {
            return self.value(value);
        }
        let mut characters = Vec::new();
        let mut rest = value;
        while let Some(first) = rest.chars().next() {
            let octal = rest.get(1..4).filter(|_| first == '\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
            let written = if octal.is_some() { 4 } else { first.len_utf8() };
            characters.push((octal.map_or(first, char::from), octal.is_some()));
            rest = rest.get(written..)?;
        }
        let plain: String = characters.iter().map(|(character, _)| character).collect();
        let carried = self.value(&plain)?;
        let write = |(character, (_, escaped)): (char, &(char, bool))| match escaped {
            true => format!("\\{:03o}", u32::from(character)),
            false => character.to_string(),
        };
        (carried.chars().count() == characters.len()).then(|| carried.chars().zip(&characters).map(write).collect())
    }

    /// A cookie value, signed again for the other side by the key that stands in the same place; none where it is nothing like what
    /// a key signed. A signature that is almost right stays so, since that is where a server may be too lenient.
    pub fn value(&self, value: &str) -> Option<String> {
        let (signed, signature) = value.rsplit_once('.')?;
        let mac = |side: &Side<'_>, key: &[u8], text: &str| {
            signing::mac(side.config.digest, &signing::derive_key(side.config, key), &[text.as_bytes()])
        };
        let spelled = base64::decode(signature.as_bytes());
        let ours = [Some(signed.to_owned()), canonical(signed)].into_iter().flatten().flat_map(|signed| {
            self.from.keys.iter().zip(self.to.keys).map(move |(key, there)| (signed.clone(), key, there))
        });
        let macs: Vec<_> = ours
            .map(|(signed, key, there)| (mac(&self.from, key, &signed), mac(&self.to, there, &self.signed(&signed))))
            .collect();
        let right = |(here, there): &(Vec<u8>, Vec<u8>)| {
            respell(signature, here, there).filter(|_| spelled.as_ref() == Some(here))
        };
        let almost =
            |(here, there): &(Vec<u8>, Vec<u8>)| alike(signature, &base64::encode(here), &base64::encode(there));
        let carried = macs.iter().find_map(right).or_else(|| macs.iter().find_map(almost))?;
        Some(format!("{}.{carried}", self.signed(signed)))
    }

    /// Payload and timestamp, as many seconds later as the other side's clock is.
    fn signed(&self, signed: &str) -> String {
        let later = || {
            let (payload, timestamp) = signed.rsplit_once('.')?;
            let bytes = base64::decode(timestamp.as_bytes()).filter(|bytes| bytes.len() <= 8)?;
            let seconds = bytes.iter().fold(0u64, |seconds, byte| seconds << 8 | u64::from(*byte));
            // What is no date on one side is to be none on the other.
            let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds <= signing::LAST_SECOND)?;
            let there = u64::try_from(seconds.checked_add(self.seconds())?).ok()?;
            // Zeros in front are wrong, and stay.
            let zeros = bytes.iter().take_while(|byte| **byte == 0).copied();
            let there: Vec<u8> = zeros.chain(there.to_be_bytes().into_iter().skip_while(|byte| *byte == 0)).collect();
            Some(format!("{payload}.{}", respell(timestamp, &bytes, &there)?))
        };
        later().unwrap_or_else(|| signed.to_owned())
    }

    /// An answer whose session cookie is carried over, with its Expires. `expires` tells where an instant in seconds lies on the
    /// other side.
    pub fn answer(&self, mut exchanged: Exchanged, expires: impl Fn(i64) -> i64) -> Exchanged {
        let name: String = self.from.config.cookie_name.bytes().map(char::from).collect();
        for (header, text) in &mut exchanged.headers {
            if header.eq_ignore_ascii_case("set-cookie")
                && let Some(carried) = self.set_cookie(text, &name, &expires)
            {
                *text = carried;
            }
        }
        exchanged
    }

    fn set_cookie(&self, header: &str, name: &str, expires: impl Fn(i64) -> i64) -> Option<String> {
        let mut parts = header.split(';');
        let (given, value) =
            parts.next()?.split_once('=').filter(|(given, value)| given.trim() == name && !value.is_empty())?;
        // Of a value that no key signed the timestamp is carried over all the same: only the signature is to differ.
        let unsigned =
            || value.rsplit_once('.').map(|(signed, signature)| format!("{}.{signature}", self.signed(signed)));
        let value = self.value(value).or_else(unsigned).unwrap_or_else(|| value.to_owned());
        let attributes = parts.map(|part| {
            expires_at(part)
                .and_then(|at| http_date::format(expires(at)))
                .map_or_else(|| format!(";{part}"), |date| format!("; Expires={date}"))
        });
        Some(format!("{given}={value}{}", attributes.collect::<String>()))
    }
}

/// The instant of an Expires attribute, in seconds; none where it is another attribute, or not written as HTTP writes dates.
fn expires_at(attribute: &str) -> Option<i64> {
    let (_, date) = attribute.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("expires"))?;
    OffsetDateTime::parse(date.trim(), &Rfc2822).ok().map(OffsetDateTime::unix_timestamp)
}

/// Payload and timestamp in their canonical spelling, where that is another one.
fn canonical(signed: &str) -> Option<String> {
    let (payload, timestamp) = signed.rsplit_once('.')?;
    let spell = |part: &str| base64::decode(part.as_bytes()).map(|bytes| base64::encode(&bytes));
    let dot = if payload.starts_with('.') { "." } else { "" };
    let canonical = format!("{dot}{}.{}", spell(payload.trim_start_matches('.'))?, spell(timestamp)?);
    (canonical != signed).then_some(canonical)
}

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What is to `other` as `text` is to `right`: the same case changed, the same bits turned, as much cut off, or the same put in.
/// None where `text` is not much like `right`.
fn alike(text: &str, right: &str, other: &str) -> Option<String> {
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
fn respell(text: &str, bytes: &[u8], others: &[u8]) -> Option<String> {
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
    use crate::config::{FallbackTextChoice, Fallbacks, Key};

    fn config(keys: [&str; 2]) -> Config {
        let [key, fallback] = keys;
        Config { fallback_keys: Some(Fallbacks::Keys(vec![Key::from(fallback)])), ..Config::with_key(key) }
    }

    fn keys(config: &Config) -> Vec<Vec<u8>> {
        config.verifying_keys(FallbackTextChoice::Letters)
    }

    fn carry<'a>(here: &'a (Config, Vec<Vec<u8>>), there: &'a (Config, Vec<Vec<u8>>)) -> Carry<'a> {
        let side =
            |(config, keys): &'a (Config, Vec<Vec<u8>>), now| Side { config, keys, now: UnixTime::from_seconds(now) };
        Carry { from: side(here, 1_700_000_000), to: side(there, 1_764_000_000) }
    }

    #[test]
    fn a_cookie_is_as_old_there_as_it_was_here_whichever_key_signed_it() {
        let (here, there) = (config(["ours", "our old one"]), config(["theirs", "their old one"]));
        let (here, there) = ((here.clone(), keys(&here)), (there.clone(), keys(&there)));
        let carry = carry(&here, &there);
        for place in [0, 1] {
            for age in [-1, 0, 1, 60, 1_000_000_000] {
                let at = |now: UnixTime| now.plus_seconds(-age);
                let ours = signing::sign("e30", &here.1[place], &here.0, at(carry.from.now)).unwrap();
                let theirs = signing::sign("e30", &there.1[place], &there.0, at(carry.to.now)).unwrap();
                assert_eq!(carry.value(&ours).as_ref(), Some(&theirs));
                assert_eq!(carry.back().value(&theirs), Some(ours));
            }
        }
        assert_eq!(carry.value("e30.ZVPxAA.AAAA"), None);
    }

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
    fn zeros_in_front_of_a_timestamp_and_foreign_spellings_are_not_mended() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let carry = carry(&here, &there);
        let zeros = [0, 0].into_iter().chain(1_700_000_000u32.to_be_bytes()).collect::<Vec<_>>();
        let carried = [0, 0].into_iter().chain(1_764_000_000u32.to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(
            carry.signed(&format!("e30.{}", base64::encode(&zeros))),
            format!("e30.{}", base64::encode(&carried))
        );
        // Signed as it should be written, and written otherwise.
        let ours = signing::sign("e30", b"ours", &here.0, carry.from.now).unwrap();
        let theirs = signing::sign("e30", b"theirs", &there.0, carry.to.now).unwrap();
        let padded = |cookie: &str| cookie.replacen("e30", "e30=", 1);
        assert_eq!(carry.value(&padded(&ours)), Some(padded(&theirs)));
    }

    #[test]
    fn another_spelling_of_a_part_stays_one() {
        for (text, spelled) in [("-_8", "AAE"), ("-_8=", "AAE="), ("+/8", "AAE"), ("-_9", "AAF"), ("-_8!x", "AAE!x")] {
            assert_eq!(respell(text, &[0xfb, 0xff], &[0, 1]).as_deref(), Some(spelled), "{text}");
        }
        assert_eq!(respell("!-_8", &[0xfb, 0xff], &[0, 1]), None);
    }

    #[test]
    fn a_header_is_carried_over_wherever_a_cookie_stands_in_it() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let carry = carry(&here, &there);
        let ours = signing::sign("e30", b"ours", &here.0, carry.from.now).unwrap();
        let theirs = signing::sign("e30", b"theirs", &there.0, carry.to.now).unwrap();
        let escape = |cookie: &str| format!("e\\063{}", &cookie[2..]);
        let header = |cookie: &str| {
            format!("a=b; session={cookie};x=é, session =\"{}\"; s=\"{cookie}\"; session={cookie}; \"", escape(cookie))
        };
        assert_eq!(carry.header(&header(&ours)), header(&theirs));
        assert_eq!(carry.header("session=\\; ;;=\"\\33"), "session=\\; ;;=\"\\33");
    }
}
