//! Trunk weights, by their names or paths in settings.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use ranklab_settings::{IMAGENET_WEIGHTS, RANDOM_WEIGHTS};
use ranklab_trainer::PretrainedWeights;
use ranklab_zoo::weights::TrunkWeights;

use crate::{Error, locations::Locations, short_hash::short_hash, source_event::SourceEvent};

/// Trunk weights with a known hash; their tensors are read again when they are needed.
#[derive(Debug)]
pub struct KnownWeights {
    /// Path of the file; `None` for random weights.
    path: Option<PathBuf>,
    /// Hash of the tensors.
    pub hash: String,
}

/// Reads weights and computes their hash. `name` is `imagenet`, `random` or a path.
///
/// # Errors
/// When the weights cannot be read, or `imagenet` has an unexpected hash.
pub fn load_weights(
    name: &str,
    locations: &Locations,
    on_event: &mut dyn FnMut(SourceEvent),
) -> Result<KnownWeights, Error> {
    if name == RANDOM_WEIGHTS {
        on_event(SourceEvent::Notice(
            "RANDOM WEIGHTS: the trunk is not pretrained; results are meaningless".to_owned(),
        ));
    }
    read_named(name, &locations.imagenet_weights)
}

pub(crate) fn read_named(name: &str, imagenet_weights: &Path) -> Result<KnownWeights, Error> {
    let path = match name {
        RANDOM_WEIGHTS => None,
        IMAGENET_WEIGHTS => Some(imagenet_weights.to_owned()),
        path => Some(PathBuf::from(path)),
    };
    let weights = read_weights(path.as_deref())?;
    if name == IMAGENET_WEIGHTS && !weights.are_imagenet() {
        return Err(Error::NotImagenet {
            path: imagenet_weights.to_owned(),
            hash: short_hash(&weights.hash).to_owned(),
        });
    }
    Ok(KnownWeights { path, hash: weights.hash.clone() })
}

/// Reads a file of weights, or draws random ones. These are drawn once and kept: drawing them takes longer than a short
/// training.
fn read_weights(path: Option<&Path>) -> Result<Cow<'static, TrunkWeights>, ranklab_zoo::Error> {
    static RANDOM: LazyLock<TrunkWeights> = LazyLock::new(|| TrunkWeights::random(0));
    path.map_or_else(|| Ok(Cow::Borrowed(&*RANDOM)), |path| TrunkWeights::load(path).map(Cow::Owned))
}

impl PretrainedWeights for KnownWeights {
    fn hash(&self) -> &str {
        &self.hash
    }

    fn load(&self) -> Result<Cow<'_, TrunkWeights>, String> {
        let weights = read_weights(self.path.as_deref()).map_err(|problem| problem.to_string())?;
        if weights.hash != self.hash {
            let path = self.path.as_deref().unwrap_or(Path::new(RANDOM_WEIGHTS));
            return Err(format!(
                "weights file {} was changed during the sweep; repeat the command to use its present contents",
                path.display()
            ));
        }
        Ok(weights)
    }
}
