//! Many runs, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use miette::Report;

use crate::term::{Failure, Term};

/// How many runs at a time, unless told otherwise: one for each core.
pub(crate) fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Does `work` for each of `tasks`, `jobs` at a time, and shows how far it has come. Results are in the order of the tasks.
///
/// # Errors
/// The failure of the earliest task that failed; what has not begun by then is not done.
pub(crate) fn each<I: Sync, T: Send>(
    tasks: &[I],
    jobs: usize,
    what: &str,
    term: &mut Term,
    work: impl Fn(&I) -> Result<T, Report> + Sync,
) -> Result<Vec<T>, Failure> {
    let mut results: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
    let mut failure: Option<(usize, Report)> = None;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (done, finished) = channel();
        for _ in 0..jobs.min(tasks.len()) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(task) = tasks.get(index)
                {
                    let _ = done.send((index, work(task)));
                }
            });
        }
        drop(done);
        for (count, (index, result)) in (1..).zip(finished) {
            term.progress(&format!("{what}: {count}/{} runs", tasks.len()));
            match result {
                Ok(result) => results[index] = Some(result),
                Err(report) => {
                    next.store(tasks.len(), Ordering::Relaxed);
                    failure = failure.take().filter(|(other, _)| *other < index).or(Some((index, report)));
                }
            }
        }
    });
    term.progress_done();
    match failure {
        Some((_, report)) => Err(report.into()),
        None => Ok(results.into_iter().map(|result| result.expect("every task was done or failed")).collect()),
    }
}
