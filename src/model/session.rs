//! The session object that a view works on, and what it notices (`MOD-*`, `PERM-*`, `KEY-5`).

use super::{Raised, payload::is_hashable};
use crate::{
    protocol::Action,
    value::{Map, Value},
};

/// The key under which a session remembers that it is permanent (`PERM-1`).
pub const PERMANENT: &str = "_permanent";

/// A session as opened for one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The keys and values.
    pub data: Map,
    /// Whether it was changed, as far as the session noticed, or was marked as changed.
    pub modified: bool,
    /// Whether the view touched it at all (`VARY-1`).
    pub accessed: bool,
    /// Whether it stands in for a session because there is no secret key (`KEY-5`).
    pub is_null: bool,
}

impl Session {
    /// A session fresh from its cookie.
    pub fn opened(data: Map) -> Self {
        Self { data, modified: false, accessed: false, is_null: false }
    }

    /// The empty session that stands in where there is no secret key.
    pub fn null() -> Self {
        Self { is_null: true, ..Self::opened(Map::new()) }
    }

    /// Whether the session is permanent: the truth of what is stored under `_permanent`.
    pub fn is_permanent(&self) -> bool {
        self.data.get(PERMANENT).is_some_and(Value::is_true)
    }

    /// Does one action of a view and gives its result.
    pub fn act(&mut self, action: &Action) -> Result<Value, Raised> {
        match action {
            Action::Nothing => return Ok(Value::Null),
            // Sessions in cookies have no id.
            Action::NotFound | Action::Raise | Action::Regenerate => return Err(Raised::Action),
            _ => self.accessed = true,
        }
        let writes = matches!(
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
        );
        if self.is_null && writes {
            return Err(Raised::NoSecretKey);
        }
        let missing = Raised::Action;
        Ok(match action {
            Action::Append { key, value } => match self.item(key)? {
                Value::List(items) => {
                    items.push(value.clone());
                    Value::Null
                }
                _ => return Err(Raised::Action),
            },
            Action::Bool => Value::Bool(!self.data.is_empty()),
            Action::Clear => {
                self.data.clear();
                self.mark_modified()
            }
            Action::Contains { key } => Value::Bool(self.data.contains_key(hashable(key)?)),
            Action::Delete { key } => {
                self.data.remove(hashable(key)?).ok_or(missing)?;
                self.mark_modified()
            }
            Action::Get { key } | Action::StreamGet { key } => {
                self.data.get(hashable(key)?).cloned().unwrap_or(Value::Null)
            }
            Action::Items => Value::Map(self.data.clone()),
            Action::Iterate => Value::List(self.data.iter().map(|(key, _)| key.clone()).collect()),
            Action::Len => Value::int(self.data.len()),
            Action::Modified => Value::Bool(self.modified),
            Action::Mutate { key, path, value } => {
                let (last, steps) = path.split_last().ok_or(Raised::Action)?;
                let mut place = self.item(key)?;
                for step in steps {
                    place = nested(place, step).ok_or(Raised::Action)?;
                }
                assign(place, last, value.clone())?;
                Value::Null
            }
            Action::Permanent => self.data.get(PERMANENT).cloned().unwrap_or(Value::Bool(false)),
            Action::Pop { key, default } => match (self.data.remove(hashable(key)?), default) {
                (Some(value), _) => {
                    self.modified = true;
                    value
                }
                (None, Some(default)) => default.clone(),
                (None, None) => return Err(missing),
            },
            Action::PopItem => {
                let (key, value) = self.data.pop_last().ok_or(missing)?;
                self.modified = true;
                Value::List(vec![key, value])
            }
            Action::Set { key, value } => {
                self.data.insert(hashable(key)?.clone(), value.clone());
                self.mark_modified()
            }
            Action::SetDefault { key, value } => match self.data.get(hashable(key)?) {
                Some(value) => value.clone(),
                None => {
                    self.data.insert(key.clone(), value.clone());
                    self.modified = true;
                    value.clone()
                }
            },
            Action::SetModified { value } => {
                self.modified = *value;
                Value::Null
            }
            Action::SetPermanent { value } => {
                self.data.insert(PERMANENT, *value);
                self.mark_modified()
            }
            Action::SetMade { key, of, value } => {
                self.data.insert(hashable(key)?.clone(), of.becomes(value));
                self.mark_modified()
            }
            Action::SetPermanentTo { value } => {
                self.data.insert(PERMANENT, value.is_true());
                self.mark_modified()
            }
            Action::Union { values } | Action::Update { values } => {
                for (key, value) in values.iter() {
                    self.data.insert(hashable(key)?.clone(), value.clone());
                }
                self.mark_modified()
            }
            Action::NotFound | Action::Nothing | Action::Raise | Action::Regenerate => Value::Null,
        })
    }

    fn mark_modified(&mut self) -> Value {
        self.modified = true;
        Value::Null
    }

    /// A value to be changed in place, which the session does not notice (`MOD-5`).
    fn item(&mut self, key: &Value) -> Result<&mut Value, Raised> {
        self.data.get_mut(hashable(key)?).ok_or(Raised::Action)
    }
}

fn hashable(key: &Value) -> Result<&Value, Raised> {
    if is_hashable(key) { Ok(key) } else { Err(Raised::Action) }
}

/// `place[step]` where the result can be changed or stepped through.
fn nested<'a>(place: &'a mut Value, step: &Value) -> Option<&'a mut Value> {
    match place {
        Value::List(items) | Value::Tuple(items) => {
            let at = index(step, items.len())?;
            items.get_mut(at)
        }
        Value::Map(map) => map.get_mut(step),
        _ => None,
    }
}

/// `place[step] = value`.
fn assign(place: &mut Value, step: &Value, value: Value) -> Result<(), Raised> {
    match place {
        Value::List(items) => {
            let at = index(step, items.len()).ok_or(Raised::Action)?;
            items[at] = value;
        }
        Value::Map(map) => map.insert(hashable(step)?.clone(), value),
        _ => return Err(Raised::Action),
    }
    Ok(())
}

/// Python's index into `len` items: negative ones count from the end.
fn index(step: &Value, len: usize) -> Option<usize> {
    let at = i64::try_from(step.as_int()?).ok()?;
    let at = if at < 0 { at + i64::try_from(len).ok()? } else { at };
    usize::try_from(at).ok().filter(|at| *at < len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::opened([("a", Value::List(vec![Value::int(1)]))].into_iter().collect())
    }

    #[test]
    fn what_counts_as_a_modification() {
        let key = || Value::from("a");
        for (action, modifies) in [
            (Action::Get { key: key() }, false),
            (Action::Set { key: key(), value: Value::List(vec![Value::int(1)]) }, true),
            (Action::SetDefault { key: key(), value: Value::Null }, false),
            (Action::SetDefault { key: "b".into(), value: Value::Null }, true),
            (Action::Pop { key: "b".into(), default: Some(Value::Null) }, false),
            (Action::Update { values: Map::new() }, true),
            (Action::Union { values: Map::new() }, true),
            (Action::Append { key: key(), value: Value::Null }, false),
            (Action::Mutate { key: key(), path: vec![Value::int(-1)], value: Value::Null }, false),
        ] {
            let mut session = session();
            session.act(&action).unwrap();
            assert_eq!(session.modified, modifies, "{action:?}");
            assert!(session.accessed);
        }
    }

    #[test]
    fn a_nested_value_is_changed_where_pythons_indices_point() {
        let list = |items: &[i32]| Value::List(items.iter().map(|item| Value::int(*item)).collect());
        let nested = Value::Tuple(vec![list(&[1, 2]), Value::Map([("k", list(&[3]))].into_iter().collect())]);
        for (path, changed) in [
            (vec![Value::int(0), Value::int(0)], Some([9, 2, 3])),
            (vec![Value::int(0), Value::int(1)], Some([1, 9, 3])),
            (vec![Value::int(-2), Value::int(-1)], Some([1, 9, 3])),
            (vec![Value::int(-2), Value::int(-2)], Some([9, 2, 3])),
            (vec![Value::int(1), "k".into(), Value::Bool(false)], Some([1, 2, 9])),
            (vec![Value::int(0), Value::int(2)], None),
            (vec![Value::int(0), Value::int(-3)], None),
            (vec![Value::int(2), Value::int(0)], None),
            (vec![Value::int(0)], None),
            (vec![Value::int(1), "k".into(), "0".into()], None),
        ] {
            let mut session = Session::opened([("a", nested.clone())].into_iter().collect());
            let done = session.act(&Action::Mutate { key: "a".into(), path: path.clone(), value: Value::int(9) });
            assert_eq!(done.is_ok(), changed.is_some(), "{path:?}");
            let [a, b, c] = changed.unwrap_or([1, 2, 3]);
            let inner = Value::Map([("k", list(&[c]))].into_iter().collect());
            let expected = Value::Tuple(vec![list(&[a, b]), inner]);
            assert_eq!(session.data.get("a"), Some(&expected), "{path:?}");
        }
    }

    #[test]
    fn a_missing_key_raises_and_changes_nothing() {
        let mut session = session();
        assert_eq!(session.act(&Action::Delete { key: "b".into() }), Err(Raised::Action));
        assert_eq!(session.act(&Action::Pop { key: "b".into(), default: None }), Err(Raised::Action));
        assert!(!session.modified);
    }

    #[test]
    fn without_a_key_writes_raise_and_reads_do_not() {
        let mut session = Session::null();
        assert_eq!(session.act(&Action::Len), Ok(Value::int(0)));
        assert_eq!(session.act(&Action::Clear), Err(Raised::NoSecretKey));
    }
}
