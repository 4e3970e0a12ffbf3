//! Foreign text in every field of every input, and what is left of it in every output: no character that a terminal acts on, no
//! line that a log acts on, no markup.
//!
//! The fields are not listed by hand: full values are made of their types, and each text in them, each name of a member and a
//! member that nobody knows is replaced in turn. A new field is in the next run.

mod checks;
mod fields;
mod files;
mod programs;
mod words;

use checks::Output;
use std::collections::{BTreeMap, BTreeSet};

/// What is fed, short enough that no output cuts the parts that would do harm. Each begins or ends with a mark that tells whether it
/// arrived.
const PROBES: [&str; 4] = [
    "qA\u{1b}[31m\u{7}\u{9b}2J\u{7f}\0\u{8}\u{202e}\u{2066}\u{200b}\u{ad}\u{2028}\u{2029}\u{85}\u{feff}\u{e0041}.",
    "qB\r\n::error::x\nFORGED\n##[error]x\r  not ok 1\nBail out!\n1..9",
    "not ok 1 - qC<b>qC</b>[x](http://q.x)*q*_q_`q`|q|@q www.q.x ]]>--><i>&lt;é漢字🙂",
    "::error file=a,line=1::qD%0A::x,y:z # TODO ##vso[x]y ##teamcity[x] \"'\\",
];

/// The same for what cannot hold NUL: words of command lines and names of files, where `/` has a meaning as well.
fn word(probe: &str) -> String {
    probe.replace(['\0', '/'], "")
}

/// Which text of which input was looked for in which output, and what was found.
#[derive(Default)]
struct Matrix {
    pairs: BTreeSet<(String, Output)>,
    arrived: BTreeMap<Output, BTreeSet<String>>,
    mutants: BTreeMap<(String, Output), BTreeSet<String>>,
}

impl Matrix {
    /// Reads an output of a run in which a field was a probe.
    fn look(&mut self, field: &str, probe: &str, output: Output, text: &str) {
        let pair = (field.to_owned(), output);
        if arrives(probe, text) {
            self.arrived.entry(output).or_default().insert(field.to_owned());
        }
        let mutants = checks::mutants(output, text);
        if !mutants.is_empty() {
            self.mutants.entry(pair.clone()).or_default().extend(mutants);
        }
        self.pairs.insert(pair);
    }

    fn look_at(&mut self, field: &str, probe: &str, outputs: Vec<(Output, String)>) {
        outputs.iter().for_each(|(output, text)| self.look(field, probe, *output, text));
    }

    /// Fails where anything was found, where there are too few pairs, or where an output never saw foreign text.
    #[track_caller]
    fn verdict(&self, least: usize, outputs: &[Output]) {
        let told: Vec<_> = self
            .mutants
            .iter()
            .map(|((field, output), mutants)| format!("{field} → {output:?}: {mutants:?}"))
            .collect();
        let [pairs, red] = [self.pairs.len(), told.len()];
        let arrived = self.arrived.iter().map(|(output, fields)| (output, fields.len())).collect::<BTreeMap<_, _>>();
        assert!(told.is_empty(), "{red} of {pairs} pairs are not harmless:\n{}\narrived: {arrived:?}", told.join("\n"));
        assert!(pairs >= least, "{pairs} pairs, of {least}");
        for output in outputs {
            assert!(self.arrived.contains_key(output), "nothing arrived in {output:?}: {arrived:?}");
        }
        eprintln!("{pairs} pairs; fields that arrived: {arrived:?}");
    }
}

/// Whether a probe is in an output, in whatever spelling.
fn arrives(probe: &str, text: &str) -> bool {
    let mark = ["qA", "qB", "qC", "qD"].into_iter().find(|mark| probe.contains(mark));
    mark.is_some_and(|mark| text.contains(mark))
}
