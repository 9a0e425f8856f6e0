//! Drives the `ranklab` binary from outside.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod bad_input;
mod browser;
mod command;
mod disturbance;
mod durability;
#[cfg(target_os = "linux")]
mod faults;
mod galleries;
mod hostile_input;
mod housekeeping;
mod kills;
mod queries;
mod real_images;
mod reliability;
mod shuffled_labels;
mod signals;
mod slow_database;
mod sweeping;
mod terminal;
mod verifying;
#[cfg(target_os = "linux")]
mod volumes;
