//! A scenario file, and what a variant and the command line make of it.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

use super::advice::{explain, suggest};
use super::check::check;
use super::error::{Draft, Problem, SpecError};
use super::overrides::Override;
use super::source::{SourceFile, Sources};
use super::tree::{self, Added, Assignment, Node};
use super::{Ignored, Spec, Variant, World};

/// A scenario file, parsed and checked, with all its variants.
#[derive(Clone, Debug)]
pub struct Scenario<W, F = Ignored> {
    /// Where it was read from.
    pub file: SourceFile,
    /// The base, without any variant.
    pub spec: Spec<W, F>,
}

/// A scenario with a variant and the overrides of the command line put in.
#[derive(Clone, Debug)]
pub struct Resolved<W, F = Ignored> {
    /// The variant, if one was asked for.
    pub variant: Option<Variant>,
    /// What is to be run.
    pub spec: Spec<W, F>,
}

impl<W: World + DeserializeOwned, F: DeserializeOwned + Default> Scenario<W, F> {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, or as [`Scenario::parse`] says.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        Self::from_file(SourceFile::read(path)?)
    }

    /// Checks a text; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is not TOML, does not fit the types, or says something impossible, in the base or in a variant.
    pub fn parse(name: &str, text: &str) -> Result<Self, SpecError> {
        Self::parse_bytes(name, text.as_bytes())
    }

    /// Checks the bytes of a file.
    ///
    /// # Errors
    /// When they are too many or not UTF-8, or as [`Scenario::parse`] says.
    pub fn parse_bytes(name: &str, bytes: &[u8]) -> Result<Self, SpecError> {
        Self::from_file(SourceFile::from_bytes(name, bytes)?)
    }

    fn from_file(file: SourceFile) -> Result<Self, SpecError> {
        let spec = build(&file, None, &[])?;
        let scenario = Self { file, spec };
        let names = scenario.spec.variant.iter().map(|variant| variant.name.get_ref());
        let errors = names.filter_map(|name| build::<W, F>(&scenario.file, Some(name), &[]).err());
        SpecError::of(errors.flat_map(SpecError::into_problems).collect())?;
        Ok(scenario)
    }

    /// Puts in a variant's overrides, then those of the command line, and checks everything again.
    ///
    /// # Errors
    /// When there is no such variant, or an override does not fit. Problems point at the override that causes them.
    pub fn resolve(&self, variant: Option<&str>, overrides: &[Override]) -> Result<Resolved<W, F>, SpecError> {
        let variant = variant.map(|name| self.variant(name)).transpose()?;
        let spec = build(&self.file, variant.map(|variant| variant.name.get_ref().as_str()), overrides)?;
        Ok(Resolved { variant: variant.cloned(), spec })
    }
}

impl<W, F> Scenario<W, F> {
    /// The value that the file has at a dotted path, with a variant's overrides put in: a text without its quotes, anything
    /// else as TOML.
    ///
    /// # Errors
    /// When there is no such variant, or the file has nothing there; says what it has.
    pub fn value_at(&self, variant: Option<&str>, path: &str) -> Result<String, SpecError> {
        let variant = variant.map(|name| self.variant(name)).transpose()?;
        let place = |draft: Draft| SpecError::from(draft.place(&Sources::new(self.file.clone())));
        let mut root = tree::parse(&self.file.text).map_err(place)?;
        let set = variant.map(|variant| tree::variant_set(&self.file.text, &root, variant.name.get_ref()));
        for (path, span, value) in set.transpose().map_err(place)?.unwrap_or_default() {
            tree::assign(&mut root, Assignment { path: &path, span, value }).map_err(place)?;
        }
        tree::value_at(&root, path).map_err(|(message, help)| Problem::nowhere(&self.file.name, message, help).into())
    }

    /// The document with a variant's overrides and those of the command line put in, as TOML; unchecked but for the places it names.
    ///
    /// # Errors
    /// When there is no such variant, or an override names no place.
    pub fn merged(&self, variant: Option<&str>, overrides: &[Override]) -> Result<toml::Table, SpecError> {
        let variant = variant.map(|name| self.variant(name)).transpose()?;
        let mut sources = Sources::new(self.file.clone());
        let name = variant.map(|variant| variant.name.get_ref().as_str());
        let table =
            merge(&self.file, name, overrides, &mut sources).and_then(|(root, added)| deserialize(&root, &added));
        table.map_err(|draft| SpecError::from_problems(vec![draft.place(&sources)]))
    }

    /// The variant of this name.
    ///
    /// # Errors
    /// When there is none; says which there are.
    pub fn variant(&self, name: &str) -> Result<&Variant, SpecError> {
        self.spec.variant.iter().find(|variant| variant.name.get_ref() == name).ok_or_else(|| {
            let names: Vec<String> = self.spec.variant.iter().map(|v| v.name.get_ref().clone()).collect();
            let message = format!("the scenario has no variant {}", super::advice::quote(name));
            Problem::nowhere(&self.file.name, message, suggest(name, &names)).into()
        })
    }

    /// An error at a place of the file, for checks that only a later stage can make, such as the name of a metric.
    pub fn error_at(&self, span: Range<usize>, message: &str, help: &str) -> SpecError {
        Problem::new(self.file.clone(), span, message, Some(help.into())).into()
    }
}

fn build<W: World + DeserializeOwned, F: DeserializeOwned + Default>(
    file: &SourceFile,
    variant: Option<&str>,
    overrides: &[Override],
) -> Result<Spec<W, F>, SpecError> {
    let mut sources = Sources::new(file.clone());
    let mut why: Vec<String> = variant.map(|name| format!("in variant `{name}`")).into_iter().collect();
    why.extend(overrides.iter().map(|each| format!("with --set {}", each.as_str())));
    let outcome = draft(file, variant, overrides, &mut sources);
    outcome.map_err(|drafts| {
        let problems = drafts.into_iter().map(|mut draft| {
            if sources.in_first(draft.span.start) && !why.is_empty() {
                draft.message = format!("{} ({})", draft.message, why.join(", "));
            }
            draft.place(&sources)
        });
        SpecError::from_problems(problems.collect())
    })
}

fn draft<W: World + DeserializeOwned, F: DeserializeOwned + Default>(
    file: &SourceFile,
    variant: Option<&str>,
    overrides: &[Override],
    sources: &mut Sources,
) -> Result<Spec<W, F>, Vec<Draft>> {
    let one = |draft| vec![draft];
    let (root, added) = merge(file, variant, overrides, sources).map_err(one)?;
    let spec = deserialize(&root, &added).map_err(one)?;
    let problems = check(&spec, &root);
    if problems.is_empty() { Ok(spec) } else { Err(problems) }
}

/// The document with the overrides put in, and the keys that they added.
fn merge<'a>(
    file: &'a SourceFile,
    variant: Option<&str>,
    overrides: &'a [Override],
    sources: &mut Sources,
) -> Result<(Node<'a>, Vec<Added>), Draft> {
    let mut root = tree::parse(&file.text)?;
    let set = match variant {
        Some(name) => tree::variant_set(&file.text, &root, name)?,
        None => Vec::new(),
    };
    let mut added = Vec::new();
    for (path, span, value) in &set {
        forbid_meta(path, span)?;
        let assignment = Assignment { path, span: span.clone(), value: value.clone() };
        added.extend(tree::assign(&mut root, assignment)?);
    }
    for each in overrides {
        added.extend(tree::assign(&mut root, each.assignment(sources)?)?);
    }
    Ok((root, added))
}

/// A variant changes the world, never what is said about it.
fn forbid_meta(path: &str, span: &Range<usize>) -> Result<(), Draft> {
    match path.split('.').next() {
        Some(root @ ("variant" | "claim")) => {
            let message = format!("a variant cannot override `{root}`");
            Err(Draft::new(span.clone(), message, "override the world, the workload, the faults or the times"))
        }
        _ => Ok(()),
    }
}

fn deserialize<'a, T: Deserialize<'a>>(root: &Node<'a>, added: &[Added]) -> Result<T, Draft> {
    T::deserialize(ValueDeserializer::from(root.clone())).map_err(|error| {
        let mut draft = explain(&error);
        draft.span = tree::narrow(root, draft.span, error.message());
        // The parser points at the table that took two kinds; the key that an override added to it is to blame.
        let second = error.message().starts_with("wanted exactly 1 element, more");
        let culprit = added.iter().rev().find(|key| second && key.is_in(&draft.span));
        culprit.map_or(draft, Added::second_kind)
    })
}
