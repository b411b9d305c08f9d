//! The pages of the book on disk.

use std::fs;
use std::path::{Path, PathBuf};

use gridlock_scenarios::spec::{SourceFile, SpecError};

/// A page and where it lies.
#[derive(Clone, Debug)]
pub struct Page {
    /// Path below `book/src`, with `/`.
    pub path: String,
    /// What errors call it, and its Markdown.
    pub file: SourceFile,
}

/// Why there is no book.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum BookError {
    /// Not in a source tree.
    #[error("there is no `book/book.toml` here or in a directory above")]
    #[diagnostic(help("the book is built from its sources: change into a checkout of Gridlock"))]
    NoBook,
    /// A file of the book cannot be read or written.
    #[error("`{path}`: {why}")]
    File {
        /// The file.
        path: String,
        /// The system's words.
        why: std::io::Error,
    },
    /// The output directory holds something else.
    #[error("`{path}` holds something that is not a book of ours")]
    #[diagnostic(help("name a directory that does not exist yet, or is empty"))]
    Taken {
        /// The directory.
        path: String,
    },
    /// Something in the pages is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Page(#[from] SpecError),
    /// mdBook sent something else than a book.
    #[error("this is not what mdBook sends to a preprocessor: {0}")]
    #[diagnostic(help("mdBook calls this command by itself, as `[preprocessor.gridlock]` in book/book.toml says"))]
    Protocol(#[from] serde_json::Error),
}

impl BookError {
    pub(crate) fn file(path: &Path, why: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), why }
    }
}

/// The root of the source tree that `start` lies in: the directory that has `book/book.toml`.
///
/// # Errors
/// [`BookError::NoBook`].
pub fn root_of(start: &Path) -> Result<PathBuf, BookError> {
    let found = start.ancestors().find(|dir| dir.join("book/book.toml").is_file());
    found.map(Path::to_path_buf).ok_or(BookError::NoBook)
}

impl Page {
    /// A page by its path below `book/src`.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), file: SourceFile::new(format!("book/src/{path}"), text) }
    }

    /// Every page below `book/src`, in the order of their paths, without `SUMMARY.md`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read_all(root: &Path) -> Result<Vec<Page>, BookError> {
        let src = root.join("book/src");
        let mut paths = Vec::new();
        markdown(&src, &mut paths)?;
        paths.sort();
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).map_err(|why| BookError::file(&path, why))?;
            let below = path.strip_prefix(&src).unwrap_or(&path);
            Ok(Page::new(&below.to_string_lossy().replace('\\', "/"), &text))
        };
        let pages = paths.into_iter().map(read).collect::<Result<Vec<Page>, BookError>>()?;
        Ok(pages.into_iter().filter(|page| page.path != "SUMMARY.md").collect())
    }

    /// The way from this page to the root of the book: `../` for each directory.
    pub(crate) fn to_root(&self) -> String {
        "../".repeat(self.path.matches('/').count())
    }
}

fn markdown(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), BookError> {
    for entry in fs::read_dir(dir).map_err(|why| BookError::file(dir, why))? {
        let path = entry.map_err(|why| BookError::file(dir, why))?.path();
        if path.is_dir() {
            markdown(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
    Ok(())
}
