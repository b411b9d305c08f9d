//! Says what the parser found in the reader's words, and what the writer probably meant.

use super::error::Draft;

/// Names that are listed when nothing is near.
const LISTED_MAX: usize = 24;

/// The candidate that looks most like `word`, if one looks like it at all.
pub(super) fn nearest<'a>(word: &str, candidates: &'a [String]) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    let best = candidates.iter().map(|candidate| (distance(candidate), candidate)).min()?;
    let length = word.chars().count().max(best.1.chars().count());
    (best.0 <= (length / 3).max(1)).then_some(best.1.as_str())
}

/// Advice for a word that is none of the known ones: the nearest of them, or all.
pub fn suggest(word: &str, known: &[String]) -> String {
    match (nearest(word, known), known) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "there are none here".into(),
        (None, _) => format!("known: {}", list(known)),
    }
}

/// `a`, `b` and 3 more, in quotes.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(LISTED_MAX);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Quotes a word of the file, shortened.
pub(super) fn quote(word: &str) -> String {
    let short: String = word.chars().take(60).collect();
    if short.len() < word.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

/// Retells an error of the TOML deserializer.
pub(super) fn explain(error: &toml::de::Error) -> Draft {
    let message = error.message();
    let (message, help) = unknown(message)
        .or_else(|| unexpected(message))
        .or_else(|| missing(message))
        .or_else(|| kinds(message))
        .or_else(|| number(message))
        .or_else(|| mistyped(message))
        .unwrap_or_else(|| own(message));
    Draft { message, help, span: error.span().unwrap_or(0..0) }
}

/// Retells an error of the TOML parser.
pub(super) fn explain_syntax(error: &toml::de::Error) -> Draft {
    let message = error.message();
    let help = match message {
        _ if message.starts_with("string values must be quoted") => "put the text in double quotes",
        _ if message.starts_with("duplicate key") => "remove one of the two, or write `[[…]]` for a list of tables",
        _ => "the file must be TOML: see https://toml.io/en/v1.0.0",
    };
    let text = message.trim_end_matches(", expected nothing").trim_end_matches(", expected literal string");
    let span = error.span().unwrap_or(0..0);
    Draft::new(span, format!("this is not valid TOML: {text}"), help)
}

type Retold = Option<(String, Option<String>)>;

fn unknown(message: &str) -> Retold {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("kind", message.strip_prefix("unknown variant `")?),
    };
    let (word, expected) = match rest.split_once("`, expected ") {
        Some((word, expected)) => (word, expected),
        None => (rest.split_once("`, there are no ")?.0, ""),
    };
    let known: Vec<String> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((format!("unknown {what} {}", quote(word)), Some(suggest(word, &known))))
}

/// What the parser says in place of `unknown field` about the fields of an enum variant.
fn unexpected(message: &str) -> Retold {
    let rest = message.strip_prefix("unexpected keys in table: ")?;
    let (words, expected) = rest.rsplit_once(", available keys: ")?;
    let word = words.split(", ").next().unwrap_or(words);
    let known: Vec<String> = expected.split(", ").map(str::to_owned).collect();
    Some((format!("unknown key {}", quote(word)), Some(suggest(word, &known))))
}

fn missing(message: &str) -> Retold {
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some((format!("the key `{name}` is missing here"), Some(format!("add a line `{name} = …`"))))
}

fn kinds(message: &str) -> Retold {
    let found = message.strip_prefix("wanted exactly 1 element, ")?;
    let help = "give one kind, for instance `arrivals = { poisson = 80 }`";
    let found = if found.starts_with("found 0") { "none" } else { "several" };
    Some((format!("exactly one kind must be given here, not {found}"), Some(help.into())))
}

fn number(message: &str) -> Retold {
    if message.ends_with("number overflowed") {
        return Some((
            "the number is too large".into(),
            Some("no number in a scenario needs more than 19 digits".into()),
        ));
    }
    let rest = message.strip_prefix("invalid value: integer `").or(message.strip_prefix("invalid type: integer `"))?;
    let (number, expected) = rest.split_once('`')?;
    let expected = expected.rsplit_once("expected ")?.1;
    let range = whole_numbers(expected)?;
    Some((format!("the number {} does not fit", quote(number)), Some(format!("write {range}"))))
}

fn mistyped(message: &str) -> Retold {
    let (found, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    let found = found.replace("map", "a table").replace("sequence", "a list");
    let (expected, help) = match expected {
        "a string" | "a borrowed string" => ("text", "put it in double quotes; a time needs its unit, like \"90s\""),
        "f64" => ("a number", "write a number, without quotes"),
        "a boolean" => ("true or false", "write `true` or `false`, without quotes"),
        "a map" => ("a table", "write `{ key = value }`"),
        "a sequence" => ("a list", "write `[…]`"),
        other => match whole_numbers(other) {
            Some(range) => (range, "write the number without quotes and without a decimal point"),
            None => (other, "see `gridlock schema` for what belongs where"),
        },
    };
    Some((format!("found {found} where {expected} belongs"), Some(help.into())))
}

/// Messages of our own types say what is wrong, a colon, and what to write.
fn own(message: &str) -> (String, Option<String>) {
    match message.rsplit_once(": ") {
        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
        None => (message.to_owned(), None),
    }
}

fn whole_numbers(expected: &str) -> Option<&'static str> {
    Some(match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 to 18446744073709551615",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" => "a whole number from -9223372036854775808 to 9223372036854775807",
        _ => return None,
    })
}
