//! Strategies: which trials a sweep trains, given what is known, and whether a trial goes on after an epoch.

mod grid;
mod proposal;

pub use self::{
    grid::Grid,
    proposal::{EndedTrial, Strategy},
};
