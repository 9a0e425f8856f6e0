//! The frozen trunk's weights, wherever they come from.

use std::borrow::Cow;

use ranklab_zoo::weights::TrunkWeights;

/// Trunk weights that are read when they are needed: a trunk in use holds them in another form, and
/// 59 MB beside it serve no purpose.
pub trait PretrainedWeights: Sync {
    /// Identifies them: equal hashes mean equal values.
    fn hash(&self) -> &str;

    /// The weights.
    ///
    /// # Errors
    /// One line naming the file that could not be read or is no longer what it was.
    fn load(&self) -> Result<Cow<'_, TrunkWeights>, String>;
}

impl PretrainedWeights for TrunkWeights {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn load(&self) -> Result<Cow<'_, TrunkWeights>, String> {
        Ok(Cow::Borrowed(self))
    }
}
