//! Plainer stories of a store: with a step less, with less in a view, with a plainer time or configuration.

use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    protocol::{
        Action,
        story::{Step, Story, StoryConfig},
    },
};
use std::sync::Arc;

/// The plainest waits, in seconds.
const WAITS: [i64; 3] = [1, 30, 60];

/// Stories that may be plainer, the greatest steps first.
pub(in crate::suite::judging) fn smaller(story: &Story) -> Vec<Story> {
    let with = |steps: Vec<Step>| Story { steps, ..story.clone() };
    let mut all = Vec::new();
    // What comes behind the wrong answer goes first.
    for kept in [story.steps.len() / 2, story.steps.len().saturating_sub(1)] {
        all.extend(ended(story.steps.iter().take(kept).cloned().collect()).map(with));
    }
    all.extend((0..story.steps.len()).filter_map(|at| without(&story.steps, at)).map(with));
    all.extend((0..story.steps.len()).filter_map(|at| as_whole(&story.steps, at)).map(with));
    for (at, step) in story.steps.iter().enumerate() {
        all.extend(plainer(step).into_iter().map(|step| {
            let mut steps = story.steps.clone();
            if let Some(slot) = steps.get_mut(at) {
                *slot = step;
            }
            with(steps)
        }));
    }
    all.extend(configs(&story.config).into_iter().map(|config| Story { config, ..story.clone() }));
    all
}

/// The steps, if every request that begins ends in them, and the other way round.
fn ended(steps: Vec<Step>) -> Option<Vec<Step>> {
    let mut held = Vec::new();
    for step in &steps {
        match step {
            Step::Begin { name, .. } => held.push(name),
            Step::End { name, .. } => {
                let at = held.iter().position(|known| *known == name)?;
                held.remove(at);
            }
            Step::Restart { .. } if !held.is_empty() => return None,
            _ => {}
        }
    }
    held.is_empty().then_some(steps)
}

/// The steps without one; a request that is held goes as a whole.
fn without(steps: &[Step], at: usize) -> Option<Vec<Step>> {
    let name = match steps.get(at)? {
        Step::Begin { name, .. } => Some(name),
        Step::End { .. } => return None,
        _ => None,
    };
    let is_kept = |(place, step): &(usize, &Step)| {
        let is_its_end = matches!(step, Step::End { name: ended, .. } if Some(ended) == name);
        *place != at && !is_its_end
    };
    ended(steps.iter().enumerate().filter(is_kept).map(|(_, step)| step.clone()).collect())
}

/// The steps with a request that is held as a whole one, where it ends or where it begins.
fn as_whole(steps: &[Step], at: usize) -> Option<Vec<Step>> {
    let Step::Begin { name, request } = steps.get(at)? else { return None };
    let end = steps.iter().position(|step| matches!(step, Step::End { name: ended, .. } if ended == name))?;
    let mut steps = steps.to_vec();
    let Step::End { actions, .. } = steps.remove(end) else { return None };
    let mut request = request.clone();
    request.actions.extend(actions);
    if let Some(slot) = steps.get_mut(at) {
        *slot = Step::Request(request);
    }
    ended(steps)
}

/// Plainer steps of the same kind.
fn plainer(step: &Step) -> Vec<Step> {
    let fewer = |actions: &[Action]| {
        let without = |at: usize| {
            let mut fewer = actions.to_vec();
            fewer.remove(at);
            fewer
        };
        (0..actions.len()).map(without).collect::<Vec<_>>()
    };
    match step {
        Step::Advance { seconds } => {
            let plain = WAITS.map(UnixTime::from_seconds).into_iter().filter(|wait| wait != seconds);
            plain.map(|seconds| Step::Advance { seconds }).collect()
        }
        Step::Begin { name, request } => {
            let with = |actions| Step::Begin { name: name.clone(), request: with_actions(request, actions) };
            fewer(&request.actions).into_iter().map(with).collect()
        }
        Step::End { name, actions } => {
            fewer(actions).into_iter().map(|actions| Step::End { name: name.clone(), actions }).collect()
        }
        Step::Request(request) => {
            let with = |actions| Step::Request(with_actions(request, actions));
            fewer(&request.actions).into_iter().map(with).collect()
        }
        Step::Restart { config: Some(config) } => {
            let plain = configs(config).into_iter().map(|config| Step::Restart { config: Some(config) });
            std::iter::once(Step::Restart { config: None }).chain(plain).collect()
        }
        Step::Copy { .. } | Step::Look | Step::Restart { config: None } | Step::Store { .. } => Vec::new(),
    }
}

fn with_actions(request: &crate::protocol::story::Request, actions: Vec<Action>) -> crate::protocol::story::Request {
    crate::protocol::story::Request { actions, ..request.clone() }
}

/// Plainer configurations: a plain lifetime, and no looks. What says how time is counted stays named, so that no implementation's
/// own default counts.
fn configs(config: &StoryConfig) -> Vec<StoryConfig> {
    let old = &config.config;
    let with = |new: Config| StoryConfig { config: Arc::new(new), ..config.clone() };
    let mut plain = (**old).clone().lifetime(Lifetime::Seconds(60));
    let mut all = vec![with(plain.clone())];
    let default = Config::default();
    plain.cookie_secure = default.cookie_secure;
    plain.cookie_samesite.clone_from(&default.cookie_samesite);
    plain.cookie_partitioned = default.cookie_partitioned;
    plain.cookie_domain.clone_from(&default.cookie_domain);
    plain.cookie_path.clone_from(&default.cookie_path);
    plain.cookie_httponly = default.cookie_httponly;
    all.push(with(plain.clone()));
    all.push(with(plain.lifetime(old.lifetime)));
    all.retain(|plain| plain != config);
    all
}
