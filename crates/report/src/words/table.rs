//! Tables and facts as content, whatever they are rendered to.

/// A column's heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Heading.
    pub(crate) title: String,
    /// Heading above it, shared with its neighbours.
    pub(crate) group: Option<String>,
    /// Whether its cells are numbers.
    pub(crate) numeric: bool,
}

impl Column {
    /// A column of words.
    pub(crate) fn text(title: &str) -> Self {
        Self { title: title.to_owned(), group: None, numeric: false }
    }

    /// A column of numbers.
    pub(crate) fn number(title: &str) -> Self {
        Self { title: title.to_owned(), group: None, numeric: true }
    }

    /// The column under a heading that it shares with its neighbours.
    pub(crate) fn under(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// Content.
    pub(crate) text: String,
    /// What stands below the content, smaller.
    pub(crate) note: Option<String>,
    /// Whether it is the best of its column.
    pub(crate) best: bool,
    /// What the page sorts by, where the text is no plain number.
    pub(crate) order: Option<f64>,
}

impl Cell {
    /// A text that sorts by a number.
    pub(crate) fn ordered(text: impl Into<String>, order: f64) -> Self {
        Self { text: text.into(), order: Some(order), ..Self::default() }
    }
}

impl Cell {
    /// The cell with a note below it.
    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A table whose first column names the rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// What it shows, in one sentence.
    pub(crate) caption: String,
    /// Headings.
    pub(crate) columns: Vec<Column>,
    /// One cell per column.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A name and what belongs to it; several values stand below each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// Name.
    pub(crate) name: String,
    /// Values.
    pub(crate) values: Vec<String>,
    /// Whether the values are code.
    pub(crate) is_code: bool,
}

impl Fact {
    /// A fact with one value.
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::several(name, vec![value.into()])
    }

    /// A fact with several values.
    pub(crate) fn several(name: impl Into<String>, values: Vec<String>) -> Self {
        Self { name: name.into(), values, is_code: false }
    }

    /// A fact whose value is code.
    pub(crate) fn code(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { is_code: true, ..Self::new(name, value) }
    }
}
