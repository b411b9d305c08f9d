//! The settings of the kernels: how long they try before they give up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an operator can set with `sysctl`, the same on all hosts of a network. `net.ipv4.tcp_syn_linear_timeouts` stays at 4, the
/// default of kernels since 6.5 (MODEL-REFERENCE.md A9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TcpSpec {
    /// `net.ipv4.tcp_syn_retries`: how long a connection attempt lasts that nobody answers. Retries come 1, 2, 3, 4, 5, 7, 11, 19,
    /// 35 and 67 s after the first SYN. Linux refuses 0 and all above 127.
    ///
    /// | value | 1 | 2 | 3 | 4 | 5 | 6 |
    /// |---|---|---|---|---|---|---|
    /// | gives up after | 3 s | 7 s | 19 s | 35 s | 67 s | 131 s |
    /// | measured on Linux 6.18 | 3.05 s | 7.11 s | 19.34 s | 35.46 s | 69.51 s | 135.06 s |
    ///
    /// Linux, `ip-sysctl`: 6 gives the last retry at 67 s and the end at 131 s. The others are derived from two limits of
    /// `tcp_write_timeout`, whichever comes first: the retries, 4 linear ones more than the value; and the time that as many
    /// retries would take without linear ones, 2^(value + 1) - 1 s, looked at whenever the timer fires.
    /// The measured excess is the slack of its timers.
    pub syn_retries: u8,
    /// `net.ipv4.tcp_retries2`: how long sent data may stay without any acknowledgement, as the time that so many
    /// retransmissions take from a timeout of 200 ms on: 924.6 s with 15, 12.6 s with 5 (measured: 13.7 s). MODEL-REFERENCE.md A7,
    /// A9; Linux, `ip-sysctl` and `tcp_model_timeout`.
    pub retries2: u8,
}

impl Default for TcpSpec {
    /// The defaults of Linux.
    fn default() -> Self {
        Self { syn_retries: 6, retries2: 15 }
    }
}
