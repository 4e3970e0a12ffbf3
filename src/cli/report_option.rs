//! `--report KIND=FILE`: the results of a run as files, or on standard output.

use super::{
    CliError,
    files::{self, Readers, write_atomic},
    out::Out,
};
use clap::Args;
use sessionproof::{
    foreign,
    report::{github, html, json, junit, tap},
    suite::outcome::results::Results,
};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

#[derive(Args, Clone)]
pub struct Reports {
    /// Write a report: json=FILE, junit=FILE, html=FILE, tap=FILE or github
    /// (separate several by commas; FILE - is standard output)
    #[arg(
        long = "report",
        value_name = "KIND[=FILE]",
        value_delimiter = ',',
        value_parser = Report::parse,
        verbatim_doc_comment
    )]
    reports: Vec<Report>,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    kind: Kind,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Github,
    Html,
    Json,
    Junit,
    Tap,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// With the text for people.
    Aside,
    File(PathBuf),
    StandardOutput,
}

impl Report {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, place) = text.split_once('=').unwrap_or((text, ""));
        let kind = match name {
            "github" if text == name => return Ok(Self { kind: Kind::Github, place: Place::Aside }),
            "github" => return Err("github takes no file: its annotations are for the log of the workflow".to_owned()),
            "html" => Kind::Html,
            "json" => Kind::Json,
            "junit" => Kind::Junit,
            "tap" => Kind::Tap,
            _ => {
                return Err(format!(
                    "there is no report {name:?}; there are json, junit, html, tap and github, as in json=results.json"
                ));
            }
        };
        let place = match place {
            "" => return Err(format!("{text:?} names no file; write {name}=results.{}", kind.extension())),
            // By one of its names a file would be opened anew, and written over from its beginning.
            "-" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Place::StandardOutput,
            file => Place::File(file.into()),
        };
        Ok(Self { kind, place })
    }

    fn text(&self, results: &Results) -> String {
        match self.kind {
            Kind::Github => github::write(results),
            Kind::Html => html::write(results),
            Kind::Json => json::write(results),
            Kind::Junit => junit::write(results),
            Kind::Tap => tap::write(results),
        }
    }
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Github | Self::Tap => "tap",
        }
    }
}

impl Reports {
    /// The same reports, and the results as JSON in a file.
    pub fn and_json(mut self, file: Option<&Path>) -> Self {
        let report = |file: &Path| Report { kind: Kind::Json, place: Place::File(file.to_owned()) };
        self.reports.extend(file.map(report));
        self
    }

    /// Makes the folders of the files, so that a report that cannot be written is refused before the run.
    pub fn make_ready(&self) -> Result<(), CliError> {
        let mut places = BTreeSet::new();
        for Report { place, .. } in &self.reports {
            if !places.insert(place) {
                return Err(CliError(format!("two reports cannot go to {}", place.name())));
            }
            if let Place::File(file) = place {
                make_ready(file)?;
            }
        }
        Ok(())
    }

    /// With the text for people.
    pub fn out(&self) -> Out {
        match self.reports.iter().any(|report| report.place == Place::StandardOutput) {
            true => Out::StandardError,
            false => Out::StandardOutput,
        }
    }

    /// Writes every report.
    pub fn write(&self, results: &Results) -> Result<(), CliError> {
        for report in &self.reports {
            match &report.place {
                Place::Aside => {
                    let written = self.out().write(&report.text(results));
                    written.map_err(|error| cannot_write(&Place::Aside, &error))?;
                }
                place => write(place, &report.text(results))?,
            }
        }
        Ok(())
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::Aside => "the log".to_owned(),
            Self::File(file) => foreign::path(file),
            Self::StandardOutput => "standard output".to_owned(),
        }
    }
}

/// Makes the folder of a file, and refuses a path where nothing can be written.
pub fn make_ready(file: &Path) -> Result<(), CliError> {
    files::make_ready(file).map_err(|error| cannot_write(&Place::File(file.to_owned()), &error))
}

/// Writes a text to a file, or to standard output.
fn write(place: &Place, text: &str) -> Result<(), CliError> {
    let written = match place {
        Place::File(file) => write_atomic(file, text, Readers::Owner),
        Place::Aside | Place::StandardOutput => Out::StandardOutput.write(text),
    };
    written.map_err(|error| cannot_write(place, &error))
}

/// Writes a text to a file.
pub fn write_file(file: &Path, text: &str) -> Result<(), CliError> {
    write(&Place::File(file.to_owned()), text)
}

fn cannot_write(place: &Place, error: &io::Error) -> CliError {
    CliError(format!("the report cannot be written to {}: {error}\nname another file after --report", place.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_kind_and_a_place() {
        let file = |kind, file: &str| Report { kind, place: Place::File(file.into()) };
        assert_eq!(Report::parse("json=a=b.json"), Ok(file(Kind::Json, "a=b.json")));
        for output in ["-", "/dev/stdout"] {
            let report = Report { kind: Kind::Json, place: Place::StandardOutput };
            assert_eq!(Report::parse(&format!("json={output}")), Ok(report));
        }
        for (text, part) in
            [("xml=a", "there are json"), ("json", "json=results.json"), ("json=", "names no file"), ("", "there are")]
        {
            assert!(Report::parse(text).unwrap_err().contains(part), "{text}");
        }
    }
}
