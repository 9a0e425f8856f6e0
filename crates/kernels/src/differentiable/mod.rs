//! Differentiable burn operations computed by [`crate::processor`], one file per operation.

mod adapted;
mod dense;
mod frame;
mod pooling;
mod trained;

pub use adapted::{FrozenTerms, StackedFactors, convolve};
pub(crate) use dense::dense;
pub(crate) use pooling::{max_pool, pool_into_rows};
pub(crate) use trained::convolve_and_pool;
