//! Every example of `spec/adapter-protocol.md` is executed: by the model in this process, and by the adapter of real Flask.

use crate::common;

use sessionproof::json::{self, Json};
use sessionproof::{
    model,
    protocol::{self, Call, Capabilities, Choices, ReasonsChoice, Reply},
};
use std::{io::Write, process::Stdio};

const TEXT: &str = include_str!("../../spec/adapter-protocol.md");

/// Requests with their replies, as the document shows them.
fn examples() -> Vec<(Json, Json)> {
    let lines = |mark: &str| -> Vec<Json> {
        let marked = TEXT.lines().filter_map(|line| line.strip_prefix(mark));
        marked.map(|line| json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    };
    let (requests, replies) = (lines("→ "), lines("← "));
    assert_eq!(requests.len(), replies.len());
    assert!(requests.len() >= 6);
    requests.into_iter().zip(replies).collect()
}

#[test]
fn each_example_is_a_line_that_this_crate_reads_and_the_model_answers_so() {
    for (request, reply) in examples() {
        let mut members = request.as_object().unwrap().clone();
        let (id, op) = (members.shift_remove("id").unwrap(), members.shift_remove("op").unwrap());
        assert_eq!(reply["id"], id);
        let op = op.as_str().unwrap();
        if op == "hello" {
            assert_eq!(request.to_string(), protocol::hello_line(id.as_u64().unwrap(), 1));
            json::from_value::<Capabilities>(&reply["ok"]).unwrap();
            continue;
        }
        if op == "bench" {
            // No call of the suite's: `sessionproof bench` asks it.
            assert!(
                reply["ok"]["seconds"].as_f64().is_some() && reply["ok"]["accepted"].as_bool().is_some(),
                "{request}"
            );
            continue;
        }
        match Call::from_json(op, Json::Object(members)) {
            // What cannot be asked by this crate is answered by `unsupported` or `error`.
            Err(_) => {
                assert!(reply["unsupported"].as_str().is_some() || reply["error"].as_str().is_some(), "{request}")
            }
            Ok(call) => {
                let typed = Choices::default().reasons(ReasonsChoice::Typed);
                let answer = model::answer(&call, &typed);
                assert_eq!(Reply::from_json(&call, &reply), Ok(Reply::Ok(answer)), "{request}");
            }
        }
    }
}

#[test]
fn real_flask_answers_each_example_so() {
    let Some(oracle) = common::oracle("real_flask_answers_each_example_so") else { return };
    let mut adapter = oracle.program().to_command().unwrap();
    let mut adapter = adapter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = adapter.stdin.take().unwrap();
    for (request, _) in examples() {
        writeln!(input, "{request}").unwrap();
    }
    drop(input);
    let output = String::from_utf8(adapter.wait_with_output().unwrap().stdout).unwrap();
    let answers: Vec<Json> = output.lines().map(|line| json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), examples().len());
    for ((request, expected), mut answer) in examples().into_iter().zip(answers) {
        // What the adapter runs on is this machine's matter.
        for member in ["runtime", "version"] {
            if request["op"] == "hello" {
                put(&mut answer, member, &expected);
            }
        }
        if request["op"] == "bench" {
            assert!(answer["ok"]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{answer}");
            put(&mut answer, "seconds", &expected);
        }
        assert_eq!(answer, expected, "{request}");
    }
}

/// What is expected of a member takes its place in an answer.
fn put(answer: &mut Json, member: &str, expected: &Json) {
    let ok = answer.pointer_mut("/ok").and_then(Json::as_object_mut).unwrap();
    ok.insert(member.to_owned(), expected["ok"][member].clone());
}
