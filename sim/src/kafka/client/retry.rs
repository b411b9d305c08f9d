//! Trying again on an event loop: the waits of [`crate::kafka::retry`] between attempts.

use std::cell::RefCell;
use std::rc::Rc;

use super::error::KafkaError;
use crate::engine::Stream;
use crate::kafka::retry::{Retrier, RetryConfig};
use crate::process::Process;

/// How an attempt went wrong.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Thrown: tried again if it may be.
    Thrown(KafkaError),
    /// `bail(e)`: the caller gets it as it is.
    Bail(KafkaError),
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Failure::Thrown(error)
    }
}

/// Tries things again. Cheap to clone; clones draw from one stream.
#[derive(Clone)]
pub struct Retries {
    process: Process,
    config: RetryConfig,
    draws: Rc<RefCell<Stream>>,
}

impl Retries {
    /// Waits on the event loop of `process`.
    pub fn new(process: &Process, config: RetryConfig, draws: Stream) -> Self {
        Self { process: process.clone(), config, draws: Rc::new(RefCell::new(draws)) }
    }

    /// Runs `attempt` until it succeeds, bails out, fails for good, or has failed once more than there are retries. Counting and
    /// waiting begin anew with each call, not with each success inside (D5).
    ///
    /// # Errors
    /// What it bailed out with; [`KafkaError::RetriesExceeded`]; [`KafkaError::NonRetriable`].
    pub async fn run<T>(&self, mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, KafkaError> {
        let mut retrier = Retrier::new(self.config, &mut self.draws.borrow_mut());
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(Failure::Bail(error)) => return Err(error),
                Err(Failure::Thrown(error)) => error,
            };
            if !error.is_retriable() {
                return Err(KafkaError::NonRetriable(Rc::new(error)));
            }
            let wait = retrier.failed(&mut self.draws.borrow_mut());
            let Some(wait) = wait else {
                return Err(KafkaError::RetriesExceeded { cause: Rc::new(error), retry_time: retrier.next_wait() });
            };
            self.process.sleep(wait).await;
        }
    }
}
