//! The two classes, and what a file's name says about it.

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
    /// The class of a folder of this name.
    pub(crate) fn of_folder(name: &str) -> Option<Self> {
        match name {
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
        assert_eq!(Label::of_folder("Parasitized"), Some(Label::Parasitized));
        assert_eq!(Label::of_folder("Uninfected"), Some(Label::Uninfected));
        assert_eq!(Label::of_folder("other"), None);
        let name = "cell_images/Parasitized/C33P1thinF_IMG_20150619_114756a_cell_179.png";
        assert_eq!(patient_of(name), Some("C33"));
        assert_eq!(patient_of("Uninfected/C241NThinF_IMG.png"), Some("C241"));
        assert_eq!(patient_of("Uninfected/cell.png"), None);
        assert_eq!(patient_of("Uninfected/Cell.png"), None);
    }
}
