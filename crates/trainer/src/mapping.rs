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

impl Mapping {
    /// Takes the pages that were read out of this process' memory; reading them again finds them in the
    /// system's cache. Changes nothing where the system does not offer it.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        // SAFETY: the mapping is shared, read-only and backed by its file, so that pages dropped here are
        // read from it again with the same content.
        let _ = unsafe { self.0.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
