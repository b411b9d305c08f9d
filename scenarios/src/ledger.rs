//! The ledger of the article's statements, `claims.toml`, and what the runs say of each of them.
//!
//! **Never here:** a verdict that somebody wrote. It follows from the claims that a statement names, and from whether they hold.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::outcome::Outcome;

/// The file as it is compiled in.
const LEDGER: &str = include_str!("../claims.toml");

/// Kinds of statements: the first letter of an id, and what they speak of, in the order of reading.
pub const GROUPS: [(char, &str); 5] = [
    ('P', "The problem"),
    ('S', "The fix"),
    ('K', "Concepts it names"),
    ('J', "What its code does"),
    ('B', "Practices it lists"),
];

/// One statement of the article, restated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Its stable id, say `P1`.
    pub id: String,
    /// What it says.
    pub says: String,
    /// Whether something tests it.
    pub status: Status,
    /// What tests it: `scenario/claim` or `scenario/variant`.
    #[serde(default)]
    pub by: Vec<String>,
    /// Those of `by` that show what it costs, or where it ends.
    #[serde(default)]
    pub price: Vec<String>,
    /// Those of `by` that refute it if they hold.
    #[serde(default)]
    pub against: Vec<String>,
    /// What came out, in a sentence or two. May contain directives of the book.
    #[serde(default)]
    pub finding: String,
}

/// Whether something tests a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its `by` does.
    Tested,
    /// Nothing does yet.
    Open,
}

/// What the runs say of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All that tests it holds.
    Holds,
    /// So it does, and so does what shows its price or its end.
    AtAPrice,
    /// Something that tests it does not hold, or something that refutes it does.
    Fails,
    /// Nothing tests it.
    Untested,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    statement: Vec<Statement>,
}

/// All statements, in the order of the file.
///
/// # Panics
/// When the file that is compiled in is wrong: a test reads it.
pub fn statements() -> Vec<Statement> {
    parse(LEDGER).unwrap_or_else(|error| panic!("scenarios/claims.toml: {error}"))
}

fn parse(text: &str) -> Result<Vec<Statement>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut seen = BTreeSet::new();
    for statement in &file.statement {
        statement.check()?;
        if !seen.insert(statement.id.clone()) {
            return Err(format!("{} is there twice", statement.id));
        }
    }
    Ok(file.statement)
}

impl Standing {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Standing::Holds => "holds",
            Standing::AtAPrice => "holds at a price",
            Standing::Fails => "does not hold",
            Standing::Untested => "not tested yet",
        }
    }

    /// In one word, for programs and style sheets.
    pub const fn word(self) -> &'static str {
        match self {
            Standing::Holds => "holds",
            Standing::AtAPrice => "price",
            Standing::Fails => "fails",
            Standing::Untested => "untested",
        }
    }
}

impl Statement {
    /// Scenarios that test it, each once, in the order of `by`.
    pub fn scenarios(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for scenario in self.by.iter().filter_map(|entry| Some(entry.split_once('/')?.0)) {
            if !found.contains(&scenario) {
                found.push(scenario);
            }
        }
        found
    }

    /// What the runs say. `holds` is asked of each entry of `by`; see [`entry_holds`].
    ///
    /// # Errors
    /// The first error of `holds`.
    pub fn standing<E>(&self, mut holds: impl FnMut(&str) -> Result<bool, E>) -> Result<Standing, E> {
        if self.status == Status::Open {
            return Ok(Standing::Untested);
        }
        let (mut supported, mut costs) = (true, false);
        for entry in &self.by {
            let held = holds(entry)?;
            if self.against.contains(entry) {
                supported &= !held;
            } else if self.price.contains(entry) {
                costs |= held;
            } else {
                supported &= held;
            }
        }
        Ok(match (supported, costs) {
            (false, _) => Standing::Fails,
            (true, true) => Standing::AtAPrice,
            (true, false) => Standing::Holds,
        })
    }

    fn check(&self) -> Result<(), String> {
        let fail = |what: &str| Err(format!("{}: {what}", self.id));
        let tested = self.status == Status::Tested;
        if tested == self.by.is_empty() {
            return fail("`by` names what tests a tested statement, and an open one has none");
        }
        if tested && self.finding.is_empty() {
            return fail("`finding` says what came out of a test");
        }
        if let Some(lone) = self.price.iter().chain(&self.against).find(|entry| !self.by.contains(entry)) {
            return fail(&format!("`{lone}` stands in `price` or `against` and not in `by`"));
        }
        match self.price.iter().find(|entry| self.against.contains(entry)) {
            Some(both) => fail(&format!("`{both}` cannot be a price and an objection")),
            None => Ok(()),
        }
    }
}

/// Whether `scenario/claim` holds, or `scenario/variant` came out as its scenario expects; none if the outcome has neither.
/// A claim about several variants holds if it does for each.
pub fn entry_holds(outcome: &Outcome, name: &str) -> Option<bool> {
    if let Some(variant) = outcome.variants.iter().find(|variant| variant.name == name) {
        return Some(variant.expected.as_deref().is_none_or(|word| word == variant.verdict.kind.text()));
    }
    let claims = outcome.variants.iter().flat_map(|variant| &variant.claims).filter(|claim| claim.id == name);
    claims.map(|claim| claim.holds).reduce(|all, one| all && one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(more: &str) -> Result<Statement, String> {
        let text = format!("[[statement]]\nid = \"P1\"\nsays = \"It is so.\"\nfinding = \"It is.\"\n{more}");
        parse(&text).map(|mut all| all.remove(0))
    }

    fn standing(more: &str, held: &[&str]) -> Standing {
        let statement = statement(more).expect("well formed");
        statement.standing(|entry| Ok::<_, ()>(held.contains(&entry))).expect("no errors")
    }

    #[test]
    fn the_standing_follows_from_what_holds() {
        let by = "status = \"tested\"\nby = [\"a/b\", \"a/c\", \"a/d\"]\nprice = [\"a/c\"]\nagainst = [\"a/d\"]\n";
        assert_eq!(standing("status = \"open\"\n", &[]), Standing::Untested);
        assert_eq!(standing(by, &["a/b"]), Standing::Holds);
        assert_eq!(standing(by, &["a/b", "a/c"]), Standing::AtAPrice);
        assert_eq!(standing(by, &["a/b", "a/c", "a/d"]), Standing::Fails);
        assert_eq!(standing(by, &["a/c"]), Standing::Fails);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for wrong in [
            "status = \"tested\"\n",
            "status = \"open\"\nby = [\"a/b\"]\n",
            "status = \"tested\"\nby = [\"a/b\"]\nprice = [\"a/c\"]\n",
            "status = \"tested\"\nby = [\"a/b\"]\nprice = [\"a/b\"]\nagainst = [\"a/b\"]\n",
            "status = \"tested\"\nby = [\"a/b\"]\nverdict = \"holds\"\n",
        ] {
            assert!(statement(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_ledger_has_every_statement_of_the_article_in_order() {
        let counts = [('P', 6), ('S', 9), ('K', 7), ('J', 4), ('B', 6)];
        let wanted: Vec<String> =
            counts.iter().flat_map(|(kind, n)| (1..=*n).map(move |i| format!("{kind}{i}"))).collect();
        assert_eq!(statements().into_iter().map(|statement| statement.id).collect::<Vec<_>>(), wanted);
    }
}
