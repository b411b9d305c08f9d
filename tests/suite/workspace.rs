//! Goal: the structure that ARCHITECTURE.md promises is the one that is there. Method: `cargo metadata` and a plain reading of
//! the sources.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};
use gridlock_tests::tree::{MEMBERS, files, read, root, sources};

/// The longest file and function.
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
/// Files that may be longer, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Who may depend on whom.
const ARROWS: [(&str, &[&str]); 7] = [
    ("gridlock-sim", &[]),
    ("gridlock-scenarios", &["gridlock-sim"]),
    ("gridlock-figures", &["gridlock-sim"]),
    ("gridlock-exercises", &["gridlock-sim", "gridlock-scenarios"]),
    ("gridlock-book", &["gridlock-scenarios", "gridlock-figures", "gridlock-exercises"]),
    ("gridlock", &["gridlock-sim", "gridlock-scenarios", "gridlock-figures", "gridlock-exercises", "gridlock-book"]),
    (
        "gridlock-tests",
        &["gridlock-sim", "gridlock-scenarios", "gridlock-figures", "gridlock-exercises", "gridlock-book", "gridlock"],
    ),
];

#[test]
fn members_depend_on_each_other_only_along_the_arrows() {
    let mut command = MetadataCommand::new();
    let command = command.manifest_path(root().join("Cargo.toml")).no_deps().other_options(["--offline".into()]);
    let metadata = command.exec().expect("cargo metadata answers");
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let names: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, allowed.keys().copied().collect(), "the members of the workspace");
    for package in &metadata.packages {
        let ours = package.dependencies.iter().filter(|each| names.contains(each.name.as_str()));
        for each in ours {
            let fine = allowed[package.name.as_str()].contains(&each.name.as_str());
            assert!(fine, "{} must not depend on {} ({:?})", package.name, each.name, each.kind);
            assert_ne!(each.kind, DependencyKind::Build, "nothing is generated while building");
        }
    }
}

#[test]
fn only_the_engine_names_madsim() {
    let (engine, bench) = ("sim/src/engine/madsim.rs", "sim/benches/");
    let named = |text: &str| {
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        // The engine's own module of that name is reached through `self::`, or called as `madsim::play`.
        code.map(|line| line.replace("self::madsim", "").replace("madsim::play(", "")).any(|l| l.contains("madsim::"))
    };
    let mut found = sources(&["sim", "scenarios", "figures", "book", "cli"]);
    found.retain(|(path, text)| !path.starts_with(bench) && named(text));
    let found: Vec<String> = found.iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(found, [engine]);
    for member in ["scenarios", "figures", "book", "cli", "tests"] {
        let manifest = read(format!("{member}/Cargo.toml").as_ref());
        assert!(!manifest.lines().any(|line| line.starts_with("madsim")), "{member} depends on madsim");
    }
}

#[test]
fn the_product_names_nothing_outside_of_it() {
    let outside = [concat!("sha", "red/"), concat!("/wo", "rk/")];
    let mut paths = files(&MEMBERS);
    paths.extend(["Cargo.toml", "clippy.toml", "rustfmt.toml", ".cargo/config.toml"].map(Into::into));
    for path in paths {
        let text = read(&path);
        let line = text.lines().find(|line| outside.iter().any(|word| line.contains(word)));
        assert_eq!(line, None, "{}", path.display());
    }
}

#[test]
fn files_fit_on_a_few_pages() {
    let excepted: BTreeSet<&str> = LONG_FILES.iter().map(|(path, _)| *path).collect();
    let long = |(path, text): &(std::path::PathBuf, String)| {
        let long = text.lines().count() > FILE_LINES;
        assert!(long || !excepted.contains(path.to_str().unwrap_or_default()), "{} is no exception", path.display());
        long && !excepted.contains(path.to_str().unwrap_or_default())
    };
    let long: Vec<_> = sources(&MEMBERS).into_iter().filter(long).map(|(path, _)| path).collect();
    assert!(long.is_empty(), "longer than {FILE_LINES} lines: {long:?}");
}

#[test]
fn functions_fit_on_a_page() {
    let mut long = Vec::new();
    for (path, text) in sources(&MEMBERS) {
        let found = functions(&text).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES);
        long.extend(found.map(|(head, lines)| format!("{}: {lines} lines: {head}", path.display())));
    }
    assert!(long.is_empty(), "longer than {FUNCTION_LINES} lines: {long:#?}");
}

/// The first line of every function and its length in lines. Formatted code ends a function at the indent of its head.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let words =
        ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn ", "pub(crate) async fn ", "pub async fn "];
    let is_head = |line: &str| words.iter().any(|word| line.trim_start().starts_with(word)) && !line.ends_with(';');
    let length = |start: usize| {
        let end = |line: &&str| line.trim() == "}" && indent(line) == indent(lines[start]);
        if lines[start].ends_with('}') { Some(1) } else { lines[start..].iter().position(end).map(|end| end + 1) }
    };
    let heads = (0..lines.len()).filter(|&at| is_head(lines[at]));
    heads.filter_map(|at| Some((lines[at].trim().to_string(), length(at)?))).collect()
}

#[test]
fn the_reading_of_functions_can_see_a_long_one() {
    let body = "    let x = 1;\n".repeat(80);
    let found = functions(&format!("impl A {{\nfn short() {{}}\npub fn long() {{\n{body}}}\n}}\n"));
    assert_eq!(found, [("fn short() {}".to_string(), 1), ("pub fn long() {".to_string(), 82)]);
}
