//! The networks against golden values of PyTorch and PEFT, and against libtorch where it is compiled in.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test may panic.

#[cfg(feature = "tch")]
mod devices;
mod golden;
