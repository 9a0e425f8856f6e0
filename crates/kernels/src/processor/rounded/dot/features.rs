//! What this processor can do.

use std::arch::{is_x86_feature_detected, x86_64::__cpuid};

/// `vpdpbusd` and `vpdpwssd` on 512 bits.
pub(super) fn has_512_bit_vnni() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// `vpdpbusd` and `vpdpwssd` on 256 bits, as processors without AVX-512 have them.
pub(super) fn has_256_bit_vnni() -> bool {
    has_avx2() && is_x86_feature_detected!("avxvnni")
}

/// `vpmaddwd` on 256 bits.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

/// `vdpbf16ps` on 512 bits.
pub(super) fn has_bf16_dot() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512bf16")
}

/// Whether the processor is AMD's.
pub(super) fn is_amd() -> bool {
    let vendor = __cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}
