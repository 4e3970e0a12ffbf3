//! A server on loopback that answers with what a fuzz target has for it, and the client of the live mode that asks it.

use crate::config;
use sessionproof::{
    adapter::{
        AdapterError,
        http::{Options, Server},
    },
    clock::UnixTime,
    config::{Config, Digest},
    model::{http_date, signing},
    protocol::Choices,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What of a server's answers a fuzz target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole answer to a request, which has no proof of the secret key.
    Answer,
    /// The body of that answer, which is proved. `NOW` in it stands for the time.
    AnswerBody,
    /// The whole answer to hello, which has no proof of the secret key.
    Capabilities,
    /// The body of that answer, which is proved. `NOW` in it stands for the time.
    HelloBody,
    /// What follows `session=` in a Set-Cookie header; up to the first semicolon a payload, which the server's key signs.
    SetCookie,
}

/// The server's secret key.
const KEY: &str = "the key of a server under a fuzzer";
const HELLO: &str = r#"{"ok":{"name":"fuzzed","ops":["exchange"],"clock":[NOW,NOW]}}"#;
const ANSWER: &str = r#"{"ok":{"status":200,"opened":{},"results":[null],"headers":[],"clock":[NOW,NOW]}}"#;

/// What is answered now.
static CURRENT: Mutex<(Part, Vec<u8>)> = Mutex::new((Part::Capabilities, Vec::new()));

/// The URL of a probe that answers so until it is asked for another. There is one for the whole process.
pub fn serving(part: Part, bytes: &[u8]) -> String {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    let address = ADDRESS.get_or_init(|| listen(|connection| drop(answer(connection))));
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = (part, bytes.to_owned());
    format!("http://{address}/probe")
}

/// The address of a server that hangs up.
pub fn silent() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| listen(drop))
}

/// Asks the server at a URL who it is, as the live mode does.
///
/// # Errors
///
/// It is no server, no probe, or the certificates to be trusted cannot be read.
pub fn connect(url: &str, certificates: Option<&[u8]>) -> Result<Server, AdapterError> {
    Server::connect(&Options {
        url: url.to_owned(),
        secret_key: KEY.into(),
        fallback_keys: Vec::new(),
        lifetime: None,
        salt: None,
        digest: None,
        key_derivation: None,
        certificates: certificates.map(<[u8]>::to_owned),
        workers: 1,
        call_timeout: Duration::from_secs(5),
        run_limit: None,
        wait: Duration::ZERO,
    })
}

/// Whether the server would take the cookie that a Set-Cookie header sets.
pub fn is_taken(header: &str) -> bool {
    let value = header.split(';').next().and_then(|pair| pair.split_once('=')).map_or("", |(_, value)| value);
    signing::verify(value, &Config::with_key(KEY), now(), &Choices::default()).is_ok()
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_micros(i64::try_from(since.as_micros()).unwrap_or_default())
}

fn listen(serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    address
}

/// Reads a request and answers it; then the connection ends, since nobody knows where such an answer does.
fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    let request = request(&connection)?;
    let is_hello = request.windows(7).any(|word| word == b"\"hello\"");
    let (part, bytes) = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let nonce = nonce(&request);
    let text = |text: &str| whole(&nonce, &timed(text.as_bytes()), b"");
    let answer = match (part, is_hello) {
        (Part::Capabilities, true) | (Part::Answer, false) => bytes,
        (Part::HelloBody, true) | (Part::AnswerBody, false) => whole(&nonce, &timed(&bytes), b""),
        (_, true) => text(HELLO),
        (Part::SetCookie, false) => whole(&nonce, &timed(ANSWER.as_bytes()), &signed(&bytes)),
        (_, false) => text(ANSWER),
    };
    connection.write_all(&answer)
}

/// The head and the body of a request.
fn request(connection: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut reader = BufReader::new(connection);
    let (mut head, mut length) = (String::new(), 0);
    while reader.read_line(&mut head)? > 2 {
        let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok([head.into_bytes(), body].concat())
}

/// The number that a request has in its credentials.
fn nonce(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let nonce = text.split_once(",n=").and_then(|(_, rest)| rest.split_once(','));
    nonce.map_or_else(String::new, |(nonce, _)| nonce.to_owned())
}

/// The proof that an answer of success comes from somebody who has the secret key, as spec/live-servers.md writes it.
fn proof(nonce: &str, body: &[u8]) -> String {
    let key = signing::mac(Digest::Sha256, KEY.as_bytes(), &[b"sessionproof probe 2 answer"]);
    let proof = signing::mac(Digest::Sha256, &key, &[format!("{nonce}\n200\n").as_bytes(), body]);
    proof.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body with the time where `NOW` stands.
fn timed(body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.windows(3).position(|word| word == b"NOW") {
        let time = serde_json::to_string(&now()).unwrap_or_default();
        whole.extend([&rest[..at], time.as_bytes()].concat());
        rest = &rest[at + 3..];
    }
    whole.extend(rest);
    whole
}

/// What a Set-Cookie header has: the part up to the semicolon is signed by the server's key.
fn signed(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == b';').unwrap_or(bytes.len());
    let (payload, attributes) = bytes.split_at(end);
    let config = config();
    let config = (*config).clone().secret_key(Config::with_key(KEY).secret_key);
    let payload = String::from_utf8_lossy(payload);
    let cookie = signing::sign(&payload, KEY.as_bytes(), &config, now()).unwrap_or_default();
    [b"session=", cookie.as_bytes(), attributes].concat()
}

/// An answer with a body and a Set-Cookie header, if there is any.
fn whole(nonce: &str, body: &[u8], set_cookie: &[u8]) -> Vec<u8> {
    let date = http_date::format(now().seconds()).unwrap_or_default();
    let (length, proof) = (body.len(), proof(nonce, body));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nDate: {date}\r\nConnection: close\r\nSessionproof-Proof: {proof}\r\n"
    );
    let name: &[u8] = if set_cookie.is_empty() { b"" } else { b"Set-Cookie: " };
    let end: &[u8] = if set_cookie.is_empty() { b"\r\n" } else { b"\r\n\r\n" };
    [head.as_bytes(), name, set_cookie, end, body].concat()
}
