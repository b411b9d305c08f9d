//! What the models leave out, read from the documentation of their modules.

use std::fs;
use std::path::{Path, PathBuf};

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words};
use crate::html::escape;

/// Where models lie.
const ROOTS: [&str; 2] = ["sim/src", "scenarios/src"];
const MARK: &str = "**Not modelled";

/// A list: each file that leaves something out, and what, in its own words.
pub(crate) fn not_modelled(place: &Place, _: &Words) -> Result<String, Fault> {
    let mut out = String::new();
    for path in ROOTS.iter().flat_map(|root| rust(&place.desk.root.join(root))) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let Some(absent) = absent(&text) else { continue };
        let below = path.strip_prefix(&place.desk.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        out += &format!("**{}** <small><code>{}</code></small>\n: {absent}\n\n", name(&below), escape(&below));
    }
    if out.is_empty() {
        return wrong("no module says what it leaves out", format!("begin a paragraph of its `//!` with `{MARK}:**`"));
    }
    Ok(out)
}

/// The module of a file: `sim/src/kafka/log/mod.rs` is `kafka::log`.
fn name(path: &str) -> String {
    let below = path.split_once("src/").map_or(path, |(_, below)| below);
    let module = below.trim_end_matches(".rs").trim_end_matches("/mod");
    escape(&module.replace('/', "::"))
}

/// The paragraph that begins with the mark, without the mark, on one line. One that ends with a colon goes on with its list.
fn absent(text: &str) -> Option<String> {
    let docs: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let start = docs.iter().position(|line| line.starts_with(MARK))?;
    let (mut lines, mut rest) = (Vec::new(), docs[start..].iter().peekable());
    while let Some(line) = rest.next() {
        let list = |line: &str| line.starts_with("- ");
        let open = lines.last().is_some_and(|last: &&str| last.ends_with(':') || list(last) || last.ends_with(','));
        match line.is_empty() {
            true if open && rest.peek().is_some_and(|next| list(next)) => {}
            true => break,
            false => lines.push(*line),
        }
    }
    let text = lines.join(" ").replace(" - ", " ");
    let text = text.trim_start_matches(MARK).trim_start_matches(['*', ':', '.', ',', ' ']);
    Some(text.replace("[`", "`").replace("`]", "`"))
}

fn rust(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(rust(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paragraph_is_found_and_ends() {
        let text = "//! A log.\n//!\n//! **Not modelled:** files;\n//! [`Disk`]s.\n//!\n//! More.\nuse x;\n";
        assert_eq!(absent(text), Some("files; `Disk`s.".into()));
        assert_eq!(absent("//! A log.\nfn x() {}\n// **Not modelled:** this is no documentation\n"), None);
        assert_eq!(name("sim/src/kafka/log/mod.rs"), "kafka::log");
    }

    #[test]
    fn a_list_belongs_to_it() {
        let text = "//! **Not modelled**, in short:\n//!\n//! - files;\n//! - disks.\n//!\n//! More.\n";
        assert_eq!(absent(text), Some("in short: files; disks.".into()));
    }
}
