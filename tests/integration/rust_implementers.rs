//! The macro for implementers in Rust, applied to the model: what conforms by definition passes every rule. And what it makes of
//! implementations that do not.

use sessionproof::{
    adapter::{Implementation, in_process::Model},
    conformance::{RuleByRule, Unmet},
    mutants,
    protocol::{Hello, Reply, Verified, Verify},
    spec::rules,
    suite::{generate::sizes::Preset, running::run::Options},
};

sessionproof::conformance_tests!(Model::default(), Options { cases: 500, ..Options::of(Preset::Quick) });

fn told(implementation: &dyn Implementation) -> RuleByRule {
    RuleByRule::new(sessionproof::conformance(implementation, &Options::default()))
}

fn text(verdict: Result<(), Unmet>) -> String {
    verdict.map_or_else(|unmet| unmet.to_string(), |()| String::new())
}

#[test]
fn every_rule_that_can_be_asked_about_has_a_test() {
    let tested: &[&str] = sessionproof::rule_tests!(ids);
    let rules = rules::all().iter().filter(|rule| rules::family_of(&rule.id) != "UA");
    assert_eq!(tested, rules.map(|rule| rule.id.as_str()).collect::<Vec<_>>());
}

#[test]
fn a_test_is_named_after_its_rule() {
    let named: fn() -> Result<(), Unmet> = exp_2_age_equal_to_the_lifetime_is_accepted_one_second_more_is_not;
    assert!(named().is_ok());
}

#[test]
fn the_test_of_a_broken_rule_fails_with_the_case_and_others_pass() {
    let mutant = mutants::find("age-equal-refused").unwrap();
    let told = told(mutant.make().as_ref());
    let failure = text(told.verdict("EXP-2"));
    for part in ["FAIL EXP-2", "vector    ", "expected  accepted", "got       rejected"] {
        assert!(failure.contains(part), "{part:?} is not in {failure}");
    }
    assert!(!failure.contains('\u{1b}'), "no colours: {failure}");
    assert_eq!(text(told.verdict("SIG-2")), "");
}

/// Verifies nothing but declares more than it does.
struct Idle(Hello);

impl Implementation for Idle {
    fn hello(&self) -> &Hello {
        &self.0
    }
}

#[test]
fn what_is_declared_and_not_offered_fails_and_what_is_not_declared_does_not() {
    let declares = told(&Idle(Hello::new("idle", ["verify", "sign"])));
    let silent = told(&Idle(Hello::new("idle", ["verify"])));
    assert!(text(declares.verdict("EXP-1")).contains("nothing was judged"), "{}", text(declares.verdict("EXP-1")));
    assert!(text(silent.verdict("EXP-1")).contains("nothing was judged"));
    // These are about whole requests, which neither claims to answer.
    for rule in ["REN-1", "SYS-2", "DEL-1"] {
        assert_eq!(text(declares.verdict(rule)), "", "{rule}");
    }
}

/// Panics at every cookie.
struct Panicking(Hello);

impl Implementation for Panicking {
    fn hello(&self) -> &Hello {
        &self.0
    }

    fn verify(&self, call: &Verify) -> Reply {
        match call.cookie.len() {
            0 => Verified::Rejected(None).into(),
            length => panic!("a cookie of {length}"),
        }
    }
}

#[test]
fn a_panic_fails_the_tests_of_its_rules_and_ends_nothing() {
    let told = told(&Panicking(Hello::new("panicking", ["verify"])));
    let failure = text(told.verdict("EXP-1"));
    assert!(failure.contains("it panicked during verify"), "{failure}");
}

#[test]
fn a_rule_that_is_left_out_by_choice_does_not_fail() {
    let options = Options { rules: rules::Pattern::parse("SIG").unwrap(), ..Options::default() };
    let told = RuleByRule::new(sessionproof::conformance(&Panicking(Hello::new("panicking", ["verify"])), &options));
    assert_eq!(text(told.verdict("EXP-1")), "");
    assert_ne!(text(told.verdict("SIG-5")), "");
}
