//! Seeded traffic through aliases.

/// How a version behaves when it is invoked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// The share of invocations that end in a function error, 0 to 1.
    pub error_rate: f64,
    /// The median duration.
    pub latency_ms: f64,
    /// The spread: the standard deviation of the duration's logarithm.
    pub latency_sigma: f64,
    /// The share of requests that are throttled before they become invocations, 0 to 1.
    pub throttle_rate: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            latency_ms: 50.0,
            latency_sigma: 0.25,
            throttle_rate: 0.0,
        }
    }
}
