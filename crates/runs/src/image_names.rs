//! Finds the current names of images that earlier versions named in other ways.

use std::collections::HashMap;

use ranklab_data::ImageSet;

/// Current names of images, by their paths below the common parent of the class folders.
#[derive(Debug, Default)]
pub struct ImageNames(HashMap<String, String>);

impl ImageNames {
    /// The names of all images in a set.
    pub fn of(images: &ImageSet) -> Self {
        let below = |name: &str| name.split_once('/').map_or(name, |(_, below)| below).to_owned();
        Self(images.entries.iter().map(|entry| (below(&entry.name), entry.name.clone())).collect())
    }

    /// The current name of an image, from its name in any version.
    pub fn current(&self, former: &str) -> Option<&str> {
        let mut below = former;
        loop {
            if let Some(name) = self.0.get(below) {
                return Some(name);
            }
            below = below.split_once('/')?.1;
        }
    }
}
