//! How much memory trials take, and how many images are worked on at once so that it stays within bounds.

use ranklab_settings::{Layer, Network};
use ranklab_zoo::{Cut, MemoryEstimate, frozen_image_bytes, trunk_bytes};

use crate::Error;

/// Images × models that are evaluated at once, where their memory allows it.
const EVALUATED: usize = 128;
/// Images whose frozen part is computed at once, where their memory allows it.
const FROZEN: usize = 128;
/// Memory of images that are worked on at once.
const AT_ONCE: u64 = 1 << 30;

/// Bytes that trials of these networks take at their most when they train together, one alone included. `images` are
/// all of the image set.
///
/// # Errors
/// When ranks and layers do not fit together.
pub fn memory_needed(
    networks: &[&Network],
    image_size: usize,
    batch_size: usize,
    images: usize,
) -> Result<u64, Error> {
    let estimate = MemoryEstimate::of(networks, image_size)?;
    let cut = Cut::of(networks.first().copied().unwrap_or(&Network::Model4));
    // Without a frozen part below, all images stand in memory.
    let pixels = if cut.is_input() { (images * image_size * image_size * 3) as u64 } else { 0 };
    let at_once = batch_size.min(images) as u64 * estimate.trained_image;
    let training = estimate.fixed + at_once.max(estimate.evaluated_image) + pixels;
    let trunk = if cut.is_input() { 0 } else { trunk_bytes(cut, image_size, rayon::current_num_threads()) };
    Ok(training.max(trunk))
}

/// Images that are evaluated at once; no result depends on it.
pub(crate) fn evaluated_at_once(networks: &[&Network], image_size: usize) -> Result<usize, Error> {
    let one = MemoryEstimate::of(networks, image_size)?.evaluated_image;
    Ok(within(EVALUATED / networks.len().max(1), one))
}

/// Images whose frozen part of `layer` is computed at once; no result depends on it.
pub(crate) fn frozen_at_once(layer: Option<Layer>, image_size: usize) -> usize {
    within(FROZEN, layer.map_or(0, |layer| frozen_image_bytes(layer, image_size)))
}

/// Up to `most` images of so many bytes each, and one at least.
fn within(most: usize, bytes: u64) -> usize {
    let fitting = AT_ONCE.checked_div(bytes).unwrap_or(u64::MAX);
    most.min(usize::try_from(fitting).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;

    fn adapted(layers: &str, rank: &str) -> Network {
        let (layers, rank) = (layers.parse().ok(), rank.parse().ok());
        Network::Model5(AdapterSettings { layers, rank, ..Default::default() }.resolve().unwrap())
    }

    #[test]
    fn images_at_once_shrink_with_their_memory_and_there_is_always_one() {
        let at_once = |layers: &str, size, models| {
            let network = adapted(layers, "16");
            evaluated_at_once(&vec![&network; models], size).unwrap()
        };
        assert_eq!([at_once("block5", 64, 1), at_once("block5", 64, 3)], [128, 42]);
        assert!((1..128).contains(&at_once("all", 512, 1)));
        assert_eq!(at_once("all", 1024, 200), 1);
        assert_eq!(frozen_at_once(None, 64), 128);
        assert!(frozen_at_once(Layer::all().nth(1), 1024) < 8);
    }

    #[test]
    fn images_that_pass_the_whole_network_stand_in_memory() {
        let needed = |layers: &str, images| memory_needed(&[&adapted(layers, "4")], 224, 32, images).unwrap();
        assert_eq!(needed("all", 10_100) - needed("all", 100), 10_000 * 224 * 224 * 3);
        assert_eq!(needed("block5", 10_100), needed("block5", 100));
    }
}
