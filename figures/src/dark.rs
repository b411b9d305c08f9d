//! The dark theme, and how an inlined figure follows the theme of its page.
//!
//! **Two files for each figure**, `NAME.svg` and `NAME.dark.svg`, and not one with `prefers-color-scheme`: that query asks the
//! system, while a code host and a book let their readers choose a theme on the page, and both would then disagree with the picture.
//! A code host serves the pair through `<picture>`, which follows its own theme; a book shows one of the two by the
//! class of its theme. Who inlines the light one adds [`page_css`], whose rules hang on such classes. Each file has a page of its own colour behind it, so
//! it can be read wherever it is opened.

use crate::theme::{INK, PAGE, PARTNERS, hex};

/// A figure of this crate, in the dark theme.
pub fn dark(svg: &str) -> String {
    // Colours stand in quotes only, and no partner is itself a colour of the light theme.
    PARTNERS.iter().fold(svg.to_owned(), |text, (light, dark)| {
        text.replace(&format!("\"{}\"", hex(*light)), &format!("\"{}\"", hex(*dark)))
    })
}

/// Style rules for a page into which light figures are inlined: the page shines through, ink is the text's, and below any of the
/// `themes` (selectors such as `.navy`) the colours are those of the dark theme.
pub fn page_css(themes: &[&str]) -> String {
    let mut css = String::from(".gridlock-figure { color: inherit; }\n.gridlock-figure > .page { fill: none; }\n");
    let scope = format!(":is({})", themes.join(", "));
    for (light, dark) in PARTNERS.iter().filter(|(light, _)| ![PAGE, INK].contains(light) && !themes.is_empty()) {
        for attribute in ["fill", "stroke"] {
            let (light, dark) = (hex(*light), hex(*dark));
            css.push_str(&format!("{scope} .gridlock-figure [{attribute}=\"{light}\"] {{ {attribute}: {dark}; }}\n"));
        }
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_one_partner_and_no_partner_is_exchanged_again() {
        for (at, (light, _)) in PARTNERS.iter().enumerate() {
            assert!(PARTNERS.iter().skip(at + 1).all(|(other, _)| other != light), "{}", hex(*light));
            assert!(PARTNERS.iter().all(|(_, dark)| dark != light), "{}", hex(*light));
        }
    }

    #[test]
    fn a_page_without_dark_themes_needs_no_colours() {
        assert!(!page_css(&[]).contains('#'));
        assert!(
            page_css(&[".navy", ".coal"])
                .contains(":is(.navy, .coal) .gridlock-figure [fill=\"#009E73\"] { fill: #2DB88A; }")
        );
    }
}
