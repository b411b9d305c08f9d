//! What an exercise is, as `exercise.toml` says it.

use std::fs;
use std::path::{Path, PathBuf};

use gridlock_scenarios::spec::{SpecError, suggest};
use serde::Deserialize;

use crate::manifest::check;

/// Where exercises lie below the root of the source tree.
const DIRECTORY: &str = "book/exercises";
const MANIFEST: &str = "exercise.toml";

/// One exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// `chapter/name`: where it lies.
    #[serde(skip)]
    pub name: String,
    /// The directory with its files.
    #[serde(skip)]
    pub directory: PathBuf,
    /// One line.
    pub title: String,
    /// What one has learnt afterwards, in one line: for teachers.
    pub teaches: String,
    /// How long it takes somebody who has read the chapter, in minutes.
    pub minutes: u32,
    /// What is asked: Markdown, with directives of the book.
    pub text: String,
    /// Hints, from a question to nearly the answer.
    pub hints: Vec<String>,
    /// What is said with the solution.
    pub why: String,
    /// For an answer in Rust: what it decides.
    pub policy: Option<Policy>,
    /// For a change of the specification: the keys below which an answer may change something. Nothing else is accepted.
    #[serde(default)]
    pub may: Vec<String>,
    /// At most so many changes; none: any number.
    pub changes: Option<usize>,
    /// What the values of an answer may be: `KEY OP VALUE`, in the unit of the value.
    #[serde(default)]
    pub limits: Vec<String>,
    /// An answer must reach the goal with each of the seeds from 1 to this. Somebody who looks for a seed has one.
    #[serde(default = "seeds")]
    pub seeds: u64,
    /// The answer is a seed. Among those from 1 to this, some reach the goal and some do not.
    pub luck: Option<u64>,
    /// The answer is a number: what it is about.
    pub number: Option<Number>,
    /// What must come out. Not needed for a number, nor for a scenario file, whose claims are the goal.
    #[serde(default)]
    pub goal: Vec<Goal>,
    /// Where a reader starts: it does not reach the goal. Not needed where the answer is a seed.
    #[serde(default)]
    pub starter: Answer,
    /// One answer that does. Not needed where the answer is a seed.
    #[serde(default)]
    pub solution: Answer,
}

/// Five: enough to tell a design from an accident, and few enough to wait for.
fn seeds() -> u64 {
    5
}

/// A run, and what must be true of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// `scenario/variant`.
    pub run: String,
    /// What is changed for every answer, `key=value`.
    #[serde(default)]
    pub set: Vec<String>,
    /// Conditions `METRIC OP VALUE` in the unit of the metric, `verdict == WORD` or `check.NAME == held`; all must hold.
    pub must: Vec<String>,
    /// In how many of the seeds they must hold, at least and at most; none: in all.
    pub holds_in: Option<(u64, u64)>,
}

/// A number to be worked out before it is looked up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// `scenario/variant` of the run that knows it.
    pub run: String,
    /// What is changed in it, `key=value`.
    #[serde(default)]
    pub set: Vec<String>,
    /// The metric.
    pub metric: String,
    /// The unit of the answer.
    #[serde(default)]
    pub unit: Unit,
    /// How far from what is measured an answer may be, in per cent of it.
    pub within_percent: u32,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// As the metric has it.
    #[default]
    Plain,
    /// Seconds, of a metric in micro- or milliseconds.
    Seconds,
    /// Per cent, of a metric in thousandths.
    Percent,
}

/// What an answer in Rust decides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whether the client of this name, say `gateway->order`, tries again.
    Retry(String),
    /// Which calls the client of this name makes.
    Guard(String),
    /// Which partition an event goes to.
    Partitioner,
    /// Who of a group reads which partition.
    Assignor,
    /// What becomes of an event whose handling failed.
    Failures,
    /// Whether an event that comes again takes effect again.
    Once,
}

/// An answer. One of its fields is used.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// Changes of the specification, `key=value`.
    pub set: Vec<String>,
    /// The seed of every run.
    pub seed: Option<u64>,
    /// A number, in the unit that is asked for.
    pub number: Option<f64>,
    /// A scenario file beside the manifest.
    pub file: Option<String>,
    /// A policy in Rust beside the manifest, compiled with the workspace.
    pub rust: Option<String>,
}

/// How an exercise is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// By a change of the specification.
    Spec,
    /// By a policy in Rust.
    Rust,
    /// By a scenario file.
    File,
    /// By a seed.
    Seed,
    /// By a number.
    Number,
}

impl Kind {
    /// In a word.
    pub const fn text(self) -> &'static str {
        match self {
            Kind::Spec => "setting",
            Kind::Rust => "Rust",
            Kind::File => "file",
            Kind::Seed => "seed",
            Kind::Number => "number",
        }
    }
}

/// Why there is no exercise, or no judgement.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ExerciseError {
    /// There is none of this name.
    #[error("there is no exercise `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// The answer is none to this exercise.
    #[error("{why}")]
    Refused {
        /// What is wrong with it.
        why: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// A file cannot be read, or is not what it should be.
    #[error("`{path}`: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The answer does not fit the scenario.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Spec(#[from] SpecError),
}

impl Exercise {
    /// Every exercise below the root of a source tree, sorted by name.
    ///
    /// # Errors
    /// When a directory or a manifest cannot be read.
    pub fn read_all(root: &Path) -> Result<Vec<Self>, ExerciseError> {
        names(root)?.iter().map(|name| read(root, name)).collect()
    }

    /// The exercise of this name.
    ///
    /// # Errors
    /// When there is none, or its manifest is wrong.
    pub fn read(root: &Path, name: &str) -> Result<Self, ExerciseError> {
        let known = names(root)?;
        if !known.iter().any(|each| each == name) {
            return Err(ExerciseError::Unknown { name: name.into(), help: suggest(name, &known) });
        }
        read(root, name)
    }

    /// The chapter that asks it: the name of a page without its ending.
    pub fn chapter(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// How it is answered.
    pub fn kind(&self) -> Kind {
        match (&self.policy, &self.starter.file, self.luck, &self.number) {
            (Some(_), ..) => Kind::Rust,
            (_, Some(_), ..) => Kind::File,
            (_, _, Some(_), _) => Kind::Seed,
            (_, _, _, Some(_)) => Kind::Number,
            _ => Kind::Spec,
        }
    }

    /// The text of a file beside the manifest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text_of(&self, file: &str) -> Result<String, ExerciseError> {
        text(&self.directory.join(file))
    }
}

fn read(root: &Path, name: &str) -> Result<Exercise, ExerciseError> {
    let directory = root.join(DIRECTORY).join(name);
    let path = directory.join(MANIFEST);
    let wrong = |why: String| ExerciseError::File { path: path.display().to_string(), why };
    let mut exercise: Exercise = toml::from_str(&text(&path)?).map_err(|error| wrong(error.to_string()))?;
    (exercise.name, exercise.directory) = (name.into(), directory);
    check(&exercise).map_err(wrong)?;
    Ok(exercise)
}

/// `chapter/name` of each manifest, sorted.
fn names(root: &Path) -> Result<Vec<String>, ExerciseError> {
    let mut found = Vec::new();
    for chapter in directories(&root.join(DIRECTORY))? {
        for exercise in directories(&root.join(DIRECTORY).join(&chapter))? {
            if root.join(DIRECTORY).join(&chapter).join(&exercise).join(MANIFEST).is_file() {
                found.push(format!("{chapter}/{exercise}"));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn directories(path: &Path) -> Result<Vec<String>, ExerciseError> {
    let wrong = |why: std::io::Error| ExerciseError::File { path: path.display().to_string(), why: why.to_string() };
    let entries = fs::read_dir(path).map_err(wrong)?.filter_map(Result::ok);
    Ok(entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect())
}

fn text(path: &Path) -> Result<String, ExerciseError> {
    fs::read_to_string(path)
        .map_err(|why| ExerciseError::File { path: path.display().to_string(), why: why.to_string() })
}
