//! Loads images as squares of RGB pixels, in parallel.

use ranklab_files::sha256;
use ranklab_settings::Resize;
use rayon::prelude::*;

use crate::{
    Error,
    decode::{decode, resize},
    entry::ManifestEntry,
    source::ImageSource,
};

/// Reads, decodes and resizes images: RGB bytes `[entries, size, size, 3]`. Each file must have the hash that the
/// manifest has for it.
///
/// # Errors
/// When an image cannot be read or has changed.
pub fn load_images(
    source: &ImageSource,
    entries: &[&ManifestEntry],
    size: usize,
    method: Resize,
) -> Result<Vec<u8>, Error> {
    let mut pixels = vec![0; entries.len() * size * size * 3];
    pixels.par_chunks_exact_mut(size * size * 3).zip(entries).try_for_each(|(target, entry)| {
        let (path, name) = (source.path().to_owned(), entry.file.clone());
        let bytes = source.read(&entry.file)?;
        if sha256(&bytes) != entry.content_hash {
            return Err(Error::Changed { path, name });
        }
        let square = decode(&bytes)
            .and_then(|image| resize(&image, size, method))
            .map_err(|problem| Error::Image { path, name, problem })?;
        target.copy_from_slice(&square);
        Ok(())
    })?;
    Ok(pixels)
}
