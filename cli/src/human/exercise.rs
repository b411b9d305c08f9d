//! An exercise for people: the list, what is asked, and what became of an answer.

use gridlock_exercises::{Answer, Exercise, Finding, Goal, Kind, Unit};
use gridlock_scenarios::format::shell_word as quoted;

use super::format::wrap;
use super::{ink, paint};

/// All exercises, chapter by chapter.
pub(crate) fn list_of(exercises: &[Exercise]) -> String {
    let (mut out, mut chapter) = (String::new(), "");
    let longest = exercises.iter().map(|exercise| exercise.name.len()).max().unwrap_or(0);
    for exercise in exercises {
        if exercise.chapter() != chapter {
            out += if chapter.is_empty() { "" } else { "\n" };
            chapter = exercise.chapter();
        }
        let name = paint(ink::NAME, &format!("{:<longest$}", exercise.name));
        out += &format!("{name}  {:<7} {:>3} min  {}\n", exercise.kind().text(), exercise.minutes, exercise.title);
    }
    out
}

/// What is asked: `text` is that of the exercise with its directives filled.
pub(crate) fn sheet(exercise: &Exercise, text: &str, starter: &Answer, command: &str, width: usize) -> String {
    let mut out = format!("{}  {}\n", paint(ink::NAME, &exercise.name), paint(ink::STRONG, &exercise.title));
    let kind = exercise.kind().text();
    out += &paint(ink::FAINT, &format!("answered by: {kind} · about {} min", exercise.minutes));
    out += "\n\n";
    out += &paragraphs(text, width);
    out += &format!("\n{}\n", paint(ink::STRONG, &format!("The goal{}", with_seeds(exercise))));
    exercise.goal.iter().for_each(|goal| out += &goal_lines(goal));
    out += &asked_number(exercise);
    if exercise.kind() == Kind::File {
        out += "  every verdict, check and claim of the file holds\n";
    }
    let rules = rules(exercise);
    if !rules.is_empty() {
        out += &format!("\n{}\n{rules}", paint(ink::STRONG, "The rules"));
    }
    let hints = exercise.hints.len();
    out += &format!("\n{}\n  {}\n", paint(ink::STRONG, "Where you start"), line(exercise, starter, command));
    out + &format!(
        "  hints: --hint 1{}   a solution: --solution\n\n",
        if hints > 1 { format!(" to {hints}") } else { String::new() }
    )
}

/// One condition with what became of it.
pub(crate) fn finding(finding: &Finding) -> String {
    let mark = if finding.met { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
    let seed = finding.seed.filter(|_| !finding.met && finding.of > 1);
    let with = seed.map_or_else(String::new, |seed| format!(" with seed {seed}"));
    let share = match finding.of {
        of if of > 1 && finding.seed.is_some() => format!("; {} of {of} seeds", finding.met_in),
        of if of > 1 && finding.met => format!("; {of} seeds"),
        _ => String::new(),
    };
    format!("  {mark} {}: wanted {}, measured {}{with}{share}\n", finding.run, finding.wanted, finding.measured)
}

/// In how many seeds the starter misses its goal, and the solution reaches it.
pub(crate) fn checked(exercise: &Exercise, starter: &[Finding], solution: &[Finding]) -> String {
    let of = solution.iter().map(|finding| finding.of).max().unwrap_or(1);
    let missed = starter.iter().map(|finding| finding.of - finding.met_in).max().unwrap_or(0);
    let reached = solution.iter().map(|finding| finding.met_in).min().unwrap_or(0);
    let sound = starter.iter().any(|finding| !finding.met) && solution.iter().all(|finding| finding.met);
    let mark = if sound { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
    let counts = match exercise.kind() {
        Kind::Seed => "a seed that misses, and one that reaches".into(),
        Kind::File => "the starter misses, the solution reaches".into(),
        _ if exercise.goal.iter().any(|goal| goal.holds_in.is_some()) => {
            let with = |findings: &[Finding]| findings.iter().map(|finding| finding.met_in).min().unwrap_or(0);
            format!(
                "of {of} seeds it is so with {} from the starter, and {} from the solution",
                with(starter),
                with(solution)
            )
        }
        _ => format!("of {of} seeds the starter misses {missed}, the solution reaches {reached}"),
    };
    format!("{mark} {:<36} {:<7} {counts}\n", exercise.name, exercise.kind().text())
}

fn with_seeds(exercise: &Exercise) -> String {
    match (exercise.kind(), exercise.luck) {
        (Kind::Seed, Some(luck)) => format!(", with a seed from 1 to {luck}"),
        (Kind::File, _) => String::new(),
        _ if exercise.seeds > 1 => format!(", with each of the seeds 1 to {}", exercise.seeds),
        _ => String::new(),
    }
}

fn goal_lines(goal: &Goal) -> String {
    let set = if goal.set.is_empty() { String::new() } else { format!(" with {}", goal.set.join(", ")) };
    let share =
        goal.holds_in.map_or_else(String::new, |(least, most)| format!("    (with {least} to {most} of the seeds)\n"));
    let conditions: String = goal.must.iter().map(|condition| format!("    {condition}\n")).collect();
    format!("  in {}{set}:\n{conditions}{share}", goal.run)
}

fn asked_number(exercise: &Exercise) -> String {
    let Some(number) = &exercise.number else { return String::new() };
    let set = if number.set.is_empty() { String::new() } else { format!(" with {}", number.set.join(", ")) };
    let unit = match number.unit {
        Unit::Plain => "",
        Unit::Seconds => ", in seconds",
        Unit::Percent => ", in per cent",
    };
    format!("  {} of {}{set}{unit}, to within {} %\n", number.metric, number.run, number.within_percent)
}

fn rules(exercise: &Exercise) -> String {
    let mut rules = String::new();
    if !exercise.may.is_empty() {
        let most = match exercise.changes {
            Some(1) => "one value".into(),
            Some(most) => format!("at most {most} values"),
            None => "values".into(),
        };
        rules += &format!("  change {most} of {}\n", exercise.may.join(", "));
    }
    exercise.limits.iter().for_each(|limit| rules += &format!("  keep to {limit}\n"));
    rules
}

/// The line that gives an answer.
pub(crate) fn line(exercise: &Exercise, answer: &Answer, command: &str) -> String {
    if let Some(file) = answer.rust.as_ref().or(answer.file.as_ref()) {
        return format!("edit book/exercises/{}/{file}", exercise.name);
    }
    let mut line = format!("{command} exercise {}", exercise.name);
    answer.set.iter().for_each(|set| line += &format!(" --set {}", quoted(set)));
    answer.seed.iter().for_each(|seed| line += &format!(" --seed {seed}"));
    answer.number.iter().for_each(|number| line += &format!(" --number {number}"));
    line
}

fn paragraphs(text: &str, width: usize) -> String {
    let paragraph = |paragraph: &str| wrap(paragraph, width.min(100)).join("\n") + "\n";
    text.trim().split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n")
}

/// A text of an exercise below a heading.
pub(crate) fn section(heading: &str, text: &str, width: usize) -> String {
    format!("\n{}\n{}", paint(ink::STRONG, heading), paragraphs(text, width))
}
