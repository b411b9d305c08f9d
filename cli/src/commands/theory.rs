//! `verify --theory`: what the models do, beside what theory and published measurements say.

use gridlock_scenarios::theory::{Bound, Effort, Row, checks};

use crate::args::{Format, VerifyArgs};
use crate::commands::many;
use crate::human::{Cell, ink, paint, table};
use crate::json::verify::{self as json, ErrorIn, Mode};
use crate::term::{Exit, Failure, Term};

pub(crate) fn theory(args: &VerifyArgs, term: &mut Term) -> Result<Exit, Failure> {
    let checks = checks(Effort::Full);
    let played = many::each(&checks, many::jobs(args.jobs), "theory", term, |check| Ok((check.place(), check.rows())))?;
    let rows = in_order(played);
    let text = match args.format {
        Format::Human => report(&rows),
        Format::Json => document(&rows),
    };
    term.data(&text)?;
    Ok(Exit::claimed(all_hold(&rows)))
}

fn all_hold(rows: &[Row]) -> bool {
    rows.iter().all(Row::holds)
}

/// Checks end in any order; the table does not depend on it.
fn in_order(mut played: Vec<((usize, usize), Vec<Row>)>) -> Vec<Row> {
    played.sort_by_key(|(place, _)| *place);
    played.into_iter().flat_map(|(_, rows)| rows).collect()
}

fn document(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let (error_in, bound) = match row.bound {
            Bound::Percent(most) => (ErrorIn::Percent, most),
            Bound::Within(most) => (ErrorIn::Unit, most),
        };
        let Row { source, unit, theory, simulated, half_width, .. } = *row;
        let (quantity, error, ok) = (row.quantity.clone(), row.error(), row.holds());
        json::Row { source, quantity, unit, theory, simulated, half_width, error_in, error, bound, ok }
    };
    json::text(Mode::Theory, all_hold(rows), &json::Theory { rows: rows.iter().map(row).collect() })
}

fn report(rows: &[Row]) -> String {
    let heads = ["", "quantity", "theory", "simulated", "error", "bound", ""];
    let mut cells = vec![heads.map(|head| Cell::new(head, ink::FAINT)).to_vec()];
    cells.extend(rows.iter().map(line));
    let failed = rows.iter().filter(|row| !row.holds()).count();
    let say = match failed {
        0 => paint(ink::GOOD, &format!("✓ All {} rows are within their bounds.", rows.len())),
        _ => paint(ink::BAD.bold(), &format!("✗ {failed} of {} rows are out of their bounds.", rows.len())),
    };
    format!(
        "{}\n{}\n{say}\n",
        table(2, &cells),
        paint(ink::FAINT, "  ± half of the 95 % confidence interval · pt: percentage points")
    )
}

fn line(row: &Row) -> Vec<Cell> {
    let (mark, style) = if row.holds() { ("✓", ink::GOOD) } else { ("✗", ink::BAD) };
    let unit = if row.unit.is_empty() { String::new() } else { format!(" {}", row.unit) };
    let points = if row.unit == "%" { "pt" } else { row.unit };
    let (error, bound) = match row.bound {
        Bound::Percent(most) => (format!("{:+.1} %", plain_zero(row.error(), 0.05)), format!("{most} %")),
        Bound::Within(most) => (format!("{:+.2} {points}", plain_zero(row.error(), 0.005)), format!("{most} {points}")),
    };
    let digits = digits(row.theory.abs().max(row.simulated.abs()));
    let interval = row.half_width.map_or(String::new(), |half| format!(" ± {half:.digits$}"));
    vec![
        Cell::new(row.source, ink::FAINT),
        Cell::plain(&row.quantity),
        Cell::plain(format!("{:.digits$}{unit}", row.theory)),
        Cell::plain(format!("{:.digits$}{interval}", row.simulated)),
        Cell::new(error, style),
        Cell::new(bound, ink::FAINT),
        Cell::new(mark, style),
    ]
}

/// What would be shown as zero is zero, without a sign.
fn plain_zero(value: f64, below: f64) -> f64 {
    if value.abs() < below { 0.0 } else { value }
}

/// Four significant digits, as far as there are decimals.
fn digits(value: f64) -> usize {
    match value {
        value if value >= 1000.0 => 0,
        value if value >= 100.0 => 1,
        value if value >= 10.0 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(simulated: f64, bound: Bound) -> Row {
        let quantity = "M/M/1: W".into();
        Row { source: "G1", quantity, unit: "%", theory: 50.0, simulated, half_width: Some(0.25), bound }
    }

    #[test]
    fn one_line_out_of_its_bound_is_counted_and_marked() {
        let text =
            anstream::adapter::strip_str(&report(&[row(50.4, Bound::Percent(2.0)), row(53.0, Bound::Within(2.0))]))
                .to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "  G1   M/M/1: W   50.00 %   50.40 ± 0.25     +0.8 %     2 %   ✓");
        assert_eq!(lines[2], "  G1   M/M/1: W   50.00 %   53.00 ± 0.25   +3.00 pt    2 pt   ✗");
        assert!(text.ends_with("✗ 1 of 2 rows are out of their bounds.\n"));
    }

    #[test]
    fn programs_get_the_numbers_as_they_are() {
        insta::assert_snapshot!(document(&[row(50.5, Bound::Percent(2.0)), row(f64::NAN, Bound::Within(2.0))]));
    }

    #[test]
    fn the_order_of_the_rows_is_not_that_in_which_they_end() {
        let played = vec![((1, 0), vec![row(3.0, Bound::Percent(1.0))]), ((0, 1), vec![row(2.0, Bound::Percent(1.0))])];
        let order: Vec<f64> = in_order(played).iter().map(|row| row.simulated).collect();
        assert_eq!(order, [2.0, 3.0]);
    }
}
