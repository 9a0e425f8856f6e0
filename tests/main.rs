//! Drives the `ranklab` binary from outside.
