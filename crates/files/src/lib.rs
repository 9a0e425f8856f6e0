//! Files that are complete or absent: part files that are synced and renamed. Also bounded reads and hashes.
//!
//! [`replace`] writes bytes that are in memory, and [`replace_together`] several files of them. A [`PartFile`] is written in pieces and renamed when it is complete.

mod bounded;
mod folder;
mod hash;
mod part;
mod replace;
mod target;
mod together;

pub use bounded::{read_at_most, read_file_at_most};
pub use folder::{create_folder, sync_folder, sync_parent};
pub use hash::{hexadecimal, sha256};
pub use part::{PartFile, abandoned_parts, is_at, is_part_file};
pub use replace::{is_part, parts, remove_parts, replace};
pub use target::obstacle;
pub use together::replace_together;
