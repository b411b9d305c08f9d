//! Code from files that are compiled or tested: a part by its anchor, or the whole.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use gridlock_scenarios::spec::suggest;

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words};
use crate::html::escape;

/// Where code may come from: what is compiled, or read by a test.
const ROOTS: [&str; 6] = ["sim/src/", "scenarios/", "figures/src/", "cli/src/", "book/examples/", "book/exercises/"];

/// `path#anchor`: the lines between `// ANCHOR: anchor` and `// ANCHOR_END: anchor` (`#` in TOML), without what they are indented by.
/// `path` alone is the whole file.
pub(crate) fn code(place: &Place, words: &Words) -> Result<String, Fault> {
    let asked = &words.plain[0];
    let (path, anchor) = asked.split_once('#').map_or((asked.as_str(), None), |(path, anchor)| (path, Some(anchor)));
    if !ROOTS.iter().any(|root| path.starts_with(root)) || path.contains("..") {
        return wrong(format!("`{path}` is not compiled"), format!("name a file below {}", ROOTS.join(", ")));
    }
    let Ok(text) = fs::read_to_string(place.desk.root.join(path)) else {
        return wrong(format!("there is no file `{path}`"), "paths begin at the root of the workspace");
    };
    let lines = anchor.map_or(Ok(text.clone()), |anchor| between(&text, anchor))?;
    let language = language(path);
    let caption = format!("<p class=\"gl-caption\"><code>{}</code></p>", escape(path));
    Ok(format!("```{language}\n{lines}```\n\n{caption}"))
}

/// What a fence calls the language of a file.
fn language(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(OsStr::to_str) {
        Some("toml") => "toml",
        Some("sh") => "sh",
        Some("yaml") => "yaml",
        _ => "rust",
    }
}

/// The lines of an anchor.
pub(crate) fn between(text: &str, anchor: &str) -> Result<String, Fault> {
    let mark = |line: &str, word: &str| {
        let rest = line.trim().trim_start_matches(['/', '#']).trim().strip_prefix(word)?.strip_prefix(':')?;
        Some(rest.trim().to_string())
    };
    let lines: Vec<&str> = text.lines().collect();
    let find = |word: &str| lines.iter().position(|line| mark(line, word).as_deref() == Some(anchor));
    let Some(start) = find("ANCHOR") else {
        let known: Vec<String> = lines.iter().filter_map(|line| mark(line, "ANCHOR")).collect();
        let help = format!(
            "{}; put `// ANCHOR: {anchor}` and `// ANCHOR_END: {anchor}` around the lines",
            suggest(anchor, &known)
        );
        return wrong(format!("there is no anchor `{anchor}`"), help);
    };
    let Some(end) = find("ANCHOR_END").filter(|end| *end > start) else {
        return wrong(format!("the anchor `{anchor}` never ends"), format!("put `// ANCHOR_END: {anchor}` behind it"));
    };
    let marked = |line: &&&str| mark(line, "ANCHOR").is_none() && mark(line, "ANCHOR_END").is_none();
    let kept: Vec<&str> = lines[start + 1..end].iter().filter(marked).copied().collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = kept.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    Ok(kept.iter().map(|line| format!("{}\n", line.get(least..).unwrap_or(""))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_gives_its_lines_without_their_indent() {
        let text =
            "x\n  // ANCHOR: a\n  one {\n    // ANCHOR: b\n    two\n    // ANCHOR_END: b\n  }\n  // ANCHOR_END: a\n";
        assert_eq!(between(text, "a"), Ok("one {\n  two\n}\n".into()));
        assert_eq!(between(text, "b"), Ok("two\n".into()));
    }

    #[test]
    fn a_fence_names_the_language_of_its_file() {
        let named = ["a/b.rs", "b.toml", "run.sh", "job.yaml"].map(language);
        assert_eq!(named, ["rust", "toml", "sh", "yaml"]);
    }

    #[test]
    fn an_unknown_or_open_anchor_is_refused() {
        assert!(
            matches!(between("// ANCHOR: order\n", "odrer"), Err(Fault::Wrong(_, help)) if help.contains("`order`"))
        );
        assert!(between("// ANCHOR: order\n", "order").is_err());
    }
}
