//! The words of a directive: taken apart, and given to whom they belong.

use gridlock_scenarios::spec::suggest;

use crate::desk::{Asked, Desk, Fault, wrong};
use crate::pages::Page;
use crate::pieces;

/// What a directive may need besides its words.
pub(crate) struct Place<'a> {
    pub(crate) desk: &'a Desk<'a>,
    pub(crate) page: &'a Page,
    /// True if the directive has its line for itself.
    pub(crate) alone: bool,
}

/// Words of a directive, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// In their order.
    pub(crate) plain: Vec<String>,
    /// Each `--set key=value`.
    pub(crate) set: Vec<String>,
    /// `--seed N`.
    pub(crate) seed: Option<u64>,
    /// `as FORM`.
    pub(crate) form: Option<String>,
}

type Render = fn(&Place, &Words) -> Result<String, Fault>;

/// Every directive: its name, how it is written, what makes it Markdown.
const DIRECTIVES: [(&str, &str, Render); 19] = [
    ("card", "card SCENARIO [after PREDICTION]", pieces::card::card),
    ("value", "value SCENARIO/VARIANT METRIC [as FORM] [--set KEY=VALUE]… [--seed N]", pieces::inline::value),
    ("when", "when SCENARIO/VARIANT SERIES OP NUMBER [since fault|since end]", pieces::inline::when),
    ("spec", "spec SCENARIO[/VARIANT] PATH [as FORM]", pieces::inline::spec),
    ("calc", "calc SCENARIO[/VARIANT] EXPRESSION as FORM", pieces::inline::calculated),
    ("cited", "cited SOURCE TEXT", pieces::inline::cited),
    ("example", "example TEXT", pieces::inline::example),
    ("figure", "figure SCENARIO[#NAME] [after PREDICTION]", pieces::figure::figure),
    ("topology", "topology SCENARIO", pieces::figure::topology),
    ("code", "code PATH#ANCHOR", pieces::code::code),
    ("command", "command SCENARIO[/VARIANT] [--set KEY=VALUE]… [--seed N]", pieces::command::command),
    ("claims", "claims SCENARIO[/VARIANT]", pieces::claims::claims),
    ("claim", "claim SCENARIO/CLAIM", pieces::claims::claim),
    ("exercise", "exercise SCENARIO/NAME", pieces::exercise::exercise),
    ("exercises", "exercises", pieces::exercise::exercises),
    ("ledger", "ledger", pieces::ledger::ledger),
    ("not-modelled", "not-modelled", pieces::model::not_modelled),
    ("statements", "statements", pieces::ledger::plain),
    ("sources", "sources", pieces::inline::sources),
];

/// What a directive becomes.
pub(crate) fn render(place: &Place, inner: &str) -> Result<String, Fault> {
    let words = split(inner)?;
    let Some((name, rest)) = words.split_first() else {
        return wrong("this directive is empty", "write one of the directives that CONTRIBUTING.md lists");
    };
    let Some((_, usage, render)) = DIRECTIVES.iter().find(|(known, ..)| known == name) else {
        let known: Vec<String> = DIRECTIVES.iter().map(|(known, ..)| (*known).to_string()).collect();
        return wrong(format!("there is no directive `{name}`"), suggest(name, &known));
    };
    let words = sort(rest, usage)?;
    if words.plain.is_empty() && usage.contains(' ') {
        return wrong("this directive says too little", format!("write `{{{{{usage}}}}}`"));
    }
    render(place, &words)
}

impl Words {
    /// The first word, as a run.
    pub(crate) fn asked(&self) -> Asked {
        let (scenario, variant) = target(&self.plain[0]);
        Asked { scenario: scenario.into(), variant: variant.map(str::to_owned), seed: self.seed, set: self.set.clone() }
    }

    /// The words from the `n`th on, which there must be.
    pub(crate) fn from(&self, n: usize, what: &str) -> Result<&[String], Fault> {
        match self.plain.get(n..) {
            Some(rest) if !rest.is_empty() => Ok(rest),
            _ => wrong("this directive says too little", format!("{what} is missing")),
        }
    }

    /// The prediction that what is asked for waits for: `after NAME` behind the first word.
    pub(crate) fn after(&self, usage: &str) -> Result<Option<&str>, Fault> {
        match self.plain.get(1..).unwrap_or_default() {
            [] => Ok(None),
            [after, name] if after == "after" => Ok(Some(name)),
            _ => wrong("this directive has too many words", format!("write `{usage}`")),
        }
    }

    /// The `n`th word, which must be the last.
    pub(crate) fn last(&self, n: usize, what: &str) -> Result<&str, Fault> {
        match self.from(n, what)? {
            [last] => Ok(last),
            more => wrong(
                format!("`{}` is one word too many", more[1]),
                "remove it, or put words that belong together in quotes",
            ),
        }
    }
}

/// `scenario/variant`, or a scenario alone.
pub(crate) fn target(word: &str) -> (&str, Option<&str>) {
    word.split_once('/').map_or((word, None), |(scenario, variant)| (scenario, Some(variant)))
}

/// Words between blanks; single quotes hold together what has some.
fn split(text: &str) -> Result<Vec<String>, Fault> {
    let (mut words, mut word, mut quoted, mut open) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '\'' => (quoted, open) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if open {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => {
                word.push(c);
                open = true;
            }
        }
    }
    if quoted {
        return wrong("a quote is never closed", "close it with `'`");
    }
    if open {
        words.push(word);
    }
    Ok(words)
}

fn sort(words: &[String], usage: &str) -> Result<Words, Fault> {
    let mut sorted = Words::default();
    let mut rest = words.iter();
    let next = |value: Option<&String>, what: &str| match value {
        Some(value) => Ok(value.clone()),
        None => wrong(format!("nothing follows `{what}`"), format!("write `{{{{{usage}}}}}`")),
    };
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--set" => sorted.set.push(next(rest.next(), "--set")?),
            "--seed" => {
                let text = next(rest.next(), "--seed")?;
                let Ok(seed) = text.parse() else {
                    return wrong(format!("`{text}` is no seed"), "write a whole number");
                };
                sorted.seed = Some(seed);
            }
            "as" if usage.contains(" as ") || usage.contains("[as ") => sorted.form = Some(next(rest.next(), "as")?),
            _ => sorted.plain.push(word.clone()),
        }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_blanks_and_held_by_quotes() {
        assert_eq!(
            split("value a/b  --set 'x={y = 1}' as s"),
            Ok(vec!["value", "a/b", "--set", "x={y = 1}", "as", "s"].into_iter().map(String::from).collect())
        );
        assert!(split("it's").is_err());
    }

    #[test]
    fn options_are_told_from_words() {
        let words: Vec<String> = split("a/b m --set k=v as s --seed 3").unwrap();
        let sorted = sort(&words, "value X [as FORM]").unwrap();
        assert_eq!(
            (sorted.plain.len(), sorted.set.len(), sorted.seed, sorted.form.as_deref()),
            (2, 1, Some(3), Some("s"))
        );
        assert!(sort(&["--seed".into(), "x".into()], "").is_err());
    }

    #[test]
    fn what_waits_names_its_prediction() {
        let after = |text: &str| {
            sort(&split(text).unwrap(), "card S [after PREDICTION]")
                .unwrap()
                .after("")
                .map(|name| name.map(str::to_owned))
        };
        assert_eq!(after("cascade after pages"), Ok(Some("pages".into())));
        assert_eq!(after("cascade"), Ok(None));
        assert!(after("cascade pages").is_err() && after("cascade after pages retries").is_err());
    }
}
