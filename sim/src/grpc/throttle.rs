//! Token buckets that bound retries: the throttle of a gRPC service config and a client-side retry budget.

use std::cell::Cell;

use super::policy::{RetryBudget, RetryThrottling};

const TOKEN: u64 = 1000;

/// gRPC's retry throttle (MODEL-REFERENCE.md A6): a failure takes a token, a success puts a fraction back, and retries are
/// allowed only while more than half of the tokens are left.
pub(crate) struct Throttle {
    policy: RetryThrottling,
    millitokens: Cell<u64>,
}

impl Throttle {
    pub(crate) fn new(policy: RetryThrottling) -> Self {
        let policy = RetryThrottling { max_tokens: policy.max_tokens.min(1000), ..policy };
        Self { policy, millitokens: Cell::new(u64::from(policy.max_tokens) * TOKEN) }
    }

    pub(crate) fn succeeded(&self) {
        let full = u64::from(self.policy.max_tokens) * TOKEN;
        self.millitokens.set((self.millitokens.get() + u64::from(self.policy.token_permille)).min(full));
    }

    pub(crate) fn failed(&self) {
        self.millitokens.set(self.millitokens.get().saturating_sub(TOKEN));
    }

    pub(crate) fn allows(&self) -> bool {
        self.millitokens.get() * 2 > u64::from(self.policy.max_tokens) * TOKEN
    }
}

/// A retry budget: each call earns a share of a retry, each retry costs one.
pub(crate) struct Budget {
    policy: RetryBudget,
    centitokens: Cell<u64>,
}

impl Budget {
    pub(crate) fn new(policy: RetryBudget) -> Self {
        Self { policy, centitokens: Cell::new(u64::from(policy.burst) * 100) }
    }

    pub(crate) fn earn(&self) {
        let full = u64::from(self.policy.burst) * 100;
        self.centitokens.set((self.centitokens.get() + u64::from(self.policy.percent)).min(full));
    }

    /// Takes a retry out of the budget if there is one.
    pub(crate) fn spend(&self) -> bool {
        let left = self.centitokens.get();
        let enough = left >= 100;
        if enough {
            self.centitokens.set(left - 100);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything fails, then nothing does: 10 tokens allow retries until 5 are gone; below that a retry costs ten successes at 0.1.
    #[test]
    fn throttle_stops_at_half_and_a_retry_costs_ten_successes() {
        let throttle = Throttle::new(RetryThrottling { max_tokens: 10, token_permille: 100 });
        let mut failures = 0;
        while throttle.allows() {
            throttle.failed();
            failures += 1;
        }
        assert_eq!(failures, 5);
        throttle.succeeded();
        assert!(throttle.allows());
        throttle.failed();
        for _ in 0..10 {
            assert!(!throttle.allows());
            throttle.succeeded();
        }
        assert!(throttle.allows());
    }

    #[test]
    fn budget_allows_a_tenth() {
        let budget = Budget::new(RetryBudget { percent: 10, burst: 2 });
        assert!(budget.spend() && budget.spend() && !budget.spend());
        let retries = (0..1000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert_eq!(retries.count(), 100);
    }
}
