//! The implementations that are known by name, and how each is installed.

use super::{
    node::NodePackage,
    python::{OLDEST_PYTHON, PythonPackage},
    rust::RustPackage,
    stock,
};
use crate::processes::ServerKind;

/// An implementation that is known by name.
pub struct Known {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, in some words.
    pub about: &'static str,
    pub(crate) recipe: Recipe,
    /// The server that each copy of its adapter has for itself.
    pub(crate) server: Option<OwnServer>,
}

/// A server that an adapter has for itself.
pub(crate) struct OwnServer {
    pub(crate) kind: ServerKind,
    /// The argument of the adapter that makes it do without, if it can.
    pub(crate) without: Option<&'static str>,
}

pub(crate) enum Recipe {
    InBinary,
    Node(NodePackage),
    Python(PythonPackage),
    Rust(RustPackage),
}

/// The oracle. Its first release is the one that the vectors were made with.
pub(crate) const FLASK: PythonPackage = PythonPackage {
    name: "flask",
    module: "flask",
    adapter: &["flask_adapter.py"],
    releases: &[
        ("3.1.3", OLDEST_PYTHON),
        ("3.1.2", OLDEST_PYTHON),
        ("3.1.0", OLDEST_PYTHON),
        ("3.0.3", OLDEST_PYTHON),
        ("2.3.3", OLDEST_PYTHON),
        ("2.2.5", OLDEST_PYTHON),
        ("2.2.4", OLDEST_PYTHON),
    ],
};

/// The port for Rust.
pub(crate) const ITSDANGEROUS: RustPackage =
    RustPackage { known: "itsdangerous-rs", name: "itsdangerous", adapter: "itsdangerous_adapter", release: "0.4.1" };

/// All implementations that are known by name.
pub static KNOWN: &[Known] = &[
    Known { name: "verifier", about: "the fast verifier in this binary", recipe: Recipe::InBinary, server: None },
    Known { name: "model", about: "the specification as code, in this binary", recipe: Recipe::InBinary, server: None },
    Known {
        name: "flask",
        about: "real Flask, whole requests: the oracle",
        recipe: Recipe::Python(FLASK),
        server: None,
    },
    Known {
        name: "quart",
        about: "Quart, whole requests",
        recipe: Recipe::Python(PythonPackage {
            name: "quart",
            module: "quart",
            adapter: &["quart_adapter.py"],
            releases: &[("0.23.1", (3, 13)), ("0.22.0", (3, 11))],
        }),
        server: None,
    },
    Known {
        name: "anyquart",
        about: "AnyQuart, a fork of Quart, whole requests",
        recipe: Recipe::Python(PythonPackage {
            name: "anyquart",
            module: "anyquart",
            adapter: &["quart_adapter.py", "anyquart"],
            releases: &[("0.3.0", (3, 10))],
        }),
        server: None,
    },
    Known {
        name: "itsdangerous",
        about: "itsdangerous without Flask, plain JSON",
        recipe: Recipe::Python(PythonPackage {
            name: "itsdangerous",
            module: "itsdangerous",
            adapter: &["itsdangerous_adapter.py"],
            releases: &[("2.2.0", OLDEST_PYTHON)],
        }),
        server: None,
    },
    Known {
        name: "starlette-flask",
        about: "Flask's cookie for Starlette and FastAPI",
        recipe: Recipe::Python(PythonPackage {
            name: "starlette-flask",
            module: "starlette_flask.middleware.sessions",
            adapter: &["starlette_flask_adapter.py"],
            releases: &[("0.1.0", OLDEST_PYTHON)],
        }),
        server: None,
    },
    Known {
        name: "flask-session-decoder",
        about: "a reader of Flask's cookie without dependencies",
        recipe: Recipe::Python(PythonPackage {
            name: "flask-session-decoder",
            module: "flask_session_decoder",
            adapter: &["flask_session_decoder_adapter.py"],
            releases: &[("0.1.0", OLDEST_PYTHON)],
        }),
        server: None,
    },
    Known {
        name: "flask-unsign",
        about: "a tool that tests and forges Flask's cookies",
        recipe: Recipe::Python(PythonPackage {
            name: "flask-unsign",
            module: "flask_unsign",
            adapter: &["flask_unsign_adapter.py"],
            releases: &[("1.2.1", OLDEST_PYTHON)],
        }),
        server: None,
    },
    Known {
        name: "itsdangerous.js",
        about: "the port of itsdangerous for Node.js",
        recipe: Recipe::Node(NodePackage {
            name: "itsdangerous.js",
            adapter: "itsdangerous_adapter.mjs",
            folder: "",
            release: "1.1.5",
            arguments: &[],
        }),
        server: None,
    },
    Known {
        name: "cyberchef",
        about: "CyberChef's operations for Flask's cookie",
        recipe: Recipe::Node(NodePackage {
            name: "cyberchef",
            adapter: "cyberchef_adapter.mjs",
            folder: "cyberchef/",
            release: "11.5.0",
            arguments: &[],
        }),
        server: None,
    },
    Known {
        name: "itsdangerous-rs",
        about: "the port of itsdangerous for Rust",
        recipe: Recipe::Rust(ITSDANGEROUS),
        server: None,
    },
    Known {
        name: "flask-session",
        about: "Flask-Session on Redis: sessions in a store",
        recipe: Recipe::Python(flask_session(&["flask_session_adapter.py"])),
        server: Some(REDIS_OR_FAKE),
    },
    Known {
        name: "careful-sessions",
        about: "the interface on top of it that keeps every rule",
        recipe: Recipe::Python(flask_session(&["flask_session_adapter.py", "careful"])),
        server: Some(REDIS_OR_FAKE),
    },
    stored("flask-session-memcached", "Flask-Session on memcached", FLASK_SESSION_MEMCACHED, MEMCACHED),
    stored("flask-session-sqlalchemy", "Flask-Session on SQLite", FLASK_SESSION_SQLALCHEMY, None),
    stored("flask-session-cachelib", "Flask-Session on files", FLASK_SESSION_CACHELIB, None),
    stored("django", "Django's sessions in its database", DJANGO, None),
    stored("django-cache", "Django's sessions in its cache", DJANGO_CACHE, None),
    stored("django-cached-db", "Django's sessions in cache and database", DJANGO_CACHED_DB, None),
    stored("django-file", "Django's sessions in files", DJANGO_FILE, None),
    stored("django-signed-cookies", "Django's sessions in signed cookies", DJANGO_SIGNED_COOKIES, None),
    stored("express-session", "express-session on Redis, by connect-redis", EXPRESS_ON_REDIS, REDIS),
    stored("express-session-memory", "express-session in memory", EXPRESS_IN_MEMORY, None),
    stored("cookie-session", "cookie-session: the session in a signed cookie", COOKIE_SESSION, None),
    stored("koa-session", "koa-session in a signed cookie", KOA, None),
    stored("fastify-session", "@fastify/session in memory", FASTIFY, None),
    stored("starlette", "Starlette's sessions in a signed cookie", STARLETTE, None),
    stored("litestar", "Litestar's sessions on Redis", LITESTAR, REDIS),
    stored("litestar-memory", "Litestar's sessions in memory", LITESTAR_IN_MEMORY, None),
    stored("starsessions", "starsessions on Redis", STARSESSIONS, REDIS),
    stored("starsessions-memory", "starsessions in memory", STARSESSIONS_IN_MEMORY, None),
    stored("beaker", "Beaker in memory", BEAKER, None),
];

const MEMCACHED: Option<OwnServer> = Some(OwnServer { kind: ServerKind::Memcached, without: None });
const FLASK_SESSION_MEMCACHED: Recipe = Recipe::Python(flask_session(&["flask_session_adapter.py", "memcached"]));
const FLASK_SESSION_SQLALCHEMY: Recipe = Recipe::Python(flask_session(&["flask_session_adapter.py", "sqlalchemy"]));
const FLASK_SESSION_CACHELIB: Recipe = Recipe::Python(flask_session(&["flask_session_adapter.py", "cachelib"]));
const DJANGO: Recipe = django(&["django_sessions_adapter.py", "db"]);
const DJANGO_CACHE: Recipe = django(&["django_sessions_adapter.py", "cache"]);
const DJANGO_CACHED_DB: Recipe = django(&["django_sessions_adapter.py", "cached_db"]);
const DJANGO_FILE: Recipe = django(&["django_sessions_adapter.py", "file"]);
const DJANGO_SIGNED_COOKIES: Recipe = django(&["django_sessions_adapter.py", "signed_cookies"]);

const fn django(adapter: &'static [&'static str]) -> Recipe {
    python("django", "django", adapter, &[("5.2.19", (3, 10))])
}

const REDIS: Option<OwnServer> = Some(OwnServer { kind: ServerKind::Redis, without: None });

/// An implementation of sessions in a store.
const fn stored(name: &'static str, about: &'static str, recipe: Recipe, server: Option<OwnServer>) -> Known {
    Known { name, about, recipe, server }
}

const fn node(
    name: &'static str,
    adapter: &'static str,
    folder: &'static str,
    release: &'static str,
    arguments: &'static [&'static str],
) -> Recipe {
    Recipe::Node(NodePackage { name, adapter, folder, release, arguments })
}

const EXPRESS_ON_REDIS: Recipe =
    node("express-session", "express_session_adapter.mjs", "express-session/", "1.19.0", &["redis"]);
const EXPRESS_IN_MEMORY: Recipe =
    node("express-session", "express_session_adapter.mjs", "express-session/", "1.19.0", &["memory"]);
const COOKIE_SESSION: Recipe = node("cookie-session", "cookie_session_adapter.mjs", "cookie-session/", "2.1.1", &[]);
const KOA: Recipe = node("koa-session", "koa_session_adapter.mjs", "koa-session/", "7.0.2", &["cookie"]);
const FASTIFY: Recipe = node("@fastify/session", "fastify_session_adapter.mjs", "fastify-session/", "11.1.3", &[]);

const fn python(
    name: &'static str,
    module: &'static str,
    adapter: &'static [&'static str],
    releases: &'static [(&'static str, (u32, u32))],
) -> Recipe {
    Recipe::Python(PythonPackage { name, module, adapter, releases })
}

const STARLETTE: Recipe = python("starlette", "starlette", &["starlette_sessions_adapter.py"], &[("1.10.0", (3, 10))]);
const LITESTAR: Recipe = python("litestar", "litestar", &["litestar_adapter.py", "redis"], &[("2.25.0", (3, 10))]);
const LITESTAR_IN_MEMORY: Recipe =
    python("litestar", "litestar", &["litestar_adapter.py", "memory"], &[("2.25.0", (3, 10))]);
const STARSESSIONS: Recipe =
    python("starsessions", "starsessions", &["starsessions_adapter.py", "redis"], &[("2.2.1", (3, 10))]);
const STARSESSIONS_IN_MEMORY: Recipe =
    python("starsessions", "starsessions", &["starsessions_adapter.py", "memory"], &[("2.2.1", (3, 10))]);
const BEAKER: Recipe = python("beaker", "beaker", &["beaker_adapter.py"], &[("1.14.1", (3, 10))]);

/// A Redis, or fakeredis in the adapter's own process.
const REDIS_OR_FAKE: OwnServer = OwnServer { kind: ServerKind::Redis, without: Some("fakeredis") };

const fn flask_session(adapter: &'static [&'static str]) -> PythonPackage {
    PythonPackage { name: "flask-session", module: "flask_session", adapter, releases: &[("0.8.0", OLDEST_PYTHON)] }
}

impl Known {
    /// The implementation of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    /// The release that is used if none is named; `None` for an implementation in this binary.
    pub fn release(&self) -> Option<&'static str> {
        match &self.recipe {
            Recipe::InBinary => None,
            Recipe::Node(package) => Some(package.release),
            Recipe::Python(package) => package.releases.first().map(|&(release, _)| release),
            Recipe::Rust(package) => Some(package.release),
        }
    }

    /// The releases for which this version of the suite has hashes, of the package and of all that it needs, so that nothing else
    /// can be installed. Other releases are installed as the registry serves them.
    pub fn releases_with_hashes(&self) -> Vec<&'static str> {
        match &self.recipe {
            Recipe::InBinary => Vec::new(),
            Recipe::Node(package) => vec![package.release],
            Recipe::Python(package) => package.releases.iter().map(|&(release, _)| release).collect(),
            Recipe::Rust(package) => vec![package.release],
        }
    }

    /// What the machine needs for [`Self::release`], for people.
    pub fn needs(&self) -> String {
        match &self.recipe {
            Recipe::InBinary => "nothing".to_owned(),
            Recipe::Node(_) => format!("Node.js {}, npm", super::node::OLDEST),
            Recipe::Python(package) => {
                let (major, minor) = package.oldest_python(self.release());
                format!("Python {major}.{minor}")
            }
            Recipe::Rust(_) => "cargo".to_owned(),
        }
    }

    /// The releases that an older Python gets, each with this name and the oldest Python that runs it.
    pub fn older_releases(&self) -> impl Iterator<Item = (&'static str, &'static str, String)> {
        let (name, releases) = match &self.recipe {
            Recipe::Python(package) => (package.name, package.releases),
            Recipe::InBinary | Recipe::Node(_) | Recipe::Rust(_) => ("", &[][..]),
        };
        let older = releases.windows(2).filter_map(|pair| match pair {
            [(_, newer), (release, (major, minor))] if newer > &(*major, *minor) => Some((*release, *major, *minor)),
            _ => None,
        });
        older.map(move |(release, major, minor)| (name, release, format!("{major}.{minor}")))
    }

    /// Whether it stands in this binary, and needs no set-up.
    pub fn is_in_binary(&self) -> bool {
        matches!(self.recipe, Recipe::InBinary)
    }

    /// The releases that are set up in the cache. Several implementations may share the packages of one.
    pub fn releases_set_up(&self) -> Vec<String> {
        match &self.recipe {
            Recipe::InBinary => Vec::new(),
            Recipe::Node(package) => stock::releases(package.name_in_cache()),
            Recipe::Python(package) => stock::releases(package.name),
            Recipe::Rust(package) => stock::releases(package.known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundled;

    fn text(path: &str) -> &'static str {
        bundled::under(path).next().unwrap_or_else(|| panic!("{path} is not in the binary")).1
    }

    #[test]
    fn names_differ_and_are_words() {
        let mut names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KNOWN.len());
        assert!(names.iter().all(|name| !name.contains(['@', ' ', '/'])));
        assert!(Known::named("nothing").is_none());
    }

    #[test]
    fn every_adapter_and_every_pin_is_in_the_binary() {
        for known in KNOWN {
            match &known.recipe {
                Recipe::InBinary => {}
                Recipe::Node(package) => {
                    let files: Vec<_> = package.files().collect();
                    let of = |name: &str| files.iter().filter(|(file, _)| *file == name).collect::<Vec<_>>();
                    assert_eq!(of(package.adapter).len(), 1);
                    for name in ["package.json", "package-lock.json"] {
                        let [(_, list)] = of(name)[..] else { panic!("{name} of {}", package.name) };
                        assert!(list.contains(&format!("\"{}\": \"{}\"", package.name, package.release)), "{name}");
                    }
                }
                Recipe::Python(package) => {
                    text(&format!("adapters/python/{}", package.adapter[0]));
                    for (release, _) in package.releases {
                        let pins = text(&format!("adapters/python/requirements-{}-{release}.txt", package.name));
                        assert!(pins.contains(&format!("\n{}=={release}", package.name)), "{}", package.name);
                        assert!(pins.contains("--hash=sha256:"), "{}", package.name);
                    }
                }
                Recipe::Rust(package) => {
                    text(&format!("adapters/rust/{}.rs", package.adapter));
                    let pin = format!("name = \"{}\"\nversion = \"{}\"", package.name, package.release);
                    assert!(text("adapters/rust/Cargo.lock").contains(&pin), "{pin}");
                    let wanted = format!("{} = {{ version = \"={}\"", package.name, package.release);
                    assert!(text("adapters/rust/manifest.toml").contains(&wanted), "{wanted}");
                }
            }
        }
    }

    #[test]
    fn every_package_of_a_release_with_hashes_has_one_and_every_file_of_hashes_is_of_such_a_release() {
        let mut files = Vec::new();
        for known in KNOWN {
            let Recipe::Python(package) = &known.recipe else { continue };
            for release in known.releases_with_hashes() {
                let file = format!("adapters/python/requirements-{}-{release}.txt", package.name);
                let joined = text(&file).replace("\\\n", " ");
                for line in joined.lines().filter(|line| !line.starts_with('#')) {
                    assert!(line.contains("==") && line.contains("--hash=sha256:"), "{file}: {line}");
                }
                files.push(file);
            }
        }
        // Several may share the packages of one release.
        files.sort();
        files.dedup();
        let all: Vec<_> = bundled::under("adapters/python/requirements-").map(|(path, _)| path).collect();
        assert_eq!(all.len(), files.len(), "{all:?}");
        for (lock, package, hash) in [
            ("adapters/node/package-lock.json", "\"node_modules/", "\"integrity\": \"sha512-"),
            ("adapters/node/cyberchef/package-lock.json", "\"node_modules/", "\"integrity\": \"sha512-"),
            ("adapters/rust/Cargo.lock", "source = \"registry+", "checksum = \""),
        ] {
            let (packages, hashes) = (text(lock).matches(package).count(), text(lock).matches(hash).count());
            assert!(hashes > 0 && packages == hashes, "{lock}: {hashes} hashes of {packages} packages");
        }
    }

    #[test]
    fn the_default_release_is_the_newest_that_the_python_runs() {
        let Some(Known { recipe: Recipe::Python(quart), .. }) = Known::named("quart") else { panic!() };
        for (python, release) in [((3, 14), "0.23.1"), ((3, 13), "0.23.1"), ((3, 12), "0.22.0"), ((3, 11), "0.22.0")] {
            assert_eq!(quart.default_for(python), release, "{python:?}");
        }
        assert_eq!(quart.oldest_python(None), (3, 11));
        assert_eq!(quart.oldest_python(Some("0.23.1")), (3, 13));
        assert_eq!(quart.oldest_python(Some("9.9.9")), (3, 9));
    }
}
