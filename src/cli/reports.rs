//! `--report KIND=FILE`: the results of a run as files, or on standard output.

use super::{Trouble, files::write_whole};
use clap::Args;
use sessionproof::{report::json, suite::results::Results};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

#[derive(Args, Clone)]
pub struct Reports {
    /// Write the results to a file as well: json=FILE; several with commas; - in place of a file is standard output
    #[arg(long = "report", value_name = "KIND=FILE", value_delimiter = ',', value_parser = Report::parse)]
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
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    File(PathBuf),
    StandardOutput,
}

/// Where goes what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Standard error, when standard output is a report's.
    StandardError,
    /// Standard output.
    StandardOutput,
}

impl Out {
    /// Prints a text, without its styles where there is no terminal.
    pub fn print(self, text: &str) {
        match self {
            Self::StandardError => anstream::eprint!("{text}"),
            Self::StandardOutput => anstream::print!("{text}"),
        }
    }
}

impl Report {
    fn parse(text: &str) -> Result<Self, String> {
        let (kind, place) = text.split_once('=').unwrap_or((text, ""));
        let kind = match kind {
            "json" => Kind::Json,
            other => return Err(format!("there is no report {other:?}; there is json, as in json=results.json")),
        };
        let place = match place {
            "" => return Err(format!("{text:?} names no file; write it as in {text}=results.{text}")),
            "-" => Place::StandardOutput,
            file => Place::File(file.into()),
        };
        Ok(Self { kind, place })
    }

    fn text(&self, results: &Results) -> String {
        match self.kind {
            Kind::Json => json::write(results),
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

    /// Makes the folders of the files, so that what cannot be written is refused before a run and not behind it.
    pub fn make_ready(&self) -> Result<(), Trouble> {
        let mut places = BTreeSet::new();
        for Report { place, .. } in &self.reports {
            if !places.insert(place) {
                return Err(Trouble(format!("two reports cannot go to {}", place.name())));
            }
            if let Place::File(file) = place {
                make_ready(file)?;
            }
        }
        Ok(())
    }

    /// Where goes what people read.
    pub fn out(&self) -> Out {
        match self.reports.iter().any(|report| report.place == Place::StandardOutput) {
            true => Out::StandardError,
            false => Out::StandardOutput,
        }
    }

    /// Writes every report.
    pub fn write(&self, results: &Results) -> Result<(), Trouble> {
        for report in &self.reports {
            write(&report.place, &report.text(results))?;
        }
        Ok(())
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::StandardOutput => "standard output".to_owned(),
        }
    }
}

fn make_ready(file: &Path) -> Result<(), Trouble> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = match file.is_dir() {
        true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        false => folder.map_or(Ok(()), fs::create_dir_all),
    };
    made.map_err(|error| cannot_write(&Place::File(file.to_owned()), &error))
}

fn write(place: &Place, text: &str) -> Result<(), Trouble> {
    let written = match place {
        Place::File(file) => write_whole(file, text),
        Place::StandardOutput => io::stdout().lock().write_all(text.as_bytes()),
    };
    written.map_err(|error| cannot_write(place, &error))
}

fn cannot_write(place: &Place, error: &io::Error) -> Trouble {
    Trouble(format!("the report cannot be written to {}: {error}\nname another file behind --report", place.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_kind_and_a_place() {
        let file = |kind, file: &str| Report { kind, place: Place::File(file.into()) };
        assert_eq!(Report::parse("json=a=b.json"), Ok(file(Kind::Json, "a=b.json")));
        assert_eq!(Report::parse("json=-"), Ok(Report { kind: Kind::Json, place: Place::StandardOutput }));
        for (text, part) in
            [("xml=a", "there is json"), ("json", "json=results.json"), ("json=", "names no file"), ("", "there is")]
        {
            assert!(Report::parse(text).unwrap_err().contains(part), "{text}");
        }
    }
}
