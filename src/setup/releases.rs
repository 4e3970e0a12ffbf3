//! What old releases ran with on their own day. They seldom name upper bounds for what they need, so with the packages of today
//! many do not even start.

use super::pythons::Minor;
use crate::bundled;

/// The table: `adapters/python/releases.txt`, which `.ci/releases` writes.
const TABLE: &str = "adapters/python/releases.txt";

/// What was newest when a release came out.
pub(crate) struct OfItsDay {
    /// The day, as in 2018-04-26.
    pub(crate) day: &'static str,
    /// The oldest Python that runs the release and its adapter.
    pub(crate) oldest: Minor,
    /// The newest Python of that day.
    pub(crate) newest: Minor,
    /// The packages, each as pip takes it.
    pub(crate) packages: Vec<&'static str>,
}

impl OfItsDay {
    /// The Pythons, for people.
    pub(crate) fn pythons(&self) -> String {
        let name = |(major, minor): Minor| format!("{major}.{minor}");
        match self.oldest < self.newest {
            true => format!("Python {} to {}", name(self.oldest), name(self.newest)),
            false => format!("Python {}", name(self.newest)),
        }
    }
}

/// What a release of a package ran with; `None` if the table has no such release.
pub(crate) fn of_its_day(package: &str, release: &str) -> Option<OfItsDay> {
    rows().find(|row| (row[0], row[1]) == (package, release)).and_then(|row| {
        let (oldest, newest) = row[3].split_once('-')?;
        let (oldest, newest) = (minor(oldest)?, minor(newest)?);
        Some(OfItsDay { day: row[2], oldest, newest, packages: row[4..].to_vec() })
    })
}

/// Every row of at least a package, a release, a day and the Pythons.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = bundled::under(TABLE).flat_map(|(_, text)| text.lines());
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|row| row.len() > 3)
}

fn minor(text: &str) -> Option<Minor> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_stands_there_once() {
        let (path, text) = bundled::under(TABLE).next().unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut seen = std::collections::BTreeSet::new();
        for line in lines {
            let row: Vec<_> = line.split(' ').collect();
            assert!(seen.insert((row[0], row[1])), "{path}: {line}");
            let found = of_its_day(row[0], row[1]).unwrap_or_else(|| panic!("{path}: {line}"));
            assert!(found.oldest <= found.newest && found.day.len() == 10, "{path}: {line}");
            assert!(found.packages.iter().all(|package| package.contains("==")), "{path}: {line}");
        }
        assert!(seen.len() > 90, "{}", seen.len());
    }

    #[test]
    fn a_release_gets_what_was_newest_on_its_day() {
        let found = of_its_day("flask", "1.0.4").unwrap();
        assert_eq!((found.day, found.oldest, found.newest), ("2019-07-04", (3, 6), (3, 7)));
        assert!(found.packages.contains(&"werkzeug==0.15.4") && found.packages.contains(&"itsdangerous==1.1.0"));
        assert_eq!(found.pythons(), "Python 3.6 to 3.7");
        assert!(of_its_day("quart", "0.19.0").unwrap().packages.contains(&"flask==3.0.0"));
        assert!(of_its_day("flask", "9.9").is_none());
    }
}
