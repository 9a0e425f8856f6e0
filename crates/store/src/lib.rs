//! The runs database: migrations, typed reads and writes, documented views.
//!
//! A trial of a sweep is fulfilled by any finished run with the same configuration hash, so that
//! repeated and overlapping sweeps reuse runs. All SQL is portable to PostgreSQL except what stands
//! in `sqlite.rs` and `migrations/sqlite`.

mod backup;
mod claim;
mod columns;
mod end;
mod error;
mod family;
mod file_system;
mod identity;
mod lease;
mod lost;
mod predictions;
mod query;
mod read;
mod record;
mod restore;
mod sqlite;
mod store;
mod waiting;
mod write;

pub use claim::{Claim, Held};
pub use error::{Error, Result};
pub use identity::{CarriedOver, IDENTITY_VERSION};
pub use lease::{Liveness, RunningProcess};
pub use query::{Answer, QueryResult, Value};
pub use record::*;
pub use restore::{Restored, restore};
pub use store::Store;
pub use waiting::{Holder, Waiting, on_waiting};
