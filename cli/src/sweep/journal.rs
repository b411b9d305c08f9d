//! Records while a sweep is under way, and where each task's lie.
//!
//! The journal is a file of lines that only grows: a task's records, one line for each variant, in the order in which tasks end. A
//! process that is killed leaves a beginning of what it wrote last; whatever is not whole is cut off when the file is opened again,
//! and played again. `results.jsonl` has the same lines in canonical order, so both are read in the same way.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::plan::Plan;
use super::record::Record;
use super::results::Columns;

/// Where the records of each task lie, in one file or several.
pub(crate) struct Index {
    spans: Vec<Option<Span>>,
    files: Vec<File>,
    /// What the records have between them.
    pub(crate) columns: Columns,
}

#[derive(Clone, Copy)]
struct Span {
    file: usize,
    from: u64,
    bytes: u64,
}

/// How much of a file could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Bytes from the start that hold whole tasks.
    pub(crate) good: u64,
    /// Bytes behind them.
    pub(crate) torn: u64,
    /// A task that was there already, if any.
    pub(crate) twice: Option<usize>,
}

impl Index {
    /// Nothing yet.
    pub(crate) fn new(plan: &Plan) -> Self {
        Index { spans: vec![None; plan.tasks()], files: Vec::new(), columns: Columns::default() }
    }

    /// True if the records of this task are there.
    pub(crate) fn has(&self, task: usize) -> bool {
        self.spans[task].is_some()
    }

    /// Reads a file and notes where its tasks lie.
    pub(crate) fn add(&mut self, plan: &Plan, file: File) -> io::Result<Scanned> {
        let (mut good, mut twice) = (0, None);
        let mut lines = BufReader::new(&file);
        while let Some((task, bytes, records)) = task(plan, &mut lines)? {
            match &mut self.spans[task] {
                Some(_) => twice = twice.or(Some(task)),
                free => *free = Some(Span { file: self.files.len(), from: good, bytes }),
            }
            good += bytes;
            records.iter().for_each(|record| self.columns.see(record));
        }
        let torn = file.metadata()?.len() - good;
        self.files.push(file);
        Ok(Scanned { good, torn, twice })
    }

    /// The lines of a task.
    ///
    /// # Panics
    /// When the task is not there.
    pub(crate) fn lines(&mut self, task: usize) -> io::Result<String> {
        let Span { file, from, bytes } = self.spans[task].expect("only tasks that are there are read");
        let mut file = &self.files[file];
        file.seek(SeekFrom::Start(from))?;
        let mut text = String::new();
        file.take(bytes).read_to_string(&mut text)?;
        Ok(text)
    }

    /// The records of a task.
    ///
    /// # Panics
    /// When the task is not there.
    pub(crate) fn records(&mut self, task: usize) -> io::Result<Vec<Record>> {
        parse(&self.lines(task)?)
    }
}

/// The records of some lines.
pub(crate) fn parse(lines: &str) -> io::Result<Vec<Record>> {
    lines.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}

/// The next task of a file, with the bytes that its records take; none at the end, and where no whole task follows.
fn task(plan: &Plan, lines: &mut impl BufRead) -> io::Result<Option<(usize, u64, Vec<Record>)>> {
    let (mut found, mut bytes, mut records) = (None, 0, Vec::new());
    for variant in &plan.variants {
        let mut line = Vec::new();
        bytes += lines.read_until(b'\n', &mut line)? as u64;
        let whole = line.ends_with(b"\n");
        let Some(record) = serde_json::from_slice::<Record>(&line).ok().filter(|_| whole) else { return Ok(None) };
        let index = plan.index(&record.point, record.seed);
        if index.is_none() || record.variant != *variant || found.is_some_and(|found| Some(found) != index) {
            return Ok(None);
        }
        found = index;
        records.push(record);
    }
    Ok(found.map(|task| (task, bytes, records)))
}

/// The journal of a sweep that is under way. Nobody else can open it meanwhile.
pub(crate) struct Journal {
    /// What is there.
    pub(crate) index: Index,
    file: File,
    len: u64,
}

impl Journal {
    /// Opens or creates a journal, and cuts off what is not whole; returns it with the number of bytes cut off.
    ///
    /// # Errors
    /// Of the file system; `WouldBlock` if another process has it open.
    pub(crate) fn open(path: &Path, plan: &Plan) -> io::Result<(Self, u64)> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        if !fs4::fs_std::FileExt::try_lock_exclusive(&file)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut index = Index::new(plan);
        let scanned = index.add(plan, file.try_clone()?)?;
        file.set_len(scanned.good)?;
        Ok((Journal { index, file, len: scanned.good }, scanned.torn))
    }

    /// Writes the records of a task behind the others, in one piece.
    pub(crate) fn append(&mut self, task: usize, records: &[Record]) -> io::Result<()> {
        let mut text = String::new();
        for record in records {
            text += &serde_json::to_string(record)?;
            text.push('\n');
            self.index.columns.see(record);
        }
        self.file.write_all(text.as_bytes())?;
        let bytes = text.len() as u64;
        self.index.spans[task] = Some(Span { file: 0, from: self.len, bytes });
        self.len += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sweep::tests::{plan, records};

    /// A journal of tasks 2 and 0 and the text of the file.
    fn written(path: &Path) -> (Plan, String) {
        let plan = plan(0..3, &[]);
        let (mut journal, torn) = Journal::open(path, &plan).unwrap();
        assert_eq!(torn, 0);
        for task in [2, 0] {
            journal.append(task, &records(&plan, task)).unwrap();
        }
        (plan, fs::read_to_string(path).unwrap())
    }

    #[test]
    fn what_was_written_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (plan, text) = written(&path);
        let (mut journal, torn) = Journal::open(&path, &plan).unwrap();
        assert_eq!((torn, [0, 1, 2].map(|task| journal.index.has(task))), (0, [true, false, true]));
        assert_eq!(journal.index.records(0).unwrap(), records(&plan, 0));
        assert_eq!(journal.index.lines(2).unwrap() + &journal.index.lines(0).unwrap(), text);
        assert!(journal.index.columns.header(&plan).contains(&"orders.ok".to_owned()));
    }

    /// Goal: no interruption loses or repeats a task. Method: the file is cut at every byte; what remains whole is kept, and
    /// appending to it gives a file that is whole again.
    #[test]
    fn a_file_that_is_torn_anywhere_goes_on_behind_the_last_whole_task() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (plan, text) = written(&path);
        let first: usize = text.split_inclusive('\n').take(plan.variants.len()).map(str::len).sum();
        for cut in (0..text.len()).step_by(7).chain([first - 1, first, first + 1, text.len() - 1]) {
            fs::write(&path, &text[..cut]).unwrap();
            let (mut journal, torn) = Journal::open(&path, &plan).unwrap();
            let kept = if cut < first { 0 } else { first };
            assert_eq!((torn, journal.index.has(2), journal.index.has(0)), ((cut - kept) as u64, cut >= first, false));
            let missing = [2, 0].into_iter().filter(|task| !journal.index.has(*task)).collect::<Vec<_>>();
            missing.into_iter().for_each(|task| journal.append(task, &records(&plan, task)).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "cut at {cut}");
        }
    }

    #[test]
    fn garbage_in_the_middle_ends_what_is_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let (plan, text) = written(&path);
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines[plan.variants.len()] = "\0\0\0\n";
        fs::write(&path, lines.concat()).unwrap();
        let (journal, torn) = Journal::open(&path, &plan).unwrap();
        assert!(torn > 0 && journal.index.has(2) && !journal.index.has(0));
    }

    #[test]
    fn two_processes_cannot_write_one_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let plan = plan(0..3, &[]);
        let first = Journal::open(&path, &plan).unwrap();
        let second = Journal::open(&path, &plan).map(|_| ());
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(first);
        assert!(Journal::open(&path, &plan).is_ok());
    }
}
