//! Names for those who write part files of feature caches: this host, or this process where no lock keeps its host's other
//! processes away.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use ranklab_files::sha256;

/// Digits of a name.
pub(crate) const DIGITS: usize = 8;

/// The name of the writer of a part file, of hexadecimal digits. A lock may hold on one host only, as on some network file
/// systems; hence no two hosts have one name. Without a lock each call gives another name.
pub(crate) fn writer(is_locked: bool) -> String {
    let host = gethostname::gethostname();
    let mut name = sha256(host.as_encoded_bytes());
    if !is_locked {
        name = format!("{:016x}", RandomState::new().build_hasher().finish());
    }
    name.truncate(DIGITS);
    name
}

/// The stem of a cache's file without the name of its writer.
pub(crate) fn without_writer(stem: &str) -> &str {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match stem.rsplit_once('.') {
        Some((rest, writer)) if writer.len() == DIGITS && writer.bytes().all(is_digit) => rest,
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_name_and_a_writer_without_a_lock_one_of_its_own() {
        assert_eq!(writer(true), writer(true));
        assert_ne!(writer(false), writer(false));
        let name = format!("block4_pool-0123456789abcdef.{}", writer(true));
        assert_eq!(without_writer(&name), "block4_pool-0123456789abcdef");
        for stem in ["block4_pool-0123456789abcdef", "a.12345", "a.1234567g", "a"] {
            assert_eq!(without_writer(stem), stem);
        }
    }
}
