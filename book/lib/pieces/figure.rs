//! Committed pictures, light and dark: the figure of a scenario, its further ones, what its designs are made of, and those that belong
//! to no scenario.

use std::fs;

use gridlock_figures::Show;
use gridlock_scenarios::spec::suggest;

use crate::desk::{Fault, Pictures, Story, wrong};
use crate::directive::{Place, Words};
use crate::html::{escape, one_line, without_tags};

/// Where pictures lie, and how they are made.
const ADVICE: &str = "`cargo lab figures` draws it anew; look at it before you commit it";
/// How the figure of a scenario is read.
const READING: &str =
    "Time runs to the right, rows go from cause to effect, and each design is a column with the same scales.";
/// What follows the scenario in the name of the picture of its designs.
const TOPOLOGY: &str = "topology";

/// Width of a figure in the units of its viewBox.
const WIDTH: i32 = 2960;
/// Height from which on a figure is broken between its bands on paper: a page is about a third higher than wide.
const PAPER: i32 = 4 * WIDTH / 3;

/// A picture that is committed and drawn so today.
struct Picture<'a> {
    /// Its file in `figures/out/`, without an ending.
    stem: String,
    light: String,
    dark: String,
    /// What stands below it: how it is read.
    reading: &'a str,
    /// Whether it carries its title itself.
    headed: bool,
}

/// `SCENARIO`, `SCENARIO#NAME` for what its file declares as `[[figure.extra]]`, or the name of a picture that belongs to no scenario.
/// With `after NAME` it is covered until the prediction of this name on the page is made.
pub(crate) fn figure(place: &Place, words: &Words) -> Result<String, Fault> {
    let after = words.after("{{figure SCENARIO[#NAME] [after PREDICTION]}}")?;
    let body = shown(place, &find(place, &words.plain[0])?);
    Ok(match after {
        Some(what) => format!("<gridlock-reveal data-after=\"{}\">\n{body}\n</gridlock-reveal>", escape(what)),
        None => body,
    })
}

/// What the designs of a scenario are made of.
pub(crate) fn topology(place: &Place, words: &Words) -> Result<String, Fault> {
    let name = words.last(0, "the scenario")?;
    place.desk.story(name)?;
    let picture = committed(place, name, TOPOLOGY, "Sizes are those of the first design that is named.")?;
    Ok(shown(place, &Picture { headed: false, ..picture }))
}

fn find<'a>(place: &Place<'a>, word: &str) -> Result<Picture<'a>, Fault> {
    let standing = place.desk.standing()?;
    if let Some(svg) = standing.get(word) {
        return current(place, word.into(), svg, "");
    }
    let (name, extra) = word.split_once('#').map_or((word, None), |(name, extra)| (name, Some(extra)));
    let Ok(story) = place.desk.story(name) else {
        let known: Vec<String> = place.desk.scenarios().chain(standing.keys().cloned()).collect();
        return wrong(format!("there is no scenario or picture `{name}`"), suggest(name, &known));
    };
    match extra {
        None => Ok(Picture { headed: false, ..committed(place, name, "", READING)? }),
        Some(extra) => committed(place, name, extra, reading(story, name, extra)?),
    }
}

/// How a further picture is read.
fn reading(story: &Story, scenario: &str, name: &str) -> Result<&'static str, Fault> {
    let extras = &story.spec.figure.extra;
    let Some(extra) = extras.iter().find(|extra| extra.name == name) else {
        let known: Vec<String> = extras.iter().map(|extra| extra.name.clone()).collect();
        let help = match &known[..] {
            [] => format!("its file has no `[[figure.extra]]`; `{{{{figure {scenario}}}}}` is its figure"),
            known => {
                format!("{}; scenarios/catalog/{scenario}.toml declares it as `[[figure.extra]]`", suggest(name, known))
            }
        };
        return wrong(format!("`{scenario}` has no further picture `{name}`"), help);
    };
    Ok(match extra.show {
        Show::Table { .. } => "A row for each design; what is hatched is the worse the longer it is.",
        Show::Gaps { .. } => "A strip for each design, over the time of its run; shaded, what broke.",
        Show::Scaling { .. } | Show::Amplification { .. } => "Points are runs, the dashed line is computed beforehand.",
    })
}

/// A picture of a scenario by what follows its name; an error if the committed one is not what is drawn today.
fn committed<'a>(place: &Place, scenario: &str, what: &str, reading: &'a str) -> Result<Picture<'a>, Fault> {
    let outcome = place.desk.outcome(scenario)?;
    let drawn = place.desk.drawn(outcome)?;
    let suffix = if what.is_empty() { String::new() } else { format!(".{what}") };
    let Some(svg) = drawn.get(&suffix) else {
        return wrong(format!("`{scenario}` has no picture `{what}`"), ADVICE);
    };
    current(place, format!("{scenario}{suffix}"), svg, reading)
}

fn current<'a>(place: &Place, stem: String, drawn: &str, reading: &'a str) -> Result<Picture<'a>, Fault> {
    let read = |end: &str| fs::read_to_string(place.desk.root.join(format!("figures/out/{stem}{end}.svg")));
    let Ok(light) = read("") else { return wrong(format!("there is no figures/out/{stem}.svg"), ADVICE) };
    let dark = read(".dark").unwrap_or_default();
    if *light != *drawn || dark != gridlock_figures::dark(drawn) {
        return wrong(format!("figures/out/{stem}.svg is not what is drawn now"), ADVICE);
    }
    Ok(Picture { stem, light, dark, reading, headed: true })
}

/// The picture with what a reader who cannot see it should know, and a way to have it larger.
fn shown(place: &Place, picture: &Picture) -> String {
    let Picture { stem, light, dark, reading, headed } = picture;
    let alt = escape(&one_line(&said(light, "desc")));
    let title = if *headed { String::new() } else { format!("{}. ", escape(&said(light, "title"))) };
    let paper = on_paper(place, stem, light);
    let links = [("gl-on-light", link(place, stem, light)), ("gl-on-dark", link(place, &format!("{stem}.dark"), dark))];
    let images = links.iter().map(|(class, href)| format!("<img class=\"{class}\" src=\"{href}\" alt=\"{alt}\">"));
    // A page may not lead to a picture that it carries within itself: browsers refuse that.
    let full = links.iter().filter(|_| place.desk.pictures == Pictures::Linked);
    let full = full.map(|(class, href)| format!(" <a class=\"{class}\" href=\"{href}\">Full size</a>"));
    format!(
        "<figure class=\"gl-figure{}\"><div class=\"gl-scroll\" tabindex=\"0\">{}</div>{paper}<figcaption>{title}{reading}{}</figcaption></figure>",
        if paper.is_empty() { "" } else { " gl-in-bands" },
        images.collect::<String>(),
        full.collect::<String>(),
    )
}

/// The bands of a figure that is higher than a page of paper, each by itself. An embedded one stays whole, or the page would carry it
/// several times.
fn on_paper(place: &Place, stem: &str, svg: &str) -> String {
    let bands = gridlock_figures::bands_of(svg);
    let height = bands.last().map_or(0, |band| band.end);
    if bands.len() < 2 || height < PAPER || place.desk.pictures == Pictures::Embedded {
        return String::new();
    }
    let href = link(place, stem, svg);
    let band = |band: &std::ops::Range<i32>| {
        let (top, height) = (band.start * 1000 / WIDTH, (band.end - band.start) * 1000 / WIDTH);
        format!("<div style=\"--top: {top}; --height: {height}\"><img src=\"{href}\" alt=\"\"></div>")
    };
    format!("<div class=\"gl-on-paper\" aria-hidden=\"true\">{}</div>", bands.iter().map(band).collect::<String>())
}

/// What the picture says of itself in `<title>` or `<desc>`.
fn said(svg: &str, tag: &str) -> String {
    let begin = svg.find(&format!("<{tag} ")).and_then(|at| Some(at + svg[at..].find('>')? + 1));
    let end = begin.and_then(|at| Some(at + svg[at..].find(&format!("</{tag}>"))?));
    begin.zip(end).map_or_else(String::new, |(begin, end)| without_tags(&svg[begin..end]))
}

fn link(place: &Place, stem: &str, svg: &str) -> String {
    match place.desk.pictures {
        Pictures::Linked => format!("{}figures/{stem}.svg", place.page.to_root()),
        Pictures::Embedded => embedded(svg),
    }
}

fn embedded(svg: &str) -> String {
    let mut out = String::from("data:image/svg+xml,");
    for c in svg.chars() {
        match c {
            '"' => out.push('\''),
            '#' => out.push_str("%23"),
            '%' => out.push_str("%25"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '&' => out.push_str("%26"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_what_it_is() {
        let svg = "<svg>\n<title id=\"t\">a &amp; b</title>\n<desc id=\"d\">c</desc>\n</svg>";
        assert_eq!(
            (said(svg, "title"), said(svg, "desc"), said(svg, "metadata")),
            ("a & b".into(), "c".into(), "".into())
        );
    }
}
