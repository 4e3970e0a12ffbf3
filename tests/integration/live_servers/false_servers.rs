//! Servers that are after sessions: of what the program sends them, nothing can be used.
//!
//! Everything that leaves the program goes through a relay, which keeps it. Afterwards each text in it that has the form of a cookie
//! is tried under the real key, with every salt, digest and derivation that was in play.

use super::{
    KEY, check,
    probe::{Probe, hex, plain, proof},
};
use sessionproof::{
    config::{Config, Digest, KeyDerivation, Lifetime},
    model::{base64, payload, signing},
    protocol::Choices,
    value::Value,
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// A relay that keeps all that is sent through it. `target` tells where the connection of a number leads to.
struct Relay {
    url: String,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    fn to(target: impl Fn(usize) -> SocketAddr + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/probe", listener.local_addr().unwrap());
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = sent.clone();
        thread::spawn(move || {
            for (number, client) in listener.incoming().flatten().enumerate() {
                let (Ok(server), kept) = (TcpStream::connect(target(number)), kept.clone()) else { continue };
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || copy(from, to, |_| ()));
                thread::spawn(move || copy(client, server, |bytes| kept.lock().unwrap().extend_from_slice(bytes)));
            }
        });
        Self { url, sent }
    }

    /// A relay to one server.
    fn before(url: &str) -> Self {
        let address = address(url);
        Self::to(move |_| address)
    }

    fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent.lock().unwrap()).into_owned()
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut chunk = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        keep(&chunk[..read]);
        if to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn address(url: &str) -> SocketAddr {
    url.split('/').nth(2).unwrap().parse().unwrap()
}

/// The texts in a text that somebody could use as a cookie under the real key, in the clear or in base64.
fn cookies(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let in_base64 = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
    let decoded = in_base64.filter_map(|run| base64::decode_standard(run.as_bytes()));
    let decoded: Vec<_> = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
    let runs =
        [text].into_iter().chain(decoded.iter().map(String::as_str)).flat_map(|text| text.split(|c| !is_part(c)));
    runs.filter(|run| run.contains('.') && opens(run)).map(str::to_owned).collect()
}

/// Whether a value has a signature by the real key.
fn opens(cookie: &str) -> bool {
    let Some((signed, signature)) = cookie.rsplit_once('.') else { return false };
    let digests = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];
    let derivations = [KeyDerivation::Concat, KeyDerivation::DjangoConcat, KeyDerivation::Hmac, KeyDerivation::None];
    let salts = ["cookie-session", OTHER_SALT];
    salts.iter().any(|salt| {
        digests.iter().any(|&digest| {
            derivations.iter().any(|&key_derivation| {
                let config = Config::default().salt((*salt).to_owned()).digest(digest).key_derivation(key_derivation);
                let key = signing::derive_key(&config, KEY.as_bytes());
                base64::encode(&signing::mac(digest, &key, &[signed.as_bytes()])) == signature
            })
        })
    })
}

const OTHER_SALT: &str = "password-reset";
const NOT_PROVED: &str = "does not prove that the server has the secret key";

/// What a server that does not have the key answers with: it takes every request and says what it likes.
fn stranger(config: Config) -> Probe {
    Probe { believes: true, prove: |_, _, _| None, ..Probe::new(config) }
}

fn strange_key() -> Config {
    Config::with_key("a key of its own").lifetime(Lifetime::Seconds(1800))
}

/// Runs against a server, which gets no session that it could use.
#[track_caller]
fn gets_nothing(name: &str, relay: &Relay, status: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--call-timeout", "2", "--time-limit", "120", "--cases", "300", "--workers", "4"];
    let ended = check(&folder, &relay.url, &arguments).with(status, words).within(150);
    let sent = relay.sent();
    assert!(!sent.is_empty(), "{name}: nothing was sent");
    let usable = cookies(&sent);
    assert!(usable.is_empty(), "{name}: {usable:?}\n{}", ended.text());
    assert!(!sent.contains(KEY), "{name}: the key was sent");
}

#[test]
fn a_server_that_has_the_key_reads_sessions_of_tests_alone_and_nobody_on_the_way_can_use_them() {
    let probe = Probe::new(plain());
    let read = probe.read.clone();
    let relay = Relay::before(&probe.start());
    gets_nothing("the server itself", &relay, 0, &["conformant as far as tested"]);
    let headers = read.lock().unwrap().join("\n");
    let usable = cookies(&headers);
    assert!(usable.len() > 500, "{}", usable.len());
    for cookie in usable {
        let (signed, _) = cookie.rsplit_once('.').unwrap();
        let payload = signed.rsplit_once('.').map_or(signed, |(payload, _)| payload);
        for reading in [payload, signed] {
            for (key, _) in payload::read(reading.as_bytes(), &Choices::default()).unwrap_or_default().iter() {
                let Value::Text(key) = key else { panic!("{key:?} in {cookie}") };
                let key = key.to_string();
                let is_marked = key == "_permanent" || key.starts_with("test ") || key.starts_with("TEST ");
                assert!(is_marked, "{key:?} in {cookie}");
            }
        }
    }
}

#[test]
fn a_server_that_proves_nothing_gets_nothing() {
    // Without a proof, by another key, and with something else than a proof.
    let wrong: fn(&Probe, &str, &str) -> Option<String> =
        |probe, nonce, body| Some(hex(&proof(&probe.config, "answer", &format!("{nonce}\n200\n{body}"))));
    for (name, prove) in [
        ("no proof", stranger(strange_key()).prove),
        ("wrong proof", wrong),
        ("half a proof", |_, _, _| Some("0".repeat(32))),
        ("an endless proof", |_, _, _| Some("0".repeat(10_000))),
        ("the proof of the request", |probe, nonce, body| {
            Some(hex(&proof(&probe.config, "request", &format!("{nonce}\n200\n{body}"))))
        }),
    ] {
        let probe = Probe { prove, ..stranger(strange_key()) };
        gets_nothing(name, &Relay::before(&probe.start()), 2, &[NOT_PROVED, "sessionproof probe FOLDER"]);
    }
    // What it says of itself changes nothing.
    for (name, config) in [
        ("other salt", strange_key().salt(OTHER_SALT.to_owned())),
        ("other derivation", strange_key().key_derivation(KeyDerivation::None)),
        ("other digest", strange_key().digest(Digest::Sha256)),
        ("other name", strange_key().cookie_name("remember_token".to_owned())),
    ] {
        gets_nothing(name, &Relay::before(&stranger(config).start()), 2, &[NOT_PROVED]);
    }
    let clock = Probe { ahead: 20 * 86_400 * 1_000_000, ..stranger(strange_key()) };
    gets_nothing("other clock", &Relay::before(&clock.start()), 2, &[NOT_PROVED]);
}

#[test]
fn a_proof_that_was_heard_elsewhere_is_none() {
    // The real server's proof, of its answer to the first request, or of an answer with another body.
    static HEARD: Mutex<Option<String>> = Mutex::new(None);
    let replayed = |probe: &Probe, nonce: &str, body: &str| {
        let right = hex(&proof(&probe.config, "answer", &format!("{nonce}\n200\n{body}")));
        Some(HEARD.lock().unwrap().get_or_insert(right).clone())
    };
    let other_body = |probe: &Probe, nonce: &str, body: &str| {
        Some(hex(&proof(&probe.config, "answer", &format!("{nonce}\n200\n{body} "))))
    };
    let other_nonce = |probe: &Probe, _: &str, body: &str| {
        Some(hex(&proof(&probe.config, "answer", &format!("{}\n200\n{body}", "0".repeat(32)))))
    };
    type Prove = fn(&Probe, &str, &str) -> Option<String>;
    let prove: [(&str, Prove); 3] = [
        ("replayed proof", replayed),
        ("proof for another body", other_body),
        ("proof for another request", other_nonce),
    ];
    for (name, prove) in prove {
        let probe = Probe { prove, ..Probe::new(plain()) };
        gets_nothing(name, &Relay::before(&probe.start()), 2, &[NOT_PROVED]);
    }
}

#[test]
fn a_server_with_the_key_is_not_believed_when_it_wants_other_sessions_than_flasks() {
    for (name, config, option) in [
        ("other salt", plain().salt(OTHER_SALT.to_owned()), "--salt"),
        ("other derivation", plain().key_derivation(KeyDerivation::None), "--key-derivation"),
        ("other digest", plain().digest(Digest::Sha512), "--digest"),
    ] {
        let probe = Probe::new(config);
        let read = probe.read.clone();
        gets_nothing(name, &Relay::before(&probe.start()), 2, &["nothing was signed", option]);
        assert!(read.lock().unwrap().is_empty(), "{name}");
    }
    for days in [20, -20] {
        let probe = Probe { ahead: days * 86_400 * 1_000_000, believes: true, ..Probe::new(plain()) };
        let read = probe.read.clone();
        let words = ["s ahead of ours", "set both clocks to the right time"];
        gets_nothing("other clock", &Relay::before(&probe.start()), 2, &words);
        assert!(read.lock().unwrap().is_empty(), "{days}");
    }
    // Named, they are judged.
    let config = plain().salt("x".to_owned()).key_derivation(KeyDerivation::Concat);
    let folder = tempfile::tempdir().unwrap();
    let named = ["--salt", "x", "--key-derivation", "concat", "--cases", "100"];
    check(&folder, &Probe::new(config.clone()).start(), &named).with(0, &["conformant as far as tested"]);
    let other = ["--salt", "y", "--key-derivation", "concat"];
    check(&folder, &Probe::new(config).start(), &other).with(2, &[r#"the salt "x", not with "y""#]);
}

#[test]
fn two_servers_behind_one_address_are_found_out_before_the_second_gets_anything() {
    for every in [2, 1000] {
        let (right, wrong) = (Probe::new(plain()), stranger(strange_key()));
        let right = address(&Probe { closes: true, ..right }.start());
        let wrong = address(&Probe { closes: true, ..wrong }.start());
        let relay = Relay::to(move |number| if number % every == 0 { right } else { wrong });
        gets_nothing("two servers", &relay, 2, &[NOT_PROVED]);
    }
}

#[test]
fn servers_that_redirect_or_are_slow_or_endless_or_cut_get_nothing() {
    type Handle = fn(TcpStream);
    let redirects: Handle = |mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 307 Found\r\nLocation: /probe?again\r\nContent-Length: 0\r\n\r\n");
    };
    let slow: Handle = |mut connection| {
        read_some(&mut connection);
        thread::sleep(Duration::from_secs(5));
    };
    let endless: Handle = |mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while connection.write_all(&[b' '; 65536]).is_ok() {}
    };
    let cut: Handle = |mut connection| {
        read_some(&mut connection);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"ok\":{\"name\"");
    };
    for (name, handle, word) in [
        ("redirects", redirects, "redirects are not followed"),
        ("slow", slow, "within 2 s"),
        ("endless", endless, "is longer than"),
        ("cut", cut, "error: "),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                thread::spawn(move || handle(connection));
            }
        });
        gets_nothing(name, &Relay::to(move |_| server), 2, &[word]);
    }
}

fn read_some(connection: &mut TcpStream) {
    let _ = connection.read(&mut [0; 4096]);
}
