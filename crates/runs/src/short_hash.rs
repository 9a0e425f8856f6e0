//! Short hashes for messages.

/// The first 16 digits of a hash.
pub fn short_hash(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
