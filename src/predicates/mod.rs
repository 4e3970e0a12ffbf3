//! The predicates of the specification, as functions: for each rule of the server's families, whether one observed call keeps it.
//!
//! The tree is parallel to the text: a file for each family, a function for each rule, and the rule's predicate as its
//! comment. The functions know configuration, clock, protocol and values, and have their own readers of cookies, payloads
//! and headers. They know neither the model nor the verifier, so a mistake there is not repeated here. `UA` and `SYS` have
//! none, because they are not about one call.
//!
//! ```
//! use sessionproof::{json::json, predicates::{self, Observed}, protocol::{Answer, Call, Choices, Op}};
//!
//! let input = json!({"config": {"secret_key": "k"}, "now": 1700000000, "actions": [{"do": "clear"}]});
//! let call = Call::from_json("exchange", input)?;
//! let answer = Answer::from_json(Op::Exchange, &json!({"status": 200, "opened": {}, "results": [null], "headers": []}))?;
//! let choices = Choices::default();
//! let observed = Observed::new(&call, &answer, &choices).ok_or("an answer to another operation")?;
//! let clear_deletes = predicates::find("DEL-1").ok_or("no such rule")?;
//! assert_eq!(clear_deletes(&observed), Some(false));
//! # Ok::<(), String>(())
//! ```

mod del;
mod exp;
mod hdr;
mod key;
mod modification;
mod notation;
mod observed;
mod pay;
mod perm;
mod ren;
mod set;
mod sig;
#[cfg(test)]
mod tests;
mod vary;

pub use observed::Observed;

/// What a predicate says of a call: nothing where the rule does not apply, else whether the call keeps it.
pub type Predicate = fn(&Observed<'_>) -> Option<bool>;

/// Each rule with its predicate, in the order of the text.
#[rustfmt::skip]
pub const ALL: [(&str, Predicate); 91] = [
    ("KEY-1", key::key_1),
    ("KEY-2", key::key_2),
    ("KEY-3", key::key_3),
    ("KEY-4", key::key_4),
    ("KEY-5", key::key_5),
    ("KEY-6", key::key_6),
    ("KEY-7", key::key_7),
    ("SIG-1", sig::sig_1),
    ("SIG-2", sig::sig_2),
    ("SIG-3", sig::sig_3),
    ("SIG-4", sig::sig_4),
    ("SIG-5", sig::sig_5),
    ("SIG-6", sig::sig_6),
    ("SIG-7", sig::sig_7),
    ("SIG-8", sig::sig_8),
    ("SIG-9", sig::sig_9),
    ("SIG-10", sig::sig_10),
    ("PAY-1", pay::pay_1),
    ("PAY-2", pay::pay_2),
    ("PAY-3", pay::pay_3),
    ("PAY-4", pay::pay_4),
    ("PAY-5", pay::pay_5),
    ("PAY-6", pay::pay_6),
    ("PAY-7", pay::pay_7),
    ("PAY-8", pay::pay_8),
    ("PAY-9", pay::pay_9),
    ("PAY-10", pay::pay_10),
    ("PAY-11", pay::pay_11),
    ("PAY-12", pay::pay_12),
    ("PAY-13", pay::pay_13),
    ("PAY-14", pay::pay_14),
    ("PAY-15", pay::pay_15),
    ("PAY-16", pay::pay_16),
    ("EXP-1", exp::exp_1),
    ("EXP-2", exp::exp_2),
    ("EXP-3", exp::exp_3),
    ("EXP-4", exp::exp_4),
    ("EXP-5", exp::exp_5),
    ("EXP-6", exp::exp_6),
    ("EXP-7", exp::exp_7),
    ("EXP-8", exp::exp_8),
    ("EXP-9", exp::exp_9),
    ("EXP-10", exp::exp_10),
    ("PERM-1", perm::perm_1),
    ("PERM-2", perm::perm_2),
    ("PERM-3", perm::perm_3),
    ("PERM-4", perm::perm_4),
    ("PERM-5", perm::perm_5),
    ("PERM-6", perm::perm_6),
    ("REN-1", ren::ren_1),
    ("REN-2", ren::ren_2),
    ("REN-3", ren::ren_3),
    ("REN-4", ren::ren_4),
    ("REN-5", ren::ren_5),
    ("REN-6", ren::ren_6),
    ("MOD-1", modification::mod_1),
    ("MOD-2", modification::mod_2),
    ("MOD-3", modification::mod_3),
    ("MOD-4", modification::mod_4),
    ("MOD-5", modification::mod_5),
    ("MOD-6", modification::mod_6),
    ("MOD-7", modification::mod_7),
    ("MOD-8", modification::mod_8),
    ("MOD-9", modification::mod_9),
    ("MOD-10", modification::mod_10),
    ("SET-1", set::set_1),
    ("SET-2", set::set_2),
    ("SET-3", set::set_3),
    ("SET-4", set::set_4),
    ("SET-5", set::set_5),
    ("SET-6", set::set_6),
    ("SET-7", set::set_7),
    ("SET-8", set::set_8),
    ("SET-9", set::set_9),
    ("SET-10", set::set_10),
    ("DEL-1", del::del_1),
    ("DEL-2", del::del_2),
    ("DEL-3", del::del_3),
    ("DEL-4", del::del_4),
    ("DEL-5", del::del_5),
    ("DEL-6", del::del_6),
    ("VARY-1", vary::vary_1),
    ("VARY-2", vary::vary_2),
    ("VARY-3", vary::vary_3),
    ("VARY-4", vary::vary_4),
    ("HDR-1", hdr::hdr_1),
    ("HDR-2", hdr::hdr_2),
    ("HDR-3", hdr::hdr_3),
    ("HDR-4", hdr::hdr_4),
    ("HDR-5", hdr::hdr_5),
    ("HDR-6", hdr::hdr_6),
];

/// The predicate of a rule.
pub fn find(rule: &str) -> Option<Predicate> {
    ALL.iter().find(|(id, _)| *id == rule).map(|(_, predicate)| *predicate)
}

/// An implication: nothing where the premise does not hold.
fn given(premise: bool, conclusion: impl FnOnce() -> bool) -> Option<bool> {
    premise.then(conclusion)
}

/// The lines of one predicate: nothing where none applies, else whether all that apply hold.
fn together(lines: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    lines.into_iter().flatten().reduce(|all, line| all && line)
}
