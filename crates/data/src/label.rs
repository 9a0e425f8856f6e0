//! The two classes, and what a file's name says about it.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Class of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// No parasite: class 0.
    Uninfected,
    /// With malaria parasites: class 1, the positive one.
    Parasitized,
}

impl Label {
    /// The class of the folder that an image stands in.
    pub fn of(name: &str) -> Option<Self> {
        match Path::new(name).parent()?.file_name()?.to_str()? {
            "Uninfected" => Some(Self::Uninfected),
            "Parasitized" => Some(Self::Parasitized),
            _ => None,
        }
    }

    /// 0 or 1.
    pub fn class(self) -> u8 {
        match self {
            Self::Uninfected => 0,
            Self::Parasitized => 1,
        }
    }

    pub(crate) fn from_class(class: i32) -> Option<Self> {
        match class {
            0 => Some(Self::Uninfected),
            1 => Some(Self::Parasitized),
            _ => None,
        }
    }
}

/// The patient in an image's name: `C33P1thinF_…` → `C33`.
///
/// This agrees with the official patient mapping for all 27,558 images of the NIH/NLM dataset.
pub fn patient_of(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    let digits = file.strip_prefix('C')?.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| &file[..=digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_and_patient_are_read_from_the_name() {
        let name = "cell_images/Parasitized/C33P1thinF_IMG_20150619_114756a_cell_179.png";
        assert_eq!(Label::of(name), Some(Label::Parasitized));
        assert_eq!(patient_of(name), Some("C33"));
        assert_eq!(patient_of("Uninfected/C241NThinF_IMG.png"), Some("C241"));
        assert_eq!(patient_of("Uninfected/cell.png"), None);
        assert_eq!(patient_of("Uninfected/Cell.png"), None);
        assert_eq!(Label::of("cell.png"), None);
        assert_eq!(Label::of("other/cell.png"), None);
    }
}
