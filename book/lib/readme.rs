//! The table of statements in README.md: generated text between two marks.

use std::fs;

use gridlock_scenarios::spec::SpecError;

use crate::desk::Desk;
use crate::fill::fill;
use crate::pages::{BookError, Page};

const FILE: &str = "README.md";
const BEGIN: &str = "<!-- statements: `cargo lab book --readme` writes what follows -->\n";
const END: &str = "<!-- /statements -->";

/// README.md as it is and as the runs say it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readme {
    /// What the file says.
    pub is: String,
    /// What it should say.
    pub should: String,
}

impl Readme {
    /// Reads the file, and fills its table from the runs.
    ///
    /// # Errors
    /// When it cannot be read or has no table, or the ledger is wrong.
    pub fn new(desk: &mut Desk, progress: &mut dyn FnMut(&str)) -> Result<Self, BookError> {
        let path = desk.root.join(FILE);
        let is = fs::read_to_string(&path).map_err(|why| BookError::file(&path, why))?;
        let table = fill(&[Page::new(FILE, "{{statements}}")], desk, progress)?.remove(0);
        let should = replaced(&is, &table.file.text).ok_or_else(|| {
            let help = format!("put `{}` and `{END}` around the table", BEGIN.trim());
            SpecError::at(&Page::new(FILE, &is).file, 0..0, "this file has no place for the statements", &help)
        })?;
        Ok(Self { is, should })
    }

    /// Whether nothing has changed.
    pub fn is_current(&self) -> bool {
        self.is == self.should
    }

    /// Writes it as it should be, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, desk: &Desk) -> Result<(), BookError> {
        let path = desk.root.join(FILE);
        let failed = |why| BookError::file(&path, why);
        let mut file = tempfile::NamedTempFile::new_in(&desk.root).map_err(failed)?;
        std::io::Write::write_all(&mut file, self.should.as_bytes()).map_err(failed)?;
        let kept = fs::metadata(&path).map_err(failed)?.permissions();
        fs::set_permissions(file.path(), kept).map_err(failed)?;
        file.persist(&path).map(drop).map_err(|error| failed(error.error))
    }
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let begin = text.find(BEGIN)? + BEGIN.len();
    let end = begin + text[begin..].find(END)?;
    Some(format!("{}\n{}\n\n{}", &text[..begin], table.trim(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_between_its_marks() {
        let text = format!("a\n{BEGIN}old\n{END}\nb\n");
        let new = replaced(&text, "| new |").expect("it has both marks");
        assert_eq!(new, format!("a\n{BEGIN}\n| new |\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "| new |"), Some(new.clone()));
        assert_eq!(replaced("a\nb\n", "| new |"), None);
    }
}
