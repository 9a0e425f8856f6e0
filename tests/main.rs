//! Drives the `ranklab` binary from outside.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod bad_input;
mod browser;
mod command;
mod galleries;
mod real_images;
mod shuffled_labels;
mod sweeping;
