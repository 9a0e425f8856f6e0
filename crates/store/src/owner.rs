//! Names for database handles, which the runs that they write carry.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A name that no other handle has, in this process or another.
pub(crate) fn new_owner() -> String {
    // Every `RandomState` is keyed by the system's random numbers.
    let random = |_| RandomState::new().build_hasher().finish();
    let [first, second] = [0, 1].map(random);
    format!("{first:016x}{second:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_handles_have_one_name() {
        assert_ne!(new_owner(), new_owner());
        assert_eq!(new_owner().len(), 32);
    }
}
