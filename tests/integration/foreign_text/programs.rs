//! Programs and servers that say something else in every text of their answers, asked by the real command line.
#![cfg(unix)]

use super::{
    Matrix, PROBES,
    checks::Output::{self, *},
    fields::{self, Field},
};
use crate::live_servers::probe::{hex, proof};
use sessionproof::config::Config;
use sessionproof::json::{Json as Document, json};
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

/// Every probe at once: a program is started for each field.
fn probe() -> String {
    [PROBES[3], PROBES[1], PROBES[0], PROBES[2]].concat()
}

/// An adapter in the shell that answers each operation with what a file of the operation's name holds, behind the id.
const ADAPTER: &str = r#"
cd "$1"
for op in hello verify sign exchange bench; do eval "$op=\$(cat $op)"; done
cat stderr >&2
while IFS= read -r line; do
    id=${line#*'"id":'}; id=${id%%[,\}]*}
    for op in hello verify sign exchange bench; do
        case $line in *'"op":"'$op'"'*) eval "reply=\$$op" ;; esac
    done
    case $reply in raw*) printf '%s\n' "${reply#raw}" ;; *) printf '{"id":%s,%s\n' "$id" "${reply#?}" ;; esac
done
"#;

/// What the adapter answers.
fn answers() -> Document {
    json!({
        "hello": { "ok": {
            "name": "mine", "version": "1", "runtime": "sh", "ops": ["verify", "sign", "exchange", "bench"],
            "values": ["json"], "choices": { "base64": "lenient" },
        } },
        "verify": { "ok": { "accepted": true, "session": { "k": "v" } } },
        "sign": { "ok": { "cookie": "c" } },
        "exchange": { "ok": { "status": 200, "opened": { "k": "v" }, "results": ["r"], "headers": [["Set-Cookie", "session=x"]] } },
        "bench": { "ok": { "seconds": 0.0, "accepted": true } },
    })
}

/// A folder with an adapter's answers.
fn place(folder: &Path, answers: &Document, stderr: &str) {
    for (op, answer) in answers.as_object().unwrap() {
        let text = answer.as_str().map_or_else(|| answer.to_string(), |raw| format!("raw{raw}"));
        fs::write(folder.join(op), text).unwrap();
    }
    fs::write(folder.join("stderr"), stderr).unwrap();
}

/// What a run wrote: standard output and standard error, and the reports.
fn outputs(arguments: &[&str], folder: &Path, stream: Output) -> Vec<(Output, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
    if stream == Terminal {
        command.env("CLICOLOR_FORCE", "1");
    }
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    let mut told = match (arguments.contains(&"github"), arguments.contains(&"--json")) {
        // Annotations go to the log, below what people read.
        (true, _) => {
            let (above, rest) = out.find("\n::").map_or((out.as_str(), ""), |at| out.split_at(at + 1));
            let (annotations, below) = rest.find("\n\n").map_or((rest, ""), |at| rest.split_at(at));
            vec![
                (stream, above.to_owned()),
                (Annotations, annotations.to_owned()),
                (stream, below.to_owned()),
                (stream, err),
            ]
        }
        (_, true) if output.status.success() => vec![(Json, out), (stream, err)],
        _ => vec![(stream, out), (stream, err)],
    };
    told.retain(|(_, text)| !text.is_empty());
    for (name, output) in [("r.html", Html), ("r.json", Json), ("r.tap", Tap), ("r.toml", Toml), ("r.xml", Junit)] {
        if let Ok(text) = fs::read_to_string(folder.join(name)) {
            told.push((output, text));
        }
    }
    for saved in fs::read_dir(folder.join("sessionproof-failures")).into_iter().flatten().flatten() {
        told.push((Json, fs::read_to_string(saved.path()).unwrap()));
    }
    told
}

/// A shell answers slowly: an eighth of the vectors has failures of every kind as well.
const CHECK: [&str; 16] = [
    "check",
    "--rules",
    "EXP-2,PAY-1,SET-1,SIG-4",
    "--cases",
    "0",
    "--shard",
    "1/8",
    "--workers",
    "1",
    "--write-known-failures",
    "r.toml",
    "--report",
    "github",
    "--report",
    "json=r.json,junit=r.xml,html=r.html,tap=r.tap",
    "--",
];
const COMMANDS: [(&[&str], Output); 6] = [
    (&CHECK, Terminal),
    (&["check", "--protocol", "--call-timeout", "5", "--"], Log),
    (&["replay", "v.json", "--workers", "1", "--"], Log),
    (&["bench", "--turns", "1", "--"], Terminal),
    (&["bench", "--turns", "1", "--json", "--"], Log),
    (&["explore", "--configuration", "rotation", "--workers", "1", "--"], Terminal),
];

/// Asks an adapter with these answers by each of some commands.
fn ask(commands: &[(&[&str], Output)], answers: &Document, stderr: &str) -> Vec<(Output, String)> {
    let mut told = Vec::new();
    for (command, stream) in commands {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        fs::create_dir(&said).unwrap();
        place(&said, answers, stderr);
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/flask-3.1/expiry.json");
        fs::copy(vectors, folder.path().join("v.json")).unwrap();
        let mut arguments = command.to_vec();
        arguments.extend(["sh", "-c", ADAPTER, "sh", said.to_str().unwrap()]);
        told.extend(outputs(&arguments, folder.path(), *stream));
    }
    told
}

/// Does the same with each of some things, two at a time.
fn side_by_side<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

#[test]
fn every_text_of_an_adapter_is_harmless_in_every_output_of_the_program() {
    let matrix = Mutex::new(Matrix::default());
    let (answers, probe) = (answers(), probe());
    // What says hello in another way ends most commands early, so that they are cheap; benchmarks hear nothing of sessions.
    let commands = |field: &Field| match field.name.split('.').nth(1) {
        Some("hello") => &COMMANDS[..5],
        Some("bench") => &COMMANDS[3..5],
        _ => &COMMANDS[..3],
    };
    let fields: Vec<_> = fields::of(&answers).into_iter().filter(|field| field.name.matches('.').count() > 1).collect();
    side_by_side(&fields, |field| {
        let told = ask(commands(field), &field.with(&answers, &probe), "");
        matrix.lock().unwrap().look_at(&format!("adapter {}", field.name), &probe, told);
    });
    // Answers of another kind, and lines that are none.
    let mut others = Vec::new();
    for op in ["hello", "verify", "sign", "exchange", "bench"] {
        let raw = probe.replace(['\0', '\n'], " ");
        others.push((format!("adapter {op} raw"), op, json!(raw)));
        for (kind, reply) in [
            ("unsupported", json!({ "unsupported": probe })),
            ("error", json!({ "error": probe })),
            ("raised", json!({ "ok": { "raised": probe } })),
            ("nothing", json!({ "odd": { (&*probe): &probe } })),
        ] {
            others.push((format!("adapter {op} {kind}"), op, reply));
        }
    }
    side_by_side(&others, |(name, op, reply)| {
        let mut changed = answers.clone();
        changed.as_object_mut().unwrap().insert((*op).to_owned(), reply.clone());
        let commands = match *op {
            "hello" => &COMMANDS[..],
            "bench" => &COMMANDS[3..5],
            _ => &COMMANDS[..3],
        };
        matrix.lock().unwrap().look_at(name, &probe, ask(commands, &changed, ""));
    });
    // Standard error is shown of an adapter that broke.
    let mut broken = answers.clone();
    *broken.pointer_mut("/verify").unwrap() = json!("no reply");
    *broken.pointer_mut("/bench").unwrap() = json!("no reply");
    let told = ask(&COMMANDS[..4], &broken, &probe);
    matrix.lock().unwrap().look_at("adapter standard error", &probe, told);
    matrix.into_inner().unwrap().verdict(300, &[Annotations, Html, Json, Junit, Log, Tap, Terminal]);
}

const KEY: &str = "a key";

/// An answer with the proof that goes with it and with the request.
fn proved(answer: &str, request: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    let nonce = request.split_once(",n=").and_then(|(_, rest)| rest.split(',').next()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let proof = proof(&Config::with_key(KEY), "answer", &format!("{nonce}\n{status}\n{body}"));
    answer.replacen("PROOF", &hex(&proof), 1)
}

#[test]
fn every_text_of_a_server_is_harmless() {
    let probe = probe();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (header, quoted) = (probe.replace(['\r', '\n', '\0'], " "), json!(probe));
    // With a proof that it knows the key, of which the nonce is put in.
    let body = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nSessionproof-Proof: PROOF\r\n\r\n{body}", body.len())
    };
    let answers = [
        ("status line", format!("HTTP/1.1 200 {header}\r\nContent-Length: 0\r\n\r\n")),
        ("no status line", format!("{probe}\r\n\r\n")),
        ("location", format!("HTTP/1.1 302 Found\r\nLocation: http://x/{header}\r\nContent-Length: 0\r\n\r\n")),
        ("name of a header", format!("HTTP/1.1 404 Not Found\r\n{header}: x\r\nContent-Length: 0\r\n\r\n")),
        ("date", format!("HTTP/1.1 404 Not Found\r\nDate: {header}\r\nContent-Length: 0\r\n\r\n")),
        ("body", body("200 OK", &probe)),
        ("string", body("200 OK", &quoted.to_string())),
        ("error", body("200 OK", &json!({ "error": probe }).to_string())),
        ("unknown", body("200 OK", &json!({ "ok": { (&*probe): &probe } }).to_string())),
        ("name", body("200 OK", &json!({ "ok": { "name": probe, "ops": [probe] } }).to_string())),
        ("operation", body("200 OK", &json!({ "ok": { "name": "x", "ops": [probe] } }).to_string())),
        (
            "protocol",
            body("200 OK", &json!({ "ok": { "name": "x", "ops": ["exchange"], "protocol": probe } }).to_string()),
        ),
        (
            "configuration",
            body(
                "200 OK",
                &json!({ "ok": { "name": "x", "ops": ["exchange"], "config": { (&*probe): probe } } }).to_string(),
            ),
        ),
        ("other status", body("500 Oops", &probe)),
        ("salt", body("200 OK", &json!({ "ok": { "name": "x", "ops": ["exchange"], "config": { "salt": probe } } }).to_string())),
        ("clock", body("200 OK", &json!({ "ok": { "name": "x", "ops": ["exchange"], "clock": [probe, probe] } }).to_string())),
        (
            "whole hello",
            body(
                "200 OK",
                &json!({ "ok": { "name": probe, "version": probe, "runtime": probe, "ops": ["exchange"], "clock": [now, now] } })
                    .to_string(),
            ),
        ),
    ];
    let mut matrix = Matrix::default();
    for (field, answer) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/{}", listener.local_addr().unwrap(), "sessionproof-probe");
        thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let read = connection.read(&mut request).unwrap_or_default();
                let _ = connection.write_all(proved(&answer, &request[..read]).as_bytes());
            }
        });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key"), KEY).unwrap();
        let arguments = ["check", "--url", &url, "--secret-key-file", "key", "--call-timeout", "2"];
        for stream in [Terminal, Log] {
            matrix.look_at(&format!("server {field}"), &probe, outputs(&arguments, folder.path(), stream));
        }
    }
    matrix.verdict(28, &[Terminal, Log]);
}

/// A program of that name, which prints a text on both streams and ends with a status. Asked for its version, it tells one where it
/// is to be believed.
fn tool(folder: &Path, name: &str, text: &str, status: u8, is_believed: bool) {
    use std::os::unix::fs::PermissionsExt;
    const SCRIPT: &str = r#"#!/bin/sh
if [ "$1" = --version ] && [ BELIEVED = true ]; then echo v99.0.0; exit 0; fi
print() { while IFS= read -r line; do printf '%s\n' "$line"; done; }
print < "$0.txt"
print < "$0.txt" >&2
exit STATUS
"#;
    let file = folder.join(name);
    fs::write(folder.join(format!("{name}.txt")), text.to_owned() + "\n").unwrap();
    fs::write(&file, SCRIPT.replace("BELIEVED", &is_believed.to_string()).replace("STATUS", &status.to_string()))
        .unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn what_the_tools_of_a_set_up_print_is_harmless() {
    let mut matrix = Matrix::default();
    let probe = probe().replace('\0', "");
    for (status, is_believed) in [(0, false), (1, false), (1, true)] {
        for (target, tools) in [
            ("flask", &["python3", "python"][..]),
            ("itsdangerous.js", &["node", "npm"]),
            ("itsdangerous-rs", &["cargo"]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            tools.iter().for_each(|name| tool(folder.path(), name, &probe, status, is_believed));
            let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
            command.args(["check", target]).env("PATH", folder.path());
            command.env("SESSIONPROOF_CACHE", folder.path().join("cache")).env("CLICOLOR_FORCE", "1");
            let output = command.current_dir(folder.path()).output().unwrap();
            let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
            assert!(!output.status.success(), "{out}");
            let field = format!("{target} with status {status}, believed: {is_believed}");
            matrix.look_at(&field, &probe, vec![(Terminal, out), (Terminal, err)]);
        }
    }
    matrix.verdict(9, &[Terminal]);
}
