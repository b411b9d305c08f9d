//! What a process is made of, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::SimDuration;
use crate::units::Bytes;

/// One process: its heap and how it is started again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessSpec {
    /// The V8 heap.
    pub heap: HeapSpec,
    /// What its supervisor does after it has died.
    pub restart: RestartSpec,
}

/// The V8 heap: its limit, and what the collector costs near it.
///
/// The collector is a derivation (MODEL-REFERENCE.md A8, DER), not a measurement: each time the program has allocated
/// what is free, `limit - live`, a full pass marks `live`. So one millisecond of CPU brings
/// `churn / mark_rate * live / (limit - live)` milliseconds of collection. With the defaults that is 4.7 % at half full, 42 % at
/// 90 %, 90 % at 95 % and 460 % at 99 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeapSpec {
    /// `--max-old-space-size`: the process aborts when its live bytes reach this. Default 4144 MiB, measured on 64-bit
    /// Node 20 (MODEL-REFERENCE.md A8, EXP-8).
    pub limit: Bytes,
    /// Live bytes of the idle application. Default 20 MiB: an assumption, a small service with grpc-js loaded.
    pub base: Bytes,
    /// Bytes of old-space allocation per millisecond of CPU. Default 48 KiB: an assumption, chosen with `mark_rate` so that
    /// collection costs a few per cent at half full. Zero switches the pressure off.
    pub churn: Bytes,
    /// Bytes a full mark pass handles per millisecond. Default 1 MiB: an assumption, a second for a gibibyte.
    pub mark_rate: Bytes,
}

impl Default for HeapSpec {
    fn default() -> Self {
        Self { limit: Bytes(4144 << 20), base: Bytes(20 << 20), churn: Bytes(48 << 10), mark_rate: Bytes(1 << 20) }
    }
}

/// How a supervisor starts a dead process again: the first time at once, then after a backoff that doubles. Each start takes
/// `boot` on top. A process that has stopped by itself is not started again, one whose host is lost waits for
/// [`host_back`](super::Process::host_back), one that is [kept down](super::Process::keep_down) for the end of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RestartSpec {
    /// The wait before the second restart. Default 10 s (Kubernetes, "Pod lifecycle", `CrashLoopBackOff`).
    pub backoff_initial: SimDuration,
    /// The longest wait. Default 5 min (same page).
    pub backoff_max: SimDuration,
    /// After running this long the next death counts as the first. Default 10 min (same page).
    pub reset_after: SimDuration,
    /// Time until the new process serves. Default 1 s: an assumption, container start and module loading.
    pub boot: SimDuration,
    /// How long a process that was asked to stop may take before it is killed. Default 30 s (Kubernetes, "Pod lifecycle",
    /// `terminationGracePeriodSeconds`).
    pub grace: SimDuration,
}

impl Default for RestartSpec {
    fn default() -> Self {
        Self {
            backoff_initial: SimDuration::from_secs(10),
            backoff_max: SimDuration::from_secs(300),
            reset_after: SimDuration::from_secs(600),
            boot: SimDuration::from_secs(1),
            grace: SimDuration::from_secs(30),
        }
    }
}
