//! Prepares filled pages for mdBook in a directory of their own, and puts the finished book in its place, whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::pages::{BookError, Page};

/// A file in every book that we wrote, so that nothing else is ever replaced.
const MARK: &str = ".gridlock-book";

/// Filled pages with all that mdBook needs beside them. Removed when dropped.
#[derive(Debug)]
pub struct Stage {
    dir: TempDir,
    out: PathBuf,
}

impl Stage {
    /// Lays out the pages beside `out`, on the same disk.
    ///
    /// # Errors
    /// When something cannot be read or written, or `out` is a directory with something else in it.
    pub fn new(root: &Path, pages: &[Page], out: &Path) -> Result<Self, BookError> {
        let foreign = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) && !out.join(MARK).exists();
        if foreign || out.is_file() {
            return Err(BookError::Taken { path: out.display().to_string() });
        }
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(|why| BookError::file(parent, why))?;
        let dir = tempfile::Builder::new().prefix(".gridlock-").tempdir_in(parent);
        let dir = dir.map_err(|why| BookError::file(parent, why))?;
        let stage = Self { dir, out: out.into() };
        copy(&root.join("book/src"), &stage.dir().join("src"))?;
        copy(&root.join("book/theme"), &stage.dir().join("theme"))?;
        for page in pages {
            write(&stage.dir().join("src").join(&page.path), &page.file.text)?;
        }
        copy(&root.join("figures/out"), &stage.dir().join("src/figures"))?;
        let config = root.join("book/book.toml");
        let text = fs::read_to_string(&config).map_err(|why| BookError::file(&config, why))?;
        write(&stage.dir().join("book.toml"), &configured(&text))?;
        Ok(stage)
    }

    /// What mdBook is to build.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Puts what mdBook has built in its place.
    ///
    /// # Errors
    /// When a directory cannot be renamed.
    pub fn publish(self) -> Result<(), BookError> {
        let built = self.dir().join("html");
        write(&built.join(MARK), "This directory is written by `gridlock book`, and replaced as a whole.\n")?;
        if self.out.exists() {
            let old = self.dir().join("old");
            fs::rename(&self.out, &old).map_err(|why| BookError::file(&self.out, why))?;
        }
        fs::rename(&built, &self.out).map_err(|why| BookError::file(&self.out, why))
    }
}

/// The configuration for pages that are filled already.
fn configured(text: &str) -> String {
    let mut table: toml::Table = text.parse().unwrap_or_default();
    table.remove("preprocessor");
    let build = table.entry("build").or_insert_with(|| toml::Table::new().into());
    if let Some(build) = build.as_table_mut() {
        build.insert("build-dir".into(), "html".into());
    }
    table.to_string()
}

fn write(path: &Path, text: &str) -> Result<(), BookError> {
    fs::write(path, text).map_err(|why| BookError::file(path, why))
}

fn copy(from: &Path, to: &Path) -> Result<(), BookError> {
    fs::create_dir_all(to).map_err(|why| BookError::file(to, why))?;
    for entry in fs::read_dir(from).map_err(|why| BookError::file(from, why))?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|why| BookError::file(&path, why))?;
        }
    }
    Ok(())
}
