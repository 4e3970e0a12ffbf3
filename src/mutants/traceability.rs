//! The mutant that proves that a rule is needed: one that the suite catches by this rule and by no other. If a rule has none, the
//! reason is given here.

use super::{Mutant, matrix::Found};
use crate::rules;

/// Rules, or families of them, without a mutant that they alone catch, with the reason.
pub const WITHOUT_MUTANT: &[(&str, &str)] = &[
    ("UA", "no adapter can be asked about a user agent"),
    (
        "CFG-1",
        "whoever has another default is wrong wherever that member is not configured, which other rules tell as well",
    ),
    (
        "EXP-1",
        "it is the whole of which EXP-2, EXP-3, EXP-5, EXP-7 and EXP-8 are the edges, and an age is wrong at some edge first",
    ),
    ("EXP-4", "an age that is not looked at in one kind of session is not looked at at its edges either (EXP-2)"),
    ("EXP-6", "each call brings its configuration: whoever holds on to an older lifetime breaks EXP-1 in single calls"),
    ("REN-6", "a server that slides on reads either writes a cookie (MOD-8) or remembers the visit (SYS-4)"),
    ("SET-1", "it sums up when a cookie is set: MOD-1 to MOD-9, REN-1 to REN-4 and PERM-2 each tell one case"),
    ("SYS-1", "it follows from EXP-1 for each request"),
    ("SYS-2", "it follows from REN-1, REN-5 and EXP-1"),
    ("SYS-3", "it follows from PERM-3 and PERM-4, and from the user agent (UA-1, UA-2)"),
    ("SYS-5", "it follows from EXP-6, and what is remembered of the old lifetime shows in single calls"),
    ("SYS-6", "it follows from KEY-2 and KEY-3"),
    ("SYS-7", "it follows from EXP-1 and REN-3"),
    (
        "STO-19",
        "an id that still counts after a logout is taken for one that a late request brought back, where there was one (STO-22)",
    ),
    ("STO-24", "a write that is lost is taken for one that a reader undid, where there was one as well (STO-25)"),
    ("SYS-8", "it follows from EXP-1 and EXP-3 by the clock of the server that is asked"),
];

/// Why no mutant is caught by this rule alone, where that is known.
pub fn why_without_mutant(rule: &str) -> Option<&'static str> {
    let is_it = |known: &str| known == rule || known == rules::family_of(rule);
    WITHOUT_MUTANT.iter().find(|(known, _)| is_it(known)).map(|(_, why)| *why)
}

/// The first mutant that breaks a rule and survives when this rule is out of force.
pub fn only_caught_by<'f>(rule: &str, mutants: &[&'f Mutant], found: &[Found]) -> Option<&'f Mutant> {
    let is_it =
        |(mutant, found): &(&&Mutant, &Found)| found.caught_by(mutant) == Some(rule) && found.is_missed_without(rule);
    mutants.iter().zip(found).find(is_it).map(|(mutant, _)| *mutant)
}

/// What the table of the rules' evidence says of a rule: its mutant, or the reason why there is none.
pub fn cell(rule: &str, mutants: &[&Mutant], found: &[Found]) -> String {
    match (only_caught_by(rule, mutants, found), why_without_mutant(rule)) {
        (Some(mutant), _) => format!("`{}`", mutant.name),
        (None, Some(_)) if rules::family_of(rule) == "UA" => "-".to_owned(),
        (None, Some(why)) => why.to_owned(),
        (None, None) => "none".to_owned(),
    }
}
