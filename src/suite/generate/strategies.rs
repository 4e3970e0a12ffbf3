//! Strategies that are built once. proptest's own would be built again for every value: a text by a regular expression parses the
//! expression each time, and nested values build all their strategies each time. That would take most of the time of a case.

use proptest::{char::ranges, collection::vec, prelude::*};
use std::{borrow::Cow, ops::RangeInclusive};

/// So many characters, each from one of some ranges.
pub fn text_in(characters: &'static [RangeInclusive<char>], count: RangeInclusive<usize>) -> BoxedStrategy<String> {
    vec(ranges(Cow::Borrowed(characters)), count).prop_map(String::from_iter).boxed()
}

/// Values within values: as deep as `depth`, of about `size` values where a container holds about `entries`. The chances are
/// those of [`Strategy::prop_recursive`].
pub fn nested<T: std::fmt::Debug + 'static>(
    leaf: BoxedStrategy<T>,
    [depth, size, entries]: [u32; 3],
    within: impl Fn(BoxedStrategy<T>) -> BoxedStrategy<T>,
) -> BoxedStrategy<T> {
    (1..=depth).rev().fold(leaf, |inner, level| {
        let containers = u64::from(size) * 1000 / u64::from(2 * entries).saturating_pow(level);
        let containers = containers.clamp(1, 900) as u32;
        prop_oneof![1000 - containers => inner.clone(), containers => within(inner)].boxed()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    #[test]
    fn texts_keep_to_their_characters_and_their_length() {
        let mut runner = TestRunner::deterministic();
        let text = text_in(&['a'..='c', '.'..='.'], 1..=3);
        let texts: Vec<_> = (0..500).map(|_| text.new_tree(&mut runner).unwrap().current()).collect();
        assert!(texts.iter().all(|text| text.chars().all(|c| "abc.".contains(c)) && (1..=3).contains(&text.len())));
        assert!(texts.iter().any(|text| text.contains('.')) && texts.iter().any(|text| text.len() == 3));
    }

    #[test]
    fn nests_reach_their_depth_and_no_further() {
        #[derive(Clone, Debug)]
        struct Nest(Vec<Nest>);
        impl Nest {
            fn depth(&self) -> usize {
                self.0.iter().map(|inner| inner.depth() + 1).max().unwrap_or(0)
            }
        }
        let mut runner = TestRunner::deterministic();
        let nests =
            nested(Just(Nest(Vec::new())).boxed(), [3, 24, 4], |inner| vec(inner, 1..=4).prop_map(Nest).boxed());
        let depths: Vec<_> = (0..2000).map(|_| nests.new_tree(&mut runner).unwrap().current().depth()).collect();
        assert_eq!((depths.iter().min(), depths.iter().max()), (Some(&0), Some(&3)));
    }
}
