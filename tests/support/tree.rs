//! The files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// The directories that make up the product.
pub const MEMBERS: [&str; 6] = ["sim", "scenarios", "figures", "book", "tests", "cli"];

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// All files below these directories of the workspace, sorted, as paths from its root. Build output is left out.
pub fn files(below: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    below.iter().for_each(|dir| collect(&root().join(dir), &mut found));
    found.sort();
    found.iter().map(|path| path.strip_prefix(root()).expect("below the root").to_path_buf()).collect()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.expect("a directory entry").path();
        match path.is_dir() {
            true if path.ends_with("target") || path.ends_with("book/book") => {}
            true => collect(&path, found),
            false => found.push(path),
        }
    }
}

/// The Rust sources below these directories with their text.
pub fn sources(below: &[&str]) -> Vec<(PathBuf, String)> {
    let rust = files(below).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| (path.clone(), read(&path))).collect()
}

/// The text of a file of the workspace; empty if it is no text.
pub fn read(path: &Path) -> String {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8(bytes).unwrap_or_default()
}
