//! Drives the `ranklab` binary from outside.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod bad_input;
mod browser;
mod checking;
mod command;
mod company;
mod damage;
mod disturbance;
mod durability;
mod galleries;
mod hostile_input;
mod housekeeping;
mod kills;
mod memory;
mod real_images;
mod reliability;
mod shuffled_labels;
mod slow_database;
mod sweeping;
mod verifying;
#[cfg(target_os = "linux")]
mod volumes;
