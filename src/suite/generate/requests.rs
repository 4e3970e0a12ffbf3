//! Requests: what a client sends and a view does.

use super::{cookies, settings, sizes::Sizes, strategies::text_in, values};
use crate::{
    clock::UnixTime,
    config::Config,
    model::session::PERMANENT,
    protocol::{Action, Call, Exchange},
    value::{Map, Value},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::sync::Arc;

/// Keys that views use: few, so that they meet.
fn key() -> BoxedStrategy<Value> {
    select(vec!["a", "b", "user", PERMANENT]).prop_map(Value::from).boxed()
}

/// A session as a view left it: a few plain values, permanent or not.
fn session() -> BoxedStrategy<Map> {
    (vec((select(vec!["a", "b", "user"]), values::plain_value()), 0..3), select(vec![None, Some(true), Some(false)]))
        .prop_map(|(entries, permanent)| {
            let mut session: Map = entries.into_iter().collect();
            if let Some(permanent) = permanent {
                session.insert(PERMANENT, permanent);
            }
            session
        })
        .boxed()
}

/// One action.
fn action(sizes: &Sizes) -> BoxedStrategy<Action> {
    let reads = prop_oneof![
        key().prop_map(|key| Action::Get { key }),
        key().prop_map(|key| Action::Contains { key }),
        select(vec![Action::Len, Action::Bool, Action::Iterate, Action::Items, Action::Permanent, Action::Modified]),
    ];
    let writes = prop_oneof![
        3 => (key(), values::plain_value()).prop_map(|(key, value)| Action::Set { key, value }),
        1 => (key(), values::value(sizes)).prop_map(|(key, value)| Action::Set { key, value }),
        1 => (any::<u8>(), values::plain_value()).prop_map(|(key, value)| Action::Set { key: Value::int(key), value }),
        2 => (key(), values::plain_value()).prop_map(|(key, value)| Action::SetDefault { key, value }),
        2 => key().prop_map(|key| Action::Delete { key }),
        2 => (key(), select(vec![None, Some(Value::Null)])).prop_map(|(key, default)| Action::Pop { key, default }),
        1 => Just(Action::PopItem),
        1 => session().prop_map(|values| Action::Update { values }),
        1 => session().prop_map(|values| Action::Union { values }),
        2 => Just(Action::Clear),
        3 => any::<bool>().prop_map(|value| Action::SetPermanent { value }),
        2 => any::<bool>().prop_map(|value| Action::SetModified { value }),
        1 => (key(), any::<u8>()).prop_map(|(key, n)| Action::Append { key, value: Value::int(n) }),
        1 => (key(), -3i8..3, any::<u8>())
            .prop_map(|(key, at, n)| Action::Mutate { key, path: vec![Value::int(at)], value: Value::int(n) }),
    ];
    let ends = select(vec![Action::Nothing, Action::Raise, Action::NotFound]);
    prop_oneof![4 => reads, 6 => writes, 1 => ends].boxed()
}

/// What a view does: some actions, now and then with a read while the body streams.
pub fn actions(sizes: &Sizes) -> BoxedStrategy<Vec<Action>> {
    let streamed = prop_oneof![9 => Just(None), 1 => key().prop_map(|key| Some(Action::StreamGet { key }))];
    (vec(action(sizes), 0..=sizes.actions), streamed)
        .prop_map(|(mut actions, streamed)| {
            actions.extend(streamed);
            actions
        })
        .boxed()
}

/// Methods and paths, mostly the view's.
pub fn target() -> BoxedStrategy<(&'static str, &'static str)> {
    prop_oneof![
        6 => Just(("GET", "/")),
        1 => Just(("POST", "/")),
        1 => Just(("HEAD", "/")),
        1 => Just(("OPTIONS", "/")),
        1 => Just(("DELETE", "/")),
        1 => Just(("GET", "/static/file.txt")),
        1 => Just(("GET", "/missing")),
    ]
    .boxed()
}

/// A request with a cookie of some age, in an application with one of these configurations, whose view does something.
pub fn request(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Call> {
    with_actions(configs, actions(sizes))
}

/// The same, where the view leaves the session alone.
pub fn untouched(configs: BoxedStrategy<Arc<Config>>) -> BoxedStrategy<Call> {
    with_actions(configs, Just(Vec::new()).boxed())
}

fn with_actions(configs: BoxedStrategy<Arc<Config>>, actions: BoxedStrategy<Vec<Action>>) -> BoxedStrategy<Call> {
    (configs, settings::instant(), session(), any::<prop::sample::Index>(), 0u8..8)
        .prop_flat_map(|(config, now, session, which, sent)| {
            let lifetime = config.lifetime;
            (Just((config, now, session, which, sent)), settings::age(lifetime))
        })
        .prop_flat_map(move |(rest, age)| (Just(rest), Just(age), actions.clone(), target()))
        .prop_map(|((config, now, session, which, sent), age, actions, (method, path))| {
            // Mostly young cookies: an expired one hides whatever else a case is about.
            let age = if sent > 2 { age.clamp(0, 1) } else { age };
            let at = UnixTime::from_seconds((now.seconds() - age).max(0));
            let cookie = cookies::signed_by_any(&session, which, &config, at);
            let cookie_header = (sent > 0).then(|| format!("{}={cookie}", config.cookie_name));
            Call::Exchange(Exchange {
                config,
                now,
                cookie_header,
                method: method.to_owned(),
                path: path.to_owned(),
                actions,
            })
        })
        .boxed()
}

/// A request whose Cookie header is unusual: several cookies of the name, good, stale and foreign ones in any order; quotes,
/// spaces, junk.
pub fn unusual_header(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Call> {
    let separator = select(vec!["; ", "; ", ";", " ; ", ", ", ";;", "\t;"]);
    (configs, settings::instant(), session(), vec((piece(), separator), 1..=sizes.pairs))
        .prop_map(|(config, now, session, pieces)| {
            let mut header = String::new();
            for (piece, separator) in &pieces {
                if !header.is_empty() {
                    header.push_str(separator);
                }
                header.push_str(&piece.written(&session, &config, now));
            }
            Call::Exchange(Exchange {
                config,
                now,
                cookie_header: Some(header),
                method: "GET".to_owned(),
                path: "/".to_owned(),
                actions: vec![Action::Items],
            })
        })
        .boxed()
}

/// One pair of a Cookie header, or what stands in its place.
#[derive(Clone, Debug)]
enum Piece {
    /// Signed by another key.
    Foreign,
    Good,
    Junk(String),
    /// A good cookie under a name that is almost the right one.
    Named(fn(&str) -> String),
    /// The good cookie of another session.
    Other,
    Quoted,
    /// A good cookie whose lifetime is over.
    Stale,
}

fn piece() -> BoxedStrategy<Piece> {
    let names: Vec<fn(&str) -> String> = vec![
        |name| name.to_uppercase(),
        |name| format!("{name} "),
        |name| format!(" {name}"),
        |name| format!("x{name}"),
        |name| format!("{name}x"),
        |name| name.chars().skip(1).collect(),
        |name| format!("\"{name}\""),
    ];
    let junk = vec![
        "session=",
        "session",
        "session =x",
        "Session=x",
        "a=b",
        "=x",
        "session=\"\"",
        "session=\"a",
        "a=\"b;c\"",
        "session=e30.AA.x",
        "sessio=1",
        "session=%20",
        "a=\"\\073\"",
        "session=\"\\\"",
        "\t",
        "session=\"\\303\\251\"",
        "$Version=1",
    ];
    prop_oneof![
        4 => Just(Piece::Good),
        2 => Just(Piece::Other),
        2 => Just(Piece::Stale),
        2 => Just(Piece::Foreign),
        2 => Just(Piece::Quoted),
        2 => select(names).prop_map(Piece::Named),
        2 => text_in(&[' '..='~', '\u{80}'..='\u{ff}'], 0..=10).prop_map(Piece::Junk),
        3 => select(junk).prop_map(|text| Piece::Junk(text.to_owned())),
    ]
    .boxed()
}

impl Piece {
    fn written(&self, session: &Map, config: &Config, now: UnixTime) -> String {
        let name = &config.cookie_name;
        let key = config.signing_key().unwrap_or_default();
        let good = || cookies::signed(session, key, config, now);
        let other = |key: &[u8], at| cookies::signed(&[("user", Value::int(7))].into_iter().collect(), key, config, at);
        match self {
            Self::Foreign => format!("{name}={}", other(b"a foreign key", now)),
            Self::Good => format!("{name}={}", good()),
            Self::Junk(text) => text.clone(),
            Self::Named(change) => format!("{}={}", change(name), good()),
            Self::Other => format!("{name}={}", other(key, now)),
            Self::Quoted => format!("{name}=\"{}\"", escape(&good())),
            Self::Stale => {
                let age = config.lifetime.max_age().unwrap_or_default().saturating_add(1);
                let at = now.seconds().saturating_sub(age).max(0);
                format!("{name}={}", other(key, UnixTime::from_seconds(at)))
            }
        }
    }
}

/// The second character as three octal digits.
fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for (i, byte) in value.bytes().enumerate() {
        if i == 1 {
            escaped.push_str(&format!("\\{byte:03o}"));
        } else {
            escaped.push(char::from(byte));
        }
    }
    escaped
}
