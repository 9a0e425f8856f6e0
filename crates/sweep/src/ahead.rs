//! What the database says of the trials that a process is about to claim.

use std::collections::HashMap;

use ranklab_store::Availability;

use crate::{Error, session::Session};

/// Trials that are asked for at once. A claim writes and blocks other workers meanwhile; reading does not.
const AT_ONCE: usize = 32;

/// The state of the next trials, by position, as of one look through the plan.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    known: HashMap<usize, Availability>,
}

impl Ahead {
    /// The state of the first of `positions`, which are those of the rest of the plan in its order. A trial that is
    /// free here may be claimed by another process before this one does.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn of(
        &mut self,
        positions: &[usize],
        identities: &[String],
        session: &Session<'_>,
    ) -> Result<Availability, Error> {
        let Some(first) = positions.first() else { return Ok(Availability::Free) };
        if !self.known.contains_key(first) {
            let next = &positions[..positions.len().min(AT_ONCE)];
            let hashes: Vec<String> = next.iter().map(|&position| identities[position].clone()).collect();
            let states = session.runtime.block_on(session.store.availability(&hashes))?;
            self.known.extend(next.iter().copied().zip(states));
        }
        Ok(self.known.remove(first).unwrap_or_default())
    }
}
