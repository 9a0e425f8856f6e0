//! Strategies, which choose the trials of a sweep.

mod grid;
mod proposal;

pub use self::{
    grid::Grid,
    proposal::{EndedTrial, Strategy},
};
