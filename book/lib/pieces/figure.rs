//! The committed figure of a scenario, light and dark.

use std::fs;

use crate::desk::{Fault, Pictures, wrong};
use crate::directive::{Place, Words};
use crate::html::{escape, one_line};

/// Ink of a figure that has no dark version of its own.
const DARK_INK: &str = "#d7dbe0";

/// The figure. With `after NAME` it is covered until the prediction of this name on the page is made.
pub(crate) fn figure(place: &Place, words: &Words) -> Result<String, Fault> {
    let name = words.plain[0].as_str();
    let story = place.desk.story(name)?;
    let after = match &words.plain[1..] {
        [] => None,
        [after, what] if after == "after" => Some(what),
        _ => return wrong("this directive has too many words", "write `{{figure SCENARIO [after PREDICTION]}}`"),
    };
    let (light, dark) = files(place, name)?;
    let title = escape(&story.spec.title);
    let alt = escape(&one_line(&story.spec.summary));
    let (light, dark) = (link(place, name, "", &light), link(place, name, ".dark", &dark));
    let body = format!(
        "<figure class=\"gl-figure\"><div class=\"gl-scroll\" tabindex=\"0\">\
         <img class=\"gl-on-light\" src=\"{light}\" alt=\"{alt}\"><img class=\"gl-on-dark\" src=\"{dark}\" alt=\"{alt}\"></div>\
         <figcaption>{title}. Time runs to the right, rows go from cause to effect, and each design is a column with the same \
         scales. <a href=\"{light}\">Full size</a></figcaption></figure>"
    );
    Ok(match after {
        Some(what) => format!("<gridlock-reveal data-after=\"{}\">\n{body}\n</gridlock-reveal>", escape(what)),
        None => body,
    })
}

fn link(place: &Place, name: &str, end: &str, svg: &str) -> String {
    match place.desk.pictures {
        Pictures::Linked => format!("{}figures/{name}{end}.svg", place.page.to_root()),
        Pictures::Embedded => embedded(svg),
    }
}

/// Both versions; an error if the light one is not what is drawn today.
pub(crate) fn files(place: &Place, name: &str) -> Result<(String, String), Fault> {
    let read = |end: &str| fs::read_to_string(place.desk.root.join(format!("figures/out/{name}{end}.svg")));
    let advice = "`cargo lab figures` draws it anew; look at it before you commit it";
    let Ok(light) = read("") else { return wrong(format!("there is no figures/out/{name}.svg"), advice) };
    let drawn = (place.desk.draw)(place.desk.outcome(name)?);
    if light != drawn.map_err(|why| Fault::Wrong(why, "mend the figure of the scenario".into()))? {
        return wrong(format!("figures/out/{name}.svg is not what is drawn now"), advice);
    }
    let dark = read(".dark").unwrap_or_else(|_| in_dark_ink(&light));
    Ok((light, dark))
}

/// A figure without a dark version, in ink that can be seen on a dark page.
pub(crate) fn in_dark_ink(light: &str) -> String {
    light.replace("currentColor", DARK_INK)
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
