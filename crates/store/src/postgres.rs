//! The runs database on a PostgreSQL server. Only `backend.rs` uses this module, the sibling of `sqlite.rs`.

mod driver;
mod failure;
mod locks;
mod naming;
mod opening;
mod reading;
mod running;
mod schema;
mod values;
mod writing;

pub(crate) use driver::{Field, Index, Pool, Row};
pub(crate) use failure::{classify, is_refused_write};
pub(crate) use locks::holder;
pub(crate) use opening::{open, open_read_only};
pub(crate) use reading::{Snapshot, query, snapshot, stream};
pub(crate) use running::{all, execute, optional, read};
pub(crate) use writing::{
    Transaction, begin_read, begin_write, last_number, moment, now_statement, start_above,
};
