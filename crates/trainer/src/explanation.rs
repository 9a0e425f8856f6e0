//! Why a finished trial called images what it did.

use ranklab_zoo::{Cut, Explanation, Trunk, preprocess};

use crate::{Error, trial::Trial};

/// Images that pass the network at once.
const BATCH: usize = 16;

impl Trial<'_> {
    /// Explains images, by their place in the set, by the state that the trial left in
    /// [`crate::Outcome::model`]: see [`ranklab_zoo::Model::explain`]. Nothing is cached: the trunk runs on
    /// these images only.
    ///
    /// # Errors
    /// When an image cannot be read or the state is not of this trial.
    pub fn explain(&self, state: &[u8], images: &[usize]) -> Result<Vec<Explanation>, Error> {
        let device = self.device.clone().autodiff();
        let upper = self.upper(&device)?;
        let model = self.model(upper.as_ref(), &device)?.with_state(state)?;
        let cut = Cut::of(self.architecture, self.adapter);
        let size = self.images.size();
        let weights = self.weights.load().map_err(Error::Weights)?;
        let trunk = (!cut.is_input()).then(|| Trunk::new(&weights, cut, size, &device));
        let mut explanations = Vec::with_capacity(images.len());
        for batch in images.chunks(BATCH) {
            let rgb = self.images.load(batch).map_err(Error::Images)?;
            let input = preprocess(&rgb, batch.len(), size, &device);
            let features = match &trunk {
                Some(trunk) => trunk.forward(input),
                None => input,
            };
            explanations.extend(model.explain(upper.as_ref(), features)?);
        }
        Ok(explanations)
    }
}
