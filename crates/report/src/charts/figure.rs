//! A drawn chart with its words, whatever it is rendered to.

/// A drawn chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// File name of the figure beside the Markdown file.
    pub(crate) file_name: String,
    /// Heading.
    pub(crate) title: String,
    /// What there is to see, for those who do not.
    pub(crate) description: String,
    /// How to read it.
    pub(crate) caption: String,
    /// As plotters drew it, in placeholder colours.
    pub(crate) drawing: String,
}
