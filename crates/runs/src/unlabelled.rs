//! Images without labels as a network reads them. An image that cannot be read spoils no other.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use ranklab_data::LooseImages;
use ranklab_settings::DataConfig;
use ranklab_trainer::ImageLoader;
use rayon::prelude::*;

/// Images without labels, resized as a run's settings say.
#[derive(Debug)]
pub struct UnlabelledImages {
    images: LooseImages,
    size: usize,
    resize: ranklab_settings::Resize,
    /// Why images could not be read, by their place.
    unreadable: Mutex<BTreeMap<usize, String>>,
}

impl UnlabelledImages {
    /// Images for a run with these settings.
    pub fn new(images: LooseImages, config: &DataConfig) -> Self {
        Self { images, size: config.image_size, resize: config.resize, unreadable: Mutex::default() }
    }

    /// The images.
    pub fn images(&self) -> &LooseImages {
        &self.images
    }

    /// Why images could not be read, by their place; complete once all are loaded.
    pub fn unreadable(&self) -> BTreeMap<usize, String> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ImageLoader for UnlabelledImages {
    /// Black squares stand for images that cannot be read; [`UnlabelledImages::unreadable`] names them.
    fn load(&self, indices: &[usize]) -> Result<Vec<u8>, String> {
        let bytes = self.size * self.size * 3;
        let mut pixels = vec![0; indices.len() * bytes];
        pixels.par_chunks_exact_mut(bytes).zip(indices).for_each(|(target, &place)| {
            let image = &self.images.images()[place];
            match self.images.square(image, self.size, self.resize) {
                Ok(square) => target.copy_from_slice(&square),
                Err(problem) => {
                    let mut unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
                    unreadable.insert(place, problem);
                }
            }
        });
        Ok(pixels)
    }

    fn size(&self) -> usize {
        self.size
    }

    fn count(&self) -> usize {
        self.images.images().len()
    }

    fn labels(&self) -> &[u8] {
        &[]
    }

    fn key(&self) -> String {
        format!("unlabelled {} {}", self.resize.name(), self.size)
    }
}
