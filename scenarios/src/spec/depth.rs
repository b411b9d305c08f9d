//! Keeps documents shallow: parser, types and destructors recurse, and a stack is finite.

use toml::de::DeValue;

use super::error::Draft;
use super::tree::Node;

/// Parts of a dotted key. A scenario needs about eight.
pub(super) const PARTS_MAX: usize = 16;
/// Tables within tables.
const DEPTH_MAX: usize = 32;

const HELP: &str = "a scenario is a few tables deep";

/// Refuses a text with a key of too many parts. The parser limits brackets by itself, but not dots.
pub(super) fn check_keys(text: &str) -> Result<(), Draft> {
    let bytes = text.as_bytes();
    let (mut at, mut dots) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => at += until(&bytes[at..], b"\n"),
            b'"' | b'\'' => at += string(&bytes[at..]) - 1,
            b'=' | b',' | b'{' | b'}' | b'[' | b']' | b'\n' => dots = 0,
            b'.' if dots + 1 == PARTS_MAX => {
                return Err(Draft::new(at..at + 1, format!("the key has more than {PARTS_MAX} parts"), HELP));
            }
            b'.' => dots += 1,
            _ => {}
        }
        if bytes.get(at) == Some(&b'\n') {
            dots = 0;
        }
        at += 1;
    }
    Ok(())
}

/// Refuses a document whose tables lie too deep in each other.
pub(super) fn check_tree(root: &Node<'_>) -> Result<(), Draft> {
    let mut open = vec![(root, 0)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEPTH_MAX {
            return Err(Draft::new(node.span(), format!("this lies more than {DEPTH_MAX} levels deep"), HELP));
        }
        match node.get_ref() {
            DeValue::Table(table) => open.extend(table.values().map(|child| (child, depth + 1))),
            DeValue::Array(items) => open.extend(items.iter().map(|child| (child, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

/// Bytes before the first `end`, or all.
fn until(bytes: &[u8], end: &[u8]) -> usize {
    bytes.windows(end.len()).position(|window| window == end).unwrap_or(bytes.len())
}

/// Length of the string at the beginning; one that is not closed ends with its line.
fn string(bytes: &[u8]) -> usize {
    let quote = bytes[0];
    let long = [quote; 3];
    let is_long = bytes.starts_with(&long);
    let mut at = if is_long { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !is_long => return at,
            byte if byte == quote && !is_long => return at + 1,
            _ if is_long && bytes[at..].starts_with(&long) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
