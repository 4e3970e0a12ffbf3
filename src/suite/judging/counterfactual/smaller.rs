//! Plainer calls: with one thing less, or with a plain thing where an odd one stood.

use super::{
    changes::{found, in_place, plain_key, under, usual, with_cookie},
    sealed::Sealed,
};
use crate::{
    clock::UnixTime,
    config::{Config, Key, Lifetime},
    protocol::{Action, Call, Choices, Exchange, Sign, Verify},
    suite::judging::shrink::stories,
    value::{Map, Value},
};

/// The plainest key, shorter than any other.
const KEY: &str = "key";
/// The plainest lifetimes, in seconds.
const LIFETIMES: [i64; 3] = [3600, 60, 1];
/// The plainest instant.
const NOW: i64 = 1_700_000_000;
/// A list or a map of more items loses parts of them, and not one each: so many copies of a large one would take much memory.
const FEW: usize = 16;

/// Calls that may be plainer, the greatest steps first. Cookies are signed anew, as far as a key of the server signed them.
pub(in crate::suite::judging) fn smaller(call: &Call, choices: &Choices) -> Vec<Call> {
    if let Call::Story(story) = call {
        return stories::smaller(story).into_iter().map(Call::Story).collect();
    }
    let mut all = Vec::new();
    configs(call, choices, &mut all);
    match call {
        Call::Sign(sign) => {
            let with = |session: Map| Call::Sign(Sign { session, ..sign.clone() });
            all.extend(maps(&sign.session).into_iter().map(with));
            all.extend(
                [NOW, sign.now.seconds()]
                    .map(|now| Call::Sign(Sign { now: UnixTime::from_seconds(now), ..sign.clone() })),
            );
        }
        Call::Story(_) => {}
        Call::Verify(verify) => {
            all.extend(cookies(verify).into_iter().map(Call::Verify));
            let whole = UnixTime::from_seconds(verify.now.seconds());
            all.push(Call::Verify(Verify { now: whole, ..verify.clone() }));
        }
        Call::Exchange(exchange) => exchanges(exchange, choices, &mut all),
    }
    all
}

fn configs(call: &Call, choices: &Choices, all: &mut Vec<Call>) {
    let flask = Config::default();
    type Step<'a> = &'a dyn Fn(&mut Config);
    let steps: [Step<'_>; 17] = [
        &|config| *config = Config::with_key(KEY),
        &|config| *config = Config::with_key(KEY).lifetime(config.lifetime),
        // Nothing that is named though it has its default.
        &|config| config.named = flask.named,
        &plain_key,
        &|config| config.secret_key = Some(Key::from(KEY)),
        &usual,
        &|config| config.fallback_keys = None,
        &|config| config.lifetime = flask.lifetime,
        &|config| config.refresh_each_request = flask.refresh_each_request,
        &|config| config.cookie_name.clone_from(&flask.cookie_name),
        &|config| config.cookie_domain = None,
        &|config| config.cookie_path = None,
        &|config| config.application_root.clone_from(&flask.application_root),
        &|config| config.cookie_httponly = flask.cookie_httponly,
        &|config| config.cookie_secure = flask.cookie_secure,
        &|config| config.cookie_samesite = None,
        &|config| config.cookie_partitioned = flask.cookie_partitioned,
    ];
    all.extend(steps.iter().map(|step| under(call, choices, step)));
    for seconds in LIFETIMES {
        all.push(under(call, choices, |config| config.lifetime = Lifetime::Seconds(seconds)));
    }
}

/// The same cookie with less in it, read at a plainer time.
fn cookies(verify: &Verify) -> Vec<Verify> {
    let Some(sealed) = Sealed::of(verify) else { return Vec::new() };
    let mut all =
        vec![sealed.with_text("{}"), sealed.with_text(r#"{"a":1}"#), sealed.spelled(), sealed.by_current_key()];
    all.extend(sealed.inflated());
    if let Some(at) = sealed.at() {
        let age = sealed.now.seconds().saturating_sub(at);
        // The age stays, or comes to the end of a plain lifetime as it does to that of its own.
        all.push(sealed.signed_at(NOW).read_at(UnixTime::from_seconds(NOW.saturating_add(age))));
        all.push(sealed.signed_at(NOW).read_at(UnixTime::from_seconds(NOW)));
        if let Some(max_age) = sealed.config.lifetime.max_age() {
            all.extend(LIFETIMES.map(|lifetime| {
                let age = age.saturating_sub(max_age).saturating_add(lifetime);
                let now = UnixTime::from_seconds(NOW.saturating_add(age));
                sealed.signed_at(NOW).read_at(now).with(|config| config.lifetime = Lifetime::Seconds(lifetime))
            }));
        }
    }
    if let Some(text) = sealed.text()
        && let Ok(json) = crate::model::json::read(&text)
    {
        let smaller = match &json {
            Value::Map(map) => maps(map).into_iter().map(Value::Map).collect(),
            other => values(other),
        };
        let written = smaller.iter().filter_map(|json| crate::model::json::write(json).ok());
        all.extend(written.map(|text| sealed.with_text(&text)));
    }
    all.iter().filter_map(Sealed::call).collect()
}

fn exchanges(call: &Exchange, choices: &Choices, all: &mut Vec<Call>) {
    let mut add = |change: &dyn Fn(&mut Exchange)| {
        let mut call = call.clone();
        change(&mut call);
        all.push(Call::Exchange(call));
    };
    add(&|call| call.cookie_header = None);
    add(&|call| call.actions.clear());
    for at in (0..call.actions.len()).rev() {
        add(&|call| drop(call.actions.remove(at)));
    }
    add(&|call| "GET".clone_into(&mut call.method));
    add(&|call| "/".clone_into(&mut call.path));
    add(&|call| call.now = UnixTime::from_seconds(call.now.seconds()));
    add(&|call| call.now = UnixTime::from_seconds(NOW));
    for (at, action) in call.actions.iter().enumerate() {
        for smaller in actions(action) {
            add(&|call| {
                if let Some(action) = call.actions.get_mut(at) {
                    *action = smaller.clone();
                }
            });
        }
    }
    if let Some(header) = &call.cookie_header {
        let parts: Vec<&str> = header.split(';').collect();
        for at in 0..parts.len() {
            let kept: Vec<_> =
                parts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, part)| *part).collect();
            add(&|call| call.cookie_header = Some(kept.join(";").trim().to_owned()));
        }
        for (at, part) in parts.iter().enumerate() {
            let Some((name, _)) = part.split_once('=') else { continue };
            let short = format!("{name}=x");
            let kept = parts.iter().enumerate().map(|(other, part)| if other == at { &*short } else { *part });
            let kept = kept.collect::<Vec<_>>().join(";");
            add(&|call| call.cookie_header = Some(kept.clone()));
        }
    }
    if let Some(verify) = found(call, choices) {
        all.push(Call::Exchange(with_cookie(call, verify.clone())));
        all.extend(cookies(&verify).into_iter().map(|plainer| in_place(call, &verify.cookie, plainer)));
    }
}

fn actions(action: &Action) -> Vec<Action> {
    let short = Value::from("a");
    match action {
        Action::Set { key, value } => std::iter::once(Action::Set { key: short, value: value.clone() })
            .chain(values(value).into_iter().map(|value| Action::Set { key: key.clone(), value }))
            .collect(),
        Action::SetDefault { key, value } => {
            values(value).into_iter().map(|value| Action::SetDefault { key: key.clone(), value }).collect()
        }
        Action::Append { key, value } => {
            values(value).into_iter().map(|value| Action::Append { key: key.clone(), value }).collect()
        }
        Action::Mutate { key, path, value } => values(value)
            .into_iter()
            .map(|value| Action::Mutate { key: key.clone(), path: path.clone(), value })
            .collect(),
        Action::Update { values } => maps(values).into_iter().map(|values| Action::Update { values }).collect(),
        Action::Union { values } => maps(values).into_iter().map(|values| Action::Union { values }).collect(),
        _ => Vec::new(),
    }
}

/// Maps with less in them.
fn maps(map: &Map) -> Vec<Map> {
    let mut all = Vec::new();
    if map.len() > FEW {
        let kept = |place: std::ops::Range<usize>, is_kept: bool| -> Map {
            let mut at = 0;
            let mut map = map.clone();
            map.retain(|_, _| {
                at += 1;
                place.contains(&(at - 1)) == is_kept
            });
            map
        };
        return parts(map.len()).map(|(place, is_kept)| kept(place, is_kept)).collect();
    }
    if map.len() == 1 {
        all.push(Map::new());
    }
    if map.len() > 1 {
        all.extend(map.iter().map(|one| [one].into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()));
        all.extend((0..map.len()).map(|at| {
            let kept = map.iter().enumerate().filter(|(other, _)| *other != at);
            kept.map(|(_, (key, value))| (key.clone(), value.clone())).collect()
        }));
    }
    let with = |at: usize, key: Option<Value>, value: Option<Value>| -> Map {
        let changed = map.iter().enumerate().map(|(other, (k, v))| match other == at {
            true => (key.clone().unwrap_or_else(|| k.clone()), value.clone().unwrap_or_else(|| v.clone())),
            false => (k.clone(), v.clone()),
        });
        changed.collect()
    };
    for (at, (key, value)) in map.iter().enumerate() {
        all.extend(values(key).into_iter().map(|key| with(at, Some(key), None)));
        all.extend(values(value).into_iter().map(|value| with(at, None, Some(value))));
    }
    all
}

/// Values that are less.
fn values(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => lists(items).into_iter().map(Value::List).collect(),
        Value::Tuple(items) => lists(items).into_iter().map(Value::Tuple).collect(),
        Value::Map(map) => {
            let inner = map.iter().map(|(_, value)| value.clone());
            inner.chain(maps(map).into_iter().map(Value::Map)).chain([Value::int(1)]).collect()
        }
        Value::Bytes(bytes) => vec![Value::Bytes(halved(bytes)), Value::int(1)],
        Value::Text(text) => {
            let points = text.code_points();
            let (head, tail) = points.split_at(points.len() / 2);
            [head, tail].map(|half| Value::Text(crate::value::Text::from_code_points(half.iter().copied()))).to_vec()
        }
        // One more than a double holds, one more than 64 bits hold.
        Value::Int(_) if value.as_i64().is_none() => {
            [1 << 53 | 1, 1 << 64].map(|int: i128| Value::Int(int.into())).to_vec()
        }
        Value::Bool(_) | Value::Int(_) | Value::Null => Vec::new(),
        _ => vec![Value::int(1)],
    }
}

fn halved(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec()
}

/// The halves of many items, which are kept, and their quarters, which are left out.
fn parts(number: usize) -> impl Iterator<Item = (std::ops::Range<usize>, bool)> {
    let of = move |share: usize, is_kept| {
        (0..share).map(move |at| (number * at / share..number * (at + 1) / share, is_kept))
    };
    of(2, true).chain(of(4, false))
}

fn lists(items: &[Value]) -> Vec<Vec<Value>> {
    if items.len() > FEW {
        let kept = |place: std::ops::Range<usize>, is_kept: bool| {
            let kept = items.iter().enumerate().filter(|(at, _)| place.contains(at) == is_kept);
            kept.map(|(_, item)| item.clone()).collect()
        };
        return parts(items.len()).map(|(place, is_kept)| kept(place, is_kept)).collect();
    }
    let mut all = vec![items.get(..items.len() / 2).unwrap_or_default().to_vec()];
    all.extend((0..items.len()).map(|at| {
        let kept = items.iter().enumerate().filter(|(other, _)| *other != at);
        kept.map(|(_, item)| item.clone()).collect()
    }));
    for (at, item) in items.iter().enumerate() {
        all.extend(values(item).into_iter().map(|item| {
            let mut items = items.to_vec();
            items.splice(at..=at, [item]);
            items
        }));
    }
    all
}
