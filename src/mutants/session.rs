//! Mutants of which changes a session notices (`MOD-*`, `PERM-2`).

use super::{
    Mutant,
    hooks::{FLASK, Hooks},
    tools::{is_of_view, is_read},
};
use crate::{
    model::{
        Raised, server,
        session::{PERMANENT, Session},
    },
    protocol::{Action, Exchange, Made},
    value::Value,
};

type Act = fn(&mut Session, &Action) -> Result<Value, Raised>;

pub(super) const MUTANTS: &[Mutant] = &[
    of_act(
        "same-value-not-noticed",
        &["MOD-1", "SET-1"],
        "setting the value that is there modifies nothing",
        |s, a| match a {
            Action::Set { key, value } if s.data.get(key) == Some(value) => unmodified(s, a),
            _ => s.act(a),
        },
    ),
    of_act("deletion-not-noticed", &["MOD-2", "SET-1", "DEL-1"], "deleting an item modifies nothing", |s, a| match a {
        Action::Delete { .. } => unmodified(s, a),
        _ => s.act(a),
    }),
    of_act("missing-key-modifies", &["MOD-2"], "popping a missing key modifies before it raises", |s, a| {
        let result = s.act(a);
        s.modified |= !s.is_null && result.is_err() && matches!(a, Action::Delete { .. } | Action::Pop { .. });
        result
    }),
    of_act(
        "empty-update-not-noticed",
        &["MOD-3", "SET-1"],
        "an update with nothing modifies nothing",
        |s, a| match a {
            Action::Update { values } | Action::Union { values } if values.is_empty() && !s.is_null => unmodified(s, a),
            _ => s.act(a),
        },
    ),
    of_act("clear-of-empty-not-noticed", &["MOD-3", "DEL-1"], "clearing an empty session modifies nothing", |s, a| {
        match a {
            Action::Clear if s.data.is_empty() => unmodified(s, a),
            _ => s.act(a),
        }
    }),
    of_act(
        "setdefault-always-modifies",
        &["MOD-4", "SET-1"],
        "setdefault modifies even when the key is there",
        |s, a| {
            let result = s.act(a);
            s.modified |= result.is_ok() && matches!(a, Action::SetDefault { .. });
            result
        },
    ),
    Mutant::new(
        "nested-change-noticed",
        &["MOD-5"],
        "a nested value changed in place modifies",
        Hooks {
            before_save: |session, call| {
                let is_nested = |action: &Action| matches!(action, Action::Append { .. } | Action::Mutate { .. });
                let others = call.actions.iter().filter(|action| !is_nested(action));
                let is_all = is_of_view(call) && others.clone().all(is_read) && others.count() < call.actions.len();
                session.modified |= is_all && !session.data.is_empty();
            },
            ..Hooks::MODEL
        },
    ),
    of_act(
        "nested-change-lost",
        &["MOD-6", "MOD-10", "PAY-16"],
        "a nested value is changed in a copy",
        |s, a| match a {
            Action::Append { .. } | Action::Mutate { .. } => {
                let (before, result) = (s.data.clone(), s.act(a));
                s.data = before;
                result
            }
            _ => s.act(a),
        },
    ),
    Mutant::new(
        "nested-change-not-written",
        &["MOD-6"],
        "the view sees its nested changes, but only what was set at the top is written",
        Hooks {
            before_save: |session, call| {
                let opened = server::exchange(&Exchange { actions: Vec::new(), ..call.clone() }, &FLASK).opened;
                let Some(mut written) = opened.map(Session::opened).filter(|_| is_of_view(call)) else { return };
                for action in &call.actions {
                    match action {
                        Action::Append { .. } | Action::Mutate { .. } => {
                            if raises(&written, action) {
                                break;
                            }
                        }
                        Action::StreamGet { .. } => break,
                        _ => {
                            if written.act(action).is_err() {
                                break;
                            }
                        }
                    }
                }
                session.data = written.data;
            },
            ..Hooks::MODEL
        },
    ),
    of_act("flag-by-hand-not-lowered", &["MOD-7"], "the modified flag cannot be set back by hand", |s, a| match a {
        Action::SetModified { value: false } => unmodified(s, a),
        _ => s.act(a),
    }),
    of_act("length-without-permanence", &["MOD-10"], "the length leaves the session's permanence out", |s, a| {
        let permanence = usize::from(s.data.contains_key(PERMANENT));
        match a {
            Action::Len => s.act(a).map(|_| Value::int(s.data.len() - permanence)),
            _ => s.act(a),
        }
    }),
    Mutant::new(
        "error-rolls-back",
        &["MOD-9"],
        "what a view changed before it raised is not written",
        Hooks {
            answered: |answer, call| {
                let changes =
                    |action: &Action| matches!(action, Action::Set { .. } | Action::Clear | Action::Delete { .. });
                if answer.status == 500 && is_of_view(call) && call.actions.iter().any(changes) {
                    super::tools::drop_headers(answer, "Set-Cookie");
                }
            },
            ..Hooks::MODEL
        },
    ),
    of_act(
        "flag-by-hand-ignored",
        &["MOD-7", "SET-1", "MOD-10", "KEY-5"],
        "the modified flag cannot be set by hand",
        |s, a| match a {
            Action::SetModified { .. } => unmodified(s, a),
            _ => s.act(a),
        },
    ),
    of_act(
        "permanent-flag-not-noticed",
        &["PERM-2", "PERM-5", "SET-1"],
        "setting the flag modifies nothing",
        |s, a| match a {
            Action::SetPermanent { .. } | Action::SetPermanentTo { .. } => unmodified(s, a),
            _ => s.act(a),
        },
    ),
    of_act("permanent-kept-as-given", &["PERM-1"], "permanent is stored as it was given, not its truth", |s, a| {
        let result = s.act(a);
        if let Action::SetPermanentTo { value } = a {
            s.data.insert(PERMANENT, value.clone());
        }
        result
    }),
    of_act(
        "html-objects-as-text",
        &["PAY-8", "PAY-5"],
        "an object that shows itself as HTML is written as text",
        |s, a| match a {
            Action::SetMade { key, of: Made::Html | Made::HtmlText, value } => {
                s.act(&Action::Set { key: key.clone(), value: value.clone() })
            }
            _ => s.act(a),
        },
    ),
    of_act("named-tuples-as-maps", &["PAY-6", "PAY-5"], "a named tuple is written with its names", |s, a| match a {
        Action::SetMade { key, of: Made::NamedTuple, value } => {
            s.act(&Action::Set { key: key.clone(), value: value.clone() })
        }
        _ => s.act(a),
    }),
    of_act(
        "dataclasses-with-tags",
        &["PAY-9", "PAY-6", "PAY-8", "PAY-5"],
        "the values in a dataclass are tagged",
        |s, a| match a {
            Action::SetMade { key, of: Made::Dataclass, value } => {
                s.act(&Action::Set { key: key.clone(), value: value.clone() })
            }
            _ => s.act(a),
        },
    ),
    of_act(
        "get-modifies",
        &["MOD-8", "SET-1", "REN-2", "REN-3", "DEL-4", "DEL-6"],
        "reading an item modifies",
        |s, a| {
            let result = s.act(a);
            s.modified |= matches!(a, Action::Get { .. });
            result
        },
    ),
    Mutant::new(
        "error-loses-changes",
        &["MOD-9", "REN-4"],
        "an error in the view saves nothing",
        Hooks {
            answered: |answer, call| {
                if answer.status == 500 && call.path == "/" {
                    super::tools::drop_headers(answer, "Set-Cookie");
                }
            },
            ..Hooks::MODEL
        },
    ),
    of_act("contains-does-not-touch", &["VARY-1"], "asking for a key does not count as a touch", |s, a| {
        let accessed = s.accessed;
        let result = s.act(a);
        if matches!(a, Action::Contains { .. }) {
            s.accessed = accessed;
        }
        result
    }),
];

/// Whether an action raises.
fn raises(session: &Session, action: &Action) -> bool {
    session.clone().act(action).is_err()
}

/// Does the action, and leaves the flag as it was.
fn unmodified(session: &mut Session, action: &Action) -> Result<Value, Raised> {
    let modified = session.modified;
    let result = session.act(action);
    session.modified = modified;
    result
}

const fn of_act(name: &'static str, rules: &'static [&'static str], summary: &'static str, act: Act) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { act, ..Hooks::MODEL })
}
