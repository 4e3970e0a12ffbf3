//! Words of command lines, names of files and folders, cookies: in every option of every command.
#![cfg(unix)]

use super::{
    Matrix, PROBES,
    checks::Output::{self, *},
    fields, word,
};
use crate::common;
use sessionproof::json::{Json as Document, json};
use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessionproof");

/// Words as short as names of files have to be.
fn words() -> [String; 2] {
    [word(PROBES[3]) + &word(PROBES[1]), word(PROBES[0]) + &word(PROBES[2])]
}

/// What a command prints in a folder where no program is found.
fn printed(arguments: &[&str], folder: &Path, input: &str) -> Vec<(Output, String)> {
    let mut told = Vec::new();
    for stream in [Terminal, Log] {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(folder).env("PATH", "").env("SESSIONPROOF_CACHE", folder.join("cache"));
        if stream == Terminal {
            command.env("CLICOLOR_FORCE", "1");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains("panicked"), "{arguments:?}: {text}");
            told.push((stream, text));
        }
    }
    told
}

fn help(command: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(command).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Every command with the long options of its help page that take a value.
fn commands() -> Vec<(Vec<&'static str>, Vec<String>)> {
    let all: [&[&str]; 18] = [
        &["bench"],
        &["cache", "clear"],
        &["cache", "list"],
        &["check"],
        &["completions"],
        &["explore"],
        &["mutants"],
        &["mutant"],
        &["inspect"],
        &["list"],
        &["man"],
        &["probe"],
        &["replay"],
        &["report", "matrix"],
        &["report", "merge"],
        &["rules"],
        &["vectors", "regenerate"],
        &["vectors", "verify"],
    ];
    // No command is missing from the list.
    let page = help(&[]);
    for line in page.lines().filter(|line| line.starts_with("  ") && !line.trim_start().starts_with('-')) {
        let name = line.split_whitespace().next().unwrap();
        assert!(all.iter().any(|command| command[0] == name), "{name} is missing here");
    }
    all.map(|command| {
        let page = help(command);
        let option = |line: &str| Some(line.trim().split_once("--")?.1.split_once(" <")?.0.to_owned());
        let begins = |line: &&str| line.trim_start().starts_with('-');
        (command.to_vec(), page.lines().filter(begins).filter_map(option).collect())
    })
    .into()
}

/// What goes with a command so that an option gets as far as it can in short time.
fn company(command: &[&str], option: &str) -> Vec<&'static str> {
    let mutant = ["--", PROGRAM, "mutant", "age-equal-refused"];
    let pairs: &[[&str; 2]] = match command {
        ["check"] => &[["--rules", "EXP-2"], ["--cases", "0"], ["--workers", "1"]],
        ["explore"] => &[["--configuration", "nowhere"]],
        _ => &[],
    };
    let pairs = pairs.iter().filter(|pair| pair[0].trim_start_matches('-') != option && option != "url");
    let mut words: Vec<&'static str> = pairs.flatten().copied().collect();
    match (command, option) {
        (["check" | "bench"], "url" | "secret-key-file" | "fallback-key-file" | "ca-file" | "lifetime" | "wait") => {
            let server = [["--url", "http://127.0.0.1:9/"], ["--secret-key-file", "key"]];
            words.extend(server.into_iter().filter(|pair| pair[0].trim_start_matches('-') != option).flatten());
        }
        (["check"], "python") => words.push("flask"),
        (["check"], _) => words.extend(mutant),
        (["bench"], _) => words.push("flask"),
        (["mutants"], _) => words.push("nobody"),
        (["inspect"], _) => words.push("e30.ZVPxAA.x"),
        (["replay"], _) => words.push("vectors.json"),
        (["report", _], _) => words.push("results.json"),
        _ => {}
    }
    words
}

/// A folder with a file of each kind.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/flask-3.1/expiry.json");
    fs::copy(vectors, folder.path().join("vectors.json")).unwrap();
    fs::write(folder.path().join("key"), "a key").unwrap();
    let check = ["check", "model", "--rules", "EXP-2", "--cases", "0", "--report", "json=results.json"];
    assert!(
        Command::new(PROGRAM).args(check).current_dir(folder.path()).stdout(Stdio::null()).status().unwrap().success()
    );
    folder
}

#[test]
fn every_word_of_every_command_line_is_harmless() {
    let mut matrix = Matrix::default();
    for word in &words() {
        let place = folder();
        for (command, options) in commands() {
            let name = command.join(" ");
            for option in options {
                let dashed = format!("--{option}");
                let mut values = vec![word.clone()];
                if option == "report" {
                    values = ["json", "junit", "html", "tap"].map(|kind| format!("{kind}={word}")).into();
                    values.push(word.clone());
                }
                for value in &values {
                    let mut arguments = command.clone();
                    arguments.extend([dashed.as_str(), value.as_str()]);
                    arguments.extend(company(&command, &option));
                    matrix.look_at(&format!("{name} {dashed}"), word, printed(&arguments, place.path(), ""));
                }
            }
            let mut bare = command.clone();
            bare.push(word);
            if name == "explore" {
                bare.extend(["--configuration", "rotation"]);
            }
            matrix.look_at(&format!("{name} word"), word, printed(&bare, place.path(), ""));
            let dashed = format!("--{word}");
            let mut unknown = command.clone();
            unknown.push(&dashed);
            matrix.look_at(&format!("{name} unknown option"), word, printed(&unknown, place.path(), ""));
        }
        for command in ["check", "replay", "bench"] {
            let mut arguments = vec![command];
            arguments.extend(if command == "replay" { &["vectors.json", "--"][..] } else { &["--"] });
            arguments.push(word);
            matrix.look_at(&format!("{command} program"), word, printed(&arguments, place.path(), ""));
            arguments.splice(arguments.len() - 1.., [PROGRAM, "nothing", word]);
            matrix.look_at(&format!("{command} word of a program"), word, printed(&arguments, place.path(), ""));
        }
        matrix.look_at("command", word, printed(&[word], place.path(), ""));
        let called = Command::new(PROGRAM)
            .arg0(word)
            .args(["check", "--rules", "EXP-2", "--cases", "0", "--", PROGRAM, "mutant", "age-equal-refused"])
            .current_dir(place.path())
            .output()
            .unwrap();
        matrix.look("name of the program", word, Log, &String::from_utf8(called.stdout).unwrap());
    }
    matrix.verdict(150, &[Log, Terminal]);
}

#[test]
fn the_names_of_files_are_harmless_wherever_they_are_told() {
    let mut matrix = Matrix::default();
    for word in &words() {
        let place = folder();
        let at = |name: &str| place.path().join(name);
        let copy = |from: &str, to: &str| fs::copy(at(from), at(to)).unwrap();
        copy("results.json", word);
        let mut told =
            |field: &str, arguments: &[&str]| matrix.look_at(field, word, printed(arguments, place.path(), ""));
        told("results merged twice", &["report", "merge", word, word]);
        told("results", &["report", "merge", word]);
        told("results as vectors", &["replay", word]);
        told("results as vectors", &["vectors", "verify", word]);
        told("results as a list", &["check", "model", "--known-failures", word]);
        told("results as a configuration", &["inspect", "--config", word, "e30.ZVPxAA.x"]);
        told("a list that is there", &["check", "model", "--write-known-failures", word]);
        told("a report below a file", &["check", "model", "--report", &format!("json={word}/x")]);
        told("an export below a file", &["explore", "--configuration", "rotation", "--export", &format!("{word}/x")]);
        told("pages below a file", &["man", &format!("{word}/x")]);
        copy("vectors.json", word);
        told("vectors", &["replay", word, "--", PROGRAM, "mutant", "age-equal-refused"]);
        told("vectors as results", &["report", "matrix", word]);
        fs::write(at(word), "").unwrap();
        told("an empty key", &["inspect", "--secret-key-file", word, "e30.ZVPxAA.x"]);
        fs::write(at(word), "[[known]]\nrules = \"EXP-2\"\nreason = \"x\"\n").unwrap();
        told(
            "a list with what passes",
            &["check", "model", "--rules", "EXP-2", "--cases", "0", "--known-failures", word],
        );
        fs::write(at(word), "[[known]]\n").unwrap();
        told("a list that is wrong", &["check", "model", "--known-failures", word]);
        fs::remove_file(at(word)).unwrap();
        told(
            "a list that is written",
            &[
                "check",
                "--rules",
                "EXP-2",
                "--cases",
                "0",
                "--write-known-failures",
                word,
                "--",
                PROGRAM,
                "mutant",
                "age-equal-refused",
            ],
        );
        fs::remove_file(at(word)).unwrap();
        told("a folder of the probe", &["probe", word]);
        fs::write(at(word).join("sessionproof_probe.py"), "other").unwrap();
        told("another probe", &["probe", word]);
        copy("results.json", &format!("{word}.json"));
        let table = printed(&["report", "matrix", &format!("{word}.json"), "--html", "table.html"], place.path(), "");
        for (_, table) in table.iter().filter(|(stream, text)| *stream == Log && text.starts_with('|')) {
            matrix.look("results in a table", word, Markdown, table);
        }
        matrix.look("results in a table", word, Html, &fs::read_to_string(at("table.html")).unwrap());
        // A cache in a folder of such a name. A release of such a name is none of the cache's.
        let around = at(&format!("{word}-around"));
        for release in ["3.1.3", word] {
            fs::create_dir_all(around.join("cache").join(format!("flask@{release}-0123456789ab"))).unwrap();
        }
        for arguments in [&["list"][..], &["cache", "list"], &["cache", "clear", "quart"], &["cache", "clear"]] {
            matrix.look_at(&format!("cache, {}", arguments.join(" ")), word, printed(arguments, &around, ""));
        }
        for (output, text) in printed(&["cache", "list", "--json"], &around, "") {
            matrix.look("cache", word, if text.starts_with('{') { Json } else { output }, &text);
        }
    }
    matrix.verdict(35, &[Html, Json, Log, Markdown, Terminal]);
}

#[test]
fn every_text_of_a_cookie_is_harmless() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut matrix = Matrix::default();
    let place = folder();
    let mut look = |field: &str, probe: &str, arguments: &[&str], cookie: &str| {
        matrix.look_at(field, probe, printed(arguments, place.path(), cookie));
        let json: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        for (output, text) in printed(&json, place.path(), cookie) {
            matrix.look(field, probe, if text.starts_with('{') { Json } else { output }, &text);
        }
    };
    let session = json!({
        "k": "v", "list": ["x"], "map": { "k": "v" }, "t": { " t": ["x"] }, "m": { " m": "x" }, "b": { " b": "eA==" },
        "u": { " u": "0123" }, "d": { " d": "Thu, 01 Jan 1970 00:00:00 GMT" }, "_permanent": true, "password": "x",
    });
    for probe in PROBES {
        for field in fields::of(&session) {
            let payload = URL_SAFE_NO_PAD.encode(field.with(&session, probe).to_string());
            look(&format!("cookie {}", field.name), probe, &["inspect"], &format!("{payload}.ZVPxAA.x"));
        }
        for (field, cookie) in [
            ("all", probe.to_owned()),
            ("payload", format!("{probe}.ZVPxAA.x")),
            ("no JSON", format!("{}.ZVPxAA.x", URL_SAFE_NO_PAD.encode(probe))),
            ("timestamp", format!("e30.{probe}.x")),
            ("signature", format!("e30.ZVPxAA.{probe}")),
            ("name", format!("Cookie: {probe}=e30.ZVPxAA.x")),
            (
                "attribute",
                format!("Set-Cookie: session=e30.ZVPxAA.x; {probe}=x; Path={probe}; Expires={probe}; SameSite={probe}"),
            ),
        ] {
            look(&format!("cookie {field}"), probe, &["inspect"], &cookie);
        }
        let name = word(probe);
        look("cookie name", probe, &["inspect", "--cookie-name", &name], &format!("Cookie: {name}=e30.ZVPxAA.x"));
        for field in fields::of(&json!({ "cookie_name": "s", "salt": "s", "digest": "sha1" })) {
            let config = field.with(&json!({ "cookie_name": "s", "salt": "s", "digest": "sha1" }), probe);
            fs::write(place.path().join("config.json"), config.to_string()).unwrap();
            look(
                &format!("configuration {}", field.name),
                probe,
                &["inspect", "--config", "config.json"],
                "e30.ZVPxAA.x",
            );
        }
    }
    matrix.verdict(60, &[Json, Log, Terminal]);
}

#[test]
fn a_request_to_a_mutant_implementation_is_answered_in_harmless_json() {
    let mut matrix = Matrix::default();
    let place = tempfile::tempdir().unwrap();
    let request = json!({ "id": "x", "op": "sign", "config": { "secret_key": "k" }, "now": 1, "session": { "k": "v", "m": { "$markup": "x" } } });
    let exchange = json!({ "id": 1, "op": "exchange", "config": { "secret_key": "k", "cookie_path": "/" }, "now": 1, "path": "/", "cookie_header": "x",
        "actions": [{ "do": "set", "key": "k", "value": "v" }, { "do": "get", "key": "k" }] });
    for probe in PROBES {
        let mut requests: Vec<(String, String)> = Vec::new();
        for request in [&request, &exchange] {
            let op = request["op"].as_str().unwrap();
            requests.extend(
                fields::of(request)
                    .iter()
                    .map(|field| (format!("{op} {}", field.name), field.with(request, probe).to_string())),
            );
        }
        requests.push(("line".to_owned(), probe.replace('\n', " ")));
        for (field, line) in requests {
            for (output, text) in printed(&["mutant", "sign-on-read"], place.path(), &format!("{line}\n")) {
                for line in text.lines() {
                    matrix.look(
                        &format!("request {field}"),
                        probe,
                        if line.starts_with('{') { Json } else { output },
                        line,
                    );
                }
            }
        }
    }
    matrix.verdict(20, &[Json]);
}

#[test]
fn vectors_that_are_made_again_are_told_harmlessly() {
    let Some(_) = common::oracle("vectors_that_are_made_again_are_told_harmlessly") else { return };
    let mut matrix = Matrix::default();
    let place = folder();
    let kept: Document =
        sessionproof::json::from_str(&fs::read_to_string(place.path().join("vectors.json")).unwrap()).unwrap();
    let mut file = kept.clone();
    for (vector, probe) in file.pointer_mut("/vectors").and_then(Document::as_array_mut).unwrap().iter_mut().zip(PROBES)
    {
        *vector.pointer_mut("/id").unwrap() = json!(probe);
    }
    for word in words() {
        let out = place.path().join(format!("out{}", word.len()));
        fs::create_dir(&out).unwrap();
        fs::write(out.join("expiry.json"), file.to_string()).unwrap();
        fs::write(out.join(format!("{word}.json")), "{}").unwrap();
        for stream in [Terminal, Log] {
            let mut command = Command::new(PROGRAM);
            command.args(["vectors", "regenerate", "--check", "--out"]).arg(&out);
            if stream == Terminal {
                command.env("CLICOLOR_FORCE", "1");
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            matrix.look("a file and a vector", &word, stream, &String::from_utf8(output.stdout).unwrap());
        }
    }
    matrix.verdict(2, &[Terminal, Log]);
}
