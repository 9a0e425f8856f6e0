//! Fields of a TIFF file's first page (Adobe, TIFF Revision 6.0, 1992, section 2), and what the file holds in words.

/// Tags of fields.
const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const SAMPLE_FORMAT: u16 = 339;
/// Type of a field of 16-bit numbers.
const SHORT: u16 = 3;
/// Bytes of a directory's entry.
const ENTRY: usize = 12;

/// The directory of a file's first page.
pub(crate) struct TiffTags<'a> {
    bytes: &'a [u8],
    /// Whether the lower byte of a number comes first.
    pub(crate) little: bool,
    directory: usize,
    entries: usize,
}

impl<'a> TiffTags<'a> {
    /// Finds the directory; `None` for another file.
    pub(crate) fn find(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let mut tags = Self { bytes, little, directory: 0, entries: 0 };
        tags.directory = tags.long(4)?;
        tags.entries = usize::from(tags.short(tags.directory)?);
        Some(tags)
    }

    /// The position of a field.
    pub(crate) fn entry(&self, tag: u16) -> Option<usize> {
        let mut entries = (0..self.entries).map(|entry| self.directory + 2 + entry * ENTRY);
        entries.find(|entry| self.short(*entry) == Some(tag))
    }

    /// The 16-bit number at a position.
    pub(crate) fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) })
    }

    /// The 32-bit number at a position.
    pub(crate) fn long(&self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        let number = if self.little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) };
        usize::try_from(number).ok()
    }

    /// The first of a field's 16-bit numbers.
    fn first(&self, tag: u16) -> Option<u16> {
        let entry = self.entry(tag)?;
        let is_short = self.short(entry + 2)? == SHORT;
        // Up to two numbers stand in the entry itself.
        let at = if self.long(entry + 4)? <= 2 { entry + 8 } else { self.long(entry + 8)? };
        self.short(at).filter(|_| is_short)
    }

    /// What the file's pixels are, in words, where that is unusual.
    pub(crate) fn in_words(&self) -> Option<String> {
        let interpretation = match self.first(PHOTOMETRIC_INTERPRETATION)? {
            3 => Some("palette"),
            4 => Some("mask"),
            5 => Some("CMYK"),
            6 => Some("YCbCr"),
            8..=10 => Some("CIELab"),
            32844 | 32845 => Some("LogLuv"),
            _ => None,
        };
        let numbers = match (self.first(SAMPLE_FORMAT).unwrap_or(1), self.first(BITS_PER_SAMPLE)?) {
            (3, bits) => Some(format!("{bits}-bit floating-point")),
            (2, bits) => Some(format!("{bits}-bit signed")),
            (_, 8 | 16) => None,
            (_, bits) => Some(format!("{bits}-bit")),
        };
        match (numbers, interpretation) {
            (None, None) => None,
            (Some(numbers), None) => Some(numbers),
            (None, Some(kind)) => Some(kind.to_owned()),
            (Some(numbers), Some(kind)) => Some(format!("{numbers} {kind}")),
        }
    }
}
