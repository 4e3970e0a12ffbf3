//! What a run is made of.

use super::{live, shard::Shard};
use crate::{
    config::Config,
    rules::Pattern,
    suite::{
        generate::sizes::{Preset, Sizes},
        outcome::known::KnownFailures,
    },
};
use std::{panic::Location, sync::Arc, time::Duration};

/// What a run is made of.
///
/// ```
/// use sessionproof::{Options, Preset};
///
/// let options = Options::from_preset(Preset::Quick)
///     .cases(500)
///     .known_failure("SIG-7", "the base64 of our library is strict, see the tracker");
/// assert_eq!(options.cases, 500);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The name of the specification, for the report.
    pub spec: String,
    /// The rules that count.
    pub rules: Pattern,
    /// The one configuration that can be asked about; a run finds out whether there is only one.
    pub fixed_config: Option<Arc<Config>>,
    /// How many cases are generated, about.
    pub cases: usize,
    /// How large the generated cases grow.
    pub sizes: Sizes,
    /// The seed of the generated cases: the same seed with the same sizes makes the same cases.
    pub seed: u64,
    /// The failures that are known, and do not fail the run.
    pub known: KnownFailures,
    /// The part of the run that is done.
    pub shard: Shard,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether failures of generated cases stay unshrunk, which is enough to learn which rules are broken.
    pub no_shrink: bool,
    /// How long one call to a type in Rust may take, where [`conformance`](crate::conformance()) runs it.
    pub call_limit: Option<Duration>,
}

impl Options {
    /// All rules, by the vectors and the generated cases of a preset.
    pub fn from_preset(preset: Preset) -> Self {
        Self { cases: preset.cases(), sizes: preset.sizes(), ..Self::default() }
    }

    /// Sets the rules that count.
    #[must_use]
    pub fn rules(self, rules: Pattern) -> Self {
        Self { rules, ..self }
    }

    /// Sets how many cases are generated, about; 0 leaves the vectors alone.
    #[must_use]
    pub fn cases(self, cases: usize) -> Self {
        Self { cases, ..self }
    }

    /// Sets how large the generated cases grow.
    #[must_use]
    pub fn sizes(self, sizes: Sizes) -> Self {
        Self { sizes, ..self }
    }

    /// Sets the seed of the generated cases.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the list of known failures.
    #[must_use]
    pub fn known(self, known: KnownFailures) -> Self {
        Self { known, ..self }
    }

    /// Adds a known failure: the rules that are broken, written as for `--rules`, and the reason. Such a failure does not
    /// fail the run; an entry that now passes does, and so does one that names no rule.
    #[must_use]
    #[track_caller]
    pub fn known_failure(mut self, rules: &str, reason: &str) -> Self {
        self.known.add(Location::caller(), Some(rules), None, reason);
        self
    }

    /// Adds a known failure that one vector or property finds: its id or its sentence, as a failure shows it, with `*` for any
    /// characters.
    #[must_use]
    #[track_caller]
    pub fn known_case(mut self, case: &str, reason: &str) -> Self {
        self.known.add(Location::caller(), None, Some(case), reason);
        self
    }

    /// Sets the part of the run that is done.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Self {
        Self { shard, ..self }
    }

    /// Sets whether the first failure ends the run.
    #[must_use]
    pub fn fail_fast(self, fail_fast: bool) -> Self {
        Self { fail_fast, ..self }
    }

    /// Sets whether failures of generated cases stay unshrunk.
    #[must_use]
    pub fn no_shrink(self, no_shrink: bool) -> Self {
        Self { no_shrink, ..self }
    }

    /// Sets how long one call to a type in Rust may take: 10 seconds, unless this says otherwise.
    #[must_use]
    pub fn call_limit(self, limit: Duration) -> Self {
        Self { call_limit: Some(limit), ..self }
    }

    /// Sets the name of the specification, for the report.
    #[must_use]
    pub fn spec(self, spec: impl Into<String>) -> Self {
        Self { spec: spec.into(), ..self }
    }

    /// Whether checks can be evidence for a rule: it is chosen, and needs no other configuration than there is.
    pub(in crate::suite) fn counts(&self, rule: &str) -> bool {
        self.rules.matches(rule) && self.fixed_config.as_ref().is_none_or(|config| live::needs(rule, config).is_none())
    }
}
