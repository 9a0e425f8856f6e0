//! What a sweep works with: locations, the command, how many trials train together, and a request to stop.

use ranklab_runs::Locations;
use ranklab_trainer::Stop;

use crate::provenance::Code;

/// What a sweep works with besides its plan.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where files lie.
    pub locations: Locations,
    /// The command as it was typed.
    pub command: String,
    /// Most trials that train together.
    pub jobs: usize,
    /// A request to stop.
    pub stop: Stop,
    /// The sources that the program was compiled from.
    pub code: Code,
}
