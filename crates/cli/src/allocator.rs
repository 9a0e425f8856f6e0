//! The process' allocator and how long it keeps memory that was freed.
#![allow(unsafe_code)]

use std::ffi::c_long;

/// Training allocates and frees the same tens of megabytes in every step. glibc hands them back to the
/// kernel at once, mimalloc after a moment, and getting them again costs more than filling them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h, which the bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// Milliseconds that freed memory is kept.
const KEPT: c_long = 10_000;

/// Gives the system back all memory that was freed.
pub(crate) fn release_freed_memory() {
    // SAFETY: may be called at any time; it touches freed memory only.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// Lets freed memory wait for its next use; `MIMALLOC_PURGE_DELAY` has the last word.
pub(crate) fn keep_freed_memory() {
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets one of mimalloc's run-time options, which it allows at any time; the number is that
        // of mimalloc.h, and an unknown one is ignored.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT) };
    }
}
