//! A drawn chart with its words, whatever it is rendered to.

/// A value on a chart that a reader can point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownValue {
    /// Pixels from the left of the drawing.
    pub(crate) x: i32,
    /// Pixels from its top.
    pub(crate) y: i32,
    /// What stands there: `rank 4, seed 1: 95.10 %`.
    pub(crate) text: String,
}

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
    /// Its values, in the order in which a keyboard steps through them.
    pub(crate) values: Vec<ShownValue>,
}
