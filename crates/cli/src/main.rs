//! The `ranklab` binary.
fn main() {}
