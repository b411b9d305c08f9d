//! Many runs, several at a time.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
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
    let mut count = 0;
    stream(tasks, jobs, work, |index, result| {
        count += 1;
        term.progress(&format!("{what}: {count}/{} runs", tasks.len()));
        match result {
            Ok(result) => results[index] = Some(result),
            Err(report) => failure = failure.take().filter(|(other, _)| *other < index).or(Some((index, report))),
        }
        if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    term.progress_done();
    match failure {
        Some((_, report)) => Err(report.into()),
        None => Ok(results.into_iter().map(|result| result.expect("every task was done or failed")).collect()),
    }
}

/// Does `work` for each of `tasks`, `jobs` at a time, and hands every result with its index to `take` as it comes. After a `Break`
/// nothing new is begun, and what has begun is still handed over.
pub(crate) fn stream<I: Sync, T: Send>(
    tasks: &[I],
    jobs: usize,
    work: impl Fn(&I) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // Workers wait for a slow taker: results must not pile up.
        let (done, finished) = sync_channel(jobs);
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
        for (index, result) in finished {
            if take(index, result).is_break() {
                next.store(tasks.len(), Ordering::Relaxed);
            }
        }
    });
}
