//! `exercise`: asks an exercise of the book, plays an answer, and says which goals it reaches.

use std::path::Path;

use gridlock_book::{Desk, Pictures, plain, root_of};
use gridlock_exercises::{Answer, Exercise, ExerciseError, Finding, answers, judge};
use gridlock_scenarios::spec::suggest;

use crate::args::ExerciseArgs;
use crate::human;
use crate::lab::Lab;
use crate::term::{Exit, Failure, Term};

pub(crate) fn exercise(lab: &dyn Lab, args: &ExerciseArgs, term: &mut Term) -> Result<Exit, Failure> {
    let here = std::env::current_dir().map_err(Failure::Write)?;
    let root = root_of(&here).map_err(|error| Failure::Spec(error.into()))?;
    match &args.name {
        _ if args.verify => verify(&root, args.name.as_deref().unwrap_or_default(), term),
        Some(name) if name.contains('/') => {
            let exercise = Exercise::read(&root, name).map_err(wrong)?;
            Seat { lab, root: &root, exercise: &exercise, term }.take(args)
        }
        chapter => list(&root, chapter.as_deref(), term),
    }
}

/// The exercises of a chapter, or all.
fn list(root: &Path, chapter: Option<&str>, term: &mut Term) -> Result<Exit, Failure> {
    let mut all = Exercise::read_all(root).map_err(wrong)?;
    if let Some(chapter) = chapter {
        let known: Vec<String> = all.iter().map(|exercise| exercise.chapter().to_owned()).collect();
        all.retain(|exercise| exercise.chapter() == chapter);
        if all.is_empty() {
            let help = suggest(chapter, &known);
            return Err(wrong(ExerciseError::Unknown { name: chapter.into(), help }));
        }
    }
    term.data(&human::list_of(&all))?;
    let command = term.style.command;
    term.remark(&format!("\n{} exercises; `{command} exercise NAME` tells what is asked\n", all.len()))?;
    Ok(Exit::AsClaimed)
}

/// Plays starters and solutions of all exercises whose names begin so, with all their seeds.
fn verify(root: &Path, prefix: &str, term: &mut Term) -> Result<Exit, Failure> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut sound = true;
    for exercise in Exercise::read_all(root).map_err(wrong)?.iter().filter(|each| each.name.starts_with(prefix)) {
        term.progress(&format!("playing {}", exercise.name));
        let (starter, solution) = answers(exercise).map_err(wrong)?;
        let (starter, solution) =
            (judge(exercise, &starter, jobs).map_err(wrong)?, judge(exercise, &solution, jobs).map_err(wrong)?);
        term.progress_done();
        sound &= starter.iter().any(|finding| !finding.met) && solution.iter().all(|finding| finding.met);
        term.data(&human::checked(exercise, &starter, &solution))?;
    }
    Ok(Exit::claimed(sound))
}

/// Where somebody sits over an exercise.
struct Seat<'a, 't> {
    lab: &'a dyn Lab,
    root: &'a Path,
    exercise: &'a Exercise,
    term: &'a mut Term<'t>,
}

impl Seat<'_, '_> {
    fn take(&mut self, args: &ExerciseArgs) -> Result<Exit, Failure> {
        if let Some(count) = args.hint {
            return self.hints(count);
        }
        if args.solution {
            return self.solution();
        }
        let answer = Answer { set: args.set.clone(), seed: args.seed, number: args.number, ..Answer::default() };
        if answer == Answer::default() { self.ask() } else { self.judge(&answer) }
    }

    /// What is asked, and what becomes of the starter. A file or a policy is edited in its place, so then this judges the answer.
    fn ask(&mut self) -> Result<Exit, Failure> {
        let (starter, _) = answers(self.exercise).map_err(wrong)?;
        let text = self.filled(&self.exercise.text)?;
        let style = self.term.style;
        self.term.data(&human::sheet(self.exercise, &text, &starter, style.command, style.width))?;
        self.judge(&starter)
    }

    fn judge(&mut self, answer: &Answer) -> Result<Exit, Failure> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let findings = judge(self.exercise, answer, jobs).map_err(wrong)?;
        for each in &findings {
            self.term.data(&human::finding(each))?;
        }
        let reached = findings.iter().all(|finding| finding.met);
        self.term.data(verdict(&findings, reached))?;
        Ok(Exit::claimed(reached))
    }

    fn hints(&mut self, count: usize) -> Result<Exit, Failure> {
        for (nth, hint) in self.exercise.hints.iter().take(count).enumerate() {
            let (text, width) = (self.filled(hint)?, self.term.style.width);
            self.term.data(&human::section(&format!("Hint {}", nth + 1), &text, width))?;
        }
        if count < self.exercise.hints.len() {
            let more = format!("\nstill stuck: `--hint {}`\n", count + 1);
            self.term.remark(&more)?;
        }
        Ok(Exit::AsClaimed)
    }

    fn solution(&mut self) -> Result<Exit, Failure> {
        let (_, solution) = answers(self.exercise).map_err(wrong)?;
        let line = human::line(self.exercise, &solution, self.term.style.command);
        self.term.data(&format!("{}\n", line.replacen("edit ", "see ", 1)))?;
        let exit = self.judge(&solution)?;
        let (why, width) = (self.filled(&self.exercise.why)?, self.term.style.width);
        self.term.data(&human::section("Why", &why, width))?;
        self.term.data(&human::section("What it teaches", &self.exercise.teaches, width))?;
        Ok(exit)
    }

    /// A text of the exercise with its directives filled.
    fn filled(&mut self, text: &str) -> Result<String, Failure> {
        let mut desk = Desk::new(self.root.to_path_buf(), Pictures::Linked, &self.lab);
        let term = &mut *self.term;
        let filled = plain(text, &mut desk, &mut |doing| term.progress(doing));
        term.progress_done();
        filled.map_err(|error| Failure::Spec(error.into()))
    }
}

fn verdict(findings: &[Finding], reached: bool) -> &'static str {
    match (reached, findings.iter().any(|finding| finding.met || finding.met_in > 0)) {
        (true, _) => "Reached. `--solution` tells the book's answer, and why.\n",
        (false, true) => "Not yet: in part.\n",
        (false, false) => "Not yet.\n",
    }
}

fn wrong(error: ExerciseError) -> Failure {
    Failure::Spec(error.into())
}
