//! Whole trials on small generated images.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod caches;
mod company;
mod damage;
mod fixture;
mod learning;
mod opening;
mod precisions;
mod resuming;
mod steadiness;
