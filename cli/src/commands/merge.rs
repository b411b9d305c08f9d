//! `merge`: the shards of a sweep, put together.

use crate::args::MergeArgs;
use crate::commands::sweep;
use crate::sweep::folder;
use crate::term::{Exit, Failure, Term};

pub(crate) fn merge(args: &MergeArgs, term: &mut Term) -> Result<Exit, Failure> {
    let summary = folder::merge(&args.dirs, &args.out)?;
    sweep::report(&summary, args.format, Some(&args.out), term)
}
