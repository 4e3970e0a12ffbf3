//! What the store holds, beside what the model's store holds.

use super::Walk;
use crate::{
    model::store::KeyIs,
    protocol::story::{StepAnswer, StoredKey},
};

impl Walk<'_> {
    /// Compares what the store holds: which sessions, and how long each still lives.
    pub(super) fn keys(&mut self, expected: &[KeyIs], got: &StepAnswer) -> bool {
        if self.is_in_cookie() {
            return true;
        }
        let Some(keys) = &got.keys else { return true };
        let passed = self.passed(got);
        // What has ended and was not removed yet is no session any more.
        let is_live = |key: &&StoredKey| key.ends_in_ms.is_none_or(|left| left > 0);
        let keys: Vec<_> = keys.iter().filter(is_live).collect();
        let known = |key: &StoredKey| Some(self.ids.known(key.id.as_deref()?)?.to_owned());
        let ids: Vec<_> = keys.iter().map(|key| known(key)).collect();
        let own: Vec<_> = expected.iter().filter(|key| key.is_own && key.left > passed).collect();
        for key in &own {
            let place = ids.iter().position(|id| id.as_ref() == Some(&key.id));
            let Some(there) = place.and_then(|place| keys.get(place).copied()) else {
                let rule = self.blame_missing_key(key, !keys.is_empty());
                self.differ(rule, "the keys of the store", "the session's key", "it is not there");
                return false;
            };
            if !self.end(key, there, passed) {
                return false;
            }
        }
        for (there, id) in keys.into_iter().zip(ids) {
            let Some(value) = there.id.as_deref() else { continue };
            let is_allowed =
                |id: &String| expected.iter().any(|key| key.id == *id) || self.world.is_over_by_shortening(id);
            let is_expected = id.as_ref().is_some_and(is_allowed);
            if !is_expected {
                let (rule, what) = self.blame_extra_key(id.as_deref(), value);
                self.differ(rule, "the keys of the store", "no other key", what);
                return false;
            }
        }
        true
    }

    /// Compares how long a session still lives.
    fn end(&mut self, key: &KeyIs, there: &StoredKey, passed: i64) -> bool {
        const EXACT: i64 = 1000;
        let words = |micros: i64| format!("{} ms", micros / 1000);
        let Some(left) = there.ends_in_ms else {
            let rule = self.blame_endless(key);
            self.differ(rule, "the end of the key", words(key.left), "none");
            return false;
        };
        let left = left.saturating_mul(1000);
        let tick = self.tick();
        let is_short = left.saturating_add(passed).saturating_add(EXACT).saturating_add(tick) < key.left;
        let is_long = left > key.left.saturating_add(key.slack).saturating_add(EXACT).saturating_add(tick);
        if (is_short || is_long) && !key.is_shortened {
            let rule = self.blame_end(key, left);
            self.differ(rule, "how long the key lives", words(key.left), words(left));
            return false;
        }
        true
    }
}
