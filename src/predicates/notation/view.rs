//! What a view does with a session, action by action: `S(a)`, `act(a)`, `flag(a)` and the rest.

use super::payload::is_hashable;
use crate::{
    protocol::{Action, Exchange},
    value::{Map, Value},
};

/// One action that was reached.
pub(in super::super) struct Step<'a> {
    /// `a`.
    pub action: &'a Action,
    /// `S(a)`.
    pub session: Map,
    /// The flag after it.
    pub after: bool,
    /// `act(a)`; none if it raises.
    pub result: Option<Value>,
}

impl Step<'_> {
    /// `do(a) ∈ reads`, or the action leaves the session alone.
    pub fn reads(&self) -> bool {
        matches!(
            self.action,
            Action::Bool
                | Action::Contains { .. }
                | Action::Get { .. }
                | Action::Items
                | Action::Iterate
                | Action::Len
                | Action::Modified
                | Action::NotFound
                | Action::Nothing
                | Action::Permanent
                | Action::Raise
        )
    }

    /// `there(a)`.
    pub fn there(&self) -> bool {
        match self.action {
            Action::Delete { key } | Action::Pop { key, .. } | Action::SetDefault { key, .. } => {
                is_hashable(key) && self.session.contains_key(key)
            }
            _ => !self.session.is_empty(),
        }
    }
}

/// A view from its beginning to its end.
pub(in super::super) struct View<'a> {
    /// `ran`.
    pub ran: bool,
    /// The actions that were reached before the headers were written.
    pub steps: Vec<Step<'a>>,
    /// The status that the view, or the routing, answers.
    pub status: u16,
    /// `S`.
    pub session: Map,
    pub modified: bool,
    pub accessed: bool,
    /// The action that comes while the body streams.
    pub streams: Option<&'a Action>,
}

impl<'a> View<'a> {
    pub fn of(call: &'a Exchange, opened: &Map, keyed: bool) -> Self {
        let status = match (call.path.as_str(), call.method.as_str()) {
            ("/", "GET" | "HEAD" | "POST" | "OPTIONS") | ("/static/file.txt", "GET" | "HEAD" | "OPTIONS") => 200,
            ("/" | "/static/file.txt", _) => 405,
            _ => 404,
        };
        let ran = call.path == "/" && ["GET", "HEAD", "POST"].contains(&call.method.as_str());
        let (steps, session) = (Vec::new(), opened.clone());
        let mut view = Self { ran, steps, status, session, modified: false, accessed: false, streams: None };
        for action in call.actions.iter().filter(|_| ran) {
            if matches!(action, Action::StreamGet { .. }) {
                view.streams = Some(action).filter(|_| call.method != "HEAD");
                break;
            }
            let session = view.session.clone();
            let result = view.act(action, keyed);
            let raised = result.is_none();
            view.steps.push(Step { action, session, after: view.modified, result });
            if raised {
                view.status = if matches!(action, Action::NotFound) { 404 } else { 500 };
                break;
            }
        }
        view
    }

    /// `failed`.
    pub fn failed(&self) -> bool {
        self.ran && self.status != 200
    }

    /// Does an action; no result where it raises.
    fn act(&mut self, action: &Action, keyed: bool) -> Option<Value> {
        self.accessed |= !matches!(action, Action::NotFound | Action::Nothing | Action::Raise);
        if is_write(action) && !keyed {
            return None;
        }
        let done = Some(Value::Null);
        match action {
            Action::Bool => Some((!self.session.is_empty()).into()),
            Action::Contains { key } => is_hashable(key).then(|| self.session.contains_key(key).into()),
            Action::Get { key } | Action::StreamGet { key } => {
                is_hashable(key).then(|| self.session.get(key).cloned().unwrap_or(Value::Null))
            }
            Action::Items => Some(self.session.clone().into()),
            Action::Iterate => Some(Value::List(self.session.iter().map(|(key, _)| key.clone()).collect())),
            Action::Len => Some(Value::int(self.session.len())),
            Action::Modified => Some(self.modified.into()),
            Action::Nothing => done,
            Action::NotFound | Action::Raise | Action::Regenerate => None,
            Action::Permanent => Some(self.session.get("_permanent").cloned().unwrap_or(false.into())),
            Action::Append { key, value } => match self.session.get_mut(Some(key).filter(|key| is_hashable(key))?)? {
                Value::List(items) => {
                    items.push(value.clone());
                    done
                }
                _ => None,
            },
            Action::Mutate { key, path, value } => {
                let place = self.session.get_mut(Some(key).filter(|key| is_hashable(key))?)?;
                assign(place, path, value).then_some(Value::Null)
            }
            Action::SetModified { value } => {
                self.modified = *value;
                done
            }
            Action::SetDefault { key, value } if is_hashable(key) => {
                if let Some(known) = self.session.get(key) {
                    return Some(known.clone());
                }
                self.session.insert(key.clone(), value.clone());
                self.changes(value.clone())
            }
            Action::Pop { key, default } if is_hashable(key) => match self.session.remove(key) {
                Some(value) => self.changes(value),
                None => default.clone(),
            },
            Action::PopItem => {
                let (key, value) = self.session.pop_last()?;
                self.changes(Value::List(vec![key, value]))
            }
            Action::Delete { key } if is_hashable(key) => {
                self.session.remove(key)?;
                self.changes(Value::Null)
            }
            Action::Set { key, value } if is_hashable(key) => {
                self.session.insert(key.clone(), value.clone());
                self.changes(Value::Null)
            }
            Action::SetPermanent { value } => {
                self.session.insert("_permanent", *value);
                self.changes(Value::Null)
            }
            Action::SetPermanentTo { value } => {
                self.session.insert("_permanent", value.is_true());
                self.changes(Value::Null)
            }
            Action::SetMade { key, of, value } if is_hashable(key) => {
                self.session.insert(key.clone(), of.becomes(value));
                self.changes(Value::Null)
            }
            Action::Clear => {
                self.session.clear();
                self.changes(Value::Null)
            }
            Action::Union { values } | Action::Update { values } => {
                values.iter().for_each(|(key, value)| self.session.insert(key.clone(), value.clone()));
                self.changes(Value::Null)
            }
            Action::Delete { .. }
            | Action::Pop { .. }
            | Action::Set { .. }
            | Action::SetDefault { .. }
            | Action::SetMade { .. } => None,
        }
    }

    fn changes(&mut self, result: Value) -> Option<Value> {
        self.modified = true;
        Some(result)
    }
}

/// `do(a) ∈ writes`. Union and the flag `modified` are not among them (`KEY-5`).
pub(in super::super) fn is_write(action: &Action) -> bool {
    matches!(
        action,
        Action::Clear
            | Action::Delete { .. }
            | Action::Pop { .. }
            | Action::PopItem
            | Action::Set { .. }
            | Action::SetDefault { .. }
            | Action::SetMade { .. }
            | Action::SetPermanent { .. }
            | Action::SetPermanentTo { .. }
            | Action::Update { .. }
    )
}

/// `place[path[0]]… = value`.
fn assign(place: &mut Value, path: &[Value], value: &Value) -> bool {
    let Some((step, rest)) = path.split_first() else { return false };
    let is_last = rest.is_empty();
    let next = match place {
        Value::Map(map) if is_last && is_hashable(step) => {
            map.insert(step.clone(), value.clone());
            return true;
        }
        Value::Map(map) if is_hashable(step) => map.get_mut(step),
        // The items of a tuple can be changed within, but not replaced.
        Value::Tuple(_) if is_last => None,
        Value::List(items) | Value::Tuple(items) => index(step, items.len()).and_then(|at| items.get_mut(at)),
        _ => None,
    };
    match next {
        Some(next) if is_last => {
            *next = value.clone();
            true
        }
        Some(next) => assign(next, rest, value),
        None => false,
    }
}

/// An index, which may count from the end.
fn index(step: &Value, length: usize) -> Option<usize> {
    let at = i64::try_from(step.as_int()?).ok()?;
    let length = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { at + length } else { at }).ok()
}
