//! Working memory that is used again: in every step the same sizes are wanted, and memory fresh from the
//! system costs more than what is computed in it.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// Buffers that are not in use.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// Most of them that are kept: about as many as one step uses at once.
const KEPT: usize = 10;

/// Values whose memory goes back for the next user when they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<f32>);

impl Buffer {
    /// So many values; what they are is left over from the last user.
    pub(crate) fn of(values: usize) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = free.iter().enumerate().filter(|(_, buffer)| {
            // Not one that a much larger user will want.
            buffer.capacity() >= values && buffer.capacity() / 4 <= values
        });
        let best = fitting.min_by_key(|(_, buffer)| buffer.capacity()).map(|(place, _)| place);
        let mut buffer = best.map(|place| free.swap_remove(place)).unwrap_or_default();
        drop(free);
        buffer.resize(values, 0.0);
        Self(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(std::mem::take(&mut self.0));
        if free.len() > KEPT {
            // The one that has waited longest.
            free.remove(0);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

/// The first `values` of `memory`, grown where it is too short.
pub(crate) fn grown<V: Copy + Default>(memory: &mut Vec<V>, values: usize) -> &mut [V] {
    if memory.len() < values {
        memory.resize(values, V::default());
    }
    &mut memory[..values]
}
