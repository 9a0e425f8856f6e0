//! Images by the names that earlier versions recorded.

use std::collections::HashMap;

use ranklab_data::ImageSet;

/// Images by their names below the folder of the class folders.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// The names of these images.
    pub fn of(images: &ImageSet) -> Self {
        let below = |name: &str| name.split_once('/').map_or(name, |(_, below)| below).to_owned();
        Self(images.entries.iter().map(|entry| (below(&entry.name), entry.name.clone())).collect())
    }

    /// Today's name of an image that an earlier version named by its path from whichever folder it was given.
    pub fn now(&self, former: &str) -> Option<&str> {
        let mut below = former;
        loop {
            if let Some(name) = self.0.get(below) {
                return Some(name);
            }
            below = below.split_once('/')?.1;
        }
    }
}
