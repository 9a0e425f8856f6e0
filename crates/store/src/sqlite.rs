//! The runs database in a SQLite file. Only `backend.rs` uses this module; a PostgreSQL sibling offers the same items.

mod bulk;
mod copying;
mod driver;
mod exchanging;
mod failure;
mod header;
mod locks;
mod migrating;
mod network;
mod opening;
mod reading;
mod running;
mod schema;
mod square_root;
mod standing;
mod writing;

pub(crate) use bulk::predictions;
pub(crate) use copying::{copy, copy_file, damage, mark_backup, problems};
pub(crate) use driver::{Failure, Field, Index, Outcome, Pool, Row, Transaction};
pub(crate) use exchanging::{exchange, remove_files};
pub(crate) use failure::{broken_rule, classify, is_refused_write, lacks_parent, undecodable};
pub(crate) use header::count;
pub(crate) use opening::{durable, open, open_read_only, prepare_folder};
pub(crate) use reading::{Snapshot, query, snapshot, stream};
pub(crate) use running::{all, execute, optional};
pub(crate) use standing::{Loss, Standing};
pub(crate) use writing::{begin_read, begin_write, empty_log, fold_log, last_number, log_of, start_above};
