//! Mutants of real Flask: how they are made, that the suite finds them, and that what is explained is there.

use crate::common::{self, program::Run};
use sessionproof::{
    evidence::vectors,
    mutants::of_flask::{
        self, Effort, Fate, Fates, Mutant,
        explained::Explained,
        page::{self, Counts},
    },
    processes::Tool,
    setup::Oracle,
};
use std::{collections::BTreeSet, process::Command};

/// An eighth of the vectors: what is found here is found at once.
const EFFORT: Effort = Effort { cases: 0, seed: 0, jobs: 2 };

/// Real Flask with one change, and what the suite makes of it.
const SOME: &[(&str, &str)] = &[
    ("flask.sessions:SecureCookieSessionInterface.salt:constant:1", "killed"),
    ("flask.sessions:SecureCookieSessionInterface.session_class:delete:1", "broke"),
    ("flask.sessions:SessionInterface.should_set_cookie:logic:1", "killed"),
    ("flask.sessions:SessionMixin.new:constant:1", "survived"),
    ("flask.sessions:SessionInterface.save_session:delete:1", "not reached"),
    ("flask.json.tag:TagDict.to_python:constant:1", "killed"),
    ("flask.app:Flask.default_config:constant:21", "killed"),
    ("itsdangerous.timed:TimestampSigner.unsign:compare:7", "killed"),
    ("itsdangerous.url_safe:URLSafeSerializerMixin.dump_payload:compare:2", "killed"),
    ("itsdangerous.encoding:_int64_struct:argument:1", "broke"),
    ("werkzeug.sansio.http:parse_cookie:compare:4", "killed"),
    ("werkzeug.sansio.response:Response.delete_cookie:argument:2", "killed"),
];

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Broke(_) => "broke",
        Fate::Killed(_) => "killed",
        Fate::NotReached => "not reached",
        Fate::Survived => "survived",
    }
}

/// What a line of Python prints that has the tool as `mutants`.
fn python(oracle: &Oracle, code: &str) -> String {
    let adapters = oracle.files.join("adapters").join("python");
    let code =
        format!("import sys; sys.path.insert(0, {:?}); import flask_mutants as mutants\n{code}", adapters.display());
    let ran = Command::new(&oracle.python).args(["-I", "-B", "-c", &code]).run_to_end().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_change_in_flask_is_found_and_one_that_nobody_sees_survives() {
    let Some(oracle) = common::oracle("a_change_in_flask_is_found_and_one_that_nobody_sees_survives") else { return };
    let all = of_flask::list(oracle).unwrap();
    let named = |id: &str| all.iter().find(|mutant| mutant.id == id).unwrap_or_else(|| panic!("{id}")).clone();
    let mutants: Vec<Mutant> = SOME.iter().map(|(id, _)| named(id)).collect();
    let vectors: Vec<_> = vectors::embedded().unwrap().into_iter().step_by(8).collect();
    let fates = of_flask::run(oracle, &mutants, &vectors, EFFORT, &Fates::new(), &|_, _| {}).unwrap();
    let fates: Vec<_> = fates.into_iter().map(Option::unwrap).collect();
    let found: Vec<_> = SOME.iter().zip(&fates).map(|((id, _), fate)| (*id, word(fate))).collect();
    assert_eq!(found, SOME, "{fates:#?}");

    let tried: Vec<_> = mutants.iter().zip(&fates).collect();
    let unexplained = page::wrong(&tried, &Explained::default());
    let unexplained: Vec<_> = unexplained.into_iter().map(|(mutant, why)| (mutant.id.as_str(), why)).collect();
    assert_eq!(
        unexplained,
        [(SOME[3].0, "survived"), (SOME[4].0, "is not reached")],
        "a mutant that nobody sees is told"
    );
    assert_eq!(page::wrong(&tried, &Explained::embedded().unwrap()), []);
    let counts = Counts::of(tried.iter().copied(), &Explained::default());
    assert_eq!((counts.killed, counts.broke, counts.not_reached, counts.unexplained), (8, 2, 1, 1));
    assert!((counts.share() - 1000.0 / 11.0).abs() < 1e-9);
}

#[test]
fn every_explained_mutant_is_one_of_the_pinned_release_and_survives_for_one_reason() {
    let test = "every_explained_mutant_is_one_of_the_pinned_release_and_survives_for_one_reason";
    let Some(oracle) = common::oracle(test) else { return };
    let (all, explained) = (of_flask::list(oracle).unwrap(), Explained::embedded().unwrap());
    assert_eq!(explained.unknown(&all), Vec::<&str>::new());
    for mutant in &all {
        let reasons = explained.survivors.iter().filter(|reason| reason.is_about(mutant)).count();
        assert!(reasons <= 1, "{} has {reasons} reasons", mutant.id);
    }
    let ids: BTreeSet<_> = all.iter().map(|mutant| &mutant.id).collect();
    assert!(ids.len() == all.len() && all.len() > 1_000, "{} ids of {} mutants", ids.len(), all.len());
    assert_eq!(of_flask::list(oracle).unwrap(), all, "the list is the same each time");
}

#[test]
fn each_kind_of_change_is_made_and_what_is_for_people_stays() {
    let Some(oracle) = common::oracle("each_kind_of_change_is_made_and_what_is_for_people_stays") else { return };
    let made = python(
        oracle,
        r#"
mutants.TARGETS["m"] = None
source = '''
import typing as t
"""A docstring."""
if t.TYPE_CHECKING:
    import nothing
class C:
    """A docstring."""
    name = "a"
    @t.overload
    def f(self, a: int = 1): ...
    @property
    def f(self, a: "t.Any" = None):
        """A docstring."""
        if a is None and self.g(a, b=2) < 3:
            raise ValueError(f"no {a}", self.name)
        a += -1
        return t.cast("int", a)
    def __repr__(self):
        return "C" + "D"
'''
for mutant in mutants.mutants_of("m", source)[1]:
    change = mutant.as_json()
    tree, again = mutants.mutants_of("m", source)
    next(other for other in again if other.id == mutant.id).apply()
    changed = mutants.ast.unparse(mutants.ast.fix_missing_locations(tree))
    compile(changed, "m", "exec")
    assert changed != mutants.ast.unparse(mutants.ast.parse(source)), change
    print(change["id"], change["line"], change["was"], "=>", change["becomes"])
"#,
    );
    let expected = "\
m:C.name:delete:1 8 name = 'a' => pass
m:C.name:constant:1 8 'a' => 'ax'
m:C.f:decorator:1 11 property => 
m:C.f:default:1 12 None => 0
m:C.f:logic:1 14 a is None and self.g(a, b=2) < 3 => a is None or self.g(a, b=2) < 3
m:C.f:operand:1 14 a is None and self.g(a, b=2) < 3 => self.g(a, b=2) < 3
m:C.f:operand:2 14 a is None and self.g(a, b=2) < 3 => a is None
m:C.f:compare:1 14 a is None => a is not None
m:C.f:compare:2 14 self.g(a, b=2) < 3 => self.g(a, b=2) <= 3
m:C.f:compare:3 14 self.g(a, b=2) < 3 => self.g(a, b=2) >= 3
m:C.f:argument:1 14 a => 
m:C.f:argument:2 14 b=2 => 
m:C.f:constant:1 14 2 => 3
m:C.f:constant:2 14 2 => 1
m:C.f:constant:3 14 3 => 4
m:C.f:constant:4 14 3 => 2
m:C.f:delete:1 15 raise ValueError(f'no {a}', self.name) => pass
m:C.f:argument:3 15 self.name => 
m:C.f:delete:2 16 a += -1 => pass
m:C.f:unary:1 16 -1 => 1
m:C.f:constant:5 16 1 => 2
m:C.f:constant:6 16 1 => 0
m:C.f:delete:3 17 return t.cast('int', a) => return None
";
    assert_eq!(made, expected);
}

#[test]
fn every_change_of_the_installed_source_compiles() {
    let Some(oracle) = common::oracle("every_change_of_the_installed_source_compiles") else { return };
    // Of each module the first change of each kind in each function.
    let counted = python(
        oracle,
        r#"
count = 0
for module in mutants.TARGETS:
    source = mutants.source_of(module)
    for mutant in mutants.mutants_of(module, source)[1]:
        if mutant.id.endswith(":1") and module != "werkzeug.http":
            tree, again = mutants.mutants_of(module, source)
            next(other for other in again if other.id == mutant.id).apply()
            compile(mutants.ast.fix_missing_locations(tree), module, "exec")
            count += 1
print(count)
"#,
    );
    assert!(counted.trim().parse::<usize>().unwrap() > 200, "{counted}");
}

#[test]
fn an_unknown_mutant_is_refused_and_a_log_spares_what_is_known() {
    let test = "an_unknown_mutant_is_refused_and_a_log_spares_what_is_known";
    if common::oracle(test).is_none() {
        return;
    }
    let only = ["mutants", "--of", "flask", "--only"];
    Run::new(&[&only[..], &["flask.nothing:*"]].concat()).done().is_refused_with(&["flask.nothing", "--list"]);
    let id = "flask.sessions:SecureCookieSessionInterface.salt:constant:1";
    let log = format!("{{\"id\":{id:?},\"fate\":{{\"killed\":\"KEY-1 some-vector\"}}}}\n");
    let arguments = [&only[..], &[id, "--log", "log"]].concat();
    let done = Run::new(&arguments).file("log", &log).done();
    assert_eq!(done.output.status.code(), Some(0), "{}{}", done.stdout(), done.stderr());
    assert!(done.stdout().contains("1 mutants: 1 killed"), "{}", done.stdout());
    let done = Run::new(&arguments).file("log", &(log + "nonsense\n")).done();
    done.is_refused_with(&["log, line 2", "--log"]);
    let listed = Run::new(&["mutants", "--of", "flask", "--only", id, "--list"]).done();
    assert_eq!(listed.stdout(), format!("{id}  'cookie-session' → 'cookie-sessionx'\n"));
}
