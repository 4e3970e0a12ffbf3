//! What a person reads at the end of a run, and at each failure. Styled text; whoever prints it strips the styles if there is
//! no terminal.

use super::{
    findings,
    style::{BAD, DOUBT, FAINT, GOOD, styled},
    timeline::timeline,
};
use crate::json::{Json, json};
use crate::{
    cookie_text::set_cookie,
    foreign,
    protocol::{Action, Answer, Call, Choices, Exchange, ReasonsChoice, VerifyOutcome},
    rules,
    suite::{
        judging::divergence::Divergence,
        outcome::{
            broken::BrokenCheck,
            results::{EarlierCall, Failure, Judged, Origin, Outcome, Results, Tally},
        },
    },
    value::wire,
};
use anstyle::Style;
use std::fmt::Write;

/// How many characters of a value are shown.
const SHOWN: usize = 240;
/// How many characters of a request are shown. It must be whole to be asked again.
const ASKED: usize = 4_000;

/// How many rules a run has that was told which to choose, at most.
const CHOSEN: usize = 30;

/// The whole run: what was tested, a table of rule families, what is inconclusive and why, then the diagnosis, every broken rule,
/// and the verdict.
pub fn summary(results: &Results) -> String {
    summary_with(results, None)
}

/// The same with the command that repeats a failed case, in which `CASE` stands for its id.
pub fn summary_with(results: &Results, replay: Option<&str>) -> String {
    let mut text = heading(results);
    text += &table(results);
    text += &cost(results);
    if !results.inconclusive.is_empty() {
        text += "\nInconclusive, and why:\n";
        for (reason, count) in &results.inconclusive {
            let _ = writeln!(text, "  {count:>6}  {}", shorten(reason));
        }
    }
    let not_asked = not_asked(results);
    if !not_asked.is_empty() {
        let _ = writeln!(text, "\nChosen, and nothing was asked about: {}", not_asked.join(", "));
    }
    text += &known_failures(results);
    if !results.incidents.is_empty() {
        text += "\nThe adapter crashed and was started again:\n";
        results.incidents.iter().for_each(|incident| text += &format!("  {}\n", foreign::block(incident)));
        text += "  Run it again with `replay` or --workers 1 to find the request that crashes it.\n";
    }
    if let Some(broken) = &results.broken {
        let _ = write!(
            text,
            "\n{} {}\n{}\n",
            styled(BAD, "the run ended:"),
            foreign::block(&broken.message),
            foreign::block(&broken.hint)
        );
    }
    text += &findings::text(results, replay);
    text + "\n" + &verdict(results) + "\n"
}

/// The rules about which nothing was asked, where only some were chosen and the others could be asked.
fn not_asked(results: &Results) -> Vec<&'static str> {
    let ended_early = results.stopped_early || results.interrupted.is_some();
    if ended_early || results.rules.len() > CHOSEN || results.total.total() == 0 || !results.shard.is_whole() {
        return Vec::new();
    }
    let is_not_asked = |tally: &Tally| tally.judged() == Judged::NotAsked;
    results.by_rule().filter(|(_, tally)| is_not_asked(tally)).map(|(rule, _)| rule.id.as_str()).collect()
}

fn heading(results: &Results) -> String {
    let hello = &results.implementation;
    let mut text = format!(
        "\n{} {} on {}\n",
        foreign::line(&hello.name),
        foreign::line(&hello.version),
        foreign::line(&hello.runtime)
    );
    if !results.spec.is_empty() {
        let _ = writeln!(text, "specification {}", foreign::line(&results.spec));
    }
    if results.cases > 0 {
        let _ = writeln!(text, "generated cases: {}", results.generated());
    }
    if !results.shard.is_whole() {
        let _ = writeln!(
            text,
            "shard {}: join the results of all {} with `sessionproof report merge`",
            results.shard,
            results.shard.of()
        );
    }
    let choices = other_choices(&hello.choices);
    if !choices.is_empty() {
        let _ = writeln!(text, "choices that differ from Flask's: {}", choices.join(", "));
    }
    text
}

/// The choices that differ from Flask's, with what follows for the checks.
pub(super) fn other_choices(choices: &Choices) -> Vec<String> {
    let defaults = json!(Choices { reasons: ReasonsChoice::None, ..Choices::default() });
    let declared = json!(Choices { reasons: ReasonsChoice::None, ..*choices });
    let Json::Object(declared) = declared else { return Vec::new() };
    let differing = declared.iter().filter(|(name, value)| defaults.get(name.as_str()) != Some(value));
    differing
        .map(|(name, value)| {
            let note = match (name.as_str(), value.as_str()) {
                ("compression", Some("any")) => " (payloads are compared inflated)",
                _ => "",
            };
            format!("{name}={}{note}", value.as_str().unwrap_or_default())
        })
        .collect()
}

fn table(results: &Results) -> String {
    let is_known = results.total.known > 0;
    let known = if is_known { format!("{:>9}", "known") } else { String::new() };
    let mut text = format!("\n{:<24}{:>9}{:>9}{known}{:>14}\n", "rules", "pass", "fail", "inconclusive");
    for (id, tally) in &results.families {
        if tally.total() > 0 {
            let name = rules::families().iter().find(|family| family.id == *id).map_or("", |f| f.name.as_str());
            text += &row(&format!("{id:<5} {name}"), *tally, is_known);
        }
    }
    text + &row("all", results.total, is_known)
}

/// The known failures with their reasons, and those that now pass.
fn known_failures(results: &Results) -> String {
    let mut text = String::new();
    let failed: Vec<_> = results.known.iter().filter(|known| known.failures > 0).collect();
    if !failed.is_empty() {
        text += "\nKnown failures, and why:\n";
        for known in failed {
            let _ = writeln!(text, "  {:>6}  {}: {}", known.failures, known.what(), shorten(&known.why()));
        }
    }
    let stale = results.stale();
    if !stale.is_empty() {
        text += "\nKnown failures that now pass; remove them from the list:\n";
        stale.iter().for_each(|stale| text += &format!("  {stale}\n"));
    }
    text
}

/// How long the run took, and for how much of that no call was in flight. Nothing if no program was asked.
fn cost(results: &Results) -> String {
    let times = &results.times;
    match (times.waiting, times.runner_share()) {
        (Some(_), Some(share)) if !results.spec.is_empty() => {
            format!("\ntook {:.1} s (runner overhead {:.0}%)\n", times.wall.duration().as_secs_f64(), 100.0 * share)
        }
        _ => String::new(),
    }
}

fn row(name: &str, tally: Tally, is_known: bool) -> String {
    let count = |style: Style, width: usize, count: usize| {
        let style = if count == 0 { FAINT } else { style };
        styled(style, format!("{count:>width$}"))
    };
    format!(
        "{name:<24}{}{}{}{}\n",
        count(Style::new(), 9, tally.passed),
        count(BAD, 9, tally.failed),
        if is_known { count(DOUBT, 9, tally.known) } else { String::new() },
        count(DOUBT, 14, tally.inconclusive)
    )
}

/// The verdict in a line.
pub(super) fn verdict(results: &Results) -> String {
    let total = results.total;
    let early = if results.stopped_early { " (stopped at the first)" } else { "" };
    let checks = |count: usize| if count == 1 { "1 check".to_owned() } else { format!("{count} checks") };
    let known = match total.known {
        0 => String::new(),
        1 => "; 1 known failure".to_owned(),
        known => format!("; {known} known failures"),
    };
    match results.outcome() {
        Outcome::NotConformant if total.failed == 0 => {
            let stale = results.stale().len();
            let fails = if stale == 1 { "1 known failure now passes" } else { "known failures now pass" };
            let number = if stale == 1 { String::new() } else { format!("{stale} ") };
            format!("{} {number}{fails}, as listed above", styled(BAD, "not conformant:"))
        }
        Outcome::KnownFailures => format!(
            "{} {} passed{known}, as listed above{}",
            styled(DOUBT, "conformant except for known failures:"),
            checks(total.passed),
            if total.inconclusive > 0 { format!("; {} inconclusive", total.inconclusive) } else { String::new() }
        ),
        Outcome::NotConformant => {
            let failed = checks(total.failed);
            format!("{} {failed} of {} failed{early}{known}", styled(BAD, "not conformant:"), total.total())
        }
        Outcome::NotJudged => {
            let failed = if total.failed > 0 { format!(", {} failed", total.failed) } else { String::new() };
            format!("{} {} passed{failed}", styled(DOUBT, "could not judge:"), checks(total.passed))
        }
        Outcome::Conformant if total.inconclusive > 0 => format!(
            "{} {} passed; {} inconclusive, as listed above",
            styled(GOOD, "conformant as far as tested:"),
            checks(total.passed),
            total.inconclusive
        ),
        Outcome::Conformant if !results.stopped_early && !not_asked(results).is_empty() => format!(
            "{} {} passed; nothing was asked about some rules, as listed above",
            styled(GOOD, "conformant as far as tested:"),
            checks(total.passed)
        ),
        Outcome::Conformant => {
            format!("{} {} passed", styled(GOOD, "conformant:"), checks(total.passed))
        }
    }
}

/// One failure: rule, where the check comes from, what was expected and got, what was asked, and how to ask again.
pub fn failure(failure: &Failure, replay: Option<&str>) -> String {
    let divergence = &failure.divergence;
    let difference = &divergence.difference;
    let title = rules::find(&failure.rule).map_or("", |rule| rule.title.as_str());
    let mut text = format!("\n{} {} {title}\n", styled(BAD, "FAIL"), styled(Style::new().bold(), &failure.rule));
    if !failure.cited.is_empty() {
        let _ = writeln!(text, "  cites     {} (chosen; {} is blamed)", failure.cited.join(", "), failure.rule);
    }
    match &failure.origin {
        Origin::Property(sentence) => {
            let _ = writeln!(text, "  property  {sentence}");
        }
        Origin::Vector { id, comment, again } => {
            let note = if *again { " (it passed before; an earlier call changed the answer)" } else { "" };
            let _ = writeln!(text, "  vector    {}: {}{note}", foreign::line(id), foreign::line(comment));
        }
    }
    match failure.earlier {
        EarlierCall::Asked => {
            text += "  note      an earlier call changed the answer; asked alone, the last call is right\n"
        }
        EarlierCall::None => {}
        EarlierCall::Unknown => {
            text +=
                "  note      an earlier call changed the answer; it is not known which, and alone the check passes\n";
        }
    }
    match timeline(failure) {
        Some(timeline) => text += &timeline,
        None => text += &steps(divergence),
    }
    let _ = writeln!(text, "  differs   {}", foreign::line(&difference.what));
    let _ = writeln!(text, "  expected  {}", shorten(&difference.expected));
    let _ = writeln!(text, "  got       {}", shorten(&difference.got));
    for also in &divergence.also {
        let rule = also.rule();
        let _ = writeln!(text, "  also      {rule}: {} is {}", foreign::line(&also.what), shorten(&also.got));
    }
    let _ = writeln!(text, "  asked     {}", asked(&divergence.call));
    if let Some(replay) = replay {
        let _ = writeln!(text, "  replay    {}", foreign::line(replay));
    }
    text
}

/// A check in which the adapter broke: where it comes from, what the adapter said, what was asked, and how to ask again.
pub fn broken_check(check: &BrokenCheck, replay: Option<&str>) -> String {
    let mut text = format!("\n{} {}\n", styled(DOUBT, "BROKE"), styled(Style::new().bold(), "the adapter"));
    text += &match &check.origin {
        Origin::Property(sentence) => format!("  property  {sentence}\n"),
        Origin::Vector { id, comment, .. } => {
            format!("  vector    {}: {}\n", foreign::line(id), foreign::line(comment))
        }
    };
    let said = foreign::block(&check.what).replace("\n", "\n            ");
    let _ = writeln!(text, "  said      {said}\n  asked     {}", asked(&check.call));
    if let Some(replay) = replay {
        let _ = writeln!(text, "  replay    {}", foreign::line(replay));
    }
    text
}

/// A call as the line that asks it, which can be pasted unless it is very long.
fn asked(call: &Call) -> String {
    foreign::beginning(&foreign::json(&call.to_line(1)), ASKED)
}

/// The calls before the diverging one, and that one; nothing if it is the only one.
fn steps(divergence: &Divergence) -> String {
    let mut text = String::new();
    for (number, (call, answer)) in divergence.before.iter().enumerate() {
        let _ =
            writeln!(text, "  step {}    {} → {}", number + 1, call_words(call), shorten(&answer_words(call, answer)));
    }
    if !divergence.before.is_empty() {
        let number = divergence.before.len() + 1;
        let _ = writeln!(text, "  step {number}    {} → {}", call_words(&divergence.call), styled(BAD, "diverges"));
    }
    text
}

/// A call in a few words.
fn call_words(call: &Call) -> String {
    match call {
        Call::Exchange(call) => {
            let cookie = if call.cookie_header.is_some() { "with a cookie" } else { "without a cookie" };
            format!(
                "{} {} at {}, {cookie}, {}",
                foreign::line(&call.method),
                foreign::line(&call.path),
                call.now,
                actions(&call.actions)
            )
        }
        Call::Sign(call) => format!("sign at {}", call.now),
        Call::Story(call) => format!("a story of {} steps", call.steps.len()),
        Call::Verify(call) => format!("verify at {}", call.now),
    }
}

fn actions(actions: &[Action]) -> String {
    if actions.is_empty() {
        return "no action".to_owned();
    }
    let names = actions.iter().map(|action| {
        let json = crate::json::to_value(action).unwrap_or_default();
        json.get("do").and_then(Json::as_str).unwrap_or_default().to_owned()
    });
    names.collect::<Vec<_>>().join(", ")
}

fn answer_words(call: &Call, answer: &Answer) -> String {
    match (call, answer) {
        (Call::Exchange(call), Answer::Exchange(exchanged)) => {
            let cookie = match set_cookie(exchanged, call) {
                None => "nothing set".to_owned(),
                Some(cookie) if cookie.value.is_empty() => "deleted".to_owned(),
                Some(cookie) => {
                    let expires = cookie.attributes.get("expires").map(|at| format!(", expires {at}"));
                    format!("set{}", expires.unwrap_or_default())
                }
            };
            format!("{}, {cookie}", session_words(exchanged.opened.as_ref().map(wire::encode_map), call))
        }
        (_, Answer::Verify(VerifyOutcome::Accepted(session))) => format!("accepted as {}", wire::encode_map(session)),
        (_, Answer::Verify(VerifyOutcome::Rejected(Some(reason)))) => format!("rejected ({reason})"),
        (_, Answer::Verify(VerifyOutcome::Rejected(None))) => "rejected".to_owned(),
        (_, other) => other.to_json().to_string(),
    }
}

fn session_words(session: Option<Json>, call: &Exchange) -> String {
    match session {
        None => "opening raised".to_owned(),
        Some(session) if session == json!({}) && call.cookie_header.is_some() => "opened empty".to_owned(),
        Some(session) => format!("opened {session}"),
    }
}

/// The beginning of a long text, on one line.
pub fn shorten(text: &str) -> String {
    foreign::beginning(&text.replace('\n', " ⏎ "), SHOWN)
}
