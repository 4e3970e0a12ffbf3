//! The settings of the generators: how many cases a run has, and how large they grow.
//!
//! Settings limit, and do not bias: each generator chooses its own edge cases, and every preset covers all of them. The same seed
//! with the same preset makes the same cases.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How thorough a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// 2,000 small cases: seconds.
    Quick,
    /// 10,000 cases.
    #[default]
    Standard,
    /// 200,000 cases, larger ones among them: minutes.
    Deep,
}

impl Preset {
    /// Every preset, the quickest first.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Standard, Self::Deep];

    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deep => "deep",
            Self::Quick => "quick",
            Self::Standard => "standard",
        }
    }

    /// How many cases are generated, about.
    pub fn cases(self) -> usize {
        match self {
            Self::Deep => 200_000,
            Self::Quick => 2_000,
            Self::Standard => 10_000,
        }
    }

    /// How large they grow.
    pub fn sizes(self) -> Sizes {
        match self {
            Self::Deep => Sizes::DEEP,
            Self::Quick => Sizes::QUICK,
            Self::Standard => Sizes::STANDARD,
        }
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|preset| preset.name() == name);
        named.ok_or_else(|| format!("there is no preset {name:?}; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// How large the things in generated cases grow, each at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Actions of one view.
    pub actions: usize,
    /// Browsers in a story.
    pub browsers: usize,
    /// Configurations that the cases of one property share, in addition to a plain one. Adapters keep 128 before they forget the
    /// first.
    pub configs: usize,
    /// Entries of a list, a tuple or a map.
    pub entries: usize,
    /// Containers within containers.
    pub depth: u32,
    /// Code points of a text that may pay to compress.
    pub long_text: usize,
    /// Good cookies of which every one-character edit is tested.
    pub one_character_edits: usize,
    /// Pairs in an unusual Cookie header.
    pub pairs: usize,
    /// Servers in a story.
    pub servers: usize,
    /// Happenings in a story.
    pub steps: usize,
    /// Code points of an ordinary text.
    pub text: usize,
}

impl Sizes {
    /// Of [`Preset::Quick`].
    pub const QUICK: Self = Self {
        actions: 4,
        browsers: 2,
        configs: 20,
        entries: 3,
        depth: 2,
        long_text: 1_000,
        one_character_edits: 1,
        pairs: 4,
        servers: 2,
        steps: 10,
        text: 12,
    };

    /// Of [`Preset::Standard`].
    pub const STANDARD: Self = Self {
        actions: 5,
        browsers: 3,
        configs: 40,
        entries: 4,
        depth: 3,
        long_text: 5_000,
        one_character_edits: 2,
        pairs: 5,
        servers: 3,
        steps: 14,
        text: 24,
    };

    /// Of [`Preset::Deep`].
    pub const DEEP: Self = Self {
        actions: 8,
        browsers: 4,
        configs: 100,
        entries: 6,
        depth: 5,
        long_text: 20_000,
        one_character_edits: 4,
        pairs: 8,
        servers: 4,
        steps: 24,
        text: 60,
    };
}

impl Sizes {
    /// The preset that they are of, if they are of any.
    pub fn preset(&self) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.sizes() == *self)
    }
}

impl Default for Sizes {
    fn default() -> Self {
        Self::STANDARD
    }
}
