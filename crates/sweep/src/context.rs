//! The context of a sweep: locations, the database, the command, the number of trials that train together, and requests to stop.

use ranklab_runs::Locations;
use ranklab_store::Location;
use ranklab_trainer::Stop;

use crate::provenance::Code;

/// Everything that a sweep needs besides its plan.
#[derive(Clone, Debug)]
pub struct Context {
    /// Locations of files.
    pub locations: Locations,
    /// The database: a file, which may lie outside of the runs folder, or one of a server.
    pub database: Location,
    /// The command line.
    pub command: String,
    /// Largest number of trials that train together.
    pub jobs: usize,
    /// A request to stop.
    pub stop: Stop,
    /// The sources that the program was compiled from.
    pub code: Code,
}
