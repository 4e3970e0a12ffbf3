//! Whatever text the suite's key signed: what is signed again for a server holds no key without a mark, to the model and to Flask.

use super::real::programs;
use proptest::{prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use sessionproof::{
    adapter::http::carry::{Endpoint, Translator},
    clock::UnixTime,
    config::Config,
    model::{base64, payload, signing},
    protocol::Choices,
    stock_zlib::{self, Format},
    value::{Map, Value},
};
use std::{fs, process::Command};

/// What stands between the quotes of a key: names, tags, escapes, and characters that JSON itself is made of.
const KEYS: [&str; 24] = [
    "user",
    "_permanent",
    "_user_id",
    "test user",
    "TEST A",
    " t",
    " di",
    " m",
    " u",
    " b",
    " d",
    "",
    "A",
    "é",
    "\\u0075ser",
    "_perm\\u0061nent",
    "\\ud800",
    "\\u0020t",
    "\\u0020di",
    "a\\\"b",
    "}",
    "{\\\"",
    "\\\\",
    "_permanent ",
];

fn key() -> impl Strategy<Value = String> {
    select(&KEYS[..]).prop_map(|key| format!("\"{key}\""))
}

fn value() -> impl Strategy<Value = String> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let leaves = [
        "1",
        "null",
        "true",
        "\"x\"",
        "\"ab\"",
        "\"}\\\",{\\\"\"",
        "NaN",
        "1e5",
        "-0",
        "[]",
        "{}",
        "[1,2]",
        "\"\\\\\"",
        "\"\"",
    ];
    let leaf = prop_oneof![
        40 => select(leaves.map(str::to_owned).to_vec()),
        1 => select(vec![nested(50), nested(150), nested(250), "1".repeat(5000), format!("\"{}\"", "ab".repeat(300))]),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((key(), inner), 0..3).prop_map(|members| object(&members, "")),
        ]
    })
}

fn object(members: &[(String, String)], space: &str) -> String {
    let members: Vec<_> =
        members.iter().map(|(key, value)| format!("{space}{key}{space}:{space}{value}{space}")).collect();
    format!("{{{space}{}}}", members.join(","))
}

/// Sessions, what Python makes sessions of, and texts that are almost JSON.
fn text() -> impl Strategy<Value = String> {
    let members = || proptest::collection::vec((key(), value()), 0..4);
    let space = || select(vec!["", "", " ", "\n\t ", "\r"]);
    let pairs = |members: &[(String, String)]| {
        let pairs: Vec<_> = members.iter().map(|(key, value)| format!("[{key},{value}]")).collect();
        format!("[{}]", pairs.join(","))
    };
    let sound = prop_oneof![
        6 => (members(), space()).prop_map(|(members, space)| format!("{space}{}{space}", object(&members, space))),
        1 => members().prop_map(move |members| pairs(&members)),
        1 => members().prop_map(move |members| format!("{{\" t\":{}}}", pairs(&members))),
        1 => members().prop_map(move |members| format!("{{\"\\u0020t\":{}}}", pairs(&members))),
        1 => members().prop_map(|members| format!("{{\" di\":{}}}", object(&members, ""))),
        1 => (key(), value()).prop_map(|(key, value)| {
            let key = key.trim_matches('"');
            format!("{{\" di\":{{\"{key}__\":{value}}}}}")
        }),
        1 => select(vec!["[\"ab\"]", "[{\"a\":1,\"b\":2}]", "[{\" t\":[\"user\",1]}]", "\"\"", "5"]).prop_map(str::to_owned),
    ];
    let change =
        (any::<prop::sample::Index>(), select(vec!["", "\"", "{", "}", ",", ":", "\\", "[", " ", "\u{feff}", "\0"]));
    (sound, proptest::option::weighted(0.2, change)).prop_map(|(text, change)| match change {
        None => text,
        Some((place, put)) => {
            let characters: Vec<_> = text.chars().collect();
            let at = place.index(characters.len() + 1);
            let from: String = characters[..at].iter().collect();
            from + put
                + &characters[(at + usize::from(put.is_empty())).min(characters.len())..].iter().collect::<String>()
        }
    })
}

fn deflated(text: &str, level: u32) -> Vec<u8> {
    stock_zlib::deflate(text.as_bytes(), level.try_into().unwrap(), Format::Zlib)
}

/// A stream of two stored blocks, which no level of zlib makes.
fn stored(text: &str) -> Vec<u8> {
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    let mut stream = vec![0x78, 0x01];
    for (is_last, block) in [(0, first), (1, second)] {
        let length = block.len() as u16;
        stream.extend([&[is_last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), block].concat());
    }
    let (a, b) = text.bytes().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

fn spelled(text: &str, way: usize, level: u32) -> String {
    let plain = base64::encode(text.as_bytes());
    let zlib = || base64::encode(&deflated(text, level));
    match way {
        0..5 => plain,
        5 => format!("{plain}=="),
        6 => plain.replace('-', "+").replace('_', "/"),
        7 => format!("{plain}!junk"),
        8 => format!("!{plain}"),
        9 => plain.chars().map(|c| format!("{c}~")).collect(),
        10 => format!(".{}", base64::encode(&[deflated(text, level), b"a tail".to_vec()].concat())),
        11 => format!(".{}", base64::encode(&stored(text))),
        12 => format!("..{}", zlib()),
        13 => format!("{plain}é"),
        _ => format!(".{}", zlib()),
    }
}

/// A cookie under the suite's key: a text, how it is spelled, what stands behind it, and what is wrong with its signature.
fn cookie() -> impl Strategy<Value = String> {
    let parts = (text(), 0..20usize, 0..10u32, 0..12usize, 0..8usize, any::<bool>());
    parts.prop_map(|(text, way, level, behind, wrong, is_canonical)| {
        let payload = spelled(&text, way, level);
        let signed = match behind {
            0 => payload,
            1 => format!("{payload}."),
            2 => format!("{payload}.!"),
            3 => format!("e30.{payload}"),
            4 => format!("{payload}.AAAAZVPxAA"),
            5 => format!("x.{payload}.ZVPxAA"),
            _ => format!("{payload}.ZVPxAA"),
        };
        let (here, key) = here();
        let canonical = signed.rsplit_once('.').filter(|_| is_canonical).and_then(|(payload, timestamp)| {
            let dot = if payload.starts_with('.') { "." } else { "" };
            let bytes = base64::decode(payload.trim_start_matches('.').as_bytes())?;
            Some(format!("{dot}{}.{timestamp}", base64::encode(&bytes)))
        });
        let key = signing::derive_key(&here, &key);
        let mac = signing::mac(here.digest, &key, &[canonical.as_ref().unwrap_or(&signed).as_bytes()]);
        let signature = base64::encode(&mac);
        let signature = match wrong {
            0 => signature.to_ascii_uppercase(),
            1 => signature[..signature.len() - 1].to_owned(),
            2 => format!("{signature}="),
            3 => String::new(),
            4 => signature.replacen(&signature[..1], "-", 1),
            _ => signature,
        };
        format!("{signed}.{signature}")
    })
}

fn here() -> (Config, Vec<u8>) {
    (Config::with_key("in place of the secret key"), b"in place of the secret key".to_vec())
}

/// What a carried cookie could be read from: each part, and what stands before the signature and before the timestamp.
fn readings(cookie: &str) -> Vec<String> {
    let signed = cookie.rsplit_once('.').unwrap().0;
    let payload = signed.rsplit_once('.').map_or(signed, |(payload, _)| payload);
    let parts = signed.split('.').flat_map(|part| [part.to_owned(), format!(".{part}")]);
    parts.chain([signed.to_owned(), payload.to_owned()]).collect()
}

fn without_marks(session: &Map) -> Option<String> {
    let is_marked = |text: &str| text == "_permanent" || text.starts_with("test ") || text.starts_with("TEST ");
    session.iter().map(|(key, _)| key).find_map(|key| match key {
        Value::Text(text) => (!is_marked(&text.to_string().replace('"', ""))).then(|| text.to_string()),
        other => Some(format!("{other:?}")),
    })
}

/// Reads sessions as Flask does, of any depth and with any number of digits, and names keys without a mark.
const FLASK: &str = r#"
import sys
from flask.sessions import session_json_serializer
from itsdangerous import URLSafeTimedSerializer
sys.setrecursionlimit(2500)
getattr(sys, "set_int_max_str_digits", lambda most: None)(0)
serializer = URLSafeTimedSerializer("key", serializer=session_json_serializer)
read = 0
for line in open(sys.argv[1], encoding="utf-8"):
    try:
        session = dict(serializer.load_payload(line.rstrip("\n").encode()))
    except Exception:
        continue
    read += 1
    odd = [key for key in session if not (isinstance(key, str) and (key == "_permanent" or key.lower().startswith("test ")))]
    if odd:
        print("NOT MARKED", odd, line)
print("read", read)
"#;

#[test]
fn nothing_is_signed_under_the_servers_key_that_anybody_reads_as_a_session_without_marks() {
    let (here, key) = here();
    let there = Config::with_key("the server's key");
    let (ours, theirs) = ([key], [b"the server's key".to_vec()]);
    let side = |config, keys, now, is_marked| Endpoint { config, keys, now: UnixTime::from_seconds(now), is_marked };
    let translator = Translator {
        from: side(&here, &ours[..], 1_700_000_000, false),
        to: side(&there, &theirs[..], 1_764_000_000, true),
    };
    let (mut runner, cookies) = (TestRunner::deterministic(), cookie());
    let (mut carried, mut refused, mut read, mut lines) = (0, 0, 0, String::new());
    for _ in 0..12_000 {
        let cookie = cookies.new_tree(&mut runner).unwrap().current();
        let there = match translator.value(&cookie) {
            Ok(Some(there)) => there,
            Ok(None) => continue,
            Err(_) => {
                refused += 1;
                continue;
            }
        };
        carried += 1;
        for reading in readings(&there) {
            if let Ok(session) = payload::read(reading.as_bytes(), &Choices::default()) {
                read += 1;
                assert_eq!(without_marks(&session), None, "{cookie} is carried as {there}, and {reading} is read");
            }
            lines += &(reading + "\n");
        }
    }
    // Each of the ways is gone often enough to say something.
    assert!(carried > 5000 && refused > 300 && read > 5000, "{carried} {refused} {read}");
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("readings");
    fs::write(&file, lines).unwrap();
    let output = Command::new(programs.join("python")).args(["-c", FLASK]).arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let sessions: usize = text.trim().rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    assert!(!text.contains("NOT MARKED") && sessions > 3000, "{}", text.chars().take(3000).collect::<String>());
}
