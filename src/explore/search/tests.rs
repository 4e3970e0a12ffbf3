//! The search on small maps whose states, counts and shortest runs are known, and on random ones beside a plain enumeration of
//! all runs.

use super::{Searched, search};
use crate::explore::{
    graph::Graph,
    system::{Kind, Property, System, Transition},
};
use proptest::prelude::*;
use std::{cell::Cell, collections::HashSet};

/// Places and one-way roads between them. A road's name is the event.
#[derive(Clone, Debug, Default)]
struct Map {
    initial: Vec<u8>,
    roads: Vec<(u8, char, u8)>,
    claims: Vec<Claim>,
}

/// A property, with the roads that break or show it, or with the places where it holds eventually.
#[derive(Clone, Debug)]
struct Claim {
    kind: Kind,
    roads: Vec<(u8, char)>,
    places: Vec<u8>,
}

fn map(roads: &[(u8, char, u8)]) -> Map {
    Map { initial: vec![0], roads: roads.to_vec(), claims: Vec::new() }
}

impl Map {
    fn with(mut self, kind: Kind, roads: &[(u8, char)]) -> Self {
        self.claims.push(Claim { kind, roads: roads.to_vec(), places: Vec::new() });
        self
    }

    fn with_eventually(mut self, places: &[u8]) -> Self {
        self.claims.push(Claim { kind: Kind::Eventually, roads: Vec::new(), places: places.to_vec() });
        self
    }

    fn roads_from(&self, place: u8) -> impl Iterator<Item = (u8, char, u8)> {
        self.roads.iter().copied().filter(move |(from, ..)| *from == place)
    }

    fn changing(&self, place: u8) -> impl Iterator<Item = (u8, char, u8)> {
        self.roads_from(place).filter(|(from, _, to)| from != to)
    }
}

impl System for Map {
    type State = u8;
    type Event = char;
    type Seen = ();

    fn initial_states(&self) -> Vec<u8> {
        self.initial.clone()
    }

    fn successors(&self, place: &u8) -> Vec<Transition<Self>> {
        self.roads_from(*place).map(|(_, event, state)| Transition { event, state, seen: () }).collect()
    }

    fn properties(&self) -> Vec<Property> {
        self.claims.iter().map(|claim| Property { name: "a claim", rule: "SYS-1", kind: claim.kind }).collect()
    }

    fn shows(&self, property: usize, before: &u8, transition: &Transition<Self>) -> bool {
        self.claims[property].roads.contains(&(*before, transition.event))
    }

    fn eventually_holds(&self, property: usize, place: &u8) -> bool {
        self.claims[property].places.contains(place)
    }
}

fn run(map: Map) -> Searched<Map> {
    search(map, &mut |_| {}).unwrap()
}

/// For each property, the events of the witness.
fn witnesses(searched: &Searched<Map>) -> Vec<Option<String>> {
    searched.findings.iter().map(|finding| Some(finding.witness.as_ref()?.events.iter().collect())).collect()
}

/// The one property of a map: the events of its witness, if it has one.
fn witness(map: Map) -> Option<String> {
    witnesses(&run(map)).remove(0)
}

/// Two ways round to place 5, a place where one can stay, a dead end (6), and a place that cannot be reached (7).
fn town() -> Map {
    map(&[
        (0, 'a', 1),
        (0, 'b', 2),
        (1, 'a', 3),
        (1, 's', 1),
        (2, 'a', 3),
        (2, 'b', 4),
        (3, 'a', 5),
        (4, 'a', 5),
        (4, 'b', 6),
        (5, 'a', 0),
        (7, 'a', 0),
    ])
}

#[test]
fn states_transitions_and_depth_are_counted() {
    let graph = run(town()).graph;
    assert_eq!((graph.states(), graph.transitions(), graph.changes(), graph.depth()), (7, 10, 9, 4));
    let from_both = Graph::of(&Map { initial: vec![0, 7, 0], ..town() });
    assert_eq!((from_both.states(), from_both.transitions(), from_both.depth()), (8, 11, 4));
}

#[test]
fn a_witness_is_the_first_in_breadth_first_order() {
    let searched = run(town()
        .with(Kind::Sometimes, &[(5, 'a')])
        .with(Kind::Sometimes, &[(4, 'b'), (3, 'a')])
        .with(Kind::Always, &[(2, 'b'), (2, 'a')])
        .with(Kind::Sometimes, &[(1, 's')])
        .with(Kind::Always, &[(7, 'a')])
        .with(Kind::Sometimes, &[(7, 'a')]));
    let expected = [Some("aaaa"), Some("aaa"), Some("ba"), Some("as"), None, None];
    assert_eq!(witnesses(&searched), expected.map(|events| events.map(str::to_owned)));
    let true_ones: Vec<bool> = searched.findings.iter().map(|finding| finding.is_true()).collect();
    assert_eq!(true_ones, [true, true, false, true, true, false]);
    assert!(!searched.holds());
}

#[test]
fn a_detour_is_not_taken_where_there_is_a_short_way() {
    let roads = [(0, 'a', 1), (0, 'z', 4), (1, 'a', 2), (2, 'a', 3), (3, 'a', 4), (4, 'a', 5), (5, 'a', 6)];
    assert_eq!(witness(map(&roads).with(Kind::Sometimes, &[(5, 'a')])).as_deref(), Some("zaa"));
    // The other way round, so that neither the first nor the last road is always the right one.
    let roads = [(0, 'z', 4), (0, 'a', 1), (1, 'a', 2), (2, 'a', 3), (3, 'a', 4), (4, 'a', 5), (5, 'a', 6)];
    assert_eq!(witness(map(&roads).with(Kind::Sometimes, &[(5, 'a')])).as_deref(), Some("zaa"));
}

#[test]
fn a_run_begins_in_the_initial_state_that_is_nearest() {
    let roads = [(0, 'a', 1), (1, 'a', 2), (2, 'a', 3), (9, 'b', 2)];
    let searched = run(Map { initial: vec![0, 9], ..map(&roads).with(Kind::Sometimes, &[(2, 'a')]) });
    let run = searched.findings[0].witness.as_ref().unwrap();
    assert_eq!((run.start, run.events.as_slice()), (9, ['b', 'a'].as_slice()));
}

#[test]
fn what_holds_in_every_run_in_the_end_has_no_witness() {
    assert_eq!(witness(town().with_eventually(&[0])), None);
    assert_eq!(witness(town().with_eventually(&[5, 6])), None);
    assert_eq!(witness(map(&[(0, 'a', 1), (0, 'b', 2)]).with_eventually(&[1, 2])), None);
}

#[test]
fn an_eventuality_is_avoided_by_a_dead_end() {
    assert_eq!(witness(town().with_eventually(&[5])).as_deref(), Some("bbb"));
    assert_eq!(witness(map(&[]).with_eventually(&[1])).as_deref(), Some(""));
}

#[test]
fn an_eventuality_is_avoided_by_a_cycle() {
    let roads = [(0, 'a', 1), (1, 'a', 2), (2, 'b', 1), (2, 'c', 3)];
    assert_eq!(witness(map(&roads).with_eventually(&[3])).as_deref(), Some("aab"));
    assert_eq!(witness(town().with_eventually(&[6])).as_deref(), Some("aaaa"));
    // The cycle nearest to the beginning is longer than a farther one.
    let roads = [
        (0, 'a', 1),
        (1, 'a', 2),
        (2, 'a', 3),
        (3, 'a', 4),
        (4, 'a', 0),
        (3, 'b', 5),
        (0, 'c', 6),
        (6, 'd', 0),
        (5, 'e', 5),
    ];
    assert_eq!(witness(map(&roads).with_eventually(&[5])).as_deref(), Some("cd"));
}

#[test]
fn staying_for_ever_is_no_way_to_avoid_anything_but_a_place_where_one_can_only_stay_is_an_end() {
    assert_eq!(witness(map(&[(0, 's', 0), (0, 'a', 1), (1, 's', 1)]).with_eventually(&[1])), None);
    assert_eq!(witness(map(&[(0, 'a', 1), (1, 's', 1)]).with_eventually(&[2])).as_deref(), Some("a"));
}

/// Both ways lead to place 3, and the first one passes a place where it holds.
#[test]
fn a_run_avoids_what_another_run_to_the_same_state_has_met() {
    let roads = [(0, 'a', 1), (0, 'b', 2), (1, 'a', 3), (2, 'a', 3)];
    assert_eq!(witness(map(&roads).with_eventually(&[1])).as_deref(), Some("ba"));
}

#[test]
fn a_system_can_have_as_many_properties_as_it_likes() {
    let many = (0..200).fold(town(), |map, _| map.with(Kind::Sometimes, &[(7, 'a')]));
    let searched = run(many.with(Kind::Always, &[(0, 'b')]));
    assert_eq!(witnesses(&searched).last(), Some(&Some("b".to_owned())));
    assert_eq!(witnesses(&searched).iter().filter(|witness| witness.is_some()).count(), 1);
}

#[test]
fn progress_is_told_on_the_way_and_ends_with_the_number_of_states() {
    let line: Vec<_> = (0..250).map(|place| (place, 'a', place + 1)).collect();
    let rows: Vec<_> = line.iter().flat_map(|(from, event, to)| [(*from, *event, *to), (*from, 's', *from)]).collect();
    let (told, last) = (Cell::new(0), Cell::new(0));
    let graph = search(map(&rows), &mut |states| {
        told.set(told.get() + 1);
        last.set(states);
    })
    .unwrap()
    .graph;
    assert_eq!((told.get(), last.get(), graph.depth()), (2, 251, 251));
}

/// How many events the shortest run has that avoids some places: all simple ways are tried.
fn shortest_avoiding(map: &Map, places: &[u8], way: &mut Vec<u8>) -> Option<usize> {
    let here = *way.last()?;
    if places.contains(&here) {
        return None;
    }
    if map.changing(here).next().is_none() {
        return Some(way.len() - 1);
    }
    let mut shortest = None;
    for (_, _, to) in map.changing(here) {
        let found = if way.contains(&to) {
            Some(way.len())
        } else {
            way.push(to);
            let found = shortest_avoiding(map, places, way);
            way.pop();
            found
        };
        shortest = [shortest, found].into_iter().flatten().min();
    }
    shortest
}

/// How many events the shortest run has that ends with one of some roads: places are entered round by round.
fn shortest_to(map: &Map, roads: &[(u8, char)]) -> Option<usize> {
    let mut here: HashSet<u8> = map.initial.iter().copied().collect();
    for events in 1..=map.roads.len() + 1 {
        let next: Vec<_> = here.iter().flat_map(|place| map.roads_from(*place)).collect();
        if next.iter().any(|(from, event, _)| roads.contains(&(*from, *event))) {
            return Some(events);
        }
        here = next.into_iter().map(|(.., to)| to).collect();
    }
    None
}

/// Whether a run takes roads that there are.
fn is_possible(map: &Map, start: u8, events: &[char]) -> bool {
    let mut here = start;
    map.initial.contains(&start)
        && events.iter().all(|event| {
            let road = map.roads_from(here).find(|(_, name, _)| name == event);
            here = road.map_or(here, |(.., to)| to);
            road.is_some()
        })
}

fn any_map() -> impl Strategy<Value = Map> {
    let roads = proptest::collection::vec((0..7_u8, 0..7_u8), 0..14);
    let roads =
        roads.prop_map(|pairs| pairs.into_iter().zip('a'..).map(|((from, to), name)| (from, name, to)).collect());
    (roads, proptest::collection::vec(0..7_u8, 1..3)).prop_map(|(roads, initial)| Map {
        initial,
        roads,
        claims: Vec::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_witness_on_a_random_map_is_possible_and_as_short_as_any(
        map in any_map(),
        places in proptest::collection::vec(0..7_u8, 0..4),
        shown in proptest::collection::vec(0..14_usize, 1..4),
    ) {
        let shown: Vec<_> = shown.into_iter().filter_map(|place| map.roads.get(place)).map(|road| (road.0, road.1)).collect();
        let searched = run(map.clone().with(Kind::Sometimes, &shown).with_eventually(&places));
        let avoiding = map.initial.iter().filter_map(|start| shortest_avoiding(&map, &places, &mut vec![*start])).min();
        for (finding, expected) in searched.findings.iter().zip([shortest_to(&map, &shown), avoiding]) {
            prop_assert_eq!(finding.witness.as_ref().map(|run| run.events.len()), expected);
            if let Some(run) = &finding.witness {
                prop_assert!(is_possible(&map, run.start, &run.events));
            }
        }
    }
}
