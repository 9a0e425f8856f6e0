//! Events while images and weights are opened.

/// An event while images and weights are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// Progress in reading or generating images.
    Progress {
        /// The work: "reading images", "generating images".
        task: &'static str,
        /// Number of images done.
        done: usize,
        /// Number of all images.
        total: usize,
    },
    /// A message of one line, such as on rejected images, synthetic images or random weights.
    Notice(String),
}
