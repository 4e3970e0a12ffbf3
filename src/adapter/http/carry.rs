//! Translates cookies from one clock and key to another.
//!
//! Nobody can set a server's clock. But all that the server remembers of a session is a cookie, and with the secret key anyone
//! can sign the same payload at another time. For the server, a cookie that is signed a minute earlier is a cookie that waited a
//! minute, so the suite need not wait. The suite's calls have their own clock and key. Their cookies are translated to the
//! server's clock and key before they are sent, and the cookies that the server sets are translated back.
//!
//! It does not know whether a cookie is good. A cookie that no key signed is sent unchanged, since the server refuses it anyway.
//! Nothing that the server sets comes back in a usable form: a session cookie under an unknown key gets another signature or is
//! hidden, and of other cookies only the names come back.

use super::{
    alike::{alike, respell},
    mark::{self, NotMarked},
};
use crate::{
    clock::UnixTime,
    config::Config,
    cookie_text,
    model::{base64, http_date, signing},
    protocol::{Action, Response},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// One end: a configuration, and a second by its clock.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// What is configured there.
    pub config: &'a Config,
    /// The keys that verify there, the current one first; those of both sides stand in the same order.
    pub keys: &'a [Vec<u8>],
    /// The time of the request there.
    pub now: UnixTime,
    /// Whether the keys of sessions are marked there.
    pub is_marked: bool,
}

/// Translates from one end to the other. Their times differ by whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Translator<'a> {
    /// Where cookies come from.
    pub from: Endpoint<'a>,
    /// Where they go to.
    pub to: Endpoint<'a>,
}

impl<'a> Translator<'a> {
    /// The way back.
    pub fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }

    fn seconds(&self) -> i64 {
        self.to.now.seconds().saturating_sub(self.from.now.seconds())
    }

    /// A Cookie header in which every cookie that a key signed is carried over, wherever it stands.
    ///
    /// # Errors
    ///
    /// One of them is a session that cannot be marked.
    pub fn header(&self, header: &str) -> Result<String, NotMarked> {
        const ENDS: [char; 5] = [';', ',', ' ', '\t', '"'];
        header.split_inclusive(ENDS).map(|run| self.run(run, ENDS)).collect()
    }

    /// What stands between two characters that end a value, with the second of them.
    fn run(&self, run: &str, ends: [char; 5]) -> Result<String, NotMarked> {
        let text = run.strip_suffix(ends).unwrap_or(run);
        let end = run.strip_prefix(text).unwrap_or_default();
        let named = text.split_once('=').map(|(name, value)| (&text[..=name.len()], value));
        for (name, value) in named.into_iter().chain([("", text)]) {
            if let Some(carried) = self.escaped(value)? {
                return Ok(format!("{name}{carried}{end}"));
            }
        }
        Ok(run.to_owned())
    }

    /// A value that may have characters written as three octal digits, which are written so again.
    fn escaped(&self, value: &str) -> Result<Option<String>, NotMarked> {
        if !value.contains('\\') {
            return self.value(value);
        }
        let Some(characters) = unescaped(value) else { return Ok(None) };
        let plain: String = characters.iter().map(|(character, _)| character).collect();
        let Some(carried) = self.value(&plain)? else { return Ok(None) };
        let write = |(character, (_, is_escaped)): (char, &(char, bool))| match is_escaped {
            true => format!("\\{:03o}", u32::from(character)),
            false => character.to_string(),
        };
        // The marks make it longer. What is escaped stays at the same distance from the end.
        let Some(more) = carried.chars().count().checked_sub(characters.len()) else { return Ok(None) };
        let spelled = std::iter::repeat_n(&('a', false), more).chain(&characters);
        Ok(Some(carried.chars().zip(spelled).map(write).collect()))
    }

    /// A cookie value, signed again for the other side by the key that stands in the same place; `None` if it is nothing like
    /// what a key signed. A signature that is almost right stays so, since that is where a server may be too lenient.
    ///
    /// # Errors
    ///
    /// It is a session that cannot be marked.
    pub fn value(&self, value: &str) -> Result<Option<String>, NotMarked> {
        let Some((signed, signature)) = value.rsplit_once('.') else { return Ok(None) };
        let mac = |side: &Endpoint<'_>, key: &[u8], text: &str| {
            signing::mac(side.config.digest, &signing::derive_key(side.config, key), &[text.as_bytes()])
        };
        let spelled = base64::decode(signature.as_bytes());
        let spellings = [Some(signed.to_owned()), canonical(signed)];
        let ours = spellings
            .iter()
            .flatten()
            .flat_map(|signed| self.from.keys.iter().zip(self.to.keys).map(move |(key, there)| (signed, key, there)));
        let macs: Vec<_> = ours.map(|(signed, key, there)| (mac(&self.from, key, signed), signed, there)).collect();
        let right = |here: &Vec<u8>, there: &Vec<u8>| {
            respell(signature, here, there).filter(|_| spelled.as_ref() == Some(here))
        };
        let almost = |here: &Vec<u8>, there: &Vec<u8>| alike(signature, &base64::encode(here), &base64::encode(there));
        for carry in [&right as &dyn Fn(&Vec<u8>, &Vec<u8>) -> Option<String>, &almost] {
            for (here, text, there) in &macs {
                // It is like a signature, or not, whether or not the session can be marked.
                if carry(here, here).is_some() {
                    let carried = carry(here, &mac(&self.to, there, &self.signed(text)?));
                    let signed = self.signed(signed)?;
                    return Ok(carried.map(|carried| format!("{signed}.{carried}")));
                }
            }
        }
        Ok(None)
    }

    /// Payload and timestamp for the other side: the payload with or without marks, the timestamp as many seconds later as its
    /// clock is. What comes back and is neither is the application's own, and not shown.
    fn signed(&self, signed: &str) -> Result<String, NotMarked> {
        let (payload, timestamp) = parts(signed);
        let there = timestamp.and_then(|timestamp| self.timestamp(timestamp));
        let (payload, timestamp) = match (self.from.is_marked, self.to.is_marked) {
            (false, true) => {
                // A session may stand where the timestamp should.
                let other = timestamp.filter(|_| there.is_none());
                if other.is_some_and(|other| mark::mark_payload(other).as_deref() != Ok(other)) {
                    return Err(NotMarked);
                }
                (mark::mark_payload(payload)?, there.or(other.map(str::to_owned)))
            }
            (true, false) => (
                mark::unmark_payload(payload).unwrap_or_else(|| mark::stand_in(payload)),
                there.or(timestamp.map(mark::stand_in)),
            ),
            _ => (payload.to_owned(), there.or(timestamp.map(str::to_owned))),
        };
        Ok(timestamp.map_or_else(|| payload.clone(), |timestamp| format!("{payload}.{timestamp}")))
    }

    fn timestamp(&self, timestamp: &str) -> Option<String> {
        let bytes = base64::decode(timestamp.as_bytes())?;
        let seconds = cookie_text::seconds(&bytes)?;
        // What is no date on one side is to be none on the other.
        let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds <= signing::LAST_SECOND)?;
        let there = u64::try_from(seconds.checked_add(self.seconds())?).ok()?;
        // Zeros in front are wrong, and stay.
        let zeros = bytes.iter().take_while(|byte| **byte == 0).copied();
        let there: Vec<u8> = zeros.chain(there.to_be_bytes().into_iter().skip_while(|byte| *byte == 0)).collect();
        respell(timestamp, &bytes, &there)
    }

    /// An answer whose session and session cookie are carried over, with its Expires. `actions` are what the view did, and
    /// `expires` tells where an instant in seconds lies on the other side.
    pub fn answer(&self, mut exchanged: Response, actions: &[Action], expires: impl Fn(i64) -> i64) -> Response {
        let name = cookie_text::name(self.from.config);
        for (header, text) in &mut exchanged.headers {
            if header.eq_ignore_ascii_case("set-cookie") {
                *text = self.set_cookie(text, &name, &expires);
            }
        }
        if self.from.is_marked && !self.to.is_marked {
            exchanged.opened = exchanged.opened.as_ref().map(mark::unmark_session);
            exchanged.results = mark::unmark_results(actions, exchanged.results);
        }
        exchanged
    }

    fn set_cookie(&self, header: &str, name: &str, expires: impl Fn(i64) -> i64) -> String {
        let (pair, attributes) = header.split_once(';').map_or((header, None), |(pair, rest)| (pair, Some(rest)));
        // What has no name may be a value.
        let Some((given, value)) = pair.split_once('=') else { return header.replacen(pair, &mark::stand_in(pair), 1) };
        let is_session = given.trim() == name;
        let value = match value {
            _ if value.trim().is_empty() => value.to_owned(),
            _ if is_session => self.set_value(value),
            _ => NOT_SHOWN.to_owned(),
        };
        let attributes = attributes.into_iter().flat_map(|attributes| attributes.split(';')).map(|part| {
            expires_at(part)
                .filter(|_| is_session && !value.is_empty())
                .and_then(|at| http_date::format(expires(at)))
                .map_or_else(|| attribute(part), |date| format!("; Expires={date}"))
        });
        format!("{given}={value}{}", attributes.collect::<String>())
    }

    /// The value of the session cookie. One that no key signed which was named keeps its payload and its timestamp, if it has
    /// them, and gets a signature that nobody takes.
    fn set_value(&self, value: &str) -> String {
        if let Ok(Some(carried)) = self.value(value) {
            return carried;
        }
        let unsigned = value.rsplit_once('.').and_then(|(signed, signature)| {
            let (payload, timestamp) = signed.rsplit_once('.')?;
            let timestamp = self.timestamp(timestamp)?;
            Some(format!("{}.{timestamp}.{}", mark::unmark_payload(payload)?, mark::stand_in(signature)))
        });
        unsigned.unwrap_or_else(|| mark::stand_in(value))
    }
}

/// Shown instead of the value of a cookie that is not the session's.
const NOT_SHOWN: &str = "not-shown";

/// An attribute of a cookie, with the semicolon before it. What is no attribute that browsers know may be a part of the value.
fn attribute(part: &str) -> String {
    const KNOWN: [&str; 9] =
        ["domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure"];
    let (name, _) = part.split_once('=').unwrap_or((part, ""));
    let name = name.trim().to_ascii_lowercase();
    match part.trim().is_empty() || KNOWN.contains(&&*name) {
        true => format!(";{part}"),
        false => format!("; {NOT_SHOWN}"),
    }
}

/// The payload and the timestamp of what is signed. A compressed payload without a timestamp begins with a dot.
fn parts(signed: &str) -> (&str, Option<&str>) {
    match signed.rsplit_once('.') {
        Some(("", rest)) if base64::decode(rest.as_bytes()).is_none_or(|bytes| bytes.len() > 8) => (signed, None),
        Some((payload, timestamp)) => (payload, Some(timestamp)),
        None => (signed, None),
    }
}

/// The characters of a value, and whether each is written as three octal digits.
fn unescaped(value: &str) -> Option<Vec<(char, bool)>> {
    let mut characters = Vec::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let octal = rest.get(1..4).filter(|_| first == '\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let written = if octal.is_some() { 4 } else { first.len_utf8() };
        characters.push((octal.map_or(first, char::from), octal.is_some()));
        rest = rest.get(written..)?;
    }
    Some(characters)
}

/// The instant of an Expires attribute, in seconds; `None` if it is another attribute, or not written as HTTP writes dates.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FallbackTextChoice;

    fn config(keys: [&str; 2]) -> Config {
        let [key, fallback] = keys;
        Config::with_key(key).fallback_keys([fallback])
    }

    fn keys(config: &Config) -> Vec<Vec<u8>> {
        config.verifying_keys(FallbackTextChoice::Letters)
    }

    fn carry<'a>(here: &'a (Config, Vec<Vec<u8>>), there: &'a (Config, Vec<Vec<u8>>)) -> Translator<'a> {
        let side = |(config, keys): &'a (Config, Vec<Vec<u8>>), now, is_marked| Endpoint {
            config,
            keys,
            now: UnixTime::from_seconds(now),
            is_marked,
        };
        Translator { from: side(here, 1_700_000_000, false), to: side(there, 1_764_000_000, true) }
    }

    #[test]
    fn a_cookie_is_as_old_there_as_it_was_here_whichever_key_signed_it() {
        let (here, there) = (config(["ours", "our old one"]), config(["theirs", "their old one"]));
        let (here, there) = ((here.clone(), keys(&here)), (there.clone(), keys(&there)));
        let translator = carry(&here, &there);
        for place in [0, 1] {
            for age in [-1, 0, 1, 60, 1_000_000_000] {
                let at = |now: UnixTime| now.plus_seconds(-age);
                let ours = signing::sign("e30", &here.1[place], &here.0, at(translator.from.now)).unwrap();
                let theirs = signing::sign("e30", &there.1[place], &there.0, at(translator.to.now)).unwrap();
                assert_eq!(translator.value(&ours), Ok(Some(theirs.clone())));
                assert_eq!(translator.back().value(&theirs), Ok(Some(ours)));
            }
        }
        assert_eq!(translator.value("e30.ZVPxAA.AAAA"), Ok(None));
    }

    #[test]
    fn zeros_in_front_of_a_timestamp_and_foreign_spellings_are_not_fixed() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there);
        let zeros = [0, 0].into_iter().chain(1_700_000_000u32.to_be_bytes()).collect::<Vec<_>>();
        let carried = [0, 0].into_iter().chain(1_764_000_000u32.to_be_bytes()).collect::<Vec<_>>();
        assert_eq!(
            translator.signed(&format!("e30.{}", base64::encode(&zeros))),
            Ok(format!("e30.{}", base64::encode(&carried)))
        );
        // Signed as it should be written, and written otherwise.
        let ours = signing::sign("e30", b"ours", &here.0, translator.from.now).unwrap();
        let theirs = signing::sign("e30", b"theirs", &there.0, translator.to.now).unwrap();
        let padded = |cookie: &str| cookie.replacen("e30", "e30=", 1);
        assert_eq!(translator.value(&padded(&ours)), Ok(Some(padded(&theirs))));
    }

    #[test]
    fn a_header_is_carried_over_wherever_a_cookie_stands_in_it() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there);
        let ours = signing::sign("e30", b"ours", &here.0, translator.from.now).unwrap();
        let theirs = signing::sign("e30", b"theirs", &there.0, translator.to.now).unwrap();
        let escape = |cookie: &str| format!("e\\063{}", &cookie[2..]);
        let header = |cookie: &str| {
            format!("a=b; session={cookie};x=é, session =\"{}\"; s=\"{cookie}\"; session={cookie}; \"", escape(cookie))
        };
        assert_eq!(translator.header(&header(&ours)), Ok(header(&theirs)));
        let broken = "session=\\; ;;=\"\\33";
        assert_eq!(translator.header(broken).as_deref(), Ok(broken));
    }

    #[test]
    fn sessions_are_marked_on_the_way_there_and_not_on_the_way_back() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there);
        let payload = |json: &str| base64::encode(json.as_bytes());
        let sign = |json: &str, side: &Endpoint<'_>| {
            signing::sign(&payload(json), &side.keys[0], side.config, side.now).unwrap()
        };
        let (ours, theirs) = (sign(r#"{"user":1}"#, &translator.from), sign(r#"{"test user":1}"#, &translator.to));
        assert_eq!(translator.value(&ours), Ok(Some(theirs.clone())));
        assert_eq!(translator.back().value(&theirs), Ok(Some(ours.clone())));
        let escape = |cookie: &str| format!("{}\\103", cookie.strip_suffix('C').unwrap_or(cookie));
        let header = format!("session=\"{}\"", escape(&format!("{ours}C")));
        assert_eq!(translator.header(&header), Ok(format!("session=\"{}\"", escape(&format!("{theirs}C")))));
        let pairs = sign(r#"[["user",1]]"#, &translator.from);
        assert_eq!(translator.header(&format!("session={pairs}")), Err(NotMarked));
        assert_eq!(translator.value(&pairs.replace('.', "!.")), Ok(None));
    }

    #[test]
    fn nothing_that_opens_a_door_comes_back() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there).back();
        let set = |header: &str| {
            let headers = vec![("Set-Cookie".to_owned(), header.to_owned())];
            let exchanged = Response { status: 200, opened: None, results: Vec::new(), headers };
            translator.answer(exchanged, &[], |at| at).headers.remove(0).1
        };
        assert_eq!(set("remember_token=8|secret; Path=/"), "remember_token=not-shown; Path=/");
        assert_eq!(set("remember_token=; Max-Age=0"), "remember_token=; Max-Age=0");
        assert!(!set("secret").contains("secret") && !set("secret; Path=/").contains("secret"));
        // A session that a store keeps, and sessions under a key or a salt that nobody named.
        assert!(!set("session=an-id-of-a-session; Path=/").contains("an-id"));
        let other =
            signing::sign(&base64::encode(br#"{"user":"secret"}"#), b"third", &there.0, translator.from.now).unwrap();
        let shown = set(&format!("session={other}; Path=/"));
        let signature = other.rsplit_once('.').unwrap().1;
        assert!(!shown.contains(signature) && shown.contains(&base64::encode(br#"{"user":"not shown"}"#)), "{shown}");
        // A part of a value behind a semicolon looks like an attribute.
        let set_odd = set("remember=\"a;secret\"; Path=/; HttpOnly; token=secret");
        assert_eq!(set_odd, "remember=not-shown; not-shown; Path=/; HttpOnly; not-shown");
    }

    #[test]
    fn what_another_serializer_signed_with_the_very_key_is_not_shown() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there).back();
        let secret = base64::encode(b"secret");
        // An id alone, a list, text, a token of three parts, and bytes.
        for signed in [
            "secret".to_owned(),
            secret.clone(),
            format!("{}.ZVPxAA", base64::encode(br#"["secret"]"#)),
            format!("{secret}.ZVPxAA"),
            format!("{}.{secret}", base64::encode(br#"{"alg":"HS256"}"#)),
            format!("{}.{}", base64::encode(br#"{"alg":"HS256"}"#), base64::encode(br#"{"user":"secret"}"#)),
            format!("{}.ZVPxAA", base64::encode(b"\xffsecret\xff")),
        ] {
            let key = signing::derive_key(&there.0, b"theirs");
            let signature = base64::encode(&signing::mac(there.0.digest, &key, &[signed.as_bytes()]));
            let shown = translator.set_value(&format!("{signed}.{signature}"));
            let hidden = [&*signed, &*signature].into_iter().flat_map(|text| text.split('.')).skip(1);
            let alg = base64::encode(br#"{"alg":"HS256"}"#);
            assert!(
                hidden.chain([&*alg]).filter(|part| *part != "ZVPxAA").all(|part| !shown.contains(part)),
                "{signed} {shown}"
            );
            assert!(!shown.contains("secret") && !shown.contains(&secret), "{signed} {shown}");
        }
    }

    #[test]
    fn a_session_is_marked_wherever_it_stands_in_what_is_signed() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there);
        let (session, marked) = (base64::encode(br#"{"user":1}"#), base64::encode(br#"{"test user":1}"#));
        let deflated = |json: &str| format!(".{}", base64::encode(&crate::model::payload::deflate(json.as_bytes())));
        assert_eq!(translator.signed(&session), Ok(marked.clone()));
        assert_eq!(translator.signed(&deflated(r#"{"user":1}"#)), Ok(deflated(r#"{"test user":1}"#)));
        assert_eq!(translator.signed(&format!("e30.{session}")), Err(NotMarked));
        assert_eq!(translator.signed(".ZVPxAA").map(|signed| signed.len()), Ok(7));
    }

    #[test]
    fn hostile_headers_are_carried_in_time_that_grows_with_their_length() {
        let here = (Config::with_key("ours"), vec![b"ours".to_vec()]);
        let there = (Config::with_key("theirs"), vec![b"theirs".to_vec()]);
        let translator = carry(&here, &there);
        let sign = |payload: &str| signing::sign(payload, b"theirs", &there.0, translator.to.now).unwrap();
        let bomb = |mebibytes: usize| {
            let json = format!(r#"{{"test user":"{}"}}"#, "a".repeat(mebibytes << 20));
            format!(".{}", base64::encode(&crate::model::payload::deflate(json.as_bytes())))
        };
        let long = "a".repeat(50_000);
        let mut headers = vec![
            long.clone(),
            format!("session={long}"),
            format!("session={long};{long}={long}"),
            ";".repeat(50_000),
            "=;".repeat(25_000),
            ".".repeat(50_000),
            format!("session={}", ".".repeat(50_000)),
            format!("session={}", "\\".repeat(50_000)),
            format!("session=\"{}", "\\0".repeat(25_000)),
            "session=\0\0\u{ff}; Path=\0".to_owned(),
            "session=a; Expires=Fri, 31 Dec 9999 23:59:59 GMT".to_owned(),
            "session=a; Expires=Mon, 01 Jan 0001 00:00:00 GMT".to_owned(),
            "session=a; Expires=Fri, 31 Dec 99999999999999999999 23:59:59 GMT".to_owned(),
            format!("session={}", sign(&bomb(3))),
            format!("session={}", sign(&base64::encode(&vec![b'['; 50_000]))),
            format!("session={}", sign(&base64::encode(&vec![b'"'; 50_000]))),
            format!("session={}", sign(&base64::encode("{\"a\":[".repeat(20_000).as_bytes()))),
        ];
        for timestamp in ["__________8", "f_________8", "AAAAAAAAAAA", "gAAAAAAAAAA", ""] {
            let key = signing::derive_key(&there.0, b"theirs");
            let mac = signing::mac(there.0.digest, &key, &[format!("e30.{timestamp}").as_bytes()]);
            headers.push(format!("session=e30.{timestamp}.{}", base64::encode(&mac)));
        }
        headers.extend(vec![format!("session={}", sign("e30")); 500]);
        let headers: Vec<_> = headers.into_iter().map(|header| ("Set-Cookie".to_owned(), header)).collect();
        let exchanged = Response { status: 200, opened: None, results: Vec::new(), headers: headers.clone() };
        for instant in [i64::MIN, 0, i64::MAX] {
            let back = translator.back().answer(exchanged.clone(), &[], |_| instant);
            assert_eq!(back.headers.len(), headers.len());
        }
        for (_, header) in &headers {
            let _ = translator.header(header);
            let _ = translator.back().header(header);
        }
    }
}
