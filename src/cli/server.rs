//! Which running server is meant, and what is known of it.

use super::{CliError, out::note};
use clap::{Arg, Args};
use serde::{Serialize, de::DeserializeOwned};
use sessionproof::{
    adapter::http::{Options, Server},
    bounded,
    config::{Digest, KeyDerivation, Lifetime},
    foreign,
};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

/// The longest key or file of certificates that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The heading of these options on help pages.
const HEADING: &str = "Running servers";

#[derive(Args)]
#[group(id = "server")]
pub struct ServerArguments {
    /// The probe of a running server in place of an implementation: http://HOST:PORT/sessionproof-probe or https://…
    #[arg(long, help_heading = HEADING, value_name = "URL", conflicts_with_all = ["implementation", "command"], requires = "secret_key_file")]
    url: Option<String>,
    /// A file that holds the server's SECRET_KEY; a line break at its end does not count
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    secret_key_file: Option<PathBuf>,
    /// A file that holds one of the server's SECRET_KEY_FALLBACKS; may be given several times, in their order
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    fallback_key_file: Vec<PathBuf>,
    /// The lifetime that the server is to have, in seconds (with a fraction for a timedelta); what the server says of
    /// itself unless told otherwise
    #[arg(long, help_heading = HEADING, value_name = "SECONDS", requires = "url", value_parser = lifetime)]
    lifetime: Option<Lifetime>,
    /// The salt of its session interface, if that is not Flask's: with another salt the same key signs something else
    #[arg(long, help_heading = HEADING, value_name = "TEXT", requires = "url")]
    salt: Option<String>,
    /// The digest of its session interface, if that is not sha1: sha224, sha256, sha384 or sha512
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "url", value_parser = word::<Digest>)]
    digest: Option<Digest>,
    /// The key derivation of its session interface, if that is not hmac: concat, django-concat or none
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "url", value_parser = word::<KeyDerivation>)]
    key_derivation: Option<KeyDerivation>,
    /// How long a story may wait for time to pass by itself, in seconds: a lifetime of 60 takes 70, and again
    /// where an answer comes late
    #[arg(long, help_heading = HEADING, value_name = "SECONDS", default_value_t = 0, hide_default_value = true, requires = "url")]
    wait: u64,
    /// Certificates in PEM that the server's is held against, in place of the usual ones
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    ca_file: Option<PathBuf>,
}

impl ServerArguments {
    /// Whether a server is meant.
    pub fn is_named(&self) -> bool {
        self.url.is_some()
    }

    /// The server, asked who it is; none where no server is meant.
    pub fn connect(
        &self,
        workers: usize,
        call_timeout: Duration,
        run_limit: Duration,
    ) -> Result<Option<Server>, CliError> {
        let (Some(url), Some(secret)) = (&self.url, &self.secret_key_file) else { return Ok(None) };
        let options = Options {
            url: url.clone(),
            secret_key: key(secret)?,
            fallback_keys: self.fallback_key_file.iter().map(|file| key(file)).collect::<Result<_, _>>()?,
            lifetime: self.lifetime,
            salt: self.salt.clone(),
            digest: self.digest,
            key_derivation: self.key_derivation,
            certificates: self.ca_file.as_deref().map(read).transpose()?,
            workers,
            call_timeout,
            run_limit: Some(run_limit),
            wait: Duration::from_secs(self.wait),
        };
        if options.is_in_the_clear()? {
            note!(
                "warning: {} is asked without TLS: whoever listens on the way sees the test sessions that the server sets",
                foreign::line(url)
            );
        }
        Ok(Some(Server::connect(&options)?))
    }

    /// The words of a command line that name the server, with a space before each.
    pub fn words(&self) -> String {
        let mut words = String::new();
        // A value that begins with a dash is one of its option only in this form.
        let between = |value: &str| if value.starts_with('-') { '=' } else { ' ' };
        let mut word =
            |option: &str, value: &str| words += &format!(" {option}{}{}", between(value), foreign::shell_word(value));
        let path = |path: &Path| path.display().to_string();
        self.url.iter().for_each(|url| word("--url", url));
        self.secret_key_file.iter().for_each(|file| word("--secret-key-file", &path(file)));
        self.fallback_key_file.iter().for_each(|file| word("--fallback-key-file", &path(file)));
        self.lifetime.iter().for_each(|lifetime| word("--lifetime", &seconds(*lifetime)));
        self.salt.iter().for_each(|salt| word("--salt", salt));
        self.digest.iter().for_each(|digest| word("--digest", &spelled(digest)));
        self.key_derivation.iter().for_each(|derivation| word("--key-derivation", &spelled(derivation)));
        self.ca_file.iter().for_each(|file| word("--ca-file", &path(file)));
        words
    }
}

/// Leaves these options out of the help page of a command that has no use for them.
pub fn hidden(argument: Arg) -> Arg {
    let hide = argument.get_help_heading() == Some(HEADING);
    argument.hide(hide)
}

/// A lifetime as it is configured: an integer stands for itself, a number with a fraction for a `timedelta`.
fn lifetime(text: &str) -> Result<Lifetime, String> {
    let wrong = || "a number of seconds is needed, as in 1800 or 1800.5".to_owned();
    serde_json::from_str(text).map_err(|_| wrong())
}

/// One of the words of a type.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

fn spelled(word: &impl Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn seconds(lifetime: Lifetime) -> String {
    serde_json::to_string(&lifetime).unwrap_or_default()
}

/// What a key file holds, without the line break that editors put at its end.
fn key(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut key = read(path)?;
    if key.ends_with(b"\n") {
        key.pop();
        if key.ends_with(b"\r") {
            key.pop();
        }
    }
    match key.is_empty() {
        true => {
            Err(CliError(format!("{} holds no key\nwrite the application's SECRET_KEY into it", foreign::path(path))))
        }
        false => Ok(key),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let unreadable =
        |error| CliError(format!("{} cannot be read: {error}\nname a file that can be read", foreign::path(path)));
    bounded::read(path, LONGEST).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            CliError(format!("{} is longer than {LONGEST} bytes\nname the file with the key", foreign::path(path)))
        }
        _ => unreadable(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        server: ServerArguments,
        implementation: Option<String>,
        #[arg(long)]
        command: Option<String>,
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_and_the_program_read_the_words_of_a_server_as_they_were_given() {
        for salt in ["cookie-session", "it's a salt", "-x", "--digest", "", "$HOME `id` \\ \"", "a\nb", "é"] {
            let salted = format!("--salt={salt}");
            let given = [
                "check",
                "--url",
                "http://[::1]:80/p",
                "--secret-key-file=-key file",
                "--lifetime",
                "1800.5",
                &salted,
                "--digest",
                "sha512",
                "--key-derivation",
                "django-concat",
                "--fallback-key-file",
                "a",
                "--fallback-key-file",
                "b",
            ];
            let words = Line::try_parse_from(given).unwrap().server.words();
            let script = format!("printf '%s\\0' check{words}");
            let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let again = Line::try_parse_from(text.split_terminator('\0')).unwrap().server;
            assert_eq!((again.salt.as_deref(), again.words()), (Some(salt), words));
            assert_eq!(again.secret_key_file, Some(PathBuf::from("-key file")));
        }
    }
}
