//! Test vectors: our inputs, and the outputs of real Flask (`spec/vector-format.md`).

use crate::json::{Json, Object, json};
use crate::{
    bounded, bundled, foreign,
    protocol::{Answer, Call, Op, Response, Sign, members},
};
use crate::{
    case::{
        scenario::{Scenario, Sequence},
        story::Story,
    },
    rules,
};
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path, sync::LazyLock};

/// The version of the file format.
pub const FORMAT: u32 = 1;

/// The largest file of vectors that is read (bytes). The runs of `explore --export` take 20 megabytes.
pub const LARGEST: u64 = 64 << 20;

/// The family of saved failures.
pub const FAILURES: &str = "failures";

/// The specification that the vectors in this crate belong to.
pub const SPEC: &str = "flask-3.1";

/// The specification of sessions in a store.
pub const STORES: &str = "server-session-1";

/// A file of vectors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// The version of the format: 1.
    pub format: u32,
    /// The specification that the vectors belong to.
    pub spec: String,
    /// The family, which is the file's name.
    pub family: String,
    /// What the family is about.
    pub description: String,
    /// What made the outputs.
    pub provenance: Provenance,
    /// What failed, in files of saved failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation: Option<FailedWith>,
    /// The vectors.
    pub vectors: Vec<Vector>,
}

/// The implementation in which a failure was found, and how it was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FailedWith {
    /// Its name and version, in its own words.
    pub reported: String,
    /// The name by which `sessionproof` knows it, such as `flask@3.1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The words of the command that ran it; empty where there is none, and where one of them may be secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

impl FailedWith {
    /// The same without its command if a word of it looks like a secret.
    #[must_use]
    pub fn without_secrets(self) -> Self {
        const SECRET: [&str; 7] = ["secret", "password", "passwd", "token", "credential", "apikey", "api-key"];
        let is_secret = |word: &String| {
            let word = word.to_ascii_lowercase();
            SECRET.iter().any(|secret| word.contains(secret)) || (word.contains("://") && word.contains('@'))
        };
        let command = if self.command.iter().any(is_secret) { Vec::new() } else { self.command };
        Self { command, ..self }
    }
}

/// The releases that made a file's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "versions of what the names say")]
pub struct Provenance {
    pub python: String,
    pub flask: String,
    pub werkzeug: String,
    pub itsdangerous: String,
    /// What else ran: a session interface, its client, its store.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub store: String,
    /// The zlib that Python ran on, whose bytes compressed payloads are.
    pub zlib: String,
}

/// One input and what real Flask did with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// A stable name, unique over all files.
    pub id: String,
    /// The rules that it is evidence for, the foremost first.
    pub rules: Vec<String>,
    /// Why it exists.
    pub comment: String,
    /// How input and output are to be read.
    pub kind: Kind,
    /// The members of the request, or of the sequence.
    #[cfg_attr(test, schemars(with = "super::schema::Input"))]
    pub input: Json,
    /// The `ok` of the reply, or of each step's.
    #[cfg_attr(test, schemars(with = "super::schema::Output"))]
    pub output: Json,
}

/// The kinds of vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Calls that one copy of the implementation answers in turn; only in saved failures.
    Calls,
    /// One request through an application.
    Exchange,
    /// A session signed and its cookie read back; only in saved failures, since Flask's vectors record each half.
    Roundtrip,
    /// Several requests of one client.
    Sequence,
    /// One session written.
    Sign,
    /// Steps that depend on each other, against a store.
    Story,
    /// One cookie read.
    Verify,
    /// Browsers, servers and clocks together; only in saved failures.
    World,
}

/// Why vectors cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// The file cannot be read.
    #[error(
        "{file} cannot be read: {source}\nname a file of vectors; `check` saves failures as such files in sessionproof-failures"
    )]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not JSON of the vector format.
    #[error("{file}:{line}: not a vector file: {what}\nspec/vector-format.md describes the format")]
    Format {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The file is larger than any file of vectors.
    #[error("{file} is larger than {} MiB, so it is not a file of vectors", LARGEST >> 20)]
    TooLarge {
        /// The file.
        file: String,
    },
    /// A vector's input or output does not fit its kind.
    #[error("{file}: vector {id}: {what}\nspec/vector-format.md describes the format")]
    Vector {
        /// The file.
        file: String,
        /// The vector.
        id: String,
        /// What is wrong.
        what: String,
    },
}

impl VectorFile {
    /// A file of one failed check, for `replay`.
    pub fn of_failure(vector: Vector) -> Self {
        let implementation = None;
        Self {
            implementation,
            format: FORMAT,
            spec: SPEC.to_owned(),
            family: FAILURES.to_owned(),
            description: "A failed check with the answer that was expected.".to_owned(),
            provenance: Provenance::default(),
            vectors: vec![vector],
        }
    }

    /// Reads a file of vectors from the disk.
    pub fn read(path: &Path) -> Result<Self, VectorError> {
        let file = foreign::path(path);
        match bounded::read_text(path, LARGEST) {
            Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(VectorError::TooLarge { file }),
            Err(source) => Err(VectorError::Io { file, source }),
            Ok(text) => Self::parse(&file, &text),
        }
    }

    /// Reads a file of vectors from its text; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, VectorError> {
        let wrong = |line, what: String| VectorError::Format { file: file.to_owned(), line, what: foreign::line(what) };
        let parsed: Self = crate::json::from_str(text).map_err(|error| wrong(error.line(), error.to_string()))?;
        if parsed.format != FORMAT {
            return Err(wrong(1, format!("format {} is not {FORMAT}", parsed.format)));
        }
        Ok(parsed)
    }

    /// The file's text: a header, then one vector a line, in ASCII except inside strings.
    pub fn to_text(&self) -> String {
        let mut head = json!({
            "format": self.format, "spec": self.spec, "family": self.family,
            "description": self.description, "provenance": self.provenance,
        });
        if let (Some(implementation), Json::Object(members)) = (&self.implementation, &mut head) {
            members.insert("implementation".to_owned(), json!(implementation));
        }
        let mut text = head.to_string();
        text.pop();
        text += ",\n\"vectors\":[\n";
        let lines: Vec<_> = self.vectors.iter().map(|v| serde_json::to_string(v).unwrap_or_default()).collect();
        foreign::json(&(text + &lines.join(",\n") + "\n]}\n"))
    }
}

/// A vector with its scenario.
#[derive(Clone, Debug)]
pub struct LoadedVector {
    /// The vector.
    pub vector: Vector,
    /// What is asked.
    pub scenario: Scenario,
    /// What Flask did, call by call; the Cookie headers that it was sent, where they come from its own answers.
    pub recorded: Vec<Recorded>,
}

/// What Flask did with one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The answer.
    pub answer: Answer,
    /// For a step of a sequence or a request of a story, the Cookie header that was sent.
    pub cookie_header: Option<Option<String>>,
}

impl Vector {
    /// Builds the vector's scenario; `file` names the vector in errors.
    pub fn ready(&self, file: &str) -> Result<LoadedVector, VectorError> {
        let wrong = |what: String| VectorError::Vector {
            file: file.to_owned(),
            id: foreign::line(&self.id),
            what: foreign::line(what),
        };
        let (scenario, recorded) = match self.kind {
            Kind::Calls => self.calls().map_err(wrong)?,
            Kind::Exchange | Kind::Sign | Kind::Story | Kind::Verify => {
                let op = match self.kind {
                    Kind::Exchange => Op::Exchange,
                    Kind::Sign => Op::Sign,
                    Kind::Story => Op::Story,
                    _ => Op::Verify,
                };
                let call =
                    Call::from_json(op.as_str(), self.input.clone()).map_err(|what| wrong(format!("input: {what}")))?;
                let answer = Answer::from_json(op, &self.output).map_err(|what| wrong(format!("output: {what}")))?;
                (Scenario::Single(call), vec![Recorded { answer, cookie_header: None }])
            }
            Kind::Roundtrip => {
                let sign: Sign = members(&self.input).map_err(|what| wrong(format!("input: {what}")))?;
                (Scenario::RoundTrip(sign), Vec::new())
            }
            Kind::Sequence => {
                let sequence: Sequence = members(&self.input).map_err(|what| wrong(format!("input: {what}")))?;
                let recorded = self.steps(sequence.steps.len()).map_err(wrong)?;
                (Scenario::Sequence(sequence), recorded)
            }
            Kind::World => {
                let story: Story = members(&self.input).map_err(|what| wrong(format!("input: {what}")))?;
                story.check().map_err(|what| wrong(format!("input: {what}")))?;
                let recorded = self.steps(story.requests().count()).map_err(wrong)?;
                (Scenario::World(story), recorded)
            }
        };
        Ok(LoadedVector { vector: self.clone(), scenario, recorded })
    }

    /// Calls in turn, and the recorded answers to them.
    fn calls(&self) -> Result<(Scenario, Vec<Recorded>), String> {
        let input: CallsInput = members(&self.input).map_err(|what| format!("input: {what}"))?;
        let output: CallsOutput = members(&self.output).map_err(|what| format!("output: {what}"))?;
        if input.calls.is_empty() || input.calls.len() != output.answers.len() {
            return Err("input has no calls, or another number of them than output has answers".to_owned());
        }
        let (mut calls, mut recorded) = (Vec::new(), Vec::new());
        for (mut call, answer) in input.calls.into_iter().zip(output.answers) {
            let op = call.shift_remove("op");
            let op = op.as_ref().and_then(Json::as_str).ok_or("input: a call has no \"op\"")?;
            let call = Call::from_json(op, Json::Object(call)).map_err(|what| format!("input: {what}"))?;
            let answer = Answer::from_json(call.op(), &answer).map_err(|what| format!("output: {what}"))?;
            recorded.push(Recorded { answer, cookie_header: None });
            calls.push(call);
        }
        Ok((Scenario::Calls(calls), recorded))
    }

    /// The recorded answers to so many requests.
    fn steps(&self, requests: usize) -> Result<Vec<Recorded>, String> {
        let output: SequenceOutput = members(&self.output).map_err(|what| format!("output: {what}"))?;
        if output.steps.len() != requests {
            return Err("input and output have different numbers of steps".to_owned());
        }
        let recorded = output
            .steps
            .into_iter()
            .map(|step| Recorded { answer: Answer::Exchange(step.exchanged), cookie_header: Some(step.cookie_header) });
        Ok(recorded.collect())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallsInput {
    calls: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallsOutput {
    answers: Vec<Json>,
}

#[derive(Deserialize)]
struct SequenceOutput {
    steps: Vec<StepOutput>,
}

#[derive(Deserialize)]
struct StepOutput {
    #[serde(flatten)]
    exchanged: Response,
    #[serde(default)]
    cookie_header: Option<String>,
}

/// A failed scenario as a vector, to be saved and replayed.
pub fn from_scenario(
    id: String,
    rules: Vec<String>,
    comment: String,
    scenario: &Scenario,
    answers: &[(Call, Answer)],
) -> Vector {
    let first = answers.first().map(|(_, answer)| answer.to_json()).unwrap_or_default();
    let (kind, input, output) = match scenario {
        Scenario::Calls(calls) => {
            let calls: Vec<_> = calls.iter().map(asked).collect();
            let answers: Vec<_> = answers.iter().map(|(_, answer)| answer.to_json()).collect();
            (Kind::Calls, json!({ "calls": calls }), json!({ "answers": answers }))
        }
        Scenario::Single(call) => {
            let kind = match call {
                Call::Exchange(_) => Kind::Exchange,
                Call::Sign(_) => Kind::Sign,
                Call::Story(_) => Kind::Story,
                Call::Verify(_) => Kind::Verify,
            };
            (kind, call.to_json(), first)
        }
        Scenario::RoundTrip(sign) => (Kind::Roundtrip, Call::Sign(sign.clone()).to_json(), first),
        Scenario::Sequence(sequence) => {
            (Kind::Sequence, crate::json::to_value(sequence).unwrap_or_default(), steps_output(answers))
        }
        Scenario::World(story) => {
            (Kind::World, crate::json::to_value(story).unwrap_or_default(), steps_output(answers))
        }
    };
    Vector { id, rules, comment, kind, input, output }
}

/// A call as a request without its id.
fn asked(call: &Call) -> Json {
    let mut json = json!({ "op": call.op() });
    if let (Json::Object(json), Json::Object(members)) = (&mut json, call.to_json()) {
        json.extend(members);
    }
    json
}

fn steps_output(answers: &[(Call, Answer)]) -> Json {
    json!({ "steps": answers.iter().map(step_output).collect::<Vec<_>>() })
}

fn step_output((call, answer): &(Call, Answer)) -> Json {
    let mut json = answer.to_json();
    if let (Json::Object(members), Call::Exchange(call)) = (&mut json, call) {
        members.insert("cookie_header".to_owned(), json!(call.cookie_header));
    }
    json
}

/// Every vector in this binary.
pub fn all() -> Result<Vec<LoadedVector>, VectorError> {
    Ok([embedded()?, of_stores()?].concat())
}

/// Every vector about sessions in a store, those of what hurts most in practice first.
pub fn of_stores() -> Result<Vec<LoadedVector>, VectorError> {
    let mut ready = Vec::new();
    for (path, text) in bundled::under(&format!("vectors/{STORES}/")) {
        for vector in VectorFile::parse(path, text)?.vectors {
            ready.push(vector.ready(path)?);
        }
    }
    Ok(ready)
}

/// Every vector about sessions in a cookie, in the order of the specification's families, so that what everything else
/// rests on comes first.
pub fn embedded() -> Result<Vec<LoadedVector>, VectorError> {
    let mut ready = Vec::new();
    for (path, text) in bundled::under(&format!("vectors/{SPEC}/")) {
        for vector in VectorFile::parse(path, text)?.vectors {
            ready.push(vector.ready(path)?);
        }
    }
    let family = |ready: &LoadedVector| {
        let family = ready.vector.rules.first().map_or("", |rule| rules::family_of(rule));
        rules::families().iter().position(|known| known.id == family)
    };
    ready.sort_by_key(family);
    Ok(ready)
}

/// The same, read once in a process. What is wrong with them is told in words.
pub(crate) fn shared() -> Result<&'static [LoadedVector], &'static str> {
    static READY: LazyLock<Result<Vec<LoadedVector>, String>> =
        LazyLock::new(|| embedded().map_err(|error| error.to_string()));
    READY.as_deref().map_err(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_may_hold_a_secret_is_not_saved() {
        let saved = |words: &[&str]| {
            let command = words.iter().map(|word| (*word).to_owned()).collect();
            FailedWith { command, ..FailedWith::default() }.without_secrets().command.len()
        };
        assert_eq!(saved(&["python3", "adapter.py", "--port", "7"]), 3 + 1);
        for word in ["--secret-key=x", "PASSWORD=x", "--token", "redis://user:pass@host/0"] {
            assert_eq!(saved(&["python3", "adapter.py", word]), 0, "{word}");
        }
    }
}
