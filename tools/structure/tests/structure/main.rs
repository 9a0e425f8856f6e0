//! The rules of the sources' layout: on planted trees that break them or nearly do, and on this repository.
#![allow(clippy::unwrap_used)] // A test may panic.

mod circles;
mod class_names;
mod effects;
mod features;
mod layers;
mod planted;
mod repository;
