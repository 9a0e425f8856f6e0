//! How the passes over maps are divided into tasks.

/// Cuts each of `parts` equal parts of `values` into chunks of `chunk` values, and groups the chunks that
/// stand at the same place of their parts: what one task may write.
pub(crate) fn tasks(values: &mut [f32], parts: usize, chunk: usize) -> Vec<Vec<&mut [f32]>> {
    let part = values.len() / parts;
    tasks_of(values, part, part, chunk)
}

/// [`tasks`] where only the first `used` values of each `part` count.
pub(crate) fn tasks_of(values: &mut [f32], part: usize, used: usize, chunk: usize) -> Vec<Vec<&mut [f32]>> {
    let parts = values.len() / part;
    let mut tasks: Vec<Vec<&mut [f32]>> = Vec::new();
    for part in values.chunks_exact_mut(part) {
        for (task, chunk) in part[..used].chunks_mut(chunk).enumerate() {
            if tasks.len() <= task {
                tasks.push(Vec::with_capacity(parts));
            }
            tasks[task].push(chunk);
        }
    }
    tasks
}

/// Images that one task transforms.
pub(crate) fn images_per_task(images: usize) -> usize {
    images.div_ceil(4 * rayon::current_num_threads()).max(1)
}
