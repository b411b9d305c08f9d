//! Arithmetic in a page: `+ - * /` and parentheses between blanks, over metrics, values of the scenario, and numbers.
//!
//! Everything is in base units: microseconds, bytes, one for each; shares as fractions.

use gridlock_scenarios::format::{Quantity, quantity};

use crate::desk::{Asked, Fault, wrong};
use crate::directive::{Place, Words, target};
use crate::form;
use crate::pieces::inline::stated;

/// What an operand stands for: a number, `spec:PATH`, a metric of the directive's run, or `SCENARIO/VARIANT:METRIC`.
pub(crate) fn operand(place: &Place, words: &Words, word: &str) -> Result<f64, Fault> {
    if let Ok(number) = word.parse::<f64>() {
        return Ok(number);
    }
    if let Some(path) = word.strip_prefix("spec:") {
        let text = stated(place, &words.plain[0], path)?;
        return match (quantity(&text), text.parse()) {
            (Quantity::Span(us), _) => Ok(us as f64),
            (Quantity::Size(size), _) => Ok(size as f64),
            (_, Ok(number)) => Ok(number),
            _ => wrong(format!("`{text}` at `{path}` is no number"), "name a path further down"),
        };
    }
    let (asked, key) = match word.split_once(':').filter(|(run, _)| place.desk.story(target(run).0).is_ok()) {
        Some((run, key)) => {
            let (scenario, variant) = target(run);
            (Asked { scenario: scenario.into(), variant: variant.map(str::to_owned), ..words.asked() }, key)
        }
        None => (words.asked(), word),
    };
    let run = place.desk.run(&asked)?;
    Ok(form::in_base_unit(key, form::metric(run, key)?))
}

/// `left op right`; none if there is no such comparison.
pub(crate) fn holds(op: &str, left: f64, right: f64) -> Option<bool> {
    Some(match op {
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        "==" => left == right,
        _ => return None,
    })
}

/// Evaluates an expression whose words are operands, operators and parentheses.
pub(crate) fn evaluate(words: &[String], operand: &dyn Fn(&str) -> Result<f64, Fault>) -> Result<f64, Fault> {
    let mut parser = Parser { words, at: 0, operand };
    let result = parser.sum()?;
    match words.get(parser.at) {
        None if result.is_finite() => Ok(result),
        None => wrong("the result is no number", "is there a division by zero?"),
        Some(word) => {
            wrong(format!("`{word}` does not belong here"), "put an operator between operands, and blanks around it")
        }
    }
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
    operand: &'a dyn Fn(&str) -> Result<f64, Fault>,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<f64, Fault> {
        let mut left = self.product()?;
        while let Some(op) = self.next_of(["+", "-"]) {
            let right = self.product()?;
            left = if op == 0 { left + right } else { left - right };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<f64, Fault> {
        let mut left = self.factor()?;
        while let Some(op) = self.next_of(["*", "/"]) {
            let right = self.factor()?;
            left = if op == 0 { left * right } else { left / right };
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<f64, Fault> {
        let Some(word) = self.words.get(self.at) else {
            return wrong("the expression ends too early", "an operand is missing");
        };
        self.at += 1;
        if word != "(" {
            return (self.operand)(word);
        }
        let inner = self.sum()?;
        if self.next_of([")", ")"]).is_none() {
            return wrong("a parenthesis is never closed", "close it with ` )`");
        }
        Ok(inner)
    }

    /// Takes the next word if it is one of two.
    fn next_of(&mut self, ops: [&str; 2]) -> Option<usize> {
        let word = self.words.get(self.at)?;
        let found = ops.iter().position(|op| op == word)?;
        self.at += 1;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(text: &str) -> Result<f64, Fault> {
        let words: Vec<String> = text.split_whitespace().map(String::from).collect();
        evaluate(&words, &|word| word.parse().or_else(|_| wrong(word, "no number")))
    }

    #[test]
    fn products_come_before_sums() {
        assert_eq!(result("1 + 2 * 3 - ( 4 - 2 ) / 2"), Ok(6.0));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["1 +", "1 2", "( 1", "1 / 0", "x"] {
            assert!(result(text).is_err(), "{text}");
        }
    }
}
