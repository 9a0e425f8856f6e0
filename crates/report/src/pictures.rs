//! Pictures of cells that a report is given: it reads no images itself.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A test cell as the network sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellPicture {
    /// PNG file.
    pub png: Vec<u8>,
    /// The run that tested it, and a PNG file of the cell under the heat of Grad-CAM for what that run
    /// called it.
    pub heat: Option<(i64, Vec<u8>)>,
    /// Whether Grad-CAM was computed and has no heat anywhere, so that there is no picture of it.
    pub is_without_heat: bool,
}

/// The pictures of a report's galleries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellPictures {
    /// By the cell's image name.
    pub of: BTreeMap<Arc<str>, CellPicture>,
    /// Sentences on what is missing, and why.
    pub missing: Vec<String>,
}
