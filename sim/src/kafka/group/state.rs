//! The states of a group, and which may follow which.

/// Where a group stands (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupState {
    /// No members; perhaps offsets.
    Empty,
    /// Members are called to join the next generation.
    PreparingRebalance,
    /// The generation has begun; its leader has not brought the assignment yet.
    CompletingRebalance,
    /// Everyone may know its share.
    Stable,
    /// About to be forgotten.
    Dead,
}

impl GroupState {
    /// Whether `next` may follow, after ClassicGroupState.java (D1).
    pub const fn may_become(self, next: GroupState) -> bool {
        use GroupState::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
        match next {
            PreparingRebalance => matches!(self, Empty | CompletingRebalance | Stable),
            CompletingRebalance | Empty => matches!(self, PreparingRebalance),
            Stable => matches!(self, CompletingRebalance),
            Dead => true,
        }
    }
}
