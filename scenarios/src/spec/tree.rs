//! The parsed document with the place of every value: dotted paths are looked up and set here.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::advice::{explain_syntax, list, nearest, quote, suggest};
use super::depth;
use super::error::Draft;

/// A value and where it stands.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// A value to be put at a dotted path.
pub(super) struct Assignment<'p, 'a> {
    /// `world.shop.order.pool.size`.
    pub(super) path: &'p str,
    /// Where the path is written.
    pub(super) span: Range<usize>,
    /// What is put there.
    pub(super) value: Node<'a>,
}

/// A key that an assignment added to a table.
pub(super) struct Added {
    /// Where the key is written.
    span: Range<usize>,
    /// Where the table stands that it was added to.
    table: Range<usize>,
    /// What it is called.
    name: String,
    /// What the table held before.
    beside: Vec<String>,
}

impl Added {
    /// Whether it was added to the table that stands at `span`.
    pub(super) fn is_in(&self, span: &Range<usize>) -> bool {
        self.table == *span
    }

    /// Retells that a table took a second kind because of this key.
    pub(super) fn second_kind(&self) -> Draft {
        let (name, beside) = (quote(&self.name), list(&self.beside));
        let help = match nearest(&self.name, &self.beside) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("to change the kind, set the table as a whole: `… = {{ {} = … }}`", self.name),
        };
        Draft::new(self.span.clone(), format!("{name} cannot stand beside {beside}"), help)
    }
}

/// Parses a document.
pub(super) fn parse(text: &str) -> Result<Node<'_>, Draft> {
    depth::check_keys(text)?;
    let table = DeTable::parse(text).map_err(|error| explain_syntax(&error))?;
    let span = table.span();
    if table.get_ref().is_empty() {
        let help = "a scenario needs at least `title`, `summary`, `duration` and `[world]`";
        return Err(Draft::new(0..0, "the scenario is empty", help));
    }
    let root = Spanned::new(span, DeValue::Table(table.into_inner()));
    depth::check_tree(&root)?;
    Ok(root)
}

/// Where the value at a dotted path stands, or the deepest part of the path that there is.
pub(super) fn locate(root: &Node<'_>, path: &str) -> Range<usize> {
    let mut node = root;
    for segment in path.split('.') {
        let child = match node.get_ref() {
            DeValue::Table(table) => table.get(segment),
            DeValue::Array(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        match child {
            Some(child) => node = child,
            None => break,
        }
    }
    node.span()
}

/// The value at a dotted path as text; otherwise a message and what there is instead.
pub(super) fn value_at(root: &Node<'_>, path: &str) -> Result<String, (String, String)> {
    let mut node = root;
    for segment in path.split('.') {
        let (child, known) = match node.get_ref() {
            DeValue::Table(table) => {
                (table.get(segment), table.keys().map(|key| key.get_ref().to_string()).collect::<Vec<_>>())
            }
            DeValue::Array(items) => {
                let named = |node: &&Node<'_>| name_of(node).as_deref() == Some(segment);
                let child = segment.parse().ok().and_then(|index: usize| items.get(index));
                (child.or_else(|| items.iter().find(named)), items.iter().filter_map(name_of).collect())
            }
            _ => (None, Vec::new()),
        };
        let missing =
            || (format!("the scenario states no `{path}`: there is no {}", quote(segment)), suggest(segment, &known));
        node = child.ok_or_else(missing)?;
    }
    Ok(written(node.get_ref()))
}

/// A value as TOML on one line; a text without quotes.
fn written(value: &DeValue<'_>) -> String {
    let inner = |node: &Node<'_>| match node.get_ref() {
        DeValue::String(text) => format!("\"{text}\""),
        other => written(other),
    };
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => format!("[{}]", items.iter().map(inner).collect::<Vec<_>>().join(", ")),
        DeValue::Table(table) => {
            let pair =
                |(key, node): (&Spanned<DeString<'_>>, &Node<'_>)| format!("{} = {}", key.get_ref(), inner(node));
            format!("{{ {} }}", table.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

/// An entry of a variant's `set` table: path, where it is written, value.
pub(super) type SetEntry<'a> = (String, Range<usize>, Node<'a>);

/// The value that an error about a table with a single plain value must mean: the parser forgets where the value of an
/// enum variant stands, and points at all of `{ poisson = -80 }`.
pub(super) fn narrow(root: &Node<'_>, span: Range<usize>, message: &str) -> Range<usize> {
    let about_table = ["missing field", "unknown ", "unexpected keys", "wanted exactly", "invalid type: map"];
    if about_table.iter().any(|start| message.starts_with(start)) {
        return span;
    }
    let only = find(root, &span).and_then(|node| node.get_ref().as_table()).filter(|table| table.len() == 1);
    match only.and_then(|table| table.values().next()) {
        Some(value) if !value.get_ref().is_table() => value.span(),
        _ => span,
    }
}

fn find<'n, 'a>(node: &'n Node<'a>, span: &Range<usize>) -> Option<&'n Node<'a>> {
    if node.span() == *span && node.get_ref().is_table() {
        return Some(node);
    }
    match node.get_ref() {
        DeValue::Table(table) => table.values().find_map(|value| find(value, span)),
        DeValue::Array(items) => items.iter().find_map(|value| find(value, span)),
        _ => None,
    }
}

/// The `set` table of a variant.
pub(super) fn variant_set<'a>(text: &'a str, root: &Node<'a>, name: &str) -> Result<Vec<SetEntry<'a>>, Draft> {
    let Some(variants) = root.get_ref().get("variant").and_then(|node| node.get_ref().as_array()) else {
        return Ok(Vec::new());
    };
    let named = |node: &&Node<'a>| node.get_ref().get("name").and_then(|n| n.get_ref().as_str()) == Some(name);
    let set = variants.iter().find(named).and_then(|variant| variant.get_ref().get("set"));
    let Some(set) = set.and_then(|set| set.get_ref().as_table()) else { return Ok(Vec::new()) };
    set.iter().map(|(key, value)| set_entry(text, key, value)).collect()
}

fn set_entry<'a>(text: &str, key: &Spanned<DeString<'a>>, value: &Node<'a>) -> Result<SetEntry<'a>, Draft> {
    let written_whole = text[value.span().start.min(text.len())..].starts_with('{');
    if value.get_ref().is_table() && !written_whole {
        let path = first_leaf(key.get_ref(), value);
        let help = format!("write the path as one quoted key: \"{path}\" = …");
        return Err(Draft::new(key.span(), "the path of this override is not in quotes", help));
    }
    Ok((key.get_ref().to_string(), key.span(), value.clone()))
}

fn first_leaf(key: &str, node: &Node<'_>) -> String {
    match node.get_ref().as_table().and_then(|table| table.iter().next()) {
        Some((next, value)) => format!("{key}.{}", first_leaf(next.get_ref(), value)),
        None => key.to_owned(),
    }
}

/// Puts a value at its path. Missing tables are made: whether their keys exist is for the types to say.
pub(super) fn assign<'a>(root: &mut Node<'a>, assignment: Assignment<'_, 'a>) -> Result<Option<Added>, Draft> {
    let segments = segments(assignment.path, &assignment.span)?;
    let mut added = None;
    let mut node = root;
    let (last, parents) = segments.split_last().expect("a path has a segment");
    for segment in parents {
        node = enter(node, segment, &mut added)?;
    }
    let value = assignment.value;
    if node.get_ref().is_table() {
        insert(node, last, value, &mut added);
    } else {
        *enter(node, last, &mut added)? = value;
    }
    Ok(added)
}

struct Segment<'a> {
    name: &'a str,
    span: Range<usize>,
    /// The path up to here.
    before: &'a str,
}

fn segments<'a>(path: &'a str, span: &Range<usize>) -> Result<Vec<Segment<'a>>, Draft> {
    // A quoted key is written with its quotes; with escapes in it, only the whole can be pointed at.
    let start = match span.len().checked_sub(path.len()) {
        Some(0) => Some(span.start),
        Some(2) => Some(span.start + 1),
        _ => None,
    };
    if path.split('.').count() > depth::PARTS_MAX {
        let help = "no path in a scenario is that long";
        return Err(Draft::new(span.clone(), format!("the path has more than {} parts", depth::PARTS_MAX), help));
    }
    let mut offset = 0;
    path.split('.')
        .map(|name| {
            let place = start.map_or(span.clone(), |start| start + offset..start + offset + name.len());
            let before = path[..offset].trim_end_matches('.');
            offset += name.len() + 1;
            if name.is_empty() {
                let help = "write it like `world.shop.order.pool.size` or `workload.0.patience`";
                return Err(Draft::new(place, "the path has an empty part", help));
            }
            Ok(Segment { name, span: place, before })
        })
        .collect()
}

fn enter<'n, 'a>(
    node: &'n mut Node<'a>,
    segment: &Segment<'_>,
    added: &mut Option<Added>,
) -> Result<&'n mut Node<'a>, Draft> {
    if node.get_ref().as_table().is_some_and(|table| !table.contains_key(segment.name)) {
        let empty = Spanned::new(segment.span.clone(), DeValue::Table(DeTable::new()));
        insert(node, segment, empty, added);
    }
    match node.get_mut() {
        DeValue::Table(table) => Ok(table.get_mut(segment.name).expect("just made")),
        DeValue::Array(items) => {
            let index = index_of(items, segment)?;
            Ok(&mut items.as_mut()[index])
        }
        other => {
            let message = format!("`{}` is a {}: it has no parts", segment.before, other.type_str());
            Err(Draft::new(segment.span.clone(), message, format!("set `{}` itself", segment.before)))
        }
    }
}

fn insert<'a>(node: &mut Node<'a>, segment: &Segment<'_>, value: Node<'a>, added: &mut Option<Added>) {
    let place = node.span();
    let DeValue::Table(table) = node.get_mut() else { return };
    let key = Spanned::new(segment.span.clone(), segment.name.to_owned().into());
    if table.remove(segment.name).is_none() && added.is_none() {
        let beside = table.keys().map(|key| key.get_ref().to_string()).collect();
        *added = Some(Added { span: segment.span.clone(), table: place, name: segment.name.to_owned(), beside });
    }
    table.insert(key, value);
}

/// How an element of a list is called.
fn name_of(node: &Node<'_>) -> Option<String> {
    let names = ["class", "name", "id"].iter().filter_map(|key| node.get_ref().get(*key));
    names.filter_map(|name| name.get_ref().as_str()).next().map(str::to_owned)
}

/// The element that a segment means: by number, or by `class`, `name` or `id`.
fn index_of(items: &[Node<'_>], segment: &Segment<'_>) -> Result<usize, Draft> {
    let path = format!("`{}`", segment.before);
    if let Ok(index) = segment.name.parse::<usize>() {
        let help = match items.len() {
            0 => format!("{path} is empty"),
            count => format!("{path} has the elements 0 to {}", count - 1),
        };
        let missing = || Draft::new(segment.span.clone(), format!("{path} has no element {index}"), help);
        return if index < items.len() { Ok(index) } else { Err(missing()) };
    }
    let found = items.iter().position(|node| name_of(node).as_deref() == Some(segment.name));
    found.ok_or_else(|| {
        let names: Vec<String> = items.iter().filter_map(name_of).collect();
        let help = match names.is_empty() {
            true => "name an element by its number, counted from 0".into(),
            false => suggest(segment.name, &names),
        };
        Draft::new(segment.span.clone(), format!("{path} has no element {}", quote(segment.name)), help)
    })
}

/// Moves all places in a value by `base`.
pub(super) fn shift<'a>(node: Node<'a>, base: usize) -> Node<'a> {
    let moved = |span: Range<usize>| span.start + base..span.end + base;
    let span = moved(node.span());
    let value = match node.into_inner() {
        DeValue::Array(items) => DeValue::Array(items.into_iter().map(|item| shift(item, base)).collect()),
        DeValue::Table(table) => {
            let entry =
                |(key, value): (Spanned<_>, _)| (Spanned::new(moved(key.span()), key.into_inner()), shift(value, base));
            DeValue::Table(table.into_iter().map(entry).collect())
        }
        scalar => scalar,
    };
    Spanned::new(span, value)
}
