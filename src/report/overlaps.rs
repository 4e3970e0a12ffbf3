//! A failed story of a store: what happens, step by step, with a column for each request that overlaps with others, and the step
//! that differs marked.

use super::style::{BAD, styled};
use crate::{
    clock::UnixTime,
    cookie_text::parse_set_cookie,
    foreign,
    json::Json,
    protocol::{
        Action, Answer, Call,
        story::{Request, Step, StepAnswer, Story, StoryAnswer},
    },
    suite::{judging::divergence::Divergence, outcome::results::Failure},
    value::wire,
};
use std::fmt::Write;

/// How wide a column is (characters). Longer texts push the next column to the right.
const COLUMN: usize = 46;
/// How much is shown of what a step did (characters).
const SHOWN: usize = 120;

/// The steps of a failed story up to the one that differs, as text; `None` for a check of another kind.
pub(super) fn overlaps(failure: &Failure) -> Option<String> {
    let Divergence { call: Call::Story(story), got: Answer::Story(got), difference, .. } = &failure.divergence else {
        return None;
    };
    let last = difference.what.strip_prefix("step ").and_then(|rest| rest.split_once(':')?.0.parse::<usize>().ok());
    Some(told(story, got, last.unwrap_or(story.steps.len())))
}

fn told(story: &Story, got: &StoryAnswer, last: usize) -> String {
    let held = held(story, last);
    let mut text = format!("  lifetime  {}", lifetime(story));
    text += if story.config.config.refresh_each_request { "\n" } else { ", refreshing off\n" };
    if !held.is_empty() {
        let mut head = format!("  {:<5}{:<9}", "", "");
        let columns = std::iter::once("whole requests").chain(held.iter().map(String::as_str));
        columns.for_each(|name| head += &format!("{:<COLUMN$}", foreign::line(name)));
        text += &format!("{}\n", head.trim_end());
    }
    let mut passed = 0;
    let nothing = StepAnswer::default();
    for (at, step) in story.steps.iter().enumerate().take(last) {
        if let Step::Advance { seconds } = step {
            passed += seconds.micros();
        }
        let answer = got.steps.get(at).unwrap_or(&nothing);
        let (column, what) = words(step, answer, &held);
        let what = foreign::beginning(&foreign::line(what), SHOWN);
        let clock = format!("+{}", UnixTime::from_micros(passed));
        let indent = " ".repeat(column * COLUMN);
        let is_last = at + 1 == last;
        let mark = if is_last { styled(BAD, "✗") } else { " ".to_owned() };
        let _ = writeln!(text, "{mark} {:<5}{clock:<9}{indent}{what}", at + 1);
    }
    text
}

/// The requests that are held in some of the steps, in the order in which they begin.
fn held(story: &Story, last: usize) -> Vec<String> {
    let begun = story.steps.iter().take(last).filter_map(|step| match step {
        Step::Begin { name, .. } => Some(name.clone()),
        _ => None,
    });
    let mut all = Vec::new();
    begun.for_each(|name| {
        if !all.contains(&name) {
            all.push(name);
        }
    });
    all
}

fn lifetime(story: &Story) -> String {
    match story.config.config.lifetime {
        crate::config::Lifetime::Seconds(seconds) => format!("{seconds} s"),
        crate::config::Lifetime::Delta(seconds) => format!("{seconds} s"),
    }
}

/// The column of a step, and what happened in it.
fn words(step: &Step, answer: &StepAnswer, held: &[String]) -> (usize, String) {
    let column = |name: &String| held.iter().position(|known| known == name).map_or(0, |at| at + 1);
    match step {
        Step::Advance { seconds } => (0, format!("{seconds} s pass")),
        Step::Begin { name, request } => (column(name), format!("begins: {}", asked(request, answer))),
        Step::Copy { agent, from } => (0, format!("{agent} gets a copy of the cookies of {from}")),
        Step::End { name, actions } => {
            let did = if actions.is_empty() { String::new() } else { format!("{} ", listed(actions)) };
            (column(name), format!("ends: {did}→ {}", answered(answer)))
        }
        Step::Look => (0, format!("the store holds {}", keys(answer))),
        Step::Request(request) => (0, format!("{} → {}", asked(request, answer), answered(answer))),
        Step::Restart { config } => {
            let word = if config.is_some() { " with another configuration" } else { "" };
            (0, format!("the application starts again{word}"))
        }
        Step::Store { is } => (0, format!("the store is {}", is.as_str())),
    }
}

/// Who asks, what the view does, and what it saw.
fn asked(request: &Request, answer: &StepAnswer) -> String {
    let saw = match &answer.opened {
        Some(session) if session.len() > usize::from(session.contains_key("_permanent")) => {
            format!(" (found {})", wire::encode_map(session))
        }
        Some(_) | None => String::new(),
    };
    format!("{}: {}{saw}", request.agent, listed(&request.actions))
}

fn listed(actions: &[Action]) -> String {
    if actions.is_empty() {
        return "no action".to_owned();
    }
    let name = |action: &Action| {
        let json = crate::json::to_value(action).unwrap_or_default();
        let text = |member: &str| {
            json.get(member).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let word = json.get("do").and_then(Json::as_str).unwrap_or_default().to_owned();
        match (text("key"), text("value")) {
            (Some(key), Some(value)) => format!("{word} {key}={value}"),
            (Some(key), None) => format!("{word} {key}"),
            (None, Some(value)) => format!("{word} {value}"),
            (None, None) => word,
        }
    };
    actions.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn answered(answer: &StepAnswer) -> String {
    let status = answer.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let cookies = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookie = match cookies.map(|(_, value)| parse_set_cookie(value)).next_back() {
        None => "no cookie set",
        Some(cookie) if cookie.value.is_empty() => "cookie deleted",
        Some(_) => "cookie set",
    };
    format!("{status}, {cookie}")
}

fn keys(answer: &StepAnswer) -> String {
    match answer.keys.as_deref() {
        None | Some([]) => "nothing".to_owned(),
        Some(keys) => {
            let life = |left: Option<i64>| left.map_or_else(|| "for ever".to_owned(), |left| format!("for {left} ms"));
            let ids = keys.iter().map(|key| life(key.ends_in_ms));
            format!(
                "{} key{} ({})",
                keys.len(),
                if keys.len() == 1 { "" } else { "s" },
                ids.collect::<Vec<_>>().join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{protocol::story::StoryConfig, value::Value};

    #[test]
    fn overlapping_requests_stand_beside_each_other() {
        let set = Action::Set { key: "user".into(), value: Value::int(42) };
        let request = |actions: Vec<Action>| Request::new("browser", actions);
        let steps = vec![
            Step::Request(request(vec![set])),
            Step::Begin { name: "late".to_owned(), request: request(vec![Action::Get { key: "user".into() }]) },
            Step::Request(request(vec![Action::Clear])),
            Step::Advance { seconds: UnixTime::from_micros(1_500_000) },
            Step::End { name: "late".to_owned(), actions: Vec::new() },
            Step::Look,
        ];
        let story = Story { config: StoryConfig::default(), now: UnixTime::from_seconds(1_700_000_000), steps };
        let mistakes = crate::model::store::Mistakes::WRITE_BACK;
        let got = crate::model::store::answer_with(&story, &Default::default(), mistakes);
        insta::assert_snapshot!(told(&story, &got, 5));
    }
}
