//! Progress of work on many images, which can be stopped.

use std::ops::ControlFlow;

/// Hears of progress in something counted (done, total) and says whether to go on. What is not counted yet is
/// given as 0 of 0.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync);

/// Progress that is not shown.
pub fn unwatched(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
