//! Tests of the statistics from the outside: against other libraries' values, for any input, over many studies.
#![allow(clippy::unwrap_used)] // A test may panic.

mod error_rates;
mod golden;
mod golden_bootstrap;
mod golden_clinical;
mod golden_comparison;
mod golden_family;
mod golden_sparse;
mod interval_rates;
mod invariants;
mod invariants_comparison;
mod invariants_family;
mod simulation;
mod sparse_rates;
