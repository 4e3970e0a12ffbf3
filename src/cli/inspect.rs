//! `inspect`: one cookie, explained.

use super::{
    CliError,
    inputs::{self, lifetime},
    out::{Out, note},
};
use clap::Args;
use sessionproof::{
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    foreign,
    inspect::{Inspection, Key as Signer, LONGEST, Question, inspect, text},
    suite::outcome::results::Outcome,
};
use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const EXAMPLES: &str = "\
Examples:
  # a cookie's value
  sessionproof inspect \\
    eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4
  # a whole line, verified with the secret key
  sessionproof inspect --secret-key-file key.txt \\
    'Set-Cookie: session=eyJ1…; HttpOnly; Path=/'
  # the response of a server
  curl -si https://example.com/login |
    sessionproof inspect --lifetime 30m
  # JSON, with an older key that also verifies
  sessionproof inspect --secret-key-file new.txt \\
    --fallback-key-file old.txt --json < cookie.txt

No option takes the key itself: other users can see command
lines, and shells keep them.

Exit status:
  0  explained, and accepted if a key was given
  1  the server would not accept it (if a key was given)
  2  not a session cookie, or bad usage";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// A value, or a Set-Cookie: or Cookie: line [default: standard input]
    #[arg(value_name = "COOKIE")]
    cookie: Option<OsString>,
    /// A file with the secret key (a final line break is ignored)
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
    /// A file with an older key that only verifies; may be repeated
    #[arg(long, value_name = "FILE")]
    fallback_key_file: Vec<PathBuf>,
    /// PERMANENT_SESSION_LIFETIME, as in 1800, 30m, 12h or 31d
    /// [default: from Expires, or Flask's 31 days]
    #[arg(long, value_name = "TIME", value_parser = lifetime, allow_hyphen_values = true, verbatim_doc_comment)]
    lifetime: Option<Lifetime>,
    /// SESSION_COOKIE_NAME [default: session]
    #[arg(long, value_name = "NAME")]
    cookie_name: Option<String>,
    /// SESSION_REFRESH_EACH_REQUEST is False
    #[arg(long)]
    no_refresh: bool,
    /// A JSON file with salt, digest and so on, as in the adapter protocol
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A time, as Unix seconds or 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant, allow_hyphen_values = true)]
    now: Option<UnixTime>,
    /// Print JSON in the format of spec/inspection-format.md
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
            note = Some("note: the line break at the end of the key file is part of the key that fits (KEY-6)\n");
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
        config.secret_key = Some(Key::Bytes(inputs::key(file)?));
    }
    if !arguments.fallback_key_file.is_empty() {
        let keys = arguments.fallback_key_file.iter().map(|file| Ok(Key::Bytes(inputs::key(file)?)));
        config.fallback_keys = Some(Fallbacks::Keys(keys.collect::<Result<_, CliError>>()?));
    }
    if config.fallback_keys.is_some() && config.signing_key().is_none() {
        return Err(CliError(
            "fallback keys need a secret key (KEY-5)\nname its file with --secret-key-file".to_owned(),
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
    /// The text of the cookie, one character for each byte.
    fn cookie(&self) -> Result<String, CliError> {
        let bytes = match self.cookie.as_deref().filter(|cookie| *cookie != OsStr::new("-")) {
            Some(cookie) => cookie.as_encoded_bytes().to_vec(),
            None => {
                if io::stdin().is_terminal() {
                    note!("paste the cookie, then press Ctrl-D");
                }
                // One byte more than is allowed, so that too long a text is noticed.
                let mut bytes = Vec::new();
                let read = io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut bytes);
                read.map_err(|error| CliError(format!("standard input cannot be read: {error}")))?;
                bytes
            }
        };
        Ok(bytes.into_iter().map(char::from).collect())
    }

    /// The whole content of the secret key's file, if it ends in a line break.
    fn whole_key(&self) -> Result<Option<Key>, CliError> {
        let Some(file) = self.secret_key_file.as_deref().filter(|file| file.is_file()) else { return Ok(None) };
        let key = inputs::read(file)?;
        Ok(key.ends_with(b"\n").then_some(Key::Bytes(key)))
    }
}

fn configuration(file: &Path) -> Result<Config, CliError> {
    let bytes = inputs::read(file)?;
    sessionproof::json::from_slice(&bytes).map_err(|error| {
        let what = error.to_string();
        let what = foreign::line(what.split(" at line ").next().unwrap_or(&what));
        CliError(format!(
            "{}:{}: {what}\nsee `config` in spec/adapter-protocol.md for the members of a configuration",
            foreign::path(file),
            error.line().max(1)
        ))
    })
}

/// An instant as Unix seconds, or in the form of RFC 3339.
fn instant(text: &str) -> Result<UnixTime, String> {
    if let Ok(time) = sessionproof::json::from_str::<UnixTime>(text) {
        return Ok(time);
    }
    let micros = OffsetDateTime::parse(text, &Rfc3339).ok().map(|at| at.unix_timestamp_nanos().div_euclid(1000));
    micros.and_then(|micros| i64::try_from(micros).ok()).map(UnixTime::from_micros).ok_or_else(|| {
        format!("{text:?} is not a time; write Unix seconds, or a date with its zone, as in 2026-01-31T12:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_two_forms() {
        assert_eq!(instant("1700000000.25"), Ok(UnixTime::from_micros(1_700_000_000_250_000)));
        assert_eq!(instant("2023-11-14T23:13:20+01:00"), instant("1700000000"));
        for text in ["", "noon", "2026-01-31", "1e99"] {
            assert!(instant(text).unwrap_err().contains("2026-01-31T12:00:00Z"), "{text}");
        }
    }
}
