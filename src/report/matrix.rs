//! Several results side by side: implementations against rules.

use super::{html, words::describe};
use crate::{
    foreign,
    rules::{self, Rule},
    suite::outcome::results::{Judged, Results, Tally},
};
use serde::Serialize;
use std::fmt::Write;

/// Implementations against rules.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// How many columns the table has: the names of rules, and one for each implementation.
    columns: usize,
    implementations: Vec<Column>,
    families: Vec<Rows>,
}

/// An implementation.
#[derive(Clone, Debug, Serialize)]
struct Column {
    name: String,
    tested: String,
    file: String,
    spec: String,
    /// The part of the run, where it is not the whole.
    shard: Option<String>,
    outcome: &'static str,
}

/// A family of rules.
#[derive(Clone, Debug, Serialize)]
struct Rows {
    id: String,
    name: String,
    rules: Vec<Row>,
}

/// A rule.
#[derive(Clone, Debug, Serialize)]
struct Row {
    id: String,
    title: String,
    cells: Vec<Cell>,
}

/// What came of a rule with an implementation.
#[derive(Clone, Debug, Serialize)]
struct Cell {
    judged: Judged,
    text: String,
    told: String,
}

impl Matrix {
    /// The matrix of some results, each with the name of its file.
    pub fn new(results: &[(String, Results)]) -> Self {
        let family = |family: &rules::Family| Rows {
            id: family.id.clone(),
            name: family.name.clone(),
            rules: rules::all()
                .iter()
                .filter(|rule| rules::family_of(&rule.id) == family.id)
                .map(|rule| row(rule, results))
                .collect(),
        };
        Self {
            columns: results.len() + 1,
            implementations: results.iter().map(|(file, results)| column(file, results)).collect(),
            families: rules::families().iter().map(family).collect(),
        }
    }

    /// The matrix as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| rule | |");
        self.implementations.iter().for_each(|column| text += &format!(" {} |", foreign::markdown(&column.name)));
        text += "\n|---|---|";
        self.implementations.iter().for_each(|_| text += "---|");
        text.push('\n');
        for row in self.families.iter().flat_map(|family| &family.rules) {
            let _ = write!(text, "| {} | {} |", row.id, cell(&row.title));
            row.cells.iter().for_each(|result| text += &format!(" {} |", result.text));
            text.push('\n');
        }
        text += "| all | |";
        self.implementations.iter().for_each(|column| text += &format!(" {} |", column.outcome));
        text += "\n\n✓ passed, ✗ failed, ! known failure, ? inconclusive, – not asked; the numbers are checks.\n\n";
        for column in &self.implementations {
            let shard = column.shard.as_ref().map(|shard| format!(", only shard {shard}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "- {}: {}{shard}, from {}",
                foreign::markdown(&column.tested),
                foreign::markdown(&column.spec),
                foreign::markdown(&column.file)
            );
        }
        text
    }

    /// The matrix as a page of its own.
    pub fn html(&self) -> String {
        html::page("matrix.html", self)
    }
}

fn column(file: &str, results: &Results) -> Column {
    let hello = &results.implementation;
    Column {
        name: format!("{} {}", hello.name, hello.version).trim().to_owned(),
        tested: super::words::tested(results),
        file: file.to_owned(),
        spec: results.spec.clone(),
        shard: (!results.shard.is_whole()).then(|| results.shard.to_string()),
        outcome: html::outcome_words(results),
    }
}

fn row(rule: &Rule, results: &[(String, Results)]) -> Row {
    let cell = |(_, results): &(String, Results)| {
        let tally = results.rules.get(&rule.id).copied().unwrap_or_default();
        Cell { judged: tally.judged(), text: short(tally), told: describe(tally) }
    };
    Row { id: rule.id.clone(), title: rule.title.clone(), cells: results.iter().map(cell).collect() }
}

/// What a rule came to, as short as a cell.
fn short(tally: Tally) -> String {
    match tally.judged() {
        Judged::Failed => format!("✗ {}/{}", tally.failed, tally.total()),
        Judged::Known => format!("! {}/{}", tally.known, tally.total()),
        Judged::NotAsked => "–".to_owned(),
        Judged::NotJudged => format!("? {}", tally.inconclusive),
        Judged::Passed if tally.inconclusive > 0 => format!("✓ {} ? {}", tally.passed, tally.inconclusive),
        Judged::Passed => format!("✓ {}", tally.passed),
    }
}

/// A title of ours, which may be Markdown, so that it does not end a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
