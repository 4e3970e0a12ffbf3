//! Puts the vectors, the adapters and the scripts that make vectors into the binary, so that an installed one works from any
//! directory.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut files = Vec::new();
    for folder in ["adapters", "vectors"] {
        println!("cargo::rerun-if-changed={folder}");
        collect(Path::new(&root), Path::new(folder), &mut files)?;
    }
    files.sort();
    let mut code = String::from("&[\n");
    for file in &files {
        code += &format!("    ({file:?}, include_str!(concat!({root:?}, \"/\", {file:?}))),\n");
    }
    code += "]\n";
    fs::write(Path::new(&out).join("embedded.rs"), code)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let path = folder.join(entry?.file_name());
        if root.join(&path).is_dir() {
            if !path.ends_with("__pycache__") {
                collect(root, &path, files)?;
            }
        } else if path.extension().is_some_and(|e| ["json", "py", "txt"].iter().any(|wanted| e == *wanted)) {
            files.extend(path.to_str().map(|p| p.replace('\\', "/")));
        }
    }
    Ok(())
}
