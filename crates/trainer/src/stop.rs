//! A wish to stop, made from anywhere and looked at between steps.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether work should end as soon as its state is whole. Clones share one wish.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    own: Arc<AtomicBool>,
    /// The wishes of the work that this is a part of.
    outer: Vec<Arc<AtomicBool>>,
}

impl Stop {
    /// A wish of its own for a part of the work, which ends with the whole as well.
    pub fn within(&self) -> Self {
        let outer = self.outer.iter().chain([&self.own]).cloned().collect();
        Self { own: Arc::default(), outer }
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        let is_set = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        is_set(&self.own) || self.outer.iter().any(is_set)
    }

    /// The wish itself, for a signal handler.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.own.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stops_with_the_whole_and_not_the_other_way_round() {
        let whole = Stop::default();
        let [first, second] = [whole.within(), whole.within()];
        first.request();
        assert!(first.is_requested() && !second.is_requested() && !whole.is_requested());
        let inner = second.within();
        assert!(!inner.is_requested());
        whole.clone().request();
        assert!(second.is_requested() && inner.is_requested());
    }
}
