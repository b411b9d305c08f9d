//! `schema`: the JSON schema of scenario files.

use crate::json;
use crate::lab::Lab;
use crate::term::{Exit, Failure, Term};

pub(crate) fn schema(lab: &dyn Lab, term: &mut Term) -> Result<Exit, Failure> {
    term.data(&json::pretty(&lab.schema()))?;
    Ok(Exit::AsClaimed)
}
