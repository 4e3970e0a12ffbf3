//! Mutants of memory: one request changes the next. Each call is answered as specified, but as a call that earlier ones have
//! changed.

use super::{
    Mutant,
    hooks::{FLASK, introduced},
    tools::{cookie_set, value_of},
};
use crate::{
    adapter::{AdapterError, Implementation},
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    model,
    protocol::{self, Action, Call, Capabilities, Reply, VerifyOutcome},
    value::Map,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// How a mutant of memory answers.
pub(super) type Answer = fn(&mut Memory, &Call) -> protocol::Answer;

/// What is remembered.
#[derive(Default)]
pub(super) struct Memory {
    /// The Cookie header that fits the last cookie that was set.
    header: Option<String>,
    key_by_salt: BTreeMap<String, Option<Key>>,
    lifetime: Option<Lifetime>,
    modified: bool,
    now: Option<UnixTime>,
    refresh: Option<bool>,
    accepted: BTreeMap<String, Map>,
    /// The key that verified last, for each configuration.
    turned: BTreeMap<String, Key>,
    verdicts: BTreeMap<String, VerifyOutcome>,
    refused: BTreeSet<String>,
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::remembering(
        "session-leaks",
        &["MOD-10", "SYS-3", "HDR-4", "SYS-4"],
        "a request without a cookie gets the session of the request before",
        |memory, call| {
            let answer = answer(call, |call| {
                if let Call::Exchange(exchange) = call
                    && exchange.cookie_header.is_none()
                {
                    exchange.cookie_header.clone_from(&memory.header);
                }
            });
            if let (Call::Exchange(call), protocol::Answer::Exchange(exchanged)) = (call, &answer)
                && let Some(header) = cookie_set(exchanged)
            {
                memory.header = Some(format!("{}={}", call.config.cookie_name, value_of(header)));
            }
            answer
        },
    ),
    Mutant::remembering(
        "keys-cached-by-salt",
        &["KEY-1", "KEY-3", "KEY-6", "SYS-6", "SYS-4"],
        "the key derived first for a salt is kept, whatever the secret key becomes",
        |memory, call| {
            let config = call.config();
            let kept = memory.key_by_salt.entry(config.salt.clone()).or_insert(config.secret_key.clone()).clone();
            answer(call, |call| configure(call, |config| config.secret_key = kept))
        },
    ),
    Mutant::remembering(
        "lifetime-frozen-at-start",
        &["EXP-6", "SYS-5", "EXP-1", "EXP-2", "PERM-3", "SYS-4"],
        "the lifetime of the first request stays in force",
        |memory, call| {
            let kept = *memory.lifetime.get_or_insert(call.config().lifetime);
            answer(call, |call| configure(call, |config| config.lifetime = kept))
        },
    ),
    Mutant::remembering(
        "refresh-frozen-at-start",
        &["REN-2", "REN-1", "SET-1"],
        "whether sessions are refreshed is asked once, at the first request",
        |memory, call| {
            let kept = *memory.refresh.get_or_insert(call.config().refresh_each_request);
            answer(call, |call| configure(call, |config| config.refresh_each_request = kept))
        },
    ),
    Mutant::remembering(
        "clock-read-before-the-request",
        &["SIG-4", "EXP-1", "EXP-2", "EXP-3", "PERM-3", "SYS-4"],
        "the time is that of the request before",
        |memory, call| {
            let before = memory.now.replace(now(call)).unwrap_or(now(call));
            answer(call, |call| set_now(call, before))
        },
    ),
    Mutant::remembering(
        "clock-never-goes-back",
        &["SIG-4", "EXP-3", "EXP-1", "EXP-8", "SYS-8", "KEY-5", "SYS-4"],
        "the time is the latest that was ever seen",
        |memory, call| {
            let latest = memory.now.map_or(now(call), |seen| seen.max(now(call)));
            memory.now = Some(latest);
            answer(call, |call| set_now(call, latest))
        },
    ),
    Mutant::remembering(
        "modified-flag-sticks",
        &["MOD-8", "SET-1", "REN-2", "REN-3", "DEL-4", "DEL-6"],
        "once a session was modified, every later one counts as modified",
        |memory, call| {
            let modified = memory.modified;
            let writes = |action: &Action| matches!(action, Action::Set { .. } | Action::Clear | Action::Update { .. });
            memory.modified |= matches!(call, Call::Exchange(exchange) if exchange.actions.iter().any(writes));
            let mut answer = answer(call, |call| {
                if let (true, Call::Exchange(exchange)) = (modified, call) {
                    exchange.actions.insert(0, Action::SetModified { value: true });
                }
            });
            if let (true, protocol::Answer::Exchange(exchanged)) = (modified, &mut answer)
                && !exchanged.results.is_empty()
            {
                exchanged.results.remove(0);
            }
            answer
        },
    ),
    Mutant::remembering(
        "accepted-cookies-cached",
        &["EXP-1", "EXP-2", "EXP-3", "EXP-6", "SYS-1", "SYS-5", "KEY-3", "KEY-5", "SYS-4"],
        "a cookie that was accepted once is accepted ever after, without a look at its age",
        |memory, call| {
            let Call::Verify(verify) = call else { return model::answer(call, &FLASK) };
            let name = format!("{:?} {}", verify.config.secret_key.as_ref().map(Key::as_bytes), verify.cookie);
            if let Some(session) = memory.accepted.get(&name) {
                return protocol::Answer::Verify(VerifyOutcome::Accepted(session.clone()));
            }
            let answer = model::answer(call, &FLASK);
            if let protocol::Answer::Verify(VerifyOutcome::Accepted(session)) = &answer {
                memory.accepted.insert(name, session.clone());
            }
            answer
        },
    ),
    Mutant::remembering(
        "rejected-cookies-remembered",
        &["EXP-1", "EXP-3", "EXP-6", "EXP-2", "EXP-7", "SYS-5", "KEY-7", "KEY-3", "SIG-5", "KEY-6", "SYS-4"],
        "a cookie that was rejected once is rejected ever after, whatever the clock and the configuration become",
        |memory, call| {
            let Call::Verify(verify) = call else { return model::answer(call, &FLASK) };
            if memory.refused.contains(&verify.cookie) {
                return protocol::Answer::Verify(VerifyOutcome::Rejected(Some(protocol::Reason::Signature)));
            }
            let answer = model::answer(call, &FLASK);
            if matches!(answer, protocol::Answer::Verify(VerifyOutcome::Rejected(_))) {
                memory.refused.insert(verify.cookie.clone());
            }
            answer
        },
    ),
    Mutant::remembering(
        "signer-turned-by-fallback-keys",
        &["KEY-2", "SIG-3", "KEY-1"],
        "a signer is kept for each configuration, and signs with the key that it last verified with",
        |memory, call| {
            let name = format!("{:?}", call.config());
            match call {
                Call::Verify(verify) => {
                    let is_accepted = |key: &&Key| {
                        let mut config = (*verify.config).clone().secret_key(Some((*key).clone()));
                        config.fallback_keys = None;
                        let config = Arc::new(config);
                        let alone = Call::Verify(protocol::Verify { config, ..verify.clone() });
                        matches!(model::answer(&alone, &FLASK), protocol::Answer::Verify(VerifyOutcome::Accepted(_)))
                    };
                    let keys = match &verify.config.fallback_keys {
                        Some(Fallbacks::Keys(keys)) => keys.clone(),
                        _ => Vec::new(),
                    };
                    if let Some(key) = keys.iter().find(is_accepted) {
                        memory.turned.insert(name, key.clone());
                    }
                    model::answer(call, &FLASK)
                }
                Call::Sign(_) => match memory.turned.get(&name).cloned() {
                    Some(key) => answer(call, |call| configure(call, |config| config.secret_key = Some(key))),
                    None => model::answer(call, &FLASK),
                },
                Call::Exchange(_) | Call::Story(_) => model::answer(call, &FLASK),
            }
        },
    ),
    Mutant::remembering(
        "verdicts-cached-by-cookie",
        &["EXP-1", "EXP-2", "EXP-3", "EXP-6", "SYS-5", "KEY-1", "KEY-3", "KEY-5", "KEY-6", "KEY-7", "SIG-5", "SYS-4"],
        "the verdict on a cookie is kept, whatever the clock and the configuration become",
        |memory, call| {
            let Call::Verify(verify) = call else { return model::answer(call, &FLASK) };
            if let Some(kept) = memory.verdicts.get(&verify.cookie) {
                return protocol::Answer::Verify(kept.clone());
            }
            let answer = model::answer(call, &FLASK);
            if let protocol::Answer::Verify(verdict) = &answer {
                memory.verdicts.insert(verify.cookie.clone(), verdict.clone());
            }
            answer
        },
    ),
    Mutant::remembering(
        "logout-revokes",
        &["SYS-4", "DEL-1", "EXP-2"],
        "a cookie that came with a logout is never accepted again",
        |memory, call| {
            let Call::Exchange(exchange) = call else { return model::answer(call, &FLASK) };
            let Some(header) = &exchange.cookie_header else { return model::answer(call, &FLASK) };
            let is_revoked = memory.refused.contains(header);
            let answer = answer(call, |call| {
                if let (true, Call::Exchange(exchange)) = (is_revoked, call) {
                    exchange.cookie_header = None;
                }
            });
            if let protocol::Answer::Exchange(exchanged) = &answer
                && exchanged.headers.iter().any(|(_, header)| super::tools::is_deletion(header))
            {
                memory.refused.insert(header.clone());
            }
            answer
        },
    ),
    Mutant::remembering(
        "replays-refused",
        &["SYS-4"],
        "what was asked three times in the same instant is refused from then on, as by a limit of rates",
        |memory, call| match call {
            Call::Verify(_) => {
                let name = |time| format!("{time} {}", call.to_json());
                match (1..=3).any(|time| memory.refused.insert(name(time))) {
                    true => model::answer(call, &FLASK),
                    false => protocol::Answer::Verify(VerifyOutcome::Rejected(Some(protocol::Reason::Signature))),
                }
            }
            _ => model::answer(call, &FLASK),
        },
    ),
    Mutant::remembering(
        "cookies-count-once",
        &["SYS-4", "SYS-8", "REN-6", "SYS-2", "KEY-3"],
        "a cookie is accepted once, as a token against replays would be",
        |memory, call| {
            let Call::Exchange(exchange) = call else { return model::answer(call, &FLASK) };
            let Some(header) = &exchange.cookie_header else { return model::answer(call, &FLASK) };
            let is_used = !memory.refused.insert(header.clone());
            answer(call, |call| {
                if let (true, Call::Exchange(exchange)) = (is_used, call) {
                    exchange.cookie_header = None;
                }
            })
        },
    ),
];

/// The specification's answer to a changed call.
fn answer(call: &Call, change: impl FnOnce(&mut Call)) -> protocol::Answer {
    let mut call = call.clone();
    change(&mut call);
    model::answer(&call, &FLASK)
}

fn configure(call: &mut Call, change: impl FnOnce(&mut Config)) {
    let config = match call {
        Call::Exchange(call) => &mut call.config,
        Call::Sign(call) => &mut call.config,
        Call::Story(call) => &mut call.config.config,
        Call::Verify(call) => &mut call.config,
    };
    change(Arc::make_mut(config));
}

fn now(call: &Call) -> UnixTime {
    match call {
        Call::Exchange(call) => call.now,
        Call::Sign(call) => call.now,
        Call::Story(call) => call.now,
        Call::Verify(call) => call.now,
    }
}

fn set_now(call: &mut Call, now: UnixTime) {
    match call {
        Call::Exchange(call) => call.now = now,
        Call::Sign(call) => call.now = now,
        Call::Story(call) => call.now = now,
        Call::Verify(call) => call.now = now,
    }
}

/// The model, remembering what it should not.
pub(super) struct Remembering {
    hello: Capabilities,
    memory: Mutex<Memory>,
    answer: Answer,
}

impl Remembering {
    pub(super) fn new(name: &str, answer: Answer) -> Self {
        Self { hello: introduced(name), memory: Mutex::default(), answer }
    }
}

impl Implementation for Remembering {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(calls.iter().map(|call| Reply::Ok((self.answer)(&mut memory, call))).collect())
    }

    fn fresh(&self) -> Option<Box<dyn Implementation>> {
        let (hello, answer) = (self.hello.clone(), self.answer);
        Some(Box::new(Self { hello, memory: Mutex::default(), answer }))
    }
}
