//! What an exercise is, as `exercise.toml` says it.

use std::fs;
use std::path::{Path, PathBuf};

use gridlock_scenarios::spec::{SpecError, suggest};
use serde::Deserialize;

/// Where exercises lie below the root of the source tree.
const DIRECTORY: &str = "book/exercises";
const MANIFEST: &str = "exercise.toml";

/// One exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// `scenario/name`: where it lies.
    #[serde(skip)]
    pub name: String,
    /// The directory with its files.
    #[serde(skip)]
    pub directory: PathBuf,
    /// One line.
    pub title: String,
    /// What is asked: Markdown, with directives of the book.
    pub text: String,
    /// What is said with the solution.
    pub why: String,
    /// For a policy in Rust: the name of the client that it decides for, say `gateway->order`.
    pub client: Option<String>,
    /// What must come out. Not needed for a scenario file, whose claims are the goal.
    #[serde(default)]
    pub goal: Vec<Goal>,
    /// Where a reader starts: it does not reach the goal.
    pub starter: Answer,
    /// One answer that does.
    pub solution: Answer,
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
    /// Conditions `METRIC OP VALUE`, in the unit of the metric; all must hold. A metric that the run has not counts as zero.
    pub must: Vec<String>,
}

/// An answer. One of its fields is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// Changes of the specification, `key=value`.
    pub set: Vec<String>,
    /// The seed of every run.
    pub seed: Option<u64>,
    /// A scenario file beside the manifest.
    pub file: Option<String>,
    /// A policy in Rust beside the manifest, compiled with the workspace.
    pub rust: Option<String>,
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
    let by_claims = exercise.starter.file.is_some();
    if by_claims != exercise.goal.is_empty() {
        return Err(wrong("it has a `[[goal]]`, or a scenario file whose claims are the goal".into()));
    }
    if exercise.client.is_some() != exercise.starter.rust.is_some() {
        return Err(wrong("`client` says whom a policy in Rust decides for".into()));
    }
    Ok(exercise)
}

/// `scenario/name` of each manifest, sorted.
fn names(root: &Path) -> Result<Vec<String>, ExerciseError> {
    let mut found = Vec::new();
    for scenario in directories(&root.join(DIRECTORY))? {
        for exercise in directories(&root.join(DIRECTORY).join(&scenario))? {
            if root.join(DIRECTORY).join(&scenario).join(&exercise).join(MANIFEST).is_file() {
                found.push(format!("{scenario}/{exercise}"));
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
