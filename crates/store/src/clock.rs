//! A moment of the database's clock and the ends of leases, as the database writes times.

use jiff::{SignedDuration, Timestamp};

/// How long a run's process counts as alive after its last heartbeat.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long a run of a version that sent one heartbeat per epoch counts as alive after its last one.
const OLD_LEASE: SignedDuration = SignedDuration::from_hours(24);

/// A moment of the clock that all processes of a database share: the machine's for a file, the server's for a
/// database of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Timestamp);

impl Clock {
    /// The present moment of this machine's clock.
    pub(crate) fn of_machine() -> Self {
        Self(Timestamp::now())
    }

    /// The moment that a server names: RFC 3339 in UTC. `None` where the text is none.
    pub(crate) fn parse(moment: &str) -> Option<Self> {
        moment.parse().ok().map(Self)
    }

    /// The moment itself.
    pub(crate) fn now(self) -> String {
        timestamp(self.0)
    }

    /// When a lease ends that is renewed at this moment.
    pub(crate) fn lease_end(self) -> String {
        timestamp(self.0 + LEASE)
    }

    /// No lease given by a correct clock ends later than this.
    pub(crate) fn latest_lease_end(self) -> String {
        timestamp(self.0 + LEASE * 2)
    }

    /// A run without a lease whose last heartbeat is older than this has lapsed.
    pub(crate) fn oldest_heartbeat(self) -> String {
        timestamp(self.0 - OLD_LEASE)
    }
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
        let clock = Clock::of_machine();
        assert_eq!(clock.now().len(), "2026-01-01T00:00:00.000000Z".len(), "{}", clock.now());
        assert!(clock.now().ends_with('Z'));
        assert!(clock.lease_end() > clock.now());
        assert!(clock.latest_lease_end() > clock.lease_end());
        assert!(clock.oldest_heartbeat() < clock.now());
    }

    #[test]
    fn the_moment_of_a_server_is_taken_as_it_is() {
        let clock = Clock::parse("2031-01-01T00:00:00.250000Z").unwrap();
        assert_eq!(clock.now(), "2031-01-01T00:00:00.250000Z");
        assert_eq!(clock.lease_end(), "2031-01-01T00:01:30.250000Z");
        assert!(Clock::parse("yesterday").is_none());
    }
}
