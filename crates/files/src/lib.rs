//! Files that are whole or absent: written aside, synced and renamed; bounded reads and hashes.
//!
//! Two ways of writing a file lead to the same end. [`replace`] writes bytes that are in memory. [`PartFile`] is
//! written piece by piece and takes its name when it is complete.

mod bounded;
mod folder;
mod hash;
mod part;
mod replace;

pub use bounded::{read_at_most, read_file_at_most};
pub use folder::{create_folder, sync_folder, sync_parent};
pub use hash::{hexadecimal, sha256};
pub use part::{PartFile, abandoned_parts, is_at};
pub use replace::{is_part, parts, remove_parts, replace};
