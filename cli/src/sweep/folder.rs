//! The directory of a sweep: which sweep lies there, how far it has come, and what belongs together.
//!
//! `sweep.json` says which sweep it is. While it is under way its records are in `journal.jsonl`; at its end the files of
//! [`results`] are written, and the journal goes.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{Index, Journal, Scanned};
use super::plan::{Plan, Shard};
use super::record::Record;
use super::results::{self, RESULTS};
use super::summary::Summary;
use crate::files;
use crate::json;
use crate::term::Failure;

const SWEEP: &str = "sweep.json";
const JOURNAL: &str = "journal.jsonl";

/// What `sweep.json` holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    shard: String,
    plan: Plan,
}

/// A sweep in its directory.
pub(crate) struct Folder<'a> {
    dir: &'a Path,
    plan: &'a Plan,
    shard: Shard,
    state: State,
    /// Bytes of a torn record that were cut off.
    pub(crate) torn: u64,
}

enum State {
    UnderWay(Journal),
    Finished(Index),
}

impl<'a> Folder<'a> {
    /// Opens the directory of a sweep, or makes it. If it holds this sweep, that goes on where it stopped.
    ///
    /// # Errors
    /// When it holds another sweep, is damaged, is in use by another process, or cannot be written.
    pub(crate) fn open(dir: &'a Path, plan: &'a Plan, shard: Shard) -> Result<Self, Failure> {
        let failed = files::failed(dir);
        fs::create_dir_all(dir).map_err(&failed)?;
        let wanted = Stored { shard: shard.to_string(), plan: plan.clone() };
        match stored(dir)? {
            Some(found) if found != wanted => return Err(another(dir, &found, &wanted)),
            Some(_) => {}
            None => start(dir, &wanted)?,
        }
        let (state, torn) = match finished(dir, plan, shard)? {
            Some(index) => (State::Finished(index), 0),
            None => match Journal::open(&dir.join(JOURNAL), plan) {
                Ok((journal, torn)) => (State::UnderWay(journal), torn),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let dir = dir.display();
                    return Err(Failure::Usage(format!("another process is playing the sweep in `{dir}`; let it end")));
                }
                Err(error) => return Err(failed(error)),
            },
        };
        Ok(Folder { dir, plan, shard, state, torn })
    }

    /// The tasks that are there, and those that are not, in canonical order.
    pub(crate) fn tasks(&self) -> (Vec<usize>, Vec<usize>) {
        let index = match &self.state {
            State::UnderWay(journal) => &journal.index,
            State::Finished(index) => index,
        };
        self.shard.tasks(self.plan.tasks()).partition(|task| index.has(*task))
    }

    /// The records of a task that is there.
    pub(crate) fn records(&mut self, task: usize) -> Result<Vec<Record>, Failure> {
        self.index().records(task).map_err(files::failed(self.dir))
    }

    /// Keeps the records of a task.
    pub(crate) fn append(&mut self, task: usize, records: &[Record]) -> Result<(), Failure> {
        match &mut self.state {
            State::UnderWay(journal) => journal.append(task, records).map_err(files::failed(self.dir)),
            State::Finished(_) => unreachable!("nothing is left to play"),
        }
    }

    /// Writes the files once every task is there, and says what they add up to.
    pub(crate) fn finish(mut self) -> Result<Summary, Failure> {
        let (dir, plan, shard) = (self.dir, self.plan, self.shard);
        let summary = results::write(dir, plan, shard, self.index()).map_err(files::failed(dir))?;
        match fs::remove_file(dir.join(JOURNAL)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(files::failed(dir)(error)),
            _ => Ok(summary),
        }
    }

    fn index(&mut self) -> &mut Index {
        match &mut self.state {
            State::UnderWay(journal) => &mut journal.index,
            State::Finished(index) => index,
        }
    }
}

/// Which sweep lies in a directory; none if it says nothing.
fn stored(dir: &Path) -> Result<Option<Stored>, Failure> {
    let path = dir.join(SWEEP);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", path.display())))?,
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        let path = path.display();
        Failure::Usage(format!("`{path}` is not what this build writes ({error}); name another directory"))
    })
}

/// Says which sweep is about to lie in a directory that says nothing.
fn start(dir: &Path, wanted: &Stored) -> Result<(), Failure> {
    if let Some(name) = [JOURNAL, RESULTS].into_iter().find(|name| dir.join(name).exists()) {
        let dir = dir.display();
        return Err(Failure::Usage(format!("`{dir}` has a `{name}` but no `{SWEEP}`; name another directory")));
    }
    let file = results::whole(dir, SWEEP, &json::pretty(wanted)).and_then(|file| files::publish(vec![file]));
    file.map(|_| ()).map_err(files::failed(dir))
}

/// The results of a sweep that has come to its end; none if it has not.
fn finished(dir: &Path, plan: &Plan, shard: Shard) -> Result<Option<Index>, Failure> {
    let failed = files::failed(dir);
    let path = dir.join(RESULTS);
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(&failed)?,
    };
    let mut index = Index::new(plan);
    let Scanned { torn, twice, .. } = index.add(plan, file).map_err(&failed)?;
    let complete = shard.tasks(plan.tasks()).all(|task| index.has(task));
    if torn > 0 || twice.is_some() || !complete {
        let path = path.display();
        return Err(Failure::Usage(format!("`{path}` was changed since it was written; remove it and play again")));
    }
    Ok(Some(index))
}

/// The first thing in which two sweeps differ, and what to do.
fn another(dir: &Path, found: &Stored, wanted: &Stored) -> Failure {
    let (one, other) = (&found.plan, &wanted.plan);
    let grid = |plan: &Plan| {
        let axis = |axis: &super::plan::Axis| format!("{}={}", axis.key, axis.values.join(","));
        plan.grid.iter().map(axis).collect::<Vec<_>>().join(" ")
    };
    let seeds = |plan: &Plan| format!("{}..{}", plan.seeds.start, plan.seeds.end);
    let words = |words: &[String]| words.join(" ");
    let engine = |plan: &Plan| plan.second_engine.clone().unwrap_or_default();
    let facts = [
        ("scenario", one.scenario.clone(), other.scenario.clone()),
        ("seeds", seeds(one), seeds(other)),
        ("variants", words(&one.variants), words(&other.variants)),
        ("changes", words(&one.set), words(&other.set)),
        ("grid", grid(one), grid(other)),
        ("shard", found.shard.clone(), wanted.shard.clone()),
        ("build", one.build.clone(), other.build.clone()),
        ("second engine", engine(one), engine(other)),
    ];
    let difference = facts.into_iter().find(|(_, one, other)| one != other);
    let difference = difference.map_or_else(
        || "the scenario file has changed since".to_owned(),
        |(what, one, other)| format!("its {what}: `{one}`, asked for: `{other}`"),
    );
    let dir = dir.display();
    Failure::Usage(format!("`{dir}` holds another sweep ({difference}); name another directory, or remove that one"))
}

/// Puts finished shards together: the files are those that one sweep would have written.
///
/// # Errors
/// When they are parts of different sweeps, unfinished, overlap, or leave something out; when `out` holds another sweep.
pub(crate) fn merge(dirs: &[PathBuf], out: &Path) -> Result<Summary, Failure> {
    let mut stored = Vec::new();
    for dir in dirs {
        let none = || Failure::Usage(format!("`{}` holds no sweep: there is no `{SWEEP}`", dir.display()));
        stored.push(self::stored(dir)?.ok_or_else(none)?);
    }
    let Some(first) = stored.first() else { return Err(Failure::Usage("name the directories to merge".into())) };
    let whole = Stored { shard: Shard::WHOLE.to_string(), plan: first.plan.clone() };
    let mut index = Index::new(&whole.plan);
    for (dir, part) in dirs.iter().zip(&stored) {
        if part.plan != whole.plan {
            return Err(another(dir, part, &Stored { shard: part.shard.clone(), plan: whole.plan.clone() }));
        }
        gather(&mut index, &whole.plan, dir)?;
    }
    complete(&index, &whole.plan, &stored)?;
    fs::create_dir_all(out).map_err(files::failed(out))?;
    match self::stored(out)? {
        Some(found) if found != whole => return Err(another(out, &found, &whole)),
        Some(_) => {}
        None => start(out, &whole)?,
    }
    results::write(out, &whole.plan, Shard::WHOLE, &mut index).map_err(files::failed(out))
}

/// Adds the results in `dir` to the index.
fn gather(index: &mut Index, plan: &Plan, dir: &Path) -> Result<(), Failure> {
    let path = dir.join(RESULTS);
    let shown = path.display();
    let read = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => {
            let dir = dir.display();
            Failure::Usage(format!("the sweep in `{dir}` is not finished; give its command once more, and it goes on"))
        }
        _ => Failure::Usage(format!("cannot read `{shown}`: {error}")),
    };
    match index.add(plan, File::open(&path).map_err(read)?).map_err(read)? {
        Scanned { twice: Some(task), .. } => {
            let seed = plan.task(task).seed;
            Err(Failure::Usage(format!("`{shown}` has seed {seed} again, which another directory has; name each once")))
        }
        Scanned { torn: 1.., .. } => Err(Failure::Usage(format!("`{shown}` was changed since it was written"))),
        Scanned { .. } => Ok(()),
    }
}

fn complete(index: &Index, plan: &Plan, parts: &[Stored]) -> Result<(), Failure> {
    let missing = (0..plan.tasks()).filter(|task| !index.has(*task)).count();
    if missing == 0 {
        return Ok(());
    }
    let shards: Vec<&str> = parts.iter().map(|part| part.shard.as_str()).collect();
    let (tasks, shards) = (plan.tasks(), shards.join(", "));
    Err(Failure::Usage(format!(
        "{missing} of {tasks} tasks are missing: these are the shards {shards}; name all of them"
    )))
}
