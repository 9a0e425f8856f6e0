//! What the trainer needs to know about images, wherever they come from.

/// Decoded images by their place in an image set.
pub trait ImageLoader: Sync {
    /// RGB bytes `[indices, size, size, 3]`, in the order of `indices`.
    ///
    /// # Errors
    /// One line naming the image that could not be read.
    fn load(&self, indices: &[usize]) -> Result<Vec<u8>, String>;

    /// Side of the square images in pixels.
    fn size(&self) -> usize;

    /// Images in the set.
    fn count(&self) -> usize;

    /// 1 for the positive class, 0 for the negative one, for every image of the set.
    fn labels(&self) -> &[u8];

    /// Identifies the images and what was done to them: equal keys mean equal pixels.
    fn key(&self) -> String;
}
