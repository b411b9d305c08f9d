//! Finds links that are missing between the ledger of statements and the chapters that put them to the test: they go both ways.

use gridlock_scenarios::ledger::statements;
use gridlock_scenarios::spec::SpecError;

use crate::pages::Page;

/// The page with the ledger.
const LEDGER: &str = "appendix/claims.md";

/// Reads filled pages: a statement names the chapter of each scenario that tests it, and the chapter names the statement.
///
/// # Errors
/// With every link that is missing.
pub fn links(pages: &[Page]) -> Result<(), SpecError> {
    let mut missing = Vec::new();
    let page = |path: &str| pages.iter().find(|page| page.path == path);
    for statement in statements() {
        let id = &statement.id;
        for scenario in statement.scenarios() {
            let Some(chapter) = page(&format!("scenarios/{scenario}.md")) else { continue };
            let there = format!("<a class=\"gl-id\" href=\"../{}#{id}\"", html(LEDGER));
            if !chapter.file.text.contains(&there) {
                let help =
                    format!("`{{{{card {scenario}}}}}` and `{{{{claims {scenario}}}}}` name what a scenario tests");
                missing.push(lacks(chapter, &format!("this chapter tests {id} and does not link to it"), &help));
            }
            let back = format!("href=\"../{}#claims\"", html(&chapter.path));
            if let Some(ledger) = page(LEDGER).filter(|ledger| !row(&ledger.file.text, id).contains(&back)) {
                let help = "`{{ledger}}` links each statement to the chapters that test it";
                missing.push(lacks(ledger, &format!("{id} does not link to the chapter of `{scenario}`"), help));
            }
        }
    }
    SpecError::all(missing)
}

/// The row of a statement in the ledger.
fn row<'a>(text: &'a str, id: &str) -> &'a str {
    let from = text.find(&format!("<tr id=\"{id}\">")).map_or("", |at| &text[at..]);
    from.find("</tr>").map_or(from, |end| &from[..end])
}

fn html(path: &str) -> String {
    path.replace(".md", ".html")
}

fn lacks(page: &Page, message: &str, help: &str) -> SpecError {
    SpecError::at(&page.file, 0..0, message, help)
}
