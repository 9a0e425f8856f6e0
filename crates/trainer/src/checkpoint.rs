//! What a trial needs to go on after an epoch as if it had never stopped: weights and optimiser state in
//! full precision, the best weights so far, and counters. All randomness is drawn anew from the seed and
//! the epoch or step, so that none of it is stored.

use std::{fmt, sync::Arc};

use burn::{
    module::Module,
    optim::ModuleOptimizer,
    store::{ModuleRecord, RecordError},
    tensor::Bytes,
};
use ranklab_zoo::Model;

use crate::Error;

/// Bumped whenever the layout or the meaning of its parts changes.
const MAGIC: &[u8; 24] = b"ranklab checkpoint 1\n\0\0\0";

/// A trial after an epoch, in memory. Cloning shares it.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Arc<State>);

pub(crate) struct State {
    pub(crate) counters: Counters,
    /// Without autodiff.
    pub(crate) model: Model,
    pub(crate) optimizer: ModuleOptimizer,
    /// The best model, where it is not this one.
    pub(crate) best: Option<Model>,
}

/// The numbers of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Counters {
    /// The last completed epoch, from 1.
    pub(crate) epoch: usize,
    pub(crate) best_epoch: usize,
    pub(crate) merit: f64,
    /// Seconds spent on features.
    pub(crate) feature_seconds: f64,
    /// Seconds of training and validating.
    pub(crate) train_seconds: f64,
    /// Seconds of training alone.
    pub(crate) step_seconds: f64,
}

impl Snapshot {
    /// The last completed epoch, from 1.
    pub fn epoch(&self) -> usize {
        self.0.counters.epoch
    }

    /// The bytes of a checkpoint file. `identity` names the trial and the arithmetic that it is trained by;
    /// [`Checkpoint::decode`] asks whether it is accepted.
    ///
    /// # Errors
    /// When the device gives its values no more.
    pub fn encode(&self, identity: &str) -> Result<Vec<u8>, Error> {
        let State { counters, model, optimizer, best } = &*self.0;
        let record = |model: &Model| model.clone().into_record().into_bytes().map_err(unwritten);
        let model = record(model)?;
        let optimizer = optimizer.into_bytes().map_err(unwritten)?;
        let best = best.as_ref().map(record).transpose()?;
        let best: &[u8] = best.as_deref().unwrap_or_default();
        let parts: [&[u8]; 4] = [identity.as_bytes(), &model, &optimizer, best];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 128);
        bytes.extend(MAGIC);
        let Counters { epoch, best_epoch, merit, feature_seconds, train_seconds, step_seconds } = *counters;
        for count in [epoch, best_epoch] {
            bytes.extend((count as u64).to_le_bytes());
        }
        for value in [merit, feature_seconds, train_seconds, step_seconds] {
            bytes.extend(value.to_le_bytes());
        }
        for part in parts {
            bytes.extend((part.len() as u64).to_le_bytes());
        }
        for part in parts {
            bytes.extend(part);
        }
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        Ok(bytes)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Snapshot").field(&self.0.counters).finish()
    }
}

/// Two are equal when they are one.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A trial after an epoch, read from a file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub(crate) counters: Counters,
    model: Vec<u8>,
    optimizer: Vec<u8>,
    best: Vec<u8>,
}

impl Checkpoint {
    /// Whether the bytes are a whole checkpoint of this version, of whatever identity.
    ///
    /// # Errors
    /// In a few words, what is wrong with them.
    pub fn check(bytes: &[u8]) -> Result<(), &'static str> {
        let (body, checksum) = bytes.split_last_chunk::<4>().ok_or("it is cut short")?;
        if !body.starts_with(MAGIC) {
            return Err("it is no checkpoint of this version of ranklab");
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err("it is damaged or cut short");
        }
        Ok(())
    }

    /// Reads a checkpoint file.
    ///
    /// # Errors
    /// In a few words, when the file is cut short or damaged, of another version, or of an identity that `accepts`
    /// refuses.
    pub fn decode(bytes: &[u8], accepts: impl FnOnce(&str) -> bool) -> Result<Self, &'static str> {
        Self::check(bytes)?;
        let mut reader = Reader(&bytes[..bytes.len() - 4]);
        reader.take(MAGIC.len())?;
        let counters = Counters {
            epoch: reader.count()?,
            best_epoch: reader.count()?,
            merit: reader.value()?,
            feature_seconds: reader.value()?,
            train_seconds: reader.value()?,
            step_seconds: reader.value()?,
        };
        let mut lengths = [0; 4];
        for length in &mut lengths {
            *length = reader.count()?;
        }
        let [found, model, optimizer, best] = lengths.map(|length| reader.take(length));
        if !std::str::from_utf8(found?).is_ok_and(accepts) {
            return Err("it was made by another version, commit or configuration");
        }
        Ok(Self { counters, model: model?.into(), optimizer: optimizer?.into(), best: best?.into() })
    }

    /// The last completed epoch, from 1.
    pub fn epoch(&self) -> usize {
        self.counters.epoch
    }

    /// Puts the state into a freshly made model and optimiser; returns them with the best model so far.
    pub(crate) fn restore(
        &self,
        model: Model,
        optimizer: ModuleOptimizer,
    ) -> Result<(Model, ModuleOptimizer, Model), Error> {
        let load = |model: Model, bytes: &[u8]| {
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec())).map_err(unread)?;
            model.try_load_record(record).map_err(unread)
        };
        let best = if self.best.is_empty() { &self.model } else { &self.best };
        let best = load(model.valid(), best)?;
        let model = load(model, &self.model)?;
        let optimizer =
            optimizer.from_bytes(Bytes::from_bytes_vec(self.optimizer.clone())).map_err(unread)?;
        Ok((model, optimizer, best))
    }
}

/// Takes one part after another; what is missing was cut off.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it is cut short")?;
        self.0 = rest;
        Ok(taken)
    }

    fn eight(&mut self) -> Result<[u8; 8], &'static str> {
        self.take(8)?.try_into().map_err(|_| "it is cut short")
    }

    fn count(&mut self) -> Result<usize, &'static str> {
        usize::try_from(u64::from_le_bytes(self.eight()?)).map_err(|_| "it is damaged")
    }

    fn value(&mut self) -> Result<f64, &'static str> {
        Ok(f64::from_le_bytes(self.eight()?))
    }
}

fn unwritten(problem: RecordError) -> Error {
    Error::Checkpoint(format!("the checkpoint cannot be assembled: {problem}"))
}

fn unread(problem: RecordError) -> Error {
    Error::Checkpoint(format!("the checkpoint does not fit its trial: {problem}"))
}
