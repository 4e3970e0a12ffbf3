//! POST requests to the probe, one at a time: limited in time and size, with a proof on both sides, and an error with a remedy
//! for everything that can go wrong.
//!
//! It knows the form of requests, not of answers. An answer without a proof is not passed on.

use super::proof::{CREDENTIALS, Nonce, PROOF, Proofs};
use crate::json::Json;
use crate::{adapter::AdapterError, model::base64};
use std::{
    io::ErrorKind,
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use ureq::{
    Agent, Error,
    http::{HeaderMap, Response, Uri},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

/// The longest answer that is read, in bytes, and the longest head of one.
const LONGEST_BODY: u64 = 1024 * 1024;
const LONGEST_HEAD: usize = 256 * 1024;

/// What asks a probe.
pub struct Client {
    agent: Agent,
    url: String,
    proofs: Proofs,
    call_timeout: Duration,
    deadline: Option<Instant>,
    /// How many microseconds the server's clock is ahead, as far as that is known.
    ahead: AtomicI64,
}

/// An answer, and when it was asked and came by our clock in microseconds since the epoch.
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Set-Cookie and Vary headers in order, one character for each byte.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the sender proved that it has the secret key. One of status 200 always did.
    pub is_proved: bool,
    /// Where a redirect leads to.
    pub location: Option<String>,
    /// The server's time by its Date header, in seconds.
    pub date: Option<i64>,
    /// When it was asked.
    pub sent: i64,
    /// When it had come.
    pub came: i64,
}

impl Client {
    /// Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The URL is none, or the certificates cannot be read.
    pub fn new(
        url: &str,
        secret_key: &[u8],
        certificates: Option<&[u8]>,
        connections: usize,
        call_timeout: Duration,
        run_limit: Option<Duration>,
    ) -> Result<Self, AdapterError> {
        parse(url)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("sessionproof/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(LONGEST_HEAD)
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections);
        if let Some(pem) = certificates {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(pem)?).build());
        }
        Ok(Self {
            agent: config.build().into(),
            url: url.to_owned(),
            proofs: Proofs::new(secret_key),
            call_timeout,
            deadline: run_limit.map(|limit| Instant::now() + limit),
            ahead: AtomicI64::new(0),
        })
    }

    /// How long the run may still take; `None` if it has no limit.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// The server's time now, in microseconds, as far as that is known.
    pub fn server_now(&self) -> i64 {
        now().saturating_add(self.ahead.load(Relaxed))
    }

    /// Remembers how many microseconds the server's clock is ahead.
    pub fn set_ahead(&self, micros: i64) {
        self.ahead.store(micros, Relaxed);
    }

    /// How many microseconds the server's clock is ahead.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Relaxed)
    }

    /// Asks once, and once more where a connection that had been kept turned out to be gone. A Cookie header has one character
    /// for each byte, and travels sealed.
    ///
    /// # Errors
    ///
    /// No answer came in time, or none that is HTTP, or one of success from somebody who does not know the secret key.
    pub fn post(&self, request: &Json, cookie: Option<&str>) -> Result<Answered, AdapterError> {
        let answered = match self.once(request, cookie)? {
            Err(error) if is_lost(&error) => self.once(request, cookie)?,
            answered => answered,
        };
        let answered = answered.map_err(|error| self.broken(&error))?;
        match answered.status == 200 && !answered.is_proved {
            true => Err(self.not_proved()),
            false => Ok(answered),
        }
    }

    fn once(&self, request: &Json, cookie: Option<&str>) -> Result<Result<Answered, Error>, AdapterError> {
        let timeout = self.left().map_or(self.call_timeout, |left| left.min(self.call_timeout));
        if timeout.is_zero() {
            return Err(too_long());
        }
        let nonce = Nonce::new()?;
        let mut body = request.clone();
        if let (Some(cookie), Some(members)) = (cookie, body.as_object_mut()) {
            let bytes: Vec<u8> = cookie.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
            let sealed = base64::encode_standard(&self.proofs.seal(&nonce, &bytes));
            members.insert("sealed_cookie_header".to_owned(), sealed.into());
        }
        let body = body.to_string();
        let time = self.server_now().div_euclid(1_000_000);
        let request = self.agent.post(&self.url).config().timeout_global(Some(timeout)).build();
        let request = request
            .header("Content-Type", "application/json")
            .header(CREDENTIALS, self.proofs.credentials(time, &nonce, body.as_bytes()));
        let sent = now();
        Ok(request.send(body.as_bytes()).and_then(|mut response| {
            let body = response.body_mut().with_config().limit(LONGEST_BODY).read_to_vec()?;
            let mut answered = answered(&response, body, sent);
            let proof = text_of(response.headers(), PROOF).next().unwrap_or_default();
            answered.is_proved = self.proofs.is_proved(&nonce, answered.status, &answered.body, &proof);
            Ok(answered)
        }))
    }

    /// What is said of an answer that anybody could have given.
    fn not_proved(&self) -> AdapterError {
        AdapterError {
            message: format!("the answer of {} does not prove that the server has the secret key", self.url),
            hint: "it got no session that it could use; check that the URL is that of the probe, and that the application has \
                     the probe of this release, which `sessionproof probe FOLDER` writes"
                .to_owned(),
        }
    }

    /// What went wrong, in words.
    fn broken(&self, error: &Error) -> AdapterError {
        if matches!(error, Error::Timeout(_)) && self.left().is_some_and(|left| left.is_zero()) {
            return too_long();
        }
        let url = &self.url;
        let (what, remedy) = match error {
            Error::Timeout(_) => (
                format!("{url} did not answer completely within {} s", self.call_timeout.as_secs()),
                "check whether the server hangs, or raise --call-timeout",
            ),
            Error::HostNotFound => (format!("the host in {url} was not found"), "check the URL"),
            Error::Io(io) if io.to_string().contains("lookup") => {
                (format!("the host in {url} was not found: {io}"), "check the URL")
            }
            Error::ConnectionFailed => (format!("no connection to {url}"), REFUSED),
            Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
                (format!("no connection to {url}: {io}"), REFUSED)
            }
            Error::Io(io) if io.kind() == ErrorKind::TimedOut => {
                (format!("no connection to {url}: {io}"), "check whether the server hangs, or a firewall blocks it")
            }
            Error::Rustls(_) | Error::Tls(_) | Error::Io(_) if is_certificate(error) => (
                format!("the certificate of {url} is not trusted: {error}"),
                "name the certificates to trust with --ca-file",
            ),
            Error::Rustls(_) | Error::Tls(_) | Error::TlsRequired => {
                (format!("TLS with {url} failed: {error}"), NO_TLS)
            }
            // What rustls says of bytes that are not TLS.
            Error::Io(io) if url.to_ascii_lowercase().starts_with("https:") && io.kind() == ErrorKind::InvalidData => {
                (format!("TLS with {url} failed: {io}"), NO_TLS)
            }
            Error::Io(io) => {
                (format!("{url} broke the connection: {io}"), "its log may say why; use https:// if the port uses TLS")
            }
            Error::BodyExceedsLimit(limit) => {
                (format!("the answer of {url} is longer than {limit} bytes"), "name the URL of the probe itself")
            }
            Error::LargeResponseHeader(_, limit) => {
                (format!("the headers of {url} are longer than {limit} bytes"), "name the URL of the probe itself")
            }
            Error::Protocol(_) | Error::Http(_) => (
                format!("{url} does not answer in HTTP: {error}"),
                "check host and port; use https:// if the port uses TLS",
            ),
            _ => (format!("{url} cannot be asked: {error}"), "check the URL, and that the server is running"),
        };
        AdapterError { message: what, hint: remedy.to_owned() }
    }
}

/// The parts of a probe's URL.
///
/// # Errors
///
/// It is none: another scheme, no host, a name or a password, a port that there is not, or a query.
pub fn parse(url: &str) -> Result<Uri, AdapterError> {
    let is_port = |uri: &Uri| {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        uri.host().is_some_and(|host| !host.is_empty() && (host == authority || uri.port_u16().is_some()))
    };
    let is_plain = |uri: &Uri| {
        let has_name = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        uri.query().is_none() && !has_name && matches!(uri.scheme_str(), Some("http" | "https"))
    };
    url.parse().ok().filter(|uri| is_plain(uri) && is_port(uri)).ok_or_else(|| AdapterError {
        message: format!("{:?} is not the URL of a probe", url.rsplit('@').next().unwrap_or_default()),
        hint: "write it as in http://127.0.0.1:8000/sessionproof-probe or https://…".to_owned(),
    })
}

fn too_long() -> AdapterError {
    AdapterError {
        message: "the run took longer than its time limit".to_owned(),
        hint: "raise --time-limit, or run fewer cases with --preset quick or --cases".to_owned(),
    }
}

const NO_TLS: &str = "use http:// if the port does not use TLS";
const REFUSED: &str = "check that the server is running and listens on this host and port";

/// Whether a connection was lost that may have been kept too long; asking again is then no other request.
fn is_lost(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error, Error::Io(io) if matches!(io.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof))
}

fn is_certificate(error: &Error) -> bool {
    error.to_string().contains("certificate")
}

fn answered(response: &Response<ureq::Body>, body: Vec<u8>, sent: i64) -> Answered {
    let headers = response.headers();
    let text = |name| text_of(headers, name).next();
    let kept = ["set-cookie", "vary"]
        .into_iter()
        .flat_map(|name| text_of(headers, name).map(move |value| (name.to_owned(), value)));
    let date = text("date").and_then(|date| OffsetDateTime::parse(&date, &Rfc2822).ok());
    Answered {
        status: response.status().as_u16(),
        headers: kept.collect(),
        body,
        is_proved: false,
        location: text("location").map(|location| location.escape_debug().take(200).collect()),
        date: date.map(OffsetDateTime::unix_timestamp),
        sent,
        came: now(),
    }
}

/// The values of a header, one character for each byte.
fn text_of<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = String> + 'h {
    headers.get_all(name).iter().map(|value| value.as_bytes().iter().copied().map(char::from).collect())
}

/// The certificates to be trusted, from PEM.
fn roots(pem: &[u8]) -> Result<RootCerts, AdapterError> {
    let unreadable = |what: String| AdapterError {
        message: format!("the certificates to trust cannot be read: {what}"),
        hint: "name a file of certificates in PEM".to_owned(),
    };
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| unreadable(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(unreadable("the file holds none".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// Our time in microseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Leaves of the Vary headers whether Cookie is among their fields: the application and what stands before it may add others, for
/// something else than the session.
pub(super) fn only_cookie_in_vary(headers: &mut Vec<(String, String)>) {
    let is_vary = |name: &str| name.eq_ignore_ascii_case("vary");
    let fields =
        |value: &str| value.split(',').any(|field| field.trim().eq_ignore_ascii_case("cookie") || field.trim() == "*");
    let mut is_told = false;
    headers.retain_mut(|(name, value)| {
        let is_kept = !is_vary(name) || !is_told && fields(value);
        if is_vary(name) && is_kept {
            is_told = true;
            *value = "Cookie".to_owned();
        }
        is_kept
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader, Read},
        net::TcpListener,
        thread,
    };

    #[test]
    fn of_vary_only_cookie_is_looked_at() {
        let found = |values: &[&str]| {
            let mut headers: Vec<_> = values.iter().map(|value| ("vary".to_owned(), (*value).to_owned())).collect();
            headers.push(("set-cookie".to_owned(), "a=b".to_owned()));
            only_cookie_in_vary(&mut headers);
            let vary: Vec<_> =
                headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.clone()).collect();
            assert_eq!(headers.len(), vary.len() + 1);
            vary
        };
        assert_eq!(found(&["Accept-Encoding, cookie"]), ["Cookie"]);
        assert_eq!(found(&["Accept-Encoding", "Cookie", "Cookie"]), ["Cookie"]);
        assert_eq!(found(&["*"]), ["Cookie"]);
        assert!(found(&["Accept-Encoding", "X-Cookie"]).is_empty());
    }

    /// Every request is another: a nonce that comes twice would hide two headers by the same pad.
    #[test]
    fn a_request_that_is_sent_again_has_a_new_nonce_and_its_cookie_is_sealed_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/probe", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut requests = Vec::new();
            for connection in listener.incoming().flatten().take(2) {
                let mut reader = BufReader::new(connection);
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    length = line
                        .to_lowercase()
                        .strip_prefix("content-length: ")
                        .map_or(length, |n| n.trim().parse().unwrap());
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                requests.push((head, String::from_utf8(body).unwrap()));
                // The connection ends without an answer.
            }
            requests
        });
        let client = Client::new(&url, b"key", None, 1, Duration::from_secs(10), None).unwrap();
        assert!(client.post(&crate::json::json!({ "op": "exchange" }), Some("session=a.b.c")).is_err());
        let requests = server.join().unwrap();
        let part = |head: &str, name: &str| {
            let rest = head.split_once(name).unwrap().1;
            rest.split([',', '\r']).next().unwrap().to_owned()
        };
        let [(a, a_body), (b, b_body)] = <[_; 2]>::try_from(requests).unwrap();
        for name in ["n=", "h=", "mac="] {
            assert_ne!(part(&a, name), part(&b, name), "{name}");
        }
        let sealed = |body: &str| crate::json::from_str::<Json>(body).unwrap()["sealed_cookie_header"].to_string();
        assert_ne!(sealed(&a_body), sealed(&b_body));
        assert!(!a_body.contains("session=") && !b_body.contains("session="));
    }
}
