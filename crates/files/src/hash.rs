//! SHA-256 and hexadecimal text.

use sha2::{Digest as _, Sha256};

/// Lower-case hexadecimal digits, two for each byte.
pub fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(bytes)
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example "abc" of FIPS 180-4.
    #[test]
    fn the_standards_example_has_its_hash() {
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
