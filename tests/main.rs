//! Drives the `ranklab` binary from outside.

mod bad_input;
mod command;
mod real_images;
mod sweeping;
