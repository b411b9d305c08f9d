//! What happens to the text that plotters writes: wrappers off, texts on one line, empty texts out, ink as `currentColor`;
//! and the document around it.

use std::fmt::Write as _;

use crate::theme::{INK, Meaning, PAGE, PX, hex};

/// Escapes text for content and attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The shapes of one backend, without its `<svg>`; `fill` replaces the fill of every shape.
pub(crate) fn tidy(written: &str, fill: Option<&str>) -> String {
    let mut out = String::with_capacity(written.len());
    let mut lines = written.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("<svg") || line.starts_with("</svg") || line.trim().is_empty() {
            continue;
        }
        let element = if line.starts_with("<text") { whole_text(line, &mut lines) } else { Some(line.to_owned()) };
        if let Some(element) = element {
            out.push_str(&attributes(&element, fill));
            out.push('\n');
        }
    }
    out
}

/// A text element on one line; nothing if it has no content.
fn whole_text<'a>(opening: &str, lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let content: Vec<&str> = lines.take_while(|l| !l.starts_with("</text")).collect();
    let content = content.join(" ");
    (!content.trim().is_empty()).then(|| format!("{opening}{}</text>", content.trim()))
}

/// The element with its attributes made short and themeable.
fn attributes(element: &str, fill: Option<&str>) -> String {
    let plain = element
        .replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" \"/>", "\"/>")
        .replace("\"#000000\"", "\"currentColor\"");
    let plain = round_attribute(&plain, " font-size=\"");
    match fill {
        Some(fill) => replace_attribute(&plain, " fill=\"", fill),
        None => plain,
    }
}

/// Rounds the number in an attribute to a whole one.
fn round_attribute(element: &str, opening: &str) -> String {
    let value = element.split_once(opening).and_then(|(_, rest)| rest.split_once('"')).map(|(v, _)| v);
    match value.and_then(|v| v.parse::<f64>().ok()) {
        Some(number) => replace_attribute(element, opening, &format!("{}", number.round() as i64)),
        None => element.to_owned(),
    }
}

/// Gives an attribute another value.
fn replace_attribute(element: &str, opening: &str, value: &str) -> String {
    let Some((before, rest)) = element.split_once(opening) else { return element.to_owned() };
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{opening}{value}\"{after}")
}

/// What a document says about itself.
pub(crate) struct Document<'a> {
    /// Prefix of all ids.
    pub id: &'a str,
    /// `<title>`.
    pub title: &'a str,
    /// `<desc>`.
    pub description: &'a str,
    /// Width and height in viewBox units.
    pub size: (i32, i32),
}

impl Document<'_> {
    /// The whole SVG around a body.
    pub(crate) fn wrap(&self, body: &str) -> String {
        let Self { id, title, description, size: (width, height) } = self;
        let (title, description) = (escape(title), escape(description));
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" class=\"gridlock-figure\" \
             font-family=\"system-ui, 'DejaVu Sans', sans-serif\" color=\"{}\" style=\"width:100%;max-width:{}px\">\n",
            hex(INK),
            width / PX,
        );
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n{}\
             <rect class=\"page\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            hatch(id),
            hex(PAGE),
        );
        out.push_str(body);
        out.push_str("</svg>\n");
        out
    }
}

/// The pattern of failures: a second cue beside their colour.
fn hatch(id: &str) -> String {
    let colour = hex(Meaning::Failed.rgb());
    format!(
        "<defs><pattern id=\"{}\" width=\"16\" height=\"16\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"16\" height=\"16\" fill=\"{colour}\" opacity=\"0.45\"/>\
         <rect width=\"7\" height=\"16\" fill=\"{colour}\"/></pattern></defs>\n",
        hatch_id(id)
    )
}

/// Id of the pattern of failures.
pub(crate) fn hatch_id(id: &str) -> String {
    format!("{id}-failed")
}
