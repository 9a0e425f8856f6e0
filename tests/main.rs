//! Drives the `ranklab` binary from outside.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod bad_input;
mod browser;
mod command;
mod disturbance;
mod durability;
mod galleries;
mod hostile_input;
mod housekeeping;
mod images;
mod kills;
mod leftovers;
mod real_images;
mod reliability;
mod settings;
mod shuffled_labels;
mod slow_database;
mod spellings;
mod sweeping;
mod verifying;
#[cfg(target_os = "linux")]
mod volumes;
