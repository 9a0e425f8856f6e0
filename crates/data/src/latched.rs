//! A writer that keeps its first error for later. The zip writer prints a line if it is dropped and
//! cannot finish its archive.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

/// A writer that always succeeds and keeps its first error; later bytes are dropped.
pub(crate) struct Latched<W: Write> {
    inner: BufWriter<W>,
    failure: Option<io::Error>,
    /// Position of the next byte and end of the file; dropped bytes count.
    position: u64,
    end: u64,
}

impl<W: Write> Latched<W> {
    /// A buffered writer into the empty `inner`.
    pub(crate) fn new(inner: W) -> Self {
        Self { inner: BufWriter::new(inner), failure: None, position: 0, end: 0 }
    }

    /// Returns the first error, if a write failed.
    pub(crate) fn check(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }

    fn attempt(&mut self, attempt: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = attempt(&mut self.inner).err();
        }
    }
}

impl<W: Write> Write for Latched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|inner| inner.write_all(bytes));
        self.position += bytes.len() as u64;
        self.end = self.end.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush);
        Ok(())
    }
}

impl<W: Write + Seek> Seek for Latched<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if position != self.position {
            self.attempt(|inner| inner.seek(SeekFrom::Start(position)).map(|_| ()));
            self.position = position;
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk of so many bytes.
    struct Small(usize);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failed_write_is_kept_until_it_is_asked_for() {
        let mut file = Latched::new(Small(100_000));
        for _ in 0..20 {
            file.write_all(&[7; 10_000]).unwrap();
        }
        file.flush().unwrap();
        assert_eq!((file.position, file.end), (200_000, 200_000));
        assert_eq!(file.check().unwrap_err().kind(), io::ErrorKind::StorageFull);
        let mut file = Latched::new(Small(100_000));
        file.write_all(&[7; 100_000]).unwrap();
        file.flush().unwrap();
        file.check().unwrap();
    }

    #[test]
    fn a_zip_that_cannot_be_written_is_ended_without_a_word_and_a_whole_one_is_whole() {
        let zipped = |file: &mut Latched<io::Cursor<Vec<u8>>>| {
            let mut zip = zip::ZipWriter::new(file);
            for name in ["a", "b"] {
                zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                zip.write_all(&[7; 10_000]).unwrap();
            }
            zip.finish().unwrap();
        };
        let mut file = Latched::new(io::Cursor::new(Vec::new()));
        zipped(&mut file);
        file.flush().unwrap();
        file.check().unwrap();
        assert_eq!(zip::ZipArchive::new(file.inner.into_inner().unwrap()).unwrap().len(), 2);
        let mut file = Latched::new(io::Cursor::new(Vec::new()));
        file.failure = Some(io::ErrorKind::StorageFull.into());
        zipped(&mut file);
        assert!(file.check().is_err() && file.inner.get_ref().get_ref().is_empty());
    }
}
