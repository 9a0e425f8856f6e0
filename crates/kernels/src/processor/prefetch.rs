//! The one place that asks the processor to fetch memory before it is read.
#![allow(unsafe_code)]

/// Bytes of a cache line.
const LINE: usize = 64;

/// Values of one cache line.
#[inline(always)]
pub(crate) const fn per_line<T>() -> usize {
    LINE / size_of::<T>()
}

/// `values` by cache lines.
#[inline(always)]
pub(crate) fn in_lines<T>(values: &[T]) -> std::slice::Chunks<'_, T> {
    values.chunks(per_line::<T>())
}

/// Fetches the cache line of the first of `values` into the core's own cache, without waiting for it.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T]) {
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
