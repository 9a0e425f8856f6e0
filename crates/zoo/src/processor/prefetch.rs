//! The one place that asks the processor to fetch memory before it is read.
#![allow(unsafe_code)]

/// Values of one cache line.
pub(crate) const LINE: usize = 16;

/// Fetches the cache line of the first of `values` into the core's own cache, without waiting for it.
#[inline(always)]
pub(crate) fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint that every x86-64 processor knows; it reads nothing and cannot fault, whatever the
    // address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(values.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
