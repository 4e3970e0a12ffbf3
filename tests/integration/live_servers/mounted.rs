//! The probe in real applications: it is seen by nobody who cannot prove to know the key, and leaves next to nothing behind.

use super::{
    KEY, check,
    probe::{hex, proof},
    real::{Running, application_for, now, programs},
};
use sessionproof::{
    config::Config,
    model::{base64, payload},
};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

/// A request that anybody can make.
struct Asked {
    method: &'static str,
    path: &'static str,
    credentials: String,
    body: &'static str,
}

/// What a server answers, word for word, without the date.
fn answer(server: &Running, asked: &Asked) -> String {
    let address = server.url.split('/').nth(2).unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let Asked { method, path, credentials, body } = asked;
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
    write!(connection, "{head}Sessionproof-Probe: {credentials}\r\n\r\n{body}").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text.lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("date:"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The header of a request that knows the key.
fn credentials(nonce: &str, body: &str) -> String {
    let (time, hash) = (now(), hex(&Sha256::digest(body)));
    let mac = hex(&proof(&Config::with_key(KEY), "request", &format!("{time}\n{nonce}\n{hash}")));
    format!("t={time},n={nonce},h={hash},mac={mac}")
}

const HELLO: &str = "{\"op\":\"hello\",\"protocol\":2}";

/// Requests without a proof, at every path that a probe might have, by every method.
fn unproved() -> Vec<Asked> {
    let forged = format!("t={},n={},h={},mac={}", now(), "ab".repeat(16), hex(&Sha256::digest(HELLO)), "0".repeat(64));
    let stale = credentials(&"cd".repeat(16), HELLO).replacen("t=", "t=1", 1);
    let mut all = Vec::new();
    for path in [
        "/sessionproof-probe",
        "/sessionproof-probe/",
        "//sessionproof-probe",
        "//sessionproof-probe//static/file.txt",
        "/sessionproof-probe/static/file.txt",
        "/sessionproof-probe/missing",
        "/./sessionproof-probe",
        "/%73essionproof-probe",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            for credentials in ["", "x", &forged, &stale] {
                let body = if method == "POST" || method == "PUT" { HELLO } else { "" };
                all.push(Asked { method, path, credentials: credentials.to_owned(), body });
            }
        }
    }
    all
}

#[test]
fn a_request_without_a_proof_is_answered_as_if_there_were_no_probe() {
    let folder = tempfile::tempdir().unwrap();
    for word in ["flask", "quart"] {
        let (Some(with), Some(without)) = (application_for(1800, word, &folder), application_for(0, word, &folder))
        else {
            return;
        };
        for asked in unproved() {
            let right = answer(&without, &asked);
            assert_eq!(answer(&with, &asked), right, "{word} {} {} {}", asked.method, asked.path, asked.credentials);
            assert!(right.starts_with("HTTP/1.1 404"), "{right}");
        }
        let home = Asked { method: "GET", path: "/", credentials: String::new(), body: "" };
        assert_eq!(answer(&with, &home), answer(&without, &home));
        // With a proof it is there, once for each of two processes.
        let proved = credentials(&"ef".repeat(16), HELLO);
        let hello = || Asked { method: "POST", path: "/sessionproof-probe", credentials: proved.clone(), body: HELLO };
        let is_proved = |text: &String| text.to_ascii_lowercase().contains("\nsessionproof-proof: ");
        let (proofs, others): (Vec<_>, Vec<_>) = (0..20).map(|_| answer(&with, &hello())).partition(is_proved);
        assert!(matches!(proofs.len(), 1 | 2), "{word}: {}", proofs.len());
        let right = answer(&without, &hello());
        assert!(others.iter().all(|other| *other == right), "{word}: {others:?}");
        for server in [&with, &without] {
            let log = fs::read_to_string(&server.log).unwrap();
            assert!(!log.contains("Traceback"), "{log}");
        }
    }
}

#[test]
fn a_body_that_is_not_the_probes_reaches_the_application_whole() {
    let folder = tempfile::tempdir().unwrap();
    for word in ["echo", "quart-echo"] {
        let Some(server) = application_for(1800, word, &folder) else { return };
        let other_body = credentials(&"01".repeat(16), HELLO);
        for credentials in [String::new(), other_body] {
            let asked =
                Asked { method: "POST", path: "/sessionproof-probe", credentials, body: "a body of the application's" };
            let text = answer(&server, &asked);
            assert!(text.ends_with("\nPOST a body of the application's\n"), "{word}: {text}");
        }
    }
}

#[test]
fn once_the_time_is_over_nothing_is_left_of_the_probe() {
    let folder = tempfile::tempdir().unwrap();
    for word in ["flask", "quart"] {
        // Enough to start in, on a busy machine.
        const SECONDS: u64 = 15;
        let started = now();
        let (Some(with), Some(without)) = (application_for(SECONDS, word, &folder), application_for(0, word, &folder))
        else {
            return;
        };
        let hello = |nonce: &str| {
            let credentials = credentials(&nonce.repeat(16), HELLO);
            Asked { method: "POST", path: "/sessionproof-probe", credentials, body: HELLO }
        };
        let early = answer(&with, &hello("0a"));
        assert!(early.to_ascii_lowercase().contains("sessionproof-proof: "), "{early}");
        thread::sleep(Duration::from_secs((started + SECONDS + 2).saturating_sub(now())));
        assert_eq!(answer(&with, &hello("0b")), answer(&without, &hello("0c")));
        let slashes = Asked { method: "GET", path: "//sessionproof-probe", credentials: String::new(), body: "" };
        assert_eq!(answer(&with, &slashes), answer(&without, &slashes));
    }
}

#[test]
fn a_run_leaves_no_error_of_its_own_in_the_applications_log_and_hides_none_of_the_applications() {
    let folder = tempfile::tempdir().unwrap();
    for (word, rules) in [("flask", "*"), ("quart", "MOD-9,KEY,!VARY-1,!SET-10")] {
        let Some(server) = application_for(1800, word, &folder) else { return };
        let run = tempfile::tempdir().unwrap();
        check(&run, &server.url, &["--cases", "300", "--rules", rules]).with(0, &["conformant as far as tested"]);
        let log = fs::read_to_string(&server.log).unwrap();
        assert!(!log.contains("ERROR") && !log.contains("Traceback"), "{word}: {log}");
    }
    let Some(buggy) = application_for(1800, "buggy", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    check(&run, &buggy.url, &["--cases", "0"]).with(1, &["not conformant"]);
    let log = fs::read_to_string(&buggy.log).unwrap();
    assert!(log.contains("ZeroDivisionError"), "{log}");
}

#[test]
fn what_an_application_sets_beside_the_session_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = application_for(1800, "remembering", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    let reports = "json=r.json,html=r.html,junit=r.xml,tap=r.tap,github";
    let ended = check(&run, &server.url, &["--cases", "300", "--report", reports]).with(1, &["not conformant"]);
    let mut texts = vec![("the output".to_owned(), ended.text())];
    for file in super::walk(run.path()) {
        texts.push((file.display().to_string(), fs::read_to_string(&file).unwrap()));
    }
    // A report of each kind, and failures.
    assert!(texts.len() > 6, "{texts:?}");
    for (name, text) in &texts {
        assert_eq!(shown(text), None, "{name}:\n{text}");
    }
    let named = |name: &str| texts.iter().any(|(_, text)| text.contains(name));
    assert!(named("remember_token=not-shown") && named("csrf_token"), "{texts:?}");
}

/// The secret of an application that a text shows: as it is, or in base64, compressed or not.
fn shown(text: &str) -> Option<String> {
    const SECRET: &str = "secret-of-";
    let around = |text: &str| text.find(SECRET).map(|at| text[at..].chars().take(30).collect());
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-_+/".contains(c);
    let decoded = |run: &str| {
        (0..4).filter_map(|at| base64::decode(run.get(at..)?.as_bytes())).find_map(|bytes| {
            let inflated = payload::inflate(&bytes).unwrap_or_default();
            around(&String::from_utf8_lossy(&bytes)).or_else(|| around(&String::from_utf8_lossy(&inflated)))
        })
    };
    // A run whose length is no sum of whole bytes is read without its end.
    let runs = text.split(|c| !is_letter(c)).filter(|run| run.len() >= 12);
    around(text).or_else(|| runs.flat_map(|run| [run, &run[..run.len() - 1], &run[..run.len() - 2]]).find_map(decoded))
}

#[test]
fn a_secret_is_found_in_whatever_form_it_is_shown() {
    let json = format!(r#"{{"user":"secret-of-a-user{}"}}"#, " ".repeat(200));
    let deflated = base64::encode(&payload::deflate(json.as_bytes()));
    for text in [
        &*json,
        &base64::encode(json.as_bytes()),
        &format!("x.{deflated}.y"),
        &format!("{}A", base64::encode(json.as_bytes())),
    ] {
        assert!(shown(text).is_some(), "{text}");
    }
    assert_eq!(shown(&base64::encode(br#"{"user":"not shown"}"#)), None);
}

#[test]
fn nothing_that_an_application_keeps_in_sessions_or_cookies_of_any_kind_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = application_for(1800, "talkative", &folder) else { return };
    let run = tempfile::tempdir().unwrap();
    let reports = "json=r.json,html=r.html,junit=r.xml,tap=r.tap,github";
    let ended = check(&run, &server.url, &["--cases", "200", "--report", reports]).with(1, &["not conformant"]);
    assert_eq!(shown(&ended.text()), None, "{}", ended.text());
    let files = super::walk(run.path());
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(shown(&text), None, "{}:\n{text}", file.display());
    }
}

/// A stream of which nobody reads more than was announced, and never to its end.
const BODIES: &str = r#"
import flask, hashlib, io, json, time, sessionproof_probe as probe
app = flask.Flask("a")
app.secret_key = "key"
assert probe.mount(app)

class Stream:
    def __init__(self, data, most):
        self.data, self.left = io.BytesIO(data), most
    def read(self, size=-1):
        assert 0 <= size <= self.left, f"read {size} of {self.left}"
        chunk = self.data.read(min(size, 5))
        self.left -= len(chunk)
        return chunk

number = 0
def ask(length, data, most, proved=True, body=None):
    global number
    number += 1
    t, n, h = str(int(time.time())), f"{number:032x}", hashlib.sha256(data if body is None else body).hexdigest()
    mac = probe.Proofs("key").mac(b"request", t.encode(), n.encode(), h.encode()).hex()
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/sessionproof-probe", "wsgi.input": Stream(data, most), "SERVER_NAME": "a",
               "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO()}
    if proved:
        environ["HTTP_SESSIONPROOF_PROBE"] = f"t={t},n={n},h={h},mac={mac}"
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    seen = []
    b"".join(app.wsgi_app(environ, lambda status, headers, exc_info=None: seen.append(status)))
    return seen[-1]

hello = b'{"op":"hello","protocol":2}'
assert ask(str(len(hello)), hello, len(hello)).startswith("200")
for length in ["-1", "-27", "abc", "+27", "99999999999", "1048577", None, "", "0", " 27"]:
    for proved in [True, False]:
        assert ask(length, hello, 0, proved).startswith("404"), length
assert ask("1000", hello, 1000).startswith("200"), "a body that ends early, and is proved"
assert ask("1000", hello[:5], 1000, body=hello).startswith("404"), "a body that is cut"
print("bounded")
"#;

#[test]
fn a_body_is_read_as_far_as_it_was_announced_and_arrives() {
    let Some(programs) = programs() else { return };
    let mut command = Command::new(programs.join("python"));
    command.args(["-c", BODIES]).env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/python"));
    command.env("SESSIONPROOF_PROBE_UNTIL", (now() + 600).to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("bounded"), "{text}");
}

#[test]
fn the_binary_writes_the_probe_that_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let write = || {
        Command::new(env!("CARGO_BIN_EXE_sessionproof")).arg("probe").arg(folder.path().join("new")).output().unwrap()
    };
    for again in [false, true] {
        assert!(write().status.success(), "{again}");
    }
    for name in ["sessionproof_probe.py", "sessionproof_adapter.py"] {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/python").join(name);
        assert_eq!(fs::read(folder.path().join("new").join(name)).unwrap(), fs::read(here).unwrap());
    }
    fs::write(folder.path().join("new/sessionproof_probe.py"), "mine").unwrap();
    let refused = write();
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("exists with other content")
            && refused.status.code() == Some(2)
    );
}

#[test]
fn the_probe_stays_away_without_a_deadline_and_refuses_one_that_is_far() {
    let Some(programs) = programs() else { return };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let now = now();
    let script = "import flask, sessionproof_probe\napp = flask.Flask('a')\nprint(sessionproof_probe.mount(app))\n\
                  print(app.test_client().post('/sessionproof-probe').status_code, len(list(app.url_map.iter_rules())))";
    for (until, expected) in [
        ("", "False\n404 1\n"),
        (&*(now - 1).to_string(), "False\n404 1\n"),
        (&*(now + 600).to_string(), "True\n404 1\n"),
        (&*(now + 4000).to_string(), "ValueError: SESSIONPROOF_PROBE_UNTIL: the time is at most an hour ahead"),
        ("soon", "ValueError: SESSIONPROOF_PROBE_UNTIL: a Unix time in seconds is needed"),
    ] {
        let mut command = Command::new(programs.join("python"));
        command
            .args(["-c", script])
            .env("PYTHONPATH", here.join("adapters/python"))
            .env("SESSIONPROOF_PROBE_UNTIL", until);
        let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(expected), "{until}: {text}");
    }
}
