//! Which rule a difference in a story breaks. The model knows why the right answer is right: how a session ended, what a request
//! did, what happened before. That tells the rule.

use super::{Last, Past, Walk, change::Change};
use crate::{
    model::store::{Effect, Found, How, KeyIs, RequestIs, StatusIs},
    protocol::{
        BoundaryChoice,
        story::{Step, StepAnswer},
    },
    value::Map,
};

/// Why a running clock shows nothing.
pub(super) const NOT_SHOWN: &str = "the store's clock cannot show what happens so near the end of a session";

const SECOND: i64 = 1_000_000;
const THIRTY_DAYS: i64 = 30 * 86_400 * SECOND;

/// A session could not be opened.
pub(super) fn not_opened(found: &Found, past: &Past) -> &'static str {
    match found {
        Found::Unreachable => "STO-34",
        Found::Ended { .. } | Found::Over { .. } => "STO-15",
        _ if past.was_away => "STO-34",
        Found::OtherPrefix { .. } => "STO-31",
        Found::Unknown => "STO-26",
        _ => "STO-15",
    }
}

/// What a status must be, in words.
pub(super) fn status_words(status: StatusIs) -> String {
    match status {
        StatusIs::Any => "any".to_owned(),
        StatusIs::Error => "an error (400 or more)".to_owned(),
        StatusIs::Exactly(status) => status.to_string(),
    }
}

/// A new session has an id that was there before.
pub(super) fn same_id(request: &RequestIs) -> &'static str {
    match (&request.effect, &request.found) {
        (Effect::Regenerated, _) => "STO-27",
        (_, Found::Ended { how: How::Lost, .. }) => "STO-37",
        _ => "STO-26",
    }
}

/// Something brings back, or changes, what has ended in this way, while a request of that kind was under way.
fn revived(how: How, late: Effect) -> &'static str {
    match (how, late) {
        (How::Regenerated, _) => "STO-27",
        (How::Lost, _) => "STO-37",
        (How::Cleared, Effect::LateWrite) => "STO-23",
        (How::Cleared, _) => "STO-22",
    }
}

impl Walk<'_> {
    fn lifetime(&self) -> i64 {
        i64::try_from(self.world.config.config.lifetime.micros().unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// The rule of a session's end, by what is configured.
    fn of_end(&self) -> &'static str {
        match self.lifetime() {
            lifetime if lifetime % SECOND != 0 => "STO-4",
            THIRTY_DAYS.. => "STO-6",
            _ => "STO-3",
        }
    }

    pub(super) fn tick(&self) -> i64 {
        match self.choices.store.boundary {
            BoundaryChoice::Tick => i64::from(self.choices.store.precision_ms.0).saturating_mul(1000),
            _ => 0,
        }
    }

    /// How a session ended that the model does not have any more.
    fn ended(&self, id: &str) -> Option<(How, Option<Effect>)> {
        self.world.ended(id).map(|ended| (ended.how, ended.late))
    }

    /// Another session was opened than the right one.
    pub(super) fn blame_opened(&self, found: &Found, wanted: &Map, opened: &Map) -> &'static str {
        match found {
            Found::NoCookie => "STO-2",
            Found::Unreachable => "STO-34",
            Found::Unknown if self.past.is_restarted => "STO-30",
            Found::Unknown => "STO-26",
            Found::OtherPrefix { .. } => "STO-31",
            Found::Ended { how, late: Some(late), .. } => revived(*how, *late),
            Found::Ended { how: How::Cleared, .. } => "STO-19",
            Found::Ended { how: How::Lost, .. } => "STO-37",
            Found::Ended { how: How::Regenerated, .. } => "STO-27",
            Found::Over { is_shortened: true, .. } => "STO-16",
            Found::Over { id, since, .. } => self.blame_over(id, *since),
            Found::Live { id, left, by, only_by_renewal, .. } => match opened.is_empty() && !wanted.is_empty() {
                true => self.blame_gone(id, *left, *by, *only_by_renewal),
                false => self.blame_data(id, *by),
            },
        }
    }

    /// A session counts though it is over.
    fn blame_over(&self, id: &str, since: i64) -> &'static str {
        let is_on = self.world.config.config.refresh_each_request;
        match self.last.get(id) {
            _ if since == 0 => "STO-14",
            Some(Last { effect: Effect::Nothing, .. }) if !is_on => "STO-10",
            Some(Last { effect: Effect::Nothing, .. }) => "STO-12",
            _ if self.of_end() != "STO-3" => self.of_end(),
            _ => "STO-3",
        }
    }

    /// A session is gone though it lives.
    fn blame_gone(&self, id: &str, left: i64, by: Effect, only_by_renewal: bool) -> &'static str {
        let last = self.last.get(id);
        match by {
            _ if left == 0 => "STO-14",
            _ if self.past.was_away => "STO-34",
            _ if self.past.was_full => "STO-36",
            Effect::Renewed if only_by_renewal => match last {
                Some(last) if !last.is_accessed => "STO-12",
                _ if self.world.is_permanent(id) => "STO-9",
                _ => "STO-11",
            },
            Effect::Updated if only_by_renewal => "STO-3",
            _ if self.past.is_restarted && self.world.is_guarded_by_fallback(id) => "STO-30",
            _ if self.past.is_restarted => "STO-37",
            Effect::Regenerated => "STO-27",
            _ if self.of_end() != "STO-3" => self.of_end(),
            _ if last.is_some_and(|last| last.effect.is_late()) => "STO-22",
            Effect::Created if left == self.lifetime() => "STO-2",
            _ => "STO-3",
        }
    }

    /// A session lives, and holds something else.
    fn blame_data(&self, id: &str, by: Effect) -> &'static str {
        match self.last.get(id).and_then(|last| last.stale) {
            Some(Effect::Nothing | Effect::Renewed) => "STO-25",
            Some(_) => "STO-24",
            None if by == Effect::Regenerated => "STO-27",
            None if self.past.has_nested_change => "STO-33",
            None => "STO-32",
        }
    }

    pub(super) fn blame_status(&self, request: &RequestIs, status: u16) -> &'static str {
        let is_error = status >= 400;
        match (&request.found, request.effect) {
            (Found::Unreachable, _) if request.wrote => "STO-35",
            (Found::Unreachable, _) => "STO-34",
            (_, effect) if effect.is_late() => self.blame_late(request),
            (_, Effect::Refused) => "STO-24",
            (_, Effect::Nothing) if !is_error && self.past.was_full => "STO-36",
            (_, _) if self.past.was_away => "STO-34",
            (_, _) if self.past.was_full => "STO-36",
            (_, Effect::Created | Effect::Updated) if self.of_end() == "STO-4" || self.lifetime() <= 0 => "STO-4",
            (_, Effect::Created | Effect::Updated) if self.has_kinds() => "STO-32",
            (_, Effect::Created) => "STO-2",
            (_, Effect::Updated) => "STO-32",
            (_, Effect::Deleted) => "STO-18",
            (_, Effect::Regenerated) => "STO-27",
            (found, _) => not_opened(found, &self.past),
        }
    }

    /// Whether the story is about kinds of value beyond JSON.
    fn has_kinds(&self) -> bool {
        !crate::protocol::Call::Story(self.story.clone()).kinds_needed().is_empty()
    }

    /// Something is wrong about a request whose session ended meanwhile.
    fn blame_late(&self, request: &RequestIs) -> &'static str {
        let Found::Live { id, .. } = &request.found else { return "STO-22" };
        let how = self.ended(id).map_or(How::Cleared, |(how, _)| how);
        revived(how, request.effect)
    }

    pub(super) fn blame_cookie(&self, request: &RequestIs, change: &Change, got: &StepAnswer) -> &'static str {
        let is_on = self.world.config.config.refresh_each_request;
        let sets = matches!(change, Change::Set(..));
        match (&request.found, request.effect) {
            (_, effect) if effect.is_late() => self.blame_late(request),
            (Found::Unreachable, _) if request.wrote => "STO-35",
            (Found::Unreachable, _) => "STO-34",
            (_, Effect::Deleted) => "STO-18",
            (_, Effect::Regenerated) => "STO-28",
            (_, Effect::Created) => "STO-2",
            (_, Effect::Refused) => "STO-24",
            (_, Effect::Updated | Effect::Renewed) if matches!(change, Change::Deleted(_)) => "STO-9",
            (Found::Live { id, .. }, Effect::Updated | Effect::Renewed) => match self.is_renewed_in_store(id, got) {
                Some(false) if request.effect == Effect::Renewed && request.accessed => "STO-11",
                Some(false) if request.effect == Effect::Renewed => "STO-12",
                _ => "STO-9",
            },
            (Found::Live { .. }, Effect::Nothing) if self.past.was_full && request.wrote => "STO-36",
            (Found::Live { .. }, _) if !is_on => "STO-10",
            (Found::Live { .. }, _) => "STO-12",
            (Found::Unknown, _) if sets => "STO-26",
            (Found::Ended { how: How::Lost, .. }, _) if sets => "STO-37",
            (Found::Ended { how: How::Regenerated, .. }, _) if sets => "STO-27",
            (Found::Ended { how: How::Cleared, .. }, _) if sets => "STO-19",
            (Found::OtherPrefix { .. }, _) => "STO-31",
            (Found::Over { since: 0, .. }, _) => "STO-14",
            (Found::Over { .. }, _) if sets => "STO-3",
            (Found::NoCookie, Effect::Nothing) if sets && !self.past.is_away => "STO-1",
            _ if self.past.was_away => "STO-34",
            _ if self.past.was_full => "STO-36",
            _ => "STO-1",
        }
    }

    /// Whether the next look at the store, if nothing happens before it, shows that a session's life was counted anew.
    fn is_renewed_in_store(&self, id: &str, _got: &StepAnswer) -> Option<bool> {
        let at = self.at + 1;
        let Some(Step::Look) = self.story.steps.get(at) else { return None };
        let keys = self.answer.steps.get(at)?.keys.as_ref()?;
        let passed = self.passed(self.answer.steps.get(at)?);
        let key = keys.iter().find(|key| key.id.as_deref().and_then(|value| self.ids.known(value)) == Some(id))?;
        let left = key.ends_in_ms?.saturating_mul(1000);
        Some(left.saturating_add(passed).saturating_add(SECOND) >= self.lifetime())
    }

    /// The store lacks the key of a session that lives.
    pub(super) fn blame_missing_key(&self, key: &KeyIs, _has_others: bool) -> &'static str {
        match key.by {
            Effect::Created if key.left == self.lifetime() => match self.of_end() {
                "STO-3" => "STO-2",
                other => other,
            },
            by => self.blame_gone(&key.id, key.left, by, false),
        }
    }

    /// The store has a key that no living session has.
    pub(super) fn blame_extra_key(&self, id: Option<&str>, value: &str) -> (&'static str, String) {
        let Some(id) = id else {
            return match self.ids.is_literal(value) {
                true => ("STO-26", "a key of an id that was made up".to_owned()),
                false if self.past.has_visitor => ("STO-1", "a key that no cookie has".to_owned()),
                false => ("STO-2", "a second key, which no cookie has".to_owned()),
            };
        };
        let there = "the key of a session that has ended".to_owned();
        match self.ended(id) {
            Some((how, Some(late))) => (revived(how, late), there),
            Some((How::Cleared, None)) => ("STO-18", there),
            Some((How::Regenerated, None)) => ("STO-27", there),
            Some((How::Lost, None)) => ("STO-37", there),
            None => (self.blame_over(id, 1), there),
        }
    }

    /// A key has no end.
    pub(super) fn blame_endless(&self, key: &KeyIs) -> &'static str {
        match self.of_end() {
            "STO-4" if self.lifetime() < SECOND => "STO-4",
            _ if !self.world.is_permanent(&key.id) => "STO-8",
            _ => "STO-5",
        }
    }

    /// A key lives shorter or longer than it must.
    pub(super) fn blame_end(&self, key: &KeyIs, left: i64) -> &'static str {
        let is_on = self.world.config.config.refresh_each_request;
        let last = self.last.get(&key.id);
        let is_long = left > key.left;
        if self.lifetime() > THIRTY_DAYS && left <= THIRTY_DAYS {
            return "STO-6";
        }
        match last {
            Some(Last { effect: Effect::Updated, .. }) => "STO-3",
            Some(Last { effect: Effect::Nothing, .. }) if is_long && !is_on => "STO-10",
            Some(Last { effect: Effect::Nothing, .. }) if is_long => "STO-12",
            Some(Last { effect: Effect::Renewed, is_accessed, .. }) if !is_long && key.by == Effect::Renewed => {
                match (is_accessed, self.world.is_permanent(&key.id)) {
                    (false, false) => "STO-12",
                    (_, true) => "STO-9",
                    (true, false) => "STO-11",
                }
            }
            Some(Last { effect: Effect::Regenerated, .. }) => "STO-28",
            _ => self.of_end(),
        }
    }
}
