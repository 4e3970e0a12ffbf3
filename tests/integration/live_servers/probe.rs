//! A probe in this process, answered by the model: what spec/live-servers.md says, written a second time.

use super::KEY;
use sessionproof::json::{self, Json, json};
use sessionproof::{
    adapter::Implementation,
    clock::UnixTime,
    config::{Config, Digest, Lifetime},
    model::{answer, base64, http_date, signing::mac},
    protocol::{Answer, Call, Choices, Exchange, Reply, Response},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// A server that the model answers for, unless it is made wrong.
#[derive(Clone)]
pub(super) struct Probe {
    pub(super) config: Config,
    /// How many microseconds its clock is ahead.
    pub(super) ahead: i64,
    /// Whether its clock stands still.
    pub(super) frozen: bool,
    /// How it answers a request, by its clock.
    pub(super) answer: fn(&Exchange) -> Response,
    /// What answers in its place, if anything does.
    pub(super) mutant: Option<&'static dyn Implementation>,
    /// Whether it takes every request, whoever sent it.
    pub(super) believes: bool,
    /// What it sends as a proof, of a nonce and a body.
    pub(super) prove: fn(&Self, &str, &str) -> Option<String>,
    /// Whether each connection is for one request.
    pub(super) closes: bool,
    /// The Cookie headers that it could read.
    pub(super) read: Arc<Mutex<Vec<String>>>,
}

pub(super) fn rightly(call: &Exchange) -> Response {
    match answer(&Call::Exchange(call.clone()), &Choices::default()) {
        Answer::Exchange(exchanged) => exchanged,
        other => panic!("{other:?}"),
    }
}

impl Probe {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            ahead: 0,
            frozen: false,
            answer: rightly,
            mutant: None,
            believes: false,
            prove: |probe, nonce, body| Some(hex(&proof(&probe.config, "answer", &format!("{nonce}\n200\n{body}")))),
            closes: false,
            read: Arc::default(),
        }
    }

    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let micros = i64::try_from(since.as_micros()).unwrap();
        UnixTime::from_micros(if self.frozen { micros - micros % 60_000_000 - 30_000_000 } else { micros + self.ahead })
    }

    /// The URL that it is asked at.
    pub(super) fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (probe, nonces) = (Arc::new(self), Arc::new(Mutex::new(BTreeSet::new())));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (probe, nonces) = (probe.clone(), nonces.clone());
                thread::spawn(move || probe.serve(&connection, &nonces));
            }
        });
        format!("http://{address}/probe")
    }

    fn serve(&self, connection: &TcpStream, nonces: &Mutex<BTreeSet<String>>) {
        connection.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(connection);
        let mut writer = connection;
        while let Some((headers, body)) = read(&mut reader) {
            let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            let admitted = self.admits(&header("sessionproof-probe").unwrap_or_default(), &body, nonces);
            let (reply, set) = match &admitted {
                Some(nonce) => self.reply(nonce, &body),
                None => (None, Vec::new()),
            };
            let status = if reply.is_some() { "200 OK" } else { "404 Not Found" };
            let body = reply.map(|reply| reply.to_string()).unwrap_or_default();
            let proof = admitted.and_then(|nonce| (self.prove)(self, &nonce, &body));
            let date = http_date::format(self.now().seconds()).unwrap();
            let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nDate: {date}\r\n", body.len());
            head += "Vary: Accept-Encoding\r\n";
            proof.iter().for_each(|proof| head += &format!("Sessionproof-Proof: {proof}\r\n"));
            head += if self.closes { "Connection: close\r\n" } else { "" };
            set.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
            let mut bytes: Vec<u8> = format!("{head}\r\n").chars().map(|c| u8::try_from(c).unwrap()).collect();
            bytes.extend(body.bytes());
            if writer.write_all(&bytes).is_err() || self.closes {
                return;
            }
        }
    }

    /// The nonce of a request whose proof is right, as spec/live-servers.md writes it, and new.
    fn admits(&self, credentials: &str, body: &[u8], nonces: &Mutex<BTreeSet<String>>) -> Option<String> {
        let parts: Vec<_> =
            credentials.split(',').filter_map(|part| part.split_once('=')).map(|(_, value)| value).collect();
        let [time, nonce, hash, sent] = parts.as_slice() else { return None };
        let right = hex(&proof(&self.config, "request", &format!("{time}\n{nonce}\n{hash}")));
        let is_fresh = self.frozen || (time.parse::<i64>().unwrap() - self.now().seconds()).abs() < 60;
        let is_body = hex(&Sha256::digest(body)) == *hash;
        let is_proved = right == *sent && is_body && is_fresh && nonces.lock().unwrap().insert((*nonce).to_owned());
        (is_proved || self.believes).then(|| (*nonce).to_owned())
    }

    fn reply(&self, nonce: &str, body: &[u8]) -> (Option<Json>, Headers) {
        let request: Json = json::from_slice(body).unwrap();
        let cookie_header = request["sealed_cookie_header"].as_str().map(|sealed| {
            let sealed = base64::decode_standard(sealed.as_bytes()).unwrap();
            let pad = (0..).flat_map(|number| proof(&self.config, "cookie", &format!("{nonce}\n{number}")));
            let header: String = sealed.iter().zip(pad).map(|(byte, pad)| char::from(byte ^ pad)).collect();
            self.read.lock().unwrap().push(header.clone());
            header
        });
        let before = self.now();
        if request["op"] == "hello" {
            let mut config = json::to_value(&self.config).unwrap();
            config.as_object_mut().unwrap().retain(|member, _| !member.ends_with("key") && !member.ends_with("keys"));
            let kinds =
                ["bytes", "datetime", "floats", "integers", "json", "map", "markup", "surrogates", "tuple", "uuid"];
            let ok = json!({"name": "model", "ops": ["exchange"], "values": kinds, "config": config, "clock": [before, before]});
            return (Some(json!({ "ok": ok })), Vec::new());
        }
        let call = Exchange {
            config: Arc::new(self.config.clone()),
            now: before,
            cookie_header,
            method: request["method"].as_str().unwrap().to_owned(),
            path: request["path"].as_str().unwrap().to_owned(),
            actions: json::from_value(&request["actions"]).unwrap(),
        };
        let exchanged = match self.mutant.map(|mutant| mutant.answer(&[Call::Exchange(call.clone())])) {
            None => (self.answer)(&call),
            Some(replies) => match replies.unwrap().remove(0) {
                Reply::Ok(Answer::Exchange(exchanged)) => exchanged,
                other => panic!("{other:?}"),
            },
        };
        let mut ok = json::to_value(&exchanged).unwrap();
        *ok.pointer_mut("/headers").unwrap() = json!([]);
        ok.as_object_mut().unwrap().insert("clock".to_owned(), json!([before, self.now()]));
        (Some(json!({ "ok": ok })), exchanged.headers)
    }
}

/// The MAC of a text under the key for one purpose.
pub(crate) fn proof(config: &Config, purpose: &str, text: &str) -> Vec<u8> {
    let purpose = format!("sessionproof probe 2 {purpose}");
    let key = mac(Digest::Sha256, config.signing_key().unwrap(), &[purpose.as_bytes()]);
    mac(Digest::Sha256, &key, &[text.as_bytes()])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Headers by lower-case name, one character for each byte.
type Headers = Vec<(String, String)>;

/// One request's headers and its body.
fn read(reader: &mut impl BufRead) -> Option<(Headers, Vec<u8>)> {
    let mut headers = Vec::new();
    let mut first = true;
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        let line: String = line.into_iter().map(char::from).collect();
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if !std::mem::take(&mut first) {
            let (name, value) = line.split_once(": ")?;
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}

pub(super) fn plain() -> Config {
    Config::with_key(KEY).lifetime(Lifetime::Seconds(1800))
}
