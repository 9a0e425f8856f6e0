//! Strategies: which trials a sweep trains, given those that ended.

mod grid;
mod proposal;

pub use self::{
    grid::Grid,
    proposal::{EndedTrial, Strategy},
};
