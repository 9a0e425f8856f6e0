//! The frozen trunk's features: computed once per trunk, cut, image set and transform, kept in a file
//! that every trial and epoch maps into memory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use burn::tensor::{Device, Tensor, TensorData};
use ranklab_zoo::{Cut, FeatureMap, Layer, weights::TrunkWeights};
use sha2::{Digest, Sha256};

use crate::{Error, event::Event, images::ImageLoader, mapping::Mapping, stop::Stop};

/// Bumped whenever the file's layout or the trunk's arithmetic changes.
const FORMAT: &str = "ranklab features 2";
/// Bytes before the first record: magic, key, sizes and checksum, zero-filled.
pub(crate) const HEADER_BYTES: usize = 256;
/// Bytes of a cache that stay in this process' memory at once.
const MOST_MAPPED: usize = 16 << 20;

/// Features of an image set at a cut, one record of `positions × channels` values per image.
#[derive(Debug)]
pub struct Features {
    file: Mapping,
    images: usize,
    shape: [usize; 3],
    /// Bytes read since pages were last released.
    read: AtomicUsize,
}

/// What a cache is made of.
pub(crate) struct Request<'a> {
    pub(crate) weights: &'a TrunkWeights,
    pub(crate) cut: Cut,
    pub(crate) images: &'a dyn ImageLoader,
    pub(crate) device: &'a Device,
    /// The convolution above the cut whose frozen part it is; the features themselves where there is
    /// none.
    pub(crate) beyond: Option<Layer>,
    /// Devices round differently, so that each has caches of its own.
    pub(crate) device_name: &'a str,
    pub(crate) folder: &'a Path,
    pub(crate) stop: &'a Stop,
}

impl Request<'_> {
    fn key(&self) -> String {
        let text = format!(
            "{FORMAT}\n{}\n{}\n{}\n{}",
            self.weights.hash,
            self.name(),
            self.images.key(),
            self.device_name
        );
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn name(&self) -> String {
        match self.beyond {
            None => self.cut.name(),
            Some(layer) => format!("{}-{layer}", self.cut.name()),
        }
    }

    /// Height, width and channels of one image's record.
    pub(crate) fn shape(&self) -> [usize; 3] {
        let [height, width, channels] = self.cut.shape(self.images.size());
        [height, width, self.beyond.map_or(channels, Layer::channels_out)]
    }

    /// Values of one image's record.
    pub(crate) fn values(&self) -> usize {
        self.shape().iter().product()
    }

    fn bytes(&self) -> u64 {
        (HEADER_BYTES + self.images.count() * self.values() * 4) as u64
    }

    /// The header of a finished cache: format, key, sizes and checksum of the records.
    pub(crate) fn header(&self, checksum: u32) -> [u8; HEADER_BYTES] {
        let text = format!(
            "{FORMAT}\n{}\n{} images\n{} values\n{checksum:08x}\n",
            self.key(),
            self.images.count(),
            self.values()
        );
        let mut header = [0; HEADER_BYTES];
        header[..text.len()].copy_from_slice(text.as_bytes());
        header
    }
}

impl Features {
    /// Maps the cache for `request`; `compute` makes it first where there is none or a damaged one. Other
    /// processes that want the same cache wait for it instead of computing it again. Returns the
    /// seconds spent computing.
    pub(crate) fn open_or_compute(
        request: &Request<'_>,
        compute: impl FnOnce(&Path, &mut dyn FnMut(Event)) -> Result<(), Error>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(Self, f64), Error> {
        let name = format!("{}-{}", request.name(), &request.key()[..16]);
        let path = request.folder.join(format!("{name}.features"));
        let lock_path = request.folder.join(format!("{name}.lock"));
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Cache { action, path, source }
        };
        fs::create_dir_all(request.folder).map_err(failed("creating the folder of", &path))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed("locking", &lock_path))?;
        lock.lock().map_err(failed("locking", &lock_path))?;
        let found = Self::open(&path, request);
        on_event(Event::Features {
            path: Some(path.clone()),
            beyond: request.beyond,
            bytes: request.bytes(),
            images: request.images.count(),
            reused: found.is_some(),
        });
        if let Some(features) = found {
            return Ok((features, 0.0));
        }
        let started = Instant::now();
        compute(&path, on_event)?;
        sync_folder(request.folder);
        let features = Self::open(&path, request).ok_or_else(|| Error::Cache {
            action: "reading back",
            path: path.clone(),
            source: io::Error::new(io::ErrorKind::InvalidData, "it is damaged although it was just written"),
        })?;
        Ok((features, started.elapsed().as_secs_f64()))
    }

    /// Maps the file at `path` if it is whole and made for `request`.
    fn open(path: &Path, request: &Request<'_>) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).ok()?;
        let file = Mapping::new(&file).ok()?;
        if file.len() as u64 != request.bytes() {
            return None;
        }
        let mut checksum = crc32fast::Hasher::new();
        for part in file[HEADER_BYTES..].chunks(MOST_MAPPED) {
            checksum.update(part);
            file.release();
        }
        let sound = header == request.header(checksum.finalize());
        sound.then(|| Self {
            file,
            images: request.images.count(),
            shape: request.shape(),
            read: AtomicUsize::new(0),
        })
    }

    /// Images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// The records of some images, position-major: `[positions, images, channels]`.
    pub(crate) fn gather(&self, indices: &[usize]) -> Vec<f32> {
        let [height, width, channels] = self.shape;
        let mut values = vec![0.0; height * width * indices.len() * channels];
        let read = self.read.fetch_add(values.len() * 4, Ordering::Relaxed);
        if read > MOST_MAPPED {
            self.read.store(0, Ordering::Relaxed);
            self.file.release();
        }
        for (place, &image) in indices.iter().enumerate() {
            for (position, source) in self.record(image).chunks_exact(channels).enumerate() {
                let start = (position * indices.len() + place) * channels;
                values[start..start + channels].copy_from_slice(source);
            }
        }
        values
    }

    /// The same as a map.
    pub(crate) fn map(&self, indices: &[usize], device: &Device) -> FeatureMap {
        let [height, width, channels] = self.shape;
        let data = TensorData::new(self.gather(indices), [height * width, indices.len(), channels]);
        FeatureMap::new(Tensor::from_data(data, device), height, width)
    }

    /// One image's values, position by position.
    pub fn record(&self, image: usize) -> &[f32] {
        let bytes = self.shape.iter().product::<usize>() * 4;
        let start = HEADER_BYTES + image * bytes;
        bytemuck::cast_slice(&self.file[start..start + bytes])
    }
}

/// Makes a rename durable where the platform can; where it can't, the data itself is synced.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
