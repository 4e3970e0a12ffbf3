//! Results as JSON, and back: `spec/results-format.md` defines each member.
//!
//! A results file is not trusted. It may be any file of any size; an error names the line.

use super::findings::{BrokenRule, broken_rules};
use crate::json::{Json, json};
use crate::{
    adapter::AdapterError,
    bounded,
    evidence::vectors::Vector,
    foreign,
    protocol::{Answer, Call, Capabilities, Op},
    rules,
    suite::{
        generate::sizes::Sizes,
        judging::{compare::Difference, divergence::Divergence},
        outcome::{
            diagnosis::Diagnosis,
            known::Known,
            results::{EarlierCall, Failure, Origin, Outcome, Results, Tally},
        },
        running::{shard::Shard, times::Times},
    },
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::ErrorKind,
    path::Path,
};

/// The format's name.
const FORMAT: &str = "sessionproof-results";
/// The version of the format.
const VERSION: u32 = 1;
/// The largest file that is read (bytes). Failures take a few kilobytes each, and there are hardly more than vectors.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is not JSON of the format.
    #[error(
        "{file}:{line}: not a results file: {what}\n\
         `check --report json=FILE` writes them in the format of spec/results-format.md"
    )]
    Format {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The file cannot be read.
    #[error("{file} cannot be read: {source}\n`check --report json=FILE` writes results files")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any results.
    #[error("{file} is larger than {} MiB, so it is not a results file", LARGEST >> 20)]
    TooLarge {
        /// The file.
        file: String,
    },
}

/// The results as text, which is the same for two runs of one seed except for `time`.
pub fn write(results: &Results) -> String {
    let file = File::from(results);
    foreign::json(&serde_json::to_string_pretty(&file).unwrap_or_default()) + "\n"
}

/// Reads results from a file.
pub fn read(path: &Path) -> Result<Results, ReadError> {
    let file = foreign::path(path);
    match bounded::read(path, LARGEST) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(ReadError::TooLarge { file }),
        Err(source) => Err(ReadError::Io { file, source }),
        Ok(text) => parse(&file, &text),
    }
}

/// Reads results from their text; `file` names it in errors.
pub fn parse(file: &str, text: &[u8]) -> Result<Results, ReadError> {
    let wrong = |line: usize, what: String| ReadError::Format {
        file: file.to_owned(),
        line: line.max(1),
        what: foreign::line(what),
    };
    let because = |error: serde_json::Error| {
        let what = error.to_string();
        wrong(error.line(), what.split(" at line ").next().unwrap_or(&what).to_owned())
    };
    let head: Head = crate::json::from_slice(text).map_err(because)?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(wrong(1, format!("it has no \"format\" of {FORMAT:?}")));
    }
    if head.version != Some(VERSION) {
        let version = head.version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        return Err(wrong(1, format!("its version is {version}, and this program reads {VERSION}")));
    }
    let file: File = crate::json::from_slice(text).map_err(because)?;
    let lines = 1 + text.iter().filter(|byte| **byte == b'\n').count();
    Results::try_from(file).map_err(|what| wrong(lines, what))
}

/// The members that decide whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    version: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    suite: String,
    implementation: Capabilities,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    spec: String,
    seed: u64,
    sizes: Sizes,
    cases: usize,
    shard: Shard,
    outcome: Outcome,
    stopped_early: bool,
    total: Tally,
    #[serde(serialize_with = "tallies", deserialize_with = "of_families")]
    families: Vec<(String, Tally)>,
    #[serde(serialize_with = "tallies", deserialize_with = "of_rules")]
    rules: Vec<(String, Tally)>,
    first_failure: Option<usize>,
    #[serde(default)]
    known: Vec<Known>,
    inconclusive: BTreeMap<String, usize>,
    adapter_broke: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unanswered: BTreeSet<Op>,
    incidents: Vec<String>,
    broken: Option<BrokenJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interrupted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diagnosis: Option<Diagnosis>,
    /// What `rules` and `failures` say, for those who read this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    broken_rules: Vec<BrokenRule>,
    failures: Vec<FailureJson>,
    time: Times,
}

impl From<&Results> for File {
    fn from(results: &Results) -> Self {
        let broken = |broken: &AdapterError| BrokenJson { what: broken.message.clone(), remedy: broken.hint.clone() };
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            suite: results.suite.clone(),
            implementation: results.implementation.clone(),
            target: results.target.clone(),
            spec: results.spec.clone(),
            seed: results.seed,
            sizes: results.sizes,
            cases: results.cases,
            shard: results.shard,
            outcome: results.outcome(),
            stopped_early: results.stopped_early,
            total: results.total,
            families: results.families.clone(),
            rules: results.by_rule().map(|(rule, tally)| (rule.id.clone(), tally)).collect(),
            first_failure: results.first_failure,
            known: results.known.clone(),
            inconclusive: results.inconclusive.clone(),
            adapter_broke: results.adapter_broke,
            unanswered: results.unanswered.clone(),
            incidents: results.incidents.clone(),
            broken: results.broken.as_ref().map(broken),
            interrupted: results.interrupted.clone(),
            diagnosis: results.diagnosis.clone(),
            broken_rules: broken_rules(results),
            failures: results.failures.iter().map(FailureJson::from).collect(),
            time: results.times,
        }
    }
}

impl TryFrom<File> for Results {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        let results = Self {
            suite: file.suite,
            implementation: file.implementation,
            target: file.target,
            spec: file.spec,
            seed: file.seed,
            sizes: file.sizes,
            cases: file.cases,
            shard: file.shard,
            total: file.total,
            families: file.families,
            rules: file.rules.into_iter().collect(),
            first_failure: file.first_failure,
            failures: file.failures.into_iter().map(|failure| failure.0).collect(),
            diagnosis: file.diagnosis,
            known: file.known,
            inconclusive: file.inconclusive,
            adapter_broke: file.adapter_broke,
            unreported: Default::default(),
            unanswered: file.unanswered,
            incidents: file.incidents,
            broken: file.broken.map(|broken| AdapterError { message: broken.what, hint: broken.remedy }),
            interrupted: file.interrupted,
            stopped_early: file.stopped_early,
            times: file.time,
        };
        let (stated, outcome) = (json!(file.outcome), json!(results.outcome()));
        match stated == outcome {
            true => Ok(results),
            false => Err(format!("its \"outcome\" is {stated}, and its figures say {outcome}")),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BrokenJson {
    what: String,
    remedy: String,
}

fn tallies<S: Serializer>(tallies: &[(String, Tally)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tallies.iter().map(|(name, tally)| (name, tally)))
}

/// Tallies of all families, in the order of the specification.
fn of_families<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Tally)>, D::Error> {
    let known = |name: &str| rules::families().iter().any(|family| family.id == name);
    let mut found: BTreeMap<_, _> =
        deserializer.deserialize_map(Tallies { what: "family", known })?.into_iter().collect();
    let all = rules::families().iter().map(|family| match found.remove(&family.id) {
        Some(tally) => Ok((family.id.clone(), tally)),
        None => Err(D::Error::custom(format!("the family {} is missing", family.id))),
    });
    all.collect()
}

fn of_rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Tally)>, D::Error> {
    deserializer.deserialize_map(Tallies { what: "rule", known: |name| rules::find(name).is_some() })
}

/// Reads tallies of known names, each once.
struct Tallies {
    what: &'static str,
    known: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Tallies {
    type Value = Vec<(String, Tally)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a tally for each {}", self.what)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tallies: Vec<(String, Tally)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let what = self.what;
            if !(self.known)(&name) {
                return Err(A::Error::custom(format!("this program knows no {what} {name:?}")));
            }
            if tallies.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!("the {what} {name} occurs twice")));
            }
            tallies.push((name, map.next_value()?));
        }
        Ok(tallies)
    }
}

/// A failure, which is checked while it is read, so that errors have a line.
struct FailureJson(Failure);

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        Self(failure.clone())
    }
}

impl Serialize for FailureJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FailureMembers::from(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FailureJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = FailureMembers::deserialize(deserializer)?;
        members.failure().map(Self).map_err(D::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureMembers {
    rule: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cited: Vec<String>,
    #[serde(default, skip_serializing_if = "is_alone")]
    earlier_call: EarlierCall,
    origin: OriginJson,
    differs: DiffersJson,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<DiffersJson>,
    before: Vec<AnsweredJson>,
    asked: Json,
    expected: Json,
    got: Json,
    vector: Vector,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum OriginJson {
    Property(String),
    Vector { id: String, comment: String, again: bool },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiffersJson {
    rule: String,
    what: String,
    expected: String,
    got: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnsweredJson {
    asked: Json,
    answer: Json,
}

impl From<&Failure> for FailureMembers {
    fn from(failure: &Failure) -> Self {
        let Failure { rule, cited, earlier, origin, divergence, scenario: _, vector, replay } = failure;
        Self {
            rule: rule.clone(),
            cited: cited.clone(),
            earlier_call: *earlier,
            origin: match origin {
                Origin::Property(sentence) => OriginJson::Property((*sentence).to_owned()),
                Origin::Vector { id, comment, again } => {
                    OriginJson::Vector { id: id.clone(), comment: comment.clone(), again: *again }
                }
            },
            differs: DiffersJson::from(&divergence.difference),
            also: divergence.also.iter().map(DiffersJson::from).collect(),
            before: divergence
                .before
                .iter()
                .map(|(call, answer)| AnsweredJson { asked: asked(call), answer: answer.to_json() })
                .collect(),
            asked: asked(&divergence.call),
            expected: divergence.expected.to_json(),
            got: divergence.got.to_json(),
            vector: vector.clone(),
            replay: replay.clone(),
        }
    }
}

impl FailureMembers {
    fn failure(self) -> Result<Failure, String> {
        let rule = known(&self.rule)?.id.clone();
        let cited = self.cited.iter().map(|id| Ok(known(id)?.id.clone())).collect::<Result<_, String>>()?;
        let origin = match self.origin {
            OriginJson::Property(sentence) => {
                Origin::property(&sentence).ok_or_else(|| format!("this program knows no property {sentence:?}"))?
            }
            OriginJson::Vector { id, comment, again } => Origin::Vector { id, comment, again },
        };
        let difference = self.differs.difference()?;
        let also = self.also.into_iter().map(DiffersJson::difference).collect::<Result<_, String>>()?;
        let call = call(self.asked)?;
        let (expected, got) = (Answer::from_json(call.op(), &self.expected)?, Answer::from_json(call.op(), &self.got)?);
        let before = self.before.into_iter().map(|answered| {
            let call = self::call(answered.asked)?;
            let answer = Answer::from_json(call.op(), &answered.answer)?;
            Ok((call, answer))
        });
        let before = before.collect::<Result<_, String>>()?;
        let divergence = Divergence { difference, also, before, call, expected, got };
        let scenario = self.vector.ready("here").map_err(|error| error.to_string())?.scenario;
        let (cited, earlier, vector, replay) = (cited, self.earlier_call, self.vector, self.replay);
        Ok(Failure { rule, cited, earlier, origin, divergence, scenario, vector, replay })
    }
}

fn known(id: &str) -> Result<&'static rules::Rule, String> {
    rules::find(id).ok_or_else(|| format!("this program knows no rule {id:?}"))
}

impl From<&Difference> for DiffersJson {
    fn from(difference: &Difference) -> Self {
        let Difference { suspects, what, expected, got } = difference.clone();
        Self { rule: suspects.rule.to_owned(), what, expected, got }
    }
}

impl DiffersJson {
    fn difference(self) -> Result<Difference, String> {
        let Self { rule, what, expected, got } = self;
        Ok(Difference { suspects: known(&rule)?.id.as_str().into(), what, expected, got })
    }
}

fn is_alone(earlier: &EarlierCall) -> bool {
    *earlier == EarlierCall::None
}

/// A call as a request without its id.
fn asked(call: &Call) -> Json {
    let mut json = json!({ "op": call.op() });
    if let (Json::Object(json), Json::Object(members)) = (&mut json, call.to_json()) {
        json.extend(members);
    }
    json
}

fn call(mut asked: Json) -> Result<Call, String> {
    let op = asked.as_object_mut().and_then(|members| members.shift_remove("op"));
    match op.as_ref().and_then(Json::as_str) {
        Some(op) => Call::from_json(op, asked),
        None => Err("what was asked has no \"op\"".to_owned()),
    }
}
