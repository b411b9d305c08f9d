//! The ledger of the article's statements: what the runs say of each, and which claims say so.

use gridlock_scenarios::ledger::{GROUPS, Standing, Statement, entry_holds, statements};

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words, target};
use crate::fill::fill_text;
use crate::html::{escape, without_tags};

/// All statements in tables, one for each kind, with links to the chapters whose claims test them.
pub(crate) fn ledger(place: &Place, _: &Words) -> Result<String, Fault> {
    let (all, mut out) = (statements(), String::new());
    for (kind, title) in GROUPS {
        out += &format!(
            "\n## {title}\n\n<div class=\"gl-scroll\"><table class=\"gl-ledger\"><thead><tr><th>id</th><th>statement</th>\
             <th>the runs say</th><th>what came out, and of what</th></tr></thead><tbody>\n"
        );
        for statement in all.iter().filter(|statement| statement.id.starts_with(kind)) {
            out += &row(place, statement)?;
        }
        out += "</tbody></table></div>\n";
    }
    Ok(out)
}

fn row(place: &Place, statement: &Statement) -> Result<String, Fault> {
    let standing = standing(place, statement)?;
    let by = statement.scenarios().into_iter().map(|scenario| entries(place, statement, scenario));
    Ok(format!(
        "<tr id=\"{id}\"><th scope=\"row\">{id}</th><td>{}</td><td class=\"gl-standing gl-stands-{}\">{}</td><td>{}\n{}</td></tr>\n",
        escape(&statement.says),
        standing.word(),
        standing.text(),
        paragraph(&fill_text(place, &statement.finding)?),
        by.collect::<String>(),
        id = escape(&statement.id),
    ))
}

/// Those of a statement's claims that belong to one scenario, folded; the scenario links to its chapter if there is one.
fn entries(place: &Place, statement: &Statement, scenario: &str) -> String {
    let chapter = chapter(place, scenario);
    let name = |entry: &String| {
        let (_, name) = entry.split_once('/').filter(|(of, _)| *of == scenario)?;
        let sort = match entry {
            entry if statement.price.contains(entry) => " (price)",
            entry if statement.against.contains(entry) => " (against)",
            _ => "",
        };
        Some(format!("<code>{}</code>{sort}", escape(name)))
    };
    let names: Vec<String> = statement.by.iter().filter_map(name).collect();
    let title = match &chapter {
        Some(href) => format!("<a href=\"{href}\">{}</a>", escape(scenario)),
        None => format!("<code>{}</code>", escape(scenario)),
    };
    format!("<details class=\"gl-by\"><summary>{title}</summary>{}</details>\n", names.join(", "))
}

fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p>{text}</p>") }
}

/// The page of a scenario, if it has one.
fn chapter(place: &Place, scenario: &str) -> Option<String> {
    let page = format!("scenarios/{scenario}");
    let there = place.desk.root.join(format!("book/src/{page}.md")).is_file();
    there.then(|| format!("{}{page}.html#claims", place.page.to_root()))
}

/// The same as one Markdown table without HTML, for a page outside of the book.
pub(crate) fn plain(place: &Place, _: &Words) -> Result<String, Fault> {
    let mut out = String::from(
        "| id | the statement, in our words | the runs say | what came out | put to the test by |\n|---|---|---|---|---|\n",
    );
    for statement in statements() {
        let standing = standing(place, &statement)?;
        let finding = without_tags(&fill_text(place, &statement.finding)?).replace('|', "\\|");
        let by: Vec<String> = statement.scenarios().iter().map(|name| format!("`{name}`")).collect();
        let says = &statement.says;
        out += &format!("| {} | {says} | {} | {finding} | {} |\n", statement.id, standing.text(), by.join(", "));
    }
    Ok(out.trim_end().to_string())
}

/// Ids of the statements that a scenario, or one of its claims, tests: each with a link to the ledger.
pub(crate) fn tested_by(place: &Place, scenario: &str, name: Option<&str>) -> Vec<String> {
    let mine = |entry: &String| {
        let (of, claim) = target(entry);
        of == scenario && (name.is_none() || name == claim)
    };
    let all = statements().into_iter().filter(|statement| statement.by.iter().any(mine));
    let link = |statement: Statement| {
        let (root, id, says) = (place.page.to_root(), escape(&statement.id), escape(&statement.says));
        format!("<a class=\"gl-id\" href=\"{root}appendix/claims.html#{id}\" title=\"{says}\">{id}</a>")
    };
    all.map(link).collect()
}

fn standing(place: &Place, statement: &Statement) -> Result<Standing, Fault> {
    let mut waiting = false;
    let standing = statement.standing(|entry| {
        let (scenario, name) = target(entry);
        let outcome = match place.desk.outcome(scenario) {
            Ok(outcome) => outcome,
            // All of them are asked for before the page is filled again.
            Err(Fault::NotPlayed) => {
                waiting = true;
                return Ok(false);
            }
            Err(other) => return Err(other),
        };
        match entry_holds(outcome, name.unwrap_or_default()) {
            Some(holds) => Ok(holds),
            None => wrong(
                format!(
                    "{} in scenarios/claims.toml names `{entry}`, which is neither claim nor variant",
                    statement.id
                ),
                format!("`cargo lab explain {scenario}` lists both"),
            ),
        }
    })?;
    if waiting { Err(Fault::NotPlayed) } else { Ok(standing) }
}
