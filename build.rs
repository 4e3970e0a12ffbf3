//! Puts the vectors, the adapters and the scripts that make vectors into what is built, as far as its features need them, so that an
//! installed program works from any directory; and makes a macro of the rules, which becomes a test of each in the crates of others.

use std::{env, fs, io, path::Path};
use zlib_rs::{Deflate, DeflateFlush, Status};

fn main() -> io::Result<()> {
    if env::var_os("CARGO_FEATURE_CONFORMANCE").is_none() {
        println!("cargo::rerun-if-changed=build.rs");
        return Ok(());
    }
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut files = Vec::new();
    for (feature, folders) in EMBEDDED {
        for folder in folders.iter().filter(|_| env::var_os(feature).is_some()) {
            println!("cargo::rerun-if-changed={folder}");
            collect(Path::new(&root), Path::new(folder), &mut files)?;
        }
    }
    files.sort();
    bundle(Path::new(&root), Path::new(&out), &files)?;
    println!("cargo::rerun-if-changed={SPECIFICATION}");
    let text = fs::read_to_string(Path::new(&root).join(SPECIFICATION))?;
    fs::write(Path::new(&out).join("rule_tests.rs"), rule_tests(&text))
}

/// The folders that are embedded, by the feature that needs them: the program carries all, the tests of a Rust type those with which they
/// compare, and the verifier none.
const EMBEDDED: [(&str, &[&str]); 2] = [
    ("CARGO_FEATURE_CLI", &["adapters", "vectors/generate", "vectors/inputs", "vectors/recipes"]),
    (
        "CARGO_FEATURE_CONFORMANCE",
        &["vectors/flask-3.1", "vectors/revisions", "vectors/server-session-1", "vectors/user-agent"],
    ),
];

/// The files that are embedded, by the ends of their names.
const ENDS: [&str; 7] = ["json", "lock", "mjs", "py", "rs", "toml", "txt"];

const SPECIFICATION: &str = "spec/session-lifetime.md";

/// Writes the texts of all files behind each other, deflated, and where each of them begins and ends.
fn bundle(root: &Path, out: &Path, files: &[String]) -> io::Result<()> {
    let (mut index, mut texts) = (String::from("&[\n"), String::new());
    for file in files {
        let start = texts.len();
        texts += &fs::read_to_string(root.join(file))?;
        index += &format!("    ({file:?}, {start}..{}),\n", texts.len());
    }
    // Incompressible text grows by much less than this.
    let mut deflated = vec![0; texts.len() + texts.len() / 100 + 1024];
    let mut stream = Deflate::new(9, true, 15);
    let end = stream.compress(texts.as_bytes(), &mut deflated, DeflateFlush::Finish);
    if !matches!(end, Ok(Status::StreamEnd)) {
        return Err(io::Error::other("the bundled files cannot be compressed"));
    }
    deflated.truncate(usize::try_from(stream.total_out()).map_err(io::Error::other)?);
    fs::write(out.join("bundled.zlib"), deflated)?;
    fs::write(out.join("bundled.rs"), format!("({}, {index}])", texts.len()))
}

/// The macro with a test for each rule, named by its number alone, so that another title renames no test. The rules of the user
/// agent have none: no implementation can be asked about them.
fn rule_tests(specification: &str) -> String {
    let headings = specification.lines().filter_map(|line| line.strip_prefix("### "));
    let rules: Vec<_> = headings.filter(|heading| !heading.starts_with("UA-")).filter_map(id).collect();
    let mut code =
        String::from("#[doc(hidden)]\n#[macro_export]\nmacro_rules! rule_tests {\n    (ids) => {\n        &[\n");
    for id in &rules {
        code += &format!("            {id:?},\n");
    }
    code += "        ]\n    };\n    ($verdict:path) => {\n";
    for id in &rules {
        let name = id.replace('-', "_").to_ascii_lowercase();
        code += &format!(
            "        #[test]\n        fn {name}() -> Result<(), $crate::conformance::RuleFailure> {{\n            $verdict({id:?})\n        }}\n"
        );
    }
    code + "    };\n}\n"
}

/// The number in `EXP-1 (MUST) Title`.
fn id(heading: &str) -> Option<&str> {
    Some(heading.split_once(" (")?.0)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let path = folder.join(entry?.file_name());
        if root.join(&path).is_dir() {
            if !["__pycache__", "node_modules", "target"].iter().any(|made| path.ends_with(made)) {
                collect(root, &path, files)?;
            }
        } else if path.extension().is_some_and(|e| ENDS.iter().any(|wanted| e == *wanted)) {
            files.extend(path.to_str().map(|p| p.replace('\\', "/")));
        }
    }
    Ok(())
}
