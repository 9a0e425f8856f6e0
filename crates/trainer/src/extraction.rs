//! Computes the frozen trunk's features into a file: streaming, and continuing what a killed process
//! left behind.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Instant,
};

use ranklab_zoo::UpperTrunk;

use crate::{
    Error,
    event::Event,
    extractor::Extractor,
    feature_cache::{FeatureCache, HEADER_BYTES, Request, checksum_table},
    memory::frozen_at_once,
    phases::{Clock, Phases},
    precision::{calibrate, is_calibrated},
};

/// A file of records under construction. Beside it stands a log with one line per chunk, its images
/// and the checksum of their checksums, so that another process finds what of it is sound.
pub(crate) struct Part {
    path: PathBuf,
    log_path: PathBuf,
    file: File,
    log: File,
    record_bytes: usize,
    /// Of each record so far.
    checksums: Vec<u32>,
}

impl Part {
    /// Opens `path`, keeping the chunks that an earlier process finished.
    fn open(path: &Path, record_bytes: usize) -> io::Result<Self> {
        let log_path = path.with_extension("log");
        let open =
            |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let (mut file, mut log) = (open(path)?, open(&log_path)?);
        let length = file.metadata()?.len();
        let mut lines = String::new();
        // A log that is no text says nothing: everything is computed anew.
        if log.read_to_string(&mut lines).is_err() {
            lines.clear();
        }
        let (mut checksums, mut kept) = (Vec::new(), 0);
        file.seek(SeekFrom::Start(HEADER_BYTES as u64))?;
        for line in lines.split_inclusive('\n') {
            let Some((images, expected)) = chunk_line(line) else { break };
            // No more than there is, whatever a damaged log says.
            let Some(bytes) = images.checked_mul(record_bytes).filter(|&bytes| bytes as u64 <= length) else {
                break;
            };
            let mut chunk = vec![0; bytes];
            if file.read_exact(&mut chunk).is_err() {
                break;
            }
            let found: Vec<u32> = chunk.chunks_exact(record_bytes).map(crc32fast::hash).collect();
            if crc32fast::hash(&checksum_table(&found)) != expected {
                break;
            }
            checksums.extend(found);
            kept += line.len();
        }
        log.set_len(kept as u64)?;
        log.seek(SeekFrom::End(0))?;
        file.set_len((HEADER_BYTES + checksums.len() * record_bytes) as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { path: path.to_owned(), log_path, file, log, record_bytes, checksums })
    }

    /// Records that are written.
    fn done(&self) -> usize {
        self.checksums.len()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        let checksums: Vec<u32> = bytes.chunks_exact(self.record_bytes).map(crc32fast::hash).collect();
        writeln!(self.log, "{} {:08x}", checksums.len(), crc32fast::hash(&checksum_table(&checksums)))?;
        self.checksums.extend(checksums);
        Ok(())
    }

    /// Writes checksums, calibration and header, makes everything durable and takes the file's final name.
    fn finish(
        mut self,
        calibration: &[f32],
        header: impl FnOnce(u32) -> [u8; HEADER_BYTES],
        path: &Path,
    ) -> io::Result<()> {
        let mut rest = checksum_table(&self.checksums);
        rest.extend(calibration.iter().flat_map(|value| value.to_le_bytes()));
        self.file.write_all(&rest)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(crc32fast::hash(&rest)))?;
        self.file.sync_all()?;
        fs::rename(&self.path, path)?;
        fs::remove_file(&self.log_path)
    }

    fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        fs::remove_file(&self.log_path)
    }
}

/// Images and checksum of a whole log line.
pub(crate) fn chunk_line(line: &str) -> Option<(usize, u32)> {
    let (images, checksum) = line.strip_suffix('\n')?.split_once(' ')?;
    Some((images.parse().ok()?, u32::from_str_radix(checksum, 16).ok()?))
}

/// Computes the records of all images in the file `part_path` and names it `path`. A reader thread decodes images while
/// the device computes; memory does not depend on the number of images.
pub(crate) fn extract(
    request: &Request<'_>,
    part_path: &Path,
    path: &Path,
    phases: &mut Phases,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    extract_by(part_path, || extract_into(request, part_path, path, phases, on_event))
}

/// Computes the frozen products of the convolution above the cut from the features of all images in the file
/// `part_path`, and names it `path`.
pub(crate) fn extract_frozen(
    request: &Request<'_>,
    features: &FeatureCache,
    upper: &UpperTrunk,
    [part_path, path]: [&Path; 2],
    phases: &mut Phases,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    extract_by(part_path, || {
        let failed = |reason| Error::Cache { action: "writing", path: part_path.to_owned(), reason };
        let total = request.images.count();
        let mut part = Part::open(part_path, request.record_bytes()).map_err(failed)?;
        let indices: Vec<usize> = (part.done()..total).collect();
        for chunk in indices.chunks(frozen_at_once(request.products_of, request.images.size())) {
            if request.stop.is_requested() {
                return Err(Error::Stopped);
            }
            let mut clock = Clock::start();
            let Some(map) = upper.frozen_part(&features.map(chunk, request.device)?) else {
                return Err(Error::Setting("these adapters have no frozen part of their own".to_owned()));
            };
            let data = map.values.swap_dims(0, 1).into_data();
            let records: Vec<f32> =
                data.try_to_vec().map_err(|problem| Error::Device(format!("{problem:?}")))?;
            clock.add(&mut phases.trunk);
            phases.frozen_images += chunk.len();
            part.append(bytemuck::cast_slice(&records)).map_err(failed)?;
            clock.add(&mut phases.write);
            on_event(Event::FeatureProgress { done: part.done(), total });
        }
        finish(part, &[], request, path).map_err(failed)
    })
}

fn extract_by(part_path: &Path, extract: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let written = extract();
    if matches!(&written, Err(error) if !matches!(error, Error::Stopped)) {
        // What could not be finished, say on a full disk, is of no use; failing to remove it changes
        // nothing. A stopped or killed process leaves its part, which is continued.
        let _ = fs::remove_file(part_path);
        let _ = fs::remove_file(part_path.with_extension("log"));
    }
    written
}

fn extract_into(
    request: &Request<'_>,
    part_path: &Path,
    path: &Path,
    phases: &mut Phases,
    on_event: &mut dyn FnMut(Event),
) -> Result<(), Error> {
    let failed = |reason| Error::Cache { action: "writing", path: part_path.to_owned(), reason };
    let total = request.images.count();
    let mut part = Part::open(part_path, request.record_bytes()).map_err(failed)?;
    if part.done() > 0 {
        on_event(Event::FeatureProgress { done: part.done(), total });
    }
    let size = request.images.size();
    let weights = request.weights.load().map_err(Error::Weights)?;
    let mut clock = Clock::start();
    let calibration = is_calibrated(request.precision)
        .then(|| calibrate(&weights, request.cut, request.images, request.calibrated_on))
        .transpose()?;
    let rounded = (request.precision, calibration.as_ref());
    let extractor = Extractor::new(&weights, request.cut, size, request.device, rounded)?;
    clock.add(&mut phases.trunk);
    drop(weights);
    thread::scope(|scope| -> Result<(), Error> {
        let (sender, decoded) = mpsc::sync_channel(1);
        let (first, at_once) = (part.done(), extractor.images_at_once());
        scope.spawn(move || {
            let indices: Vec<usize> = (first..total).collect();
            for chunk in indices.chunks(at_once) {
                let started = Instant::now();
                let loaded =
                    request.images.load(chunk).map(|rgb| (chunk.len(), rgb, started.elapsed().as_secs_f64()));
                let stop = loaded.is_err();
                // The receiver is gone when computing failed.
                if sender.send(loaded).is_err() || stop {
                    break;
                }
            }
        });
        for loaded in decoded {
            if request.stop.is_requested() {
                return Err(Error::Stopped);
            }
            let (count, rgb, decode_seconds) = loaded.map_err(Error::Images)?;
            phases.decode += decode_seconds;
            let mut clock = Clock::start();
            let records = extractor.records(&rgb, count)?;
            clock.add(&mut phases.trunk);
            phases.trunk_images += count;
            part.append(bytemuck::cast_slice(&records)).map_err(failed)?;
            clock.add(&mut phases.write);
            on_event(Event::FeatureProgress { done: part.done(), total });
        }
        Ok(())
    })?;
    extractor.release_memory();
    let calibration = calibration.map(|calibration| calibration.values()).unwrap_or_default();
    finish(part, &calibration, request, path).map_err(failed)
}

/// Names a whole part `path`, unless another host has finished the same meanwhile: a file that others read is not replaced.
fn finish(part: Part, calibration: &[f32], request: &Request<'_>, path: &Path) -> io::Result<()> {
    if path.exists() && FeatureCache::open(path, request).is_some() {
        return part.discard();
    }
    part.finish(calibration, |checksum| request.header(checksum), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: usize = 8;

    /// Something that happens to a part and its log.
    type Damage<'a> = &'a dyn Fn(&Path);

    fn header(checksum: u32) -> [u8; HEADER_BYTES] {
        let mut header = [7; HEADER_BYTES];
        header[..4].copy_from_slice(&checksum.to_le_bytes());
        header
    }

    fn chunk(number: u8) -> Vec<u8> {
        (0..3 * RECORD as u8).map(|place| place.wrapping_mul(31) ^ number).collect()
    }

    /// The finished file, started with `damage` done to it after two of three chunks.
    fn finished(damage: impl FnOnce(&Path)) -> (Vec<u8>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let (part_path, path) = (folder.path().join("a.part"), folder.path().join("a.features"));
        let mut part = Part::open(&part_path, RECORD).unwrap();
        part.append(&chunk(0)).unwrap();
        part.append(&chunk(1)).unwrap();
        // A killed process: nothing is finished, nothing is removed.
        drop(part);
        damage(&part_path);
        let mut part = Part::open(&part_path, RECORD).unwrap();
        let kept = part.done();
        for number in kept / 3..3 {
            part.append(&chunk(number as u8)).unwrap();
        }
        part.finish(&[], header, &path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        (fs::read(&path).unwrap(), kept)
    }

    #[test]
    fn what_a_killed_process_finished_is_kept_and_what_is_damaged_is_computed_again() {
        let (whole, kept) = finished(|_| {});
        assert_eq!(kept, 6);
        let records = [chunk(0), chunk(1), chunk(2)].concat();
        let checksums: Vec<u32> = records.chunks(RECORD).map(crc32fast::hash).collect();
        assert_eq!(whole[HEADER_BYTES..], [records, checksum_table(&checksums)].concat());
        let change = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = fs::read(path).unwrap();
            change(&mut bytes);
            fs::write(path, bytes).unwrap();
        };
        let cases: [(&str, usize, Damage<'_>); 6] = [
            ("a half-written chunk", 6, &|path| change(path, &|bytes| bytes.extend([1, 2, 3]))),
            ("a lost end", 3, &|path| change(path, &|bytes| bytes.truncate(bytes.len() - 1))),
            ("a flipped bit", 0, &|path| change(path, &|bytes| bytes[HEADER_BYTES + 2] ^= 1)),
            ("half a line in the log", 3, &|path| {
                change(&path.with_extension("log"), &|bytes| bytes.truncate(bytes.len() - 1));
            }),
            ("a log of more images than any memory holds", 0, &|path| {
                fs::write(path.with_extension("log"), "9999999999999999 00000000\n").unwrap()
            }),
            ("a log that is no text", 0, &|path| {
                fs::write(path.with_extension("log"), [0xff, 0xfe]).unwrap()
            }),
        ];
        for (what, expected, damage) in cases {
            let (found, kept) = finished(damage);
            assert_eq!(kept, expected, "{what}");
            assert!(found == whole, "{what} changed the file");
        }
    }
}
