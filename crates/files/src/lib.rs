//! Files that are complete or absent: part files that are synced and renamed. Also bounded reads and hashes.
//!
//! [`replace`] writes bytes that are in memory. A [`PartFile`] is written in pieces and renamed when it is complete.

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
