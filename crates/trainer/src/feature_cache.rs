//! The frozen trunk's features: computed once per trunk, cut, image set and transform, kept in a file
//! that every trial and epoch reads from. The file holds a header, a record per image, the checksum of each record, which
//! is compared whenever the record is read, and the trunk's calibration where it has one.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use burn::tensor::{Device, Tensor, TensorData};
use ranklab_files::{sha256, sync_folder};
use ranklab_kernels::{Calibration, FeatureMap};
use ranklab_settings::{Layer, Precision};
use ranklab_zoo::Cut;

use crate::{
    Error, event::Event, images::ImageLoader, positioned::read_exact_at, precision::is_calibrated,
    pretrained::PretrainedWeights, stop::Stop, writer::writer,
};

/// Bumped whenever the file's layout or the trunk's arithmetic changes.
pub(crate) const FORMAT: &str = "ranklab features 4";
/// Bytes before the first record: magic, key, sizes and a checksum of what follows the records, zero-filled.
pub(crate) const HEADER_BYTES: usize = 256;
/// Bytes of a record's checksum.
pub(crate) const CHECKSUM_BYTES: usize = 4;
/// Bytes of a cache that are checked at once.
const CHECKED: usize = 1 << 20;
/// How often a process that waits for another's features looks for them, and for a request to stop.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Features of an image set at a cut, one record of `positions × channels` values per image.
#[derive(Debug)]
pub struct FeatureCache {
    file: File,
    path: PathBuf,
    /// Of each image's record, as they were when the whole file was checked.
    checksums: Vec<u32>,
    shape: [usize; 3],
    calibration: Option<Calibration>,
}

/// What a cache is made of.
pub(crate) struct Request<'a> {
    pub(crate) weights: &'a dyn PretrainedWeights,
    pub(crate) cut: Cut,
    /// Precision of the trunk below the cut.
    pub(crate) precision: Precision,
    /// The images that the trunk is calibrated on, where its precision has scales.
    pub(crate) calibrated_on: &'a [usize],
    pub(crate) images: &'a dyn ImageLoader,
    pub(crate) device: &'a Device,
    /// The convolution just above the cut whose frozen products it holds; the features themselves where there is
    /// none.
    pub(crate) products_of: Option<Layer>,
    /// Devices round differently, so that each has caches of its own.
    pub(crate) device_name: &'a str,
    pub(crate) folder: &'a Path,
    pub(crate) stop: &'a Stop,
}

impl Request<'_> {
    fn key(&self) -> String {
        let mut text = format!(
            "{FORMAT}\n{}\n{}\n{}\n{}",
            self.weights.hash(),
            self.name(),
            self.images.key(),
            self.device_name
        );
        if is_calibrated(self.precision) {
            let images: Vec<String> = self.calibrated_on.iter().map(usize::to_string).collect();
            text += &format!("\n{}", images.join(" "));
        }
        sha256(text)
    }

    /// What is cached: of the default precision in the form of earlier versions.
    fn name(&self) -> String {
        let mut name = self.cut.name();
        if let Some(layer) = self.products_of {
            name += &format!("-{layer}");
        }
        if !self.precision.is_default() {
            name += &format!("-{}", self.precision.name());
        }
        name
    }

    /// Bytes of the calibration, which stands behind the checksums of the trunk's own features.
    pub(crate) fn calibration_bytes(&self) -> usize {
        let layers = if self.products_of.is_none() && is_calibrated(self.precision) {
            self.cut.below().count()
        } else {
            0
        };
        layers * Calibration::LAYER_VALUES * 4
    }

    /// Height, width and channels of one image's record.
    pub(crate) fn shape(&self) -> [usize; 3] {
        let [height, width, channels] = self.cut.shape(self.images.size());
        [height, width, self.products_of.map_or(channels, Layer::channels_out)]
    }

    /// Values of one image's record.
    pub(crate) fn values(&self) -> usize {
        self.shape().iter().product()
    }

    /// Bytes of one image's record.
    pub(crate) fn record_bytes(&self) -> usize {
        self.values() * 4
    }

    fn bytes(&self) -> u64 {
        (HEADER_BYTES
            + self.images.count() * (self.record_bytes() + CHECKSUM_BYTES)
            + self.calibration_bytes()) as u64
    }

    /// The header of a finished cache: format, key, sizes and the checksum of what follows the records.
    pub(crate) fn header(&self, checksum: u32) -> [u8; HEADER_BYTES] {
        let mut text = format!(
            "{FORMAT}\n{}\n{} images\n{} values\n{checksum:08x}\n",
            self.key(),
            self.images.count(),
            self.values()
        );
        if self.calibration_bytes() > 0 {
            text += &format!("{} bytes of calibration\n", self.calibration_bytes());
        }
        let mut header = [0; HEADER_BYTES];
        header[..text.len()].copy_from_slice(text.as_bytes());
        header
    }
}

impl FeatureCache {
    /// Opens the cache for `request`; `compute` makes it first where there is none or a damaged one, in the part file that
    /// its first argument names. Other processes that want the same cache wait for it instead of computing it again. Where
    /// the file system has no locks, or locks of one host only, several hosts compute it, each in a part file of its own.
    /// Returns the seconds spent computing.
    pub(crate) fn open_or_compute(
        request: &Request<'_>,
        compute: impl FnOnce(&Path, &Path, &mut dyn FnMut(Event)) -> Result<(), Error>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(Self, f64), Error> {
        let name = format!("{}-{}", request.name(), &request.key()[..16]);
        let path = request.folder.join(format!("{name}.features"));
        let lock_path = request.folder.join(format!("{name}.lock"));
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |reason| Error::Cache { action, path, reason }
        };
        fs::create_dir_all(request.folder).map_err(failed("creating the folder of", &path))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed("locking", &lock_path))?;
        let is_locked = wait_for(&lock, request.stop)?;
        // When it was last used, for whoever clears up; where that cannot be noted, it counts as older.
        let _ = lock.set_modified(SystemTime::now());
        let found = Self::open(&path, request);
        on_event(Event::Features {
            path: Some(path.clone()),
            products_of: request.products_of,
            bytes: request.bytes(),
            images: request.images.count(),
            reused: found.is_some(),
        });
        if let Some(features) = found {
            return Ok((features, 0.0));
        }
        let started = Instant::now();
        let part = path.with_extension(format!("{}.part", writer(is_locked)));
        compute(&part, &path, on_event)?;
        // The cache is whole under its name: a failing sync of the folder loses nothing.
        let _ = sync_folder(request.folder);
        let features = Self::open(&path, request).ok_or_else(|| Error::Cache {
            action: "reading back",
            path: path.clone(),
            reason: io::Error::new(io::ErrorKind::InvalidData, "it is damaged although it was just written"),
        })?;
        Ok((features, started.elapsed().as_secs_f64()))
    }

    /// Opens the file at `path` if it is whole and made for `request`.
    pub(crate) fn open(path: &Path, request: &Request<'_>) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).ok()?;
        if file.metadata().ok()?.len() != request.bytes() {
            return None;
        }
        let (checksums, rest) =
            read_checksums(&mut file, request.images.count(), request.record_bytes()).ok()?;
        if header != request.header(crc32fast::hash(&rest)) {
            return None;
        }
        let (table, calibration) = rest.split_at_checked(checksums.len() * CHECKSUM_BYTES)?;
        let calibration = match calibration {
            [] => None,
            bytes => Some(Calibration::from_values(&numbers(bytes))?),
        };
        let path = path.to_owned();
        (table == checksum_table(&checksums)).then_some(Self {
            file,
            path,
            checksums,
            shape: request.shape(),
            calibration,
        })
    }

    /// The calibration of the trunk that computed these features, where its precision has scales.
    pub(crate) fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// Images.
    pub fn images(&self) -> usize {
        self.checksums.len()
    }

    /// The records of some images, position-major: `[positions, images, channels]`.
    ///
    /// # Errors
    /// When the file cannot be read any more, or is no longer what it was when it was opened.
    pub(crate) fn gather(&self, indices: &[usize]) -> Result<Vec<f32>, Error> {
        let [height, width, channels] = self.shape;
        let mut values = vec![0.0; height * width * indices.len() * channels];
        let mut record = vec![0.0; height * width * channels];
        for (place, &image) in indices.iter().enumerate() {
            self.read(image, &mut record)?;
            for (position, source) in record.chunks_exact(channels).enumerate() {
                let start = (position * indices.len() + place) * channels;
                values[start..start + channels].copy_from_slice(source);
            }
        }
        Ok(values)
    }

    /// The records of some images as a map.
    pub(crate) fn map(&self, indices: &[usize], device: &Device) -> Result<FeatureMap, Error> {
        let [height, width, channels] = self.shape;
        let data = TensorData::new(self.gather(indices)?, [height * width, indices.len(), channels]);
        Ok(FeatureMap::new(Tensor::from_data(data, device), height, width))
    }

    /// Fills `record` with one image's values, position by position.
    fn read(&self, image: usize, record: &mut [f32]) -> Result<(), Error> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(record);
        let start = HEADER_BYTES + image * bytes.len();
        let damaged = |problem: String| Error::DamagedCache { path: self.path.clone(), problem };
        read_exact_at(&self.file, bytes, start as u64)
            .map_err(|problem| damaged(format!("the features of image {image} cannot be read: {problem}")))?;
        if self.checksums.get(image) != Some(&crc32fast::hash(bytes)) {
            return Err(damaged(format!("the features of image {image} have changed since it was opened")));
        }
        Ok(())
    }
}

/// Reads records and what follows them: the records' checksums as they are, and the table of checksums and the calibration
/// as they are written.
pub(crate) fn read_checksums(
    file: &mut impl Read,
    images: usize,
    record_bytes: usize,
) -> io::Result<(Vec<u32>, Vec<u8>)> {
    let mut checksums = Vec::new();
    let mut part = vec![0; (CHECKED / record_bytes.max(1)).max(1) * record_bytes];
    while checksums.len() < images {
        part.truncate((images - checksums.len()) * record_bytes);
        file.read_exact(&mut part)?;
        checksums.extend(part.chunks_exact(record_bytes).map(crc32fast::hash));
    }
    let mut table = Vec::new();
    file.read_to_end(&mut table)?;
    Ok((checksums, table))
}

/// The numbers of a calibration in a cache.
fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks();
    numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Checksums as they stand behind the records of a cache.
pub(crate) fn checksum_table(checksums: &[u32]) -> Vec<u8> {
    checksums.iter().flat_map(|checksum| checksum.to_le_bytes()).collect()
}

/// Locks the file, and returns whether the file system has locks. Whoever computes features may hold it for many minutes:
/// a request to stop ends the wait.
fn wait_for(lock: &File, stop: &Stop) -> Result<bool, Error> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(_)) => return Ok(false),
            Err(TryLockError::WouldBlock) if stop.is_requested() => return Err(Error::Stopped),
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK_AGAIN),
        }
    }
}
