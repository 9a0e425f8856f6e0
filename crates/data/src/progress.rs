//! Progress of work on many images, and requests to stop it.

use std::ops::ControlFlow;

/// Receives progress as (done, total) and answers whether to continue. Work that is not counted yet is 0 of 0.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync);

/// Ignores progress and always continues.
pub fn unwatched(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
