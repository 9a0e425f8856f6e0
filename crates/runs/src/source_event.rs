//! What is reported while images and weights are opened.

/// Something that happens while images and weights are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// Images are read, hashed or generated.
    Progress {
        /// The work: "reading images", "generating images".
        task: &'static str,
        /// Images done.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// Something worth a line: images left out, synthetic images, random weights.
    Notice(String),
}
