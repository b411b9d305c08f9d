//! Output files: written whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::term::Failure;

/// A file to be.
pub(crate) struct Draft {
    /// Its name in the directory.
    pub(crate) name: String,
    /// All of it.
    pub(crate) text: String,
}

/// Writes all of `drafts` into `dir`, which is created if need be. Nothing gets its final name before everything is on disk.
pub(crate) fn write(dir: &Path, drafts: &[Draft]) -> Result<Vec<PathBuf>, Failure> {
    let whole = |draft: &Draft| {
        let mut pending = Pending::new(dir, &draft.name)?;
        pending.write_all(draft.text.as_bytes())?;
        Ok(pending)
    };
    let failed = failed(dir);
    fs::create_dir_all(dir).map_err(&failed)?;
    let pending = drafts.iter().map(whole).collect::<io::Result<Vec<_>>>().map_err(&failed)?;
    publish(pending).map_err(failed)
}

/// What to say when something goes wrong in `dir`.
pub(crate) fn failed(dir: &Path) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::Usage(format!("cannot write into `{}`: {error}", dir.display()))
}

/// A file that is being written, under a name of its own until it is published.
pub(crate) struct Pending {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Pending {
    /// A file that will be called `name` in `dir`, which must exist.
    pub(crate) fn new(dir: &Path, name: &str) -> io::Result<Self> {
        let path = dir.join(name);
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, format!("`{name}` is a directory")));
        }
        Ok(Pending { file: BufWriter::new(new_file(dir)?), path })
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives the files their names, in this order, once all of them are on disk.
pub(crate) fn publish(pending: Vec<Pending>) -> io::Result<Vec<PathBuf>> {
    let stage = |pending: Pending| {
        let file = pending.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok((file, pending.path))
    };
    let staged = pending.into_iter().map(stage).collect::<io::Result<Vec<_>>>()?;
    let name = |(file, path): (NamedTempFile, PathBuf)| file.persist(&path).map(|_| path).map_err(|e| e.error);
    staged.into_iter().map(name).collect()
}

/// A temporary file beside the final one, readable by whoever may read other new files.
fn new_file(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gridlock-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(dir)
}

/// The name that files of a scenario begin with: the catalogue's name, or a path's last part without its ending.
pub(crate) fn stem(scenario: &str) -> String {
    let stem = Path::new(scenario).file_stem().and_then(|stem| stem.to_str());
    plain(stem.unwrap_or("scenario"))
}

/// `name` with nothing in it that a file name cannot hold.
pub(crate) fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, text: &str) -> Draft {
        Draft { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn files_replace_older_ones_and_leave_nothing_else_behind() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        write(&inner, &[draft("x.json", "old")]).unwrap();
        write(&inner, &[draft("x.json", "new"), draft("y.svg", "y")]).unwrap();
        assert_eq!(fs::read_to_string(inner.join("x.json")).unwrap(), "new");
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 2);
    }

    #[test]
    fn one_file_that_cannot_be_written_leaves_all_others_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.json"), "old").unwrap();
        fs::create_dir(dir.path().join("y.svg")).unwrap();
        let result = write(dir.path(), &[draft("x.json", "new"), draft("y.svg", "y")]);
        assert!(matches!(result, Err(Failure::Usage(why)) if why.contains("y.svg")));
        assert_eq!(fs::read_to_string(dir.path().join("x.json")).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn names_come_from_paths_and_hold_no_separators() {
        assert_eq!(stem("cascade"), "cascade");
        assert_eq!(stem("mine/my cascade.toml"), "my-cascade");
        assert_eq!(plain("grpc/hard"), "grpc-hard");
    }
}
