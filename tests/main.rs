//! Drives the `ranklab` binary from outside.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // A test may panic.

mod analysis_plan;
mod bad_input;
mod browser;
mod checking;
mod command;
mod completing;
mod convergence;
mod damage;
mod database_elsewhere;
mod defaults_file;
mod disturbance;
mod drawn_images;
mod durability;
mod exporting;
#[cfg(target_os = "linux")]
mod faults;
mod galleries;
mod hostile_input;
mod housekeeping;
mod images;
mod kills;
mod leftovers;
mod listing;
mod locked_database;
mod lost_database;
mod malaria_words;
mod memory;
mod model_files;
mod opening;
mod ordering;
mod own_images;
mod postgres;
mod power;
mod predicting;
mod queries;
mod real_images;
mod reliability;
mod removing;
mod reports;
mod round_trips;
mod settings;
mod shuffled_labels;
mod signals;
mod slow_database;
mod snapshots;
mod spellings;
mod sweeping;
mod tables;
mod terminal;
mod training_together;
mod upgrade;
mod verifying;
#[cfg(target_os = "linux")]
mod volumes;
mod workers;
