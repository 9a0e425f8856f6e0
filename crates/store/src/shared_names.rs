//! Names of images and patients, of which many predictions share one copy.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Names that were seen, each kept once.
#[derive(Debug, Default)]
pub(crate) struct SharedNames(Mutex<HashSet<Arc<str>>>);

impl SharedNames {
    /// The one copy of a name; `guess` is where it most likely is.
    pub(crate) fn shared(&self, name: &str, guess: Option<&Arc<str>>) -> Arc<str> {
        if let Some(guess) = guess.filter(|guess| ***guess == *name) {
            return Arc::clone(guess);
        }
        // A set that another thread left in the middle of an insertion still holds names only.
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        let name = Arc::from(name);
        names.insert(Arc::clone(&name));
        name
    }
}
