//! Trunk weights by their names in settings.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use ranklab_settings::{IMAGENET_WEIGHTS, RANDOM_WEIGHTS};
use ranklab_trainer::PretrainedWeights;
use ranklab_zoo::weights::TrunkWeights;

use crate::{Error, locations::Locations, short_hash::short_hash, source_event::SourceEvent};

/// Trunk weights that were read once, and are read again when they are needed.
#[derive(Debug)]
pub struct KnownWeights {
    /// The file; random weights have none.
    path: Option<PathBuf>,
    /// Hash of the tensors.
    pub hash: String,
}

/// Reads the weights of this name once: `imagenet`, `random` or a path.
///
/// # Errors
/// When they cannot be read or are not what they should be.
pub fn load_weights(
    name: &str,
    locations: &Locations,
    on_event: &mut dyn FnMut(SourceEvent),
) -> Result<KnownWeights, Error> {
    if name == RANDOM_WEIGHTS {
        on_event(SourceEvent::Notice(
            "RANDOM WEIGHTS: the trunk knows nothing; its figures mean nothing".to_owned(),
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
    Ok(KnownWeights { path, hash: weights.hash })
}

fn read_weights(path: Option<&Path>) -> Result<TrunkWeights, ranklab_zoo::Error> {
    path.map_or_else(|| Ok(TrunkWeights::random(0)), TrunkWeights::load)
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
                "weights file {}: it was changed while the sweep ran; repeat the command to go on with what it holds now",
                path.display()
            ));
        }
        Ok(Cow::Owned(weights))
    }
}
