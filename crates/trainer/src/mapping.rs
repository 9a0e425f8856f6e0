//! The one place that maps a file into memory.
#![allow(unsafe_code)]

use std::{fs::File, io, ops::Deref};

use memmap2::Mmap;

/// A read-only view of a whole file.
///
/// A memory map is sound as long as nobody shortens or rewrites the file while it is mapped. Feature
/// caches are written aside, renamed into place and never changed afterwards; a rebuild makes a new
/// file, and the old one lives on for whoever maps it.
#[derive(Debug)]
pub(crate) struct Mapping(Mmap);

impl Mapping {
    /// Maps `file`.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: see the type's documentation: mapped files are never modified in place.
        unsafe { Mmap::map(file) }.map(Self)
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
