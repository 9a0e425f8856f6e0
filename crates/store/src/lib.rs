//! The runs database: migrations, typed reads and writes, documented views.
//!
//! Any finished run with a trial's configuration hash fulfils it: repeated and overlapping sweeps reuse runs.
//!
//! `backend.rs` is the only file that names the databases behind the crate. SQL in the other files uses `$n`
//! placeholders and runs on both. SQLite's driver, pragmas, locks, files and error codes are in `sqlite/`, those of a
//! PostgreSQL server in `postgres/`, and the migrations of each in a folder of `migrations/`.

mod analysis_plan;
mod availability;
mod backend;
mod backup;
pub mod catalog;
mod claim;
mod clock;
mod columns;
mod end;
mod error;
mod evaluation;
mod evaluation_record;
mod family;
mod holder;
mod identity;
mod lease;
mod location;
mod lost;
mod owner;
mod postgres;
mod predictions;
mod query;
mod read;
mod record;
mod restore;
mod schema_state;
mod shared_names;
mod snapshot;
mod sqlite;
mod statement;
mod store;
mod transaction;
mod transfer;
mod value;
mod waiting;
mod write;

pub use availability::Availability;
pub use claim::{Claim, Held};
pub use error::{Error, Result};
pub use evaluation_record::{EvaluationRow, NewEvaluation};
pub use holder::Holder;
pub use identity::{CarriedOver, IDENTITY_VERSION};
pub use lease::{Liveness, RunningProcess};
pub use location::{Location, without_secret};
pub use record::*;
pub use restore::{Restored, restore};
pub use snapshot::Snapshot;
pub use store::Store;
pub use transfer::{CopiedTable, copy_database};
pub use value::{Answer, QueryResult, Value};
pub use waiting::{Waiting, on_waiting, wait_at_most};
