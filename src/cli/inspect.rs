//! `inspect`: one cookie, looked at.

use super::{
    CliError,
    out::{Out, note},
};
use clap::Args;
use sessionproof::{
    bounded,
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    foreign,
    inspect::{Inspection, Key as Signer, LONGEST, Question, inspect, text},
    suite::outcome::results::Outcome,
};
use std::{
    ffi::{OsStr, OsString},
    io::{self, ErrorKind, IsTerminal, Read},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The largest file of a key or a configuration, in bytes.
const LARGEST: u64 = 1 << 20;

const EXAMPLES: &str = "\
Examples:
  sessionproof inspect eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4
  sessionproof inspect 'Set-Cookie: session=eyJ1…; HttpOnly; Path=/' --secret-key-file key.txt
  curl -si https://example.com/login | sessionproof inspect --lifetime 30m
  sessionproof inspect --secret-key-file new.txt --fallback-key-file old.txt --json < cookie.txt

There is no option for the key itself: command lines are seen by other users, and kept in histories.

Exit status: 0 looked at, and accepted where a key was given; 1 a key was given and the server would not accept the
cookie; 2 no session cookie, or bad usage.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The cookie: its value, or a whole line as `Set-Cookie: …` or `Cookie: …`; standard input where it is - or missing
    #[arg(value_name = "COOKIE")]
    cookie: Option<OsString>,
    /// A file with the secret key; a line break at its end is no part of the key
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
    /// A file with an older key, which only verifies; may be given several times
    #[arg(long, value_name = "FILE")]
    fallback_key_file: Vec<PathBuf>,
    /// PERMANENT_SESSION_LIFETIME: seconds, or a number with s, m, h or d; where it is not given, it is taken from Expires, or is
    /// Flask's default of 31 days
    #[arg(long, value_name = "TIME", value_parser = lifetime, allow_hyphen_values = true)]
    lifetime: Option<Lifetime>,
    /// SESSION_COOKIE_NAME; session unless told otherwise
    #[arg(long, value_name = "NAME")]
    cookie_name: Option<String>,
    /// SESSION_REFRESH_EACH_REQUEST is off
    #[arg(long)]
    no_refresh: bool,
    /// A file with the application's configuration, as `config` of the adapter protocol has it: salt, digest and so on
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The instant that is asked about, as Unix seconds or like 2026-01-31T12:00:00Z; now unless told otherwise
    #[arg(long, value_name = "INSTANT", value_parser = instant, allow_hyphen_values = true)]
    now: Option<UnixTime>,
    /// Print JSON, in the format of spec/inspection-format.md
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let mut question = question(arguments)?;
    let cookie = arguments.cookie()?;
    let mut inspection = inspect(&cookie, &question)?;
    let mut note = None;
    if let (true, Some(whole)) = (is_unknown(&inspection), arguments.whole_key()?) {
        question.config.secret_key = Some(whole);
        let again = inspect(&cookie, &question)?;
        if !is_unknown(&again) {
            inspection = again;
            note = Some("note: the key that fits has the line break at the end of its file in it (KEY-6)\n");
        }
    }
    match arguments.json {
        true => Out::StandardOutput.print(inspection.to_json()),
        false => Out::StandardOutput.print(text::write(&inspection)),
    }
    if let Some(note) = note {
        Out::StandardError.print(note);
    }
    Ok(match inspection.is_accepted() {
        Some(false) => Outcome::NotConformant,
        Some(true) | None => Outcome::Conformant,
    })
}

fn is_unknown(inspection: &Inspection) -> bool {
    inspection.signature.as_ref().is_some_and(|signature| signature.key == Signer::Unknown)
}

fn question(arguments: &Arguments) -> Result<Question, CliError> {
    let mut config = match &arguments.config {
        Some(file) => configuration(file)?,
        None => Config::default(),
    };
    if let Some(file) = &arguments.secret_key_file {
        config.secret_key = Some(Key::Bytes(without_line_break(key(file)?)));
    }
    if !arguments.fallback_key_file.is_empty() {
        let keys = arguments.fallback_key_file.iter().map(|file| Ok(Key::Bytes(without_line_break(key(file)?))));
        config.fallback_keys = Some(Fallbacks::Keys(keys.collect::<Result<_, CliError>>()?));
    }
    if config.fallback_keys.is_some() && config.signing_key().is_none() {
        return Err(CliError(
            "fallback keys alone are no key (KEY-5)\ngive the secret key by --secret-key-file".to_owned(),
        ));
    }
    if let Some(name) = &arguments.cookie_name {
        config.cookie_name = name.clone();
    }
    config.refresh_each_request &= !arguments.no_refresh;
    Ok(Question {
        lifetime: arguments.lifetime,
        config,
        now: arguments.now.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            UnixTime::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
        }),
    })
}

impl Arguments {
    /// The text that is looked at, one character for each byte.
    fn cookie(&self) -> Result<String, CliError> {
        let bytes = match self.cookie.as_deref().filter(|cookie| *cookie != OsStr::new("-")) {
            Some(cookie) => cookie.as_encoded_bytes().to_vec(),
            None => {
                if io::stdin().is_terminal() {
                    note!("the cookie is read from standard input, up to its end (Ctrl-D)");
                }
                // One more than is looked at, so that too much is noticed.
                let mut bytes = Vec::new();
                let read = io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes);
                read.map_err(|error| CliError(format!("standard input cannot be read: {error}")))?;
                bytes
            }
        };
        Ok(bytes.into_iter().map(char::from).collect())
    }

    /// The secret key's file as it stands, where it ends in a line break.
    fn whole_key(&self) -> Result<Option<Key>, CliError> {
        let Some(file) = self.secret_key_file.as_deref().filter(|file| file.is_file()) else { return Ok(None) };
        let key = key(file)?;
        Ok(key.ends_with(b"\n").then_some(Key::Bytes(key)))
    }
}

/// The bytes of a file that is not larger than a key can sensibly be.
fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    bounded::read(file, LARGEST).map_err(|error| {
        let file = foreign::path(file);
        CliError(match error.kind() {
            ErrorKind::FileTooLarge => format!("{file} is larger than {LARGEST} bytes"),
            _ => format!("{file} cannot be read: {error}"),
        })
    })
}

fn key(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = read(file)?;
    match without_line_break(bytes.clone()).is_empty() {
        true => Err(CliError(format!("{} holds no key: it is empty (KEY-5)", foreign::path(file)))),
        false => Ok(bytes),
    }
}

/// Without the line break that editors and `echo` write behind the last line.
fn without_line_break(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}

fn configuration(file: &Path) -> Result<Config, CliError> {
    let bytes = read(file)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = error.to_string();
        let what = foreign::line(what.split(" at line ").next().unwrap_or(&what));
        CliError(format!(
            "{}:{}: {what}\n`config` of spec/adapter-protocol.md says what a configuration holds",
            foreign::path(file),
            error.line().max(1)
        ))
    })
}

/// A lifetime like `1800`, `0.5`, `30m` or `31d`.
fn lifetime(text: &str) -> Result<Lifetime, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().last().unwrap_or('s')),
        None => (text, 's'),
    };
    let unit: i32 = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 1,
    };
    let whole = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit.into())).map(Lifetime::Seconds);
    let parts =
        || number.parse::<f64>().ok().map(|n| n * f64::from(unit)).filter(|n| n.is_finite()).map(Lifetime::Delta);
    whole
        .or_else(parts)
        .ok_or_else(|| format!("{text:?} is no time; write seconds, or a number with s, m, h or d, as in 30m"))
}

/// An instant as Unix seconds, or in the form of RFC 3339.
fn instant(text: &str) -> Result<UnixTime, String> {
    if let Ok(time) = serde_json::from_str::<UnixTime>(text) {
        return Ok(time);
    }
    let micros = OffsetDateTime::parse(text, &Rfc3339).ok().map(|at| at.unix_timestamp_nanos().div_euclid(1000));
    micros.and_then(|micros| i64::try_from(micros).ok()).map(UnixTime::from_micros).ok_or_else(|| {
        format!("{text:?} is no instant; write Unix seconds, or a time with its zone, as in 2026-01-31T12:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_instants_two_forms() {
        assert_eq!(lifetime("1800"), Ok(Lifetime::Seconds(1800)));
        assert_eq!(lifetime("30m"), lifetime("1800"));
        assert_eq!(lifetime("31d"), Ok(Lifetime::default()));
        assert_eq!(lifetime("0.5"), Ok(Lifetime::Delta(0.5)));
        for text in ["", "m", "1w", "inf", "nan", "1e999"] {
            assert!(lifetime(text).unwrap_err().contains("as in 30m"), "{text}");
        }
        assert_eq!(instant("1700000000.25"), Ok(UnixTime::from_micros(1_700_000_000_250_000)));
        assert_eq!(instant("2023-11-14T23:13:20+01:00"), instant("1700000000"));
        for text in ["", "noon", "2026-01-31", "1e99"] {
            assert!(instant(text).unwrap_err().contains("2026-01-31T12:00:00Z"), "{text}");
        }
    }
}
