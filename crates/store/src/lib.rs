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
mod lease;
mod predictions;
mod query;
mod read;
mod record;
mod sqlite;
mod store;
mod write;

pub use claim::{Claim, Held};
pub use error::{Error, Result};
pub use lease::{Liveness, RunningProcess};
pub use query::{Answer, QueryResult, Value};
pub use record::*;
pub use store::Store;
