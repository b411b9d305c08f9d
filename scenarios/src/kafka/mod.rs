//! What every world with a Kafka in it needs: what events say, how long their journey takes, and what became of them in the end.

pub mod audit;
pub mod encodings;
pub mod journey;
pub mod payload;
pub mod told;
