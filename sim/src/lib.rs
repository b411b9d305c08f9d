//! Deterministic models of the parts that distributed services are made of, in virtual time.

pub mod check;
pub mod dist;
pub mod engine;
pub mod fault;
pub mod grpc;
pub mod http;
pub mod kafka;
pub mod net;
pub mod process;
pub mod report;
pub mod stage;
pub mod trace;
pub mod units;
pub mod workload;
