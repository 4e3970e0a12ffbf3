//! The known mistakes: every mutant, and every choice that the implementation may take though it declares another.

use crate::{
    adapter::{AdapterError, Implementation},
    config::FallbackTextChoice,
    cookie_text::{parts, set_cookie},
    json::{Json, json},
    model::{self, base64, cookie_header, payload},
    mutants::{self, Mutant},
    protocol::{
        Answer, Base64Choice, Call, Capabilities, Choices, CompressionChoice, DuplicatesChoice, OnInvalid, OrderChoice,
        Reason, ReasonsChoice, Reply, SignOutcome, Story, StoryAnswer, VerifyOutcome,
    },
    suite::{
        judging::{
            compare::{compare, story_differences},
            divergence::Divergence,
        },
        outcome::diagnosis::CauseKind,
    },
};

/// A known mistake.
pub(super) struct Mistake {
    /// What kind of mistake it is.
    pub(super) kind: CauseKind,
    /// Its name.
    pub(super) name: String,
    /// The mistake, as a phrase.
    pub(super) summary: String,
    /// The rules that it breaks, the foremost first.
    pub(super) rules: Vec<String>,
    how: How,
}

enum How {
    /// Other choices than the declared ones.
    Chosen(Choices),
    /// The base64 of one part of a cookie is read leniently, though it is declared as strict.
    Lenient(Part),
    /// A mutant, whose choices are Flask's.
    Mutant(&'static Mutant),
}

/// A part of a cookie.
#[derive(Clone, Copy)]
enum Part {
    Payload,
    Signature,
    Timestamp,
}

/// A choice with a value that it can have: its name, the value, its rule, and the choices with that value.
type Choice = (&'static str, &'static str, &'static str, fn(Choices) -> Choices);

/// What can be chosen, except for giving reasons: not to look at them would explain every wrong reason.
const CHOICES: [Choice; 14] = [
    ("base64", "lenient", "SIG-7", |choices| choices.base64(Base64Choice::Lenient)),
    ("base64", "strict", "SIG-7", |choices| choices.base64(Base64Choice::Strict)),
    ("odd_payload", "raise", "PAY-14", |choices| choices.odd_payload(OnInvalid::Raise)),
    ("odd_payload", "reject", "PAY-14", |choices| choices.odd_payload(OnInvalid::Reject)),
    ("timestamp_range", "raise", "SIG-9", |choices| Choices { timestamp_range: OnInvalid::Raise, ..choices }),
    ("timestamp_range", "reject", "SIG-9", |choices| Choices { timestamp_range: OnInvalid::Reject, ..choices }),
    ("compression", "zlib", "PAY-12", |choices| choices.compression(CompressionChoice::Zlib)),
    ("compression", "never", "PAY-12", |choices| choices.compression(CompressionChoice::Never)),
    ("compression", "any", "PAY-12", |choices| choices.compression(CompressionChoice::Any)),
    ("key_order", "any", "PAY-2", |choices| choices.key_order(OrderChoice::Any)),
    ("duplicates", "first", "HDR-1", |choices| choices.duplicates(DuplicatesChoice::First)),
    ("duplicates", "last", "HDR-1", |choices| choices.duplicates(DuplicatesChoice::Last)),
    ("fallback_text", "letters", "KEY-4", |choices| choices.fallback_text(FallbackTextChoice::Letters)),
    ("fallback_text", "whole", "KEY-4", |choices| choices.fallback_text(FallbackTextChoice::Whole)),
];

/// The parts of a cookie whose base64 may be read otherwise than that of the others.
const PARTS: [(Part, &str); 3] =
    [(Part::Signature, "signature"), (Part::Timestamp, "timestamp"), (Part::Payload, "payload")];

/// Every known mistake of an implementation that declares these choices.
pub(super) fn all(declared: &Choices) -> Vec<Mistake> {
    let mutants = mutants::all().map(|mutant| Mistake {
        kind: CauseKind::Mutant,
        name: mutant.name.to_owned(),
        summary: mutant.summary.to_owned(),
        rules: mutant.rules.iter().map(|rule| (*rule).to_owned()).collect(),
        how: How::Mutant(mutant),
    });
    let chosen = CHOICES.into_iter().map(|(name, value, rule, choose)| (name, value, rule, choose(*declared)));
    let chosen = chosen.filter(|(.., choices)| choices != declared).map(|(name, value, rule, choices)| Mistake {
        kind: CauseKind::Choice,
        name: format!("{name}={value}"),
        summary: format!("it declares {name}={}", told(declared, name)),
        rules: vec![rule.to_owned()],
        how: How::Chosen(choices),
    });
    let is_strict = declared.base64 == Base64Choice::Strict;
    let lenient = PARTS.into_iter().filter(|_| is_strict).map(|(part, name)| Mistake {
        kind: CauseKind::Choice,
        name: format!("base64=lenient in the {name}"),
        summary: "it declares base64=strict".to_owned(),
        rules: vec!["SIG-7".to_owned()],
        how: How::Lenient(part),
    });
    mutants.chain(lenient).chain(chosen).collect()
}

/// The value of a choice.
fn told(choices: &Choices, name: &str) -> String {
    json!(choices).get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

impl Mistake {
    /// An implementation that makes this mistake and is like the tested one otherwise, in the state in which a program starts.
    pub(super) fn make<'h>(&self, hello: &'h Capabilities) -> Mistaken<'_, 'h> {
        let mutant = match &self.how {
            How::Mutant(mutant) => Some(mutant.make()),
            How::Chosen(_) | How::Lenient(_) => None,
        };
        Mistaken { mistake: self, hello, mutant }
    }

    /// Whether one call changes the answer to another.
    pub(super) fn remembers(&self) -> bool {
        matches!(self.how, How::Mutant(mutant) if mutant.remembers())
    }
}

/// A failed check, with what every mistake is compared with.
pub(super) struct Check<'f> {
    failed: &'f Divergence,
    /// Whether the answer is wrong: a story can be wrong as a whole though its last answer is right.
    is_wrong: bool,
    /// What Flask's choices make the right answer.
    of_flask: Answer,
    /// What the declared choices make the right answer.
    of_declared: Answer,
}

impl<'f> Check<'f> {
    pub(super) fn new(failed: &'f Divergence, hello: &Capabilities) -> Self {
        let call = &failed.call;
        Self {
            failed,
            is_wrong: compare(call, &failed.expected, &failed.got, &hello.choices).is_err(),
            of_flask: model::answer(call, &flask()),
            of_declared: model::answer(call, &with_reasons(hello.choices)),
        }
    }

    /// Whether the JSON that was written has the characters of the right one, in another order.
    fn is_reordered(&self) -> bool {
        let characters = |answer: &Answer| {
            let cookie = match (answer, &self.failed.call) {
                (Answer::Sign(SignOutcome::Cookie(cookie)), _) => Some(cookie.clone()),
                (Answer::Exchange(exchanged), Call::Exchange(call)) => {
                    set_cookie(exchanged, call).map(|cookie| cookie.value.clone())
                }
                _ => None,
            };
            let text = payload::text(parts(&cookie?)?.payload.as_bytes(), &flask())?;
            let mut characters: Vec<_> = text.chars().collect();
            characters.sort_unstable();
            Some(characters)
        };
        let got = characters(&self.failed.got);
        got.is_some() && got == characters(&self.failed.expected)
    }

    /// What a mistake has to do with it.
    pub(super) fn look(&self, mistake: &Mistake, hello: &Capabilities) -> Look {
        if !self.is_wrong {
            return Look::Unchanged;
        }
        let (failed, call, declared) = (self.failed, &self.failed.call, &hello.choices);
        let made = mistake.make(hello);
        if mistake.remembers() {
            failed.before.iter().for_each(|(call, _)| drop(made.mistaken(call)));
        }
        let Some(answer) = made.mistaken(call) else { return Look::Unchanged };
        if let (Call::Story(story), Answer::Story(answer), Answer::Story(got)) = (call, &answer, &failed.got) {
            return look_at_story(story, answer, got, declared);
        }
        let (right, choices) = match &mistake.how {
            // The answer may be the same, and only the comparison another.
            How::Chosen(choices) => (None, choices),
            How::Lenient(_) => (Some(&self.of_declared), declared),
            How::Mutant(_) => (Some(&self.of_flask), declared),
        };
        if right == Some(&answer) {
            return Look::Unchanged;
        }
        let answer = if right.is_some() { rejecting(answer, declared) } else { answer };
        let is_got = answer == failed.got || compare(call, &answer, &failed.got, choices).is_ok();
        if is_got && right.is_none() {
            // The comparison that allows any order passes over the spelling as well.
            let is_reordered = choices.key_order == declared.key_order || self.is_reordered();
            return if is_reordered { Look::Explained } else { Look::Unchanged };
        }
        match compare(call, &failed.expected, &answer, declared) {
            Ok(()) => Look::Unchanged,
            Err(_) if is_got => Look::Explained,
            Err(_) => Look::Different,
        }
    }
}

/// What a mistake has to do with a failed story: whether it differs from the right answer first in the same thing. Ids are random
/// and times real, so that the answers themselves cannot be compared.
fn look_at_story(story: &Story, answer: &StoryAnswer, got: &StoryAnswer, choices: &Choices) -> Look {
    let mistaken = story_differences(story, answer, choices);
    let failed = story_differences(story, got, choices);
    match (mistaken.first(), failed.first()) {
        (None, _) => Look::Unchanged,
        (Some(mistake), Some(failure)) if mistake == failure => Look::Explained,
        _ => Look::Different,
    }
}

/// What a mistake has to do with a failed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It gives another wrong answer.
    Different,
    /// It gives the same wrong answer.
    Explained,
    /// It gives the right answer.
    Unchanged,
}

/// An implementation that makes a mistake.
pub(super) struct Mistaken<'m, 'h> {
    mistake: &'m Mistake,
    hello: &'h Capabilities,
    mutant: Option<Box<dyn Implementation>>,
}

impl Mistaken<'_, '_> {
    /// The answer with the mistake in it; `None` if a mutant has none.
    fn mistaken(&self, call: &Call) -> Option<Answer> {
        match &self.mistake.how {
            How::Chosen(choices) => Some(model::answer(call, &with_reasons(*choices))),
            How::Lenient(part) => Some(model::answer(&canonical(call, *part), &with_reasons(self.hello.choices))),
            How::Mutant(_) => match self.mutant.as_ref()?.answer(std::slice::from_ref(call)).ok()?.pop()? {
                Reply::Ok(answer) => Some(answer),
                _ => None,
            },
        }
    }

    /// The answer under the declared choices. Where a mutant, whose choices are Flask's, may do something else than the
    /// mistake in question, it is taken to be right.
    fn reply(&self, call: &Call) -> Answer {
        let declared = &self.hello.choices;
        let right = || model::answer(call, &with_reasons(*declared));
        let Some(answer) = self.mistaken(call) else { return right() };
        if self.mutant.is_none() {
            return answer;
        }
        let of_flask = model::answer(call, &flask());
        if matches!(call, Call::Story(_)) {
            return answer;
        }
        if answer == of_flask || right() != of_flask {
            return right();
        }
        let is_canonical = || PARTS.iter().all(|(part, _)| canonical(call, *part) == *call);
        match rejecting(answer, declared) {
            // It may be an error that the declared choices turn into an empty session.
            Answer::Exchange(exchanged) if exchanged.opened.is_none() && rejects(declared) => right(),
            _ if declared.base64 == Base64Choice::Strict && !is_canonical() => right(),
            answer => answer,
        }
    }
}

impl Implementation for Mistaken<'_, '_> {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Ok(calls.iter().map(|call| Reply::Ok(self.reply(call))).collect())
    }
}

/// Whether what Flask raises may be a rejection.
fn rejects(declared: &Choices) -> bool {
    [declared.odd_payload, declared.timestamp_range].contains(&OnInvalid::Reject)
}

/// An answer of a mutant of Flask: where the declared choices reject, its errors in reading are rejections.
fn rejecting(answer: Answer, declared: &Choices) -> Answer {
    match answer {
        Answer::Verify(VerifyOutcome::Raised(_)) if rejects(declared) => {
            Answer::Verify(VerifyOutcome::Rejected(Some(Reason::Signature)))
        }
        other => other,
    }
}

/// What Flask chooses, with reasons.
fn flask() -> Choices {
    with_reasons(Choices::default())
}

fn with_reasons(choices: Choices) -> Choices {
    choices.reasons(ReasonsChoice::Typed)
}

/// The same call with one part of the cookie in its canonical spelling, where it can be read at all.
fn canonical(call: &Call, part: Part) -> Call {
    let mut call = call.clone();
    match &mut call {
        Call::Exchange(exchange) => {
            if let Some(header) = &mut exchange.cookie_header
                && let Some(cookie) =
                    cookie_header::value(header, &exchange.config.cookie_name, DuplicatesChoice::First)
            {
                *header = header.replace(&cookie, &respelled(&cookie, part));
            }
        }
        Call::Sign(_) | Call::Story(_) => {}
        Call::Verify(verify) => verify.cookie = respelled(&verify.cookie, part),
    }
    call
}

fn respelled(cookie: &str, part: Part) -> String {
    let mut parts: Vec<_> = cookie.rsplitn(3, '.').map(str::to_owned).collect();
    let place = match part {
        Part::Signature => 0,
        Part::Timestamp => 1,
        Part::Payload => 2,
    };
    if let Some(text) = parts.get_mut(place) {
        let (dot, rest) = match text.strip_prefix('.') {
            Some(rest) => (".", rest),
            None => ("", text.as_str()),
        };
        if let Some(bytes) = base64::decode(rest.as_bytes()) {
            *text = format!("{dot}{}", base64::encode(&bytes));
        }
    }
    parts.reverse();
    parts.join(".")
}
