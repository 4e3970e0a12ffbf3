//! The running server on the command line, and what is known of it.

use super::{
    CliError,
    inputs::{self, lifetime},
    out::note,
};
use clap::{Arg, Args};
use serde::{Serialize, de::DeserializeOwned};
use sessionproof::{
    adapter::http::{Options, Server},
    config::{Digest, KeyDerivation, Lifetime},
    foreign,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The heading of these options on help pages.
const HEADING: &str = "Running servers";

#[derive(Args)]
#[group(id = "server")]
pub struct ServerArguments {
    /// Test a running server by the URL of its probe
    #[arg(
        long,
        help_heading = HEADING,
        value_name = "URL",
        conflicts_with_all = ["implementation", "command"],
        requires = "secret_key_file"
    )]
    url: Option<String>,
    /// A file with the server's SECRET_KEY (a final line break is ignored)
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    secret_key_file: Option<PathBuf>,
    /// A file with one of its SECRET_KEY_FALLBACKS; repeat it in their order
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    fallback_key_file: Vec<PathBuf>,
    /// The lifetime that you expect, as in 1800 or 30m [default: as reported]
    #[arg(long, help_heading = HEADING, value_name = "TIME", requires = "url", value_parser = lifetime)]
    lifetime: Option<Lifetime>,
    /// The salt of its session interface, if it is not Flask's
    #[arg(long, help_heading = HEADING, value_name = "TEXT", requires = "url")]
    salt: Option<String>,
    /// Its digest, if it is not sha1: sha224, sha256, sha384 or sha512
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "url", value_parser = word::<Digest>)]
    digest: Option<Digest>,
    /// Its key derivation, if it is not hmac: concat, django-concat or none
    #[arg(long, help_heading = HEADING, value_name = "NAME", requires = "url", value_parser = word::<KeyDerivation>)]
    key_derivation: Option<KeyDerivation>,
    /// Wait up to SECONDS for a real expiry (70 for a lifetime of 60 seconds)
    #[arg(long, help_heading = HEADING, value_name = "SECONDS", default_value_t = 0, hide_default_value = true, requires = "url")]
    wait: u64,
    /// PEM certificates to trust instead of the built-in ones
    #[arg(long, help_heading = HEADING, value_name = "FILE", requires = "url")]
    ca_file: Option<PathBuf>,
}

impl ServerArguments {
    /// Whether a server is named.
    pub fn is_named(&self) -> bool {
        self.url.is_some()
    }

    /// The server, asked who it is; `None` if no server is named.
    pub fn connect(
        &self,
        workers: usize,
        call_timeout: Duration,
        run_limit: Duration,
    ) -> Result<Option<Server>, CliError> {
        let (Some(url), Some(secret)) = (&self.url, &self.secret_key_file) else { return Ok(None) };
        let options = Options {
            url: url.clone(),
            secret_key: inputs::key(secret)?,
            fallback_keys: self.fallback_key_file.iter().map(|file| inputs::key(file)).collect::<Result<_, _>>()?,
            lifetime: self.lifetime,
            salt: self.salt.clone(),
            digest: self.digest,
            key_derivation: self.key_derivation,
            certificates: self.ca_file.as_deref().map(inputs::read).transpose()?,
            workers,
            call_timeout,
            run_limit: Some(run_limit),
            wait: Duration::from_secs(self.wait),
        };
        if options.is_in_the_clear()? {
            note!("warning: {} is not encrypted: anybody on the way can read the test sessions", foreign::line(url));
        }
        Ok(Some(Server::connect(&options)?))
    }

    /// The words of a command line that name the server, with a space before each.
    pub fn words(&self) -> String {
        let mut words = String::new();
        // A value that begins with a dash needs this form.
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
        (self.wait > 0).then(|| self.wait.to_string()).iter().for_each(|wait| word("--wait", wait));
        self.ca_file.iter().for_each(|file| word("--ca-file", &path(file)));
        words
    }
}

/// Hides these options on the help page of a command that has no use for them.
pub fn hidden(argument: Arg) -> Arg {
    let hide = argument.is_hide_set() || argument.get_help_heading() == Some(HEADING);
    argument.hide(hide)
}

/// One of the words of a type.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    sessionproof::json::from_value(&text.into()).map_err(|error| error.to_string())
}

fn spelled(word: &impl Serialize) -> String {
    sessionproof::json::to_value(word).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn seconds(lifetime: Lifetime) -> String {
    serde_json::to_string(&lifetime).unwrap_or_default()
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
