//! Small tables: names to the left, numbers to the right.

use anstyle::Style;

use super::format::columns;
use super::{ink, paint};

/// One field of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field in a colour.
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        Cell { text: text.into(), style }
    }

    /// A field as it is.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Cell::new(text, ink::PLAIN)
    }
}

/// Lines of aligned fields, indented by two: the first `left` columns to the left, the others to the right.
pub(crate) fn table(left: usize, rows: &[Vec<Cell>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| columns(&cell.text)).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    rows.iter().map(|row| line(left, &widths, row)).collect()
}

fn line(left: usize, widths: &[usize], row: &[Cell]) -> String {
    let mut line = String::new();
    for (column, cell) in row.iter().enumerate() {
        let gap = " ".repeat(widths[column] - columns(&cell.text));
        let text = paint(cell.style, &cell.text);
        line += if column == 0 { "  " } else { "   " };
        let last = column + 1 == row.len();
        line += &match column < left {
            true if last => text,
            true => text + &gap,
            false => gap + &text,
        };
    }
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_align_left_and_numbers_right() {
        let row = |a: &str, b: &str| vec![Cell::plain(a), Cell::plain(b)];
        let lines = table(1, &[row("", "ok"), row("orders", "5"), row("b", "1,000")]);
        assert_eq!(lines.lines().collect::<Vec<_>>(), ["              ok", "  orders       5", "  b        1,000",]);
    }
}
