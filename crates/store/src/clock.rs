//! The present moment and the ends of leases, as the database writes times.

use jiff::{SignedDuration, Timestamp};

/// How long a run's process counts as alive after its last heartbeat.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long a run of a version that sent one heartbeat per epoch counts as alive after its last one.
const OLD_LEASE: SignedDuration = SignedDuration::from_hours(24);

/// The present moment.
pub(crate) fn now() -> String {
    timestamp(Timestamp::now())
}

/// When a lease ends that is renewed now.
pub(crate) fn lease_end() -> String {
    timestamp(Timestamp::now() + LEASE)
}

/// No lease given by a correct clock ends later than this.
pub(crate) fn latest_lease_end() -> String {
    timestamp(Timestamp::now() + LEASE * 2)
}

/// A run without a lease whose last heartbeat is older than this has lapsed.
pub(crate) fn oldest_heartbeat() -> String {
    timestamp(Timestamp::now() - OLD_LEASE)
}

/// RFC 3339 in UTC with a fixed width, so that text order is time order.
fn timestamp(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_microseconds_and_a_lease_ends_later() {
        assert_eq!(now().len(), "2026-01-01T00:00:00.000000Z".len(), "{}", now());
        assert!(now().ends_with('Z'));
        assert!(lease_end() > now());
        assert!(latest_lease_end() > lease_end());
        assert!(oldest_heartbeat() < now());
    }
}
