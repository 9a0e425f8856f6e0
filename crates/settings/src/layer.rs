//! Names and shapes of VGG16's 13 convolutions.

use std::fmt;

/// One of VGG16's 13 convolutions, by its index from the input (0 to 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(u8);

/// Convolutions per block.
pub(crate) const BLOCKS: [u8; 5] = [2, 2, 3, 3, 3];
/// Output channels per block.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

impl Layer {
    /// All 13 convolutions, from the input on.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..13).map(Self)
    }

    /// Index from the input, 0 to 12.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Block of the convolution, 1 to 5.
    pub fn block(self) -> usize {
        self.position().0
    }

    /// Number of the convolution within its block, from 1.
    pub fn convolution(self) -> usize {
        self.position().1
    }

    fn position(self) -> (usize, usize) {
        let mut left = self.0;
        for (block, &count) in BLOCKS.iter().enumerate() {
            if left < count {
                return (block + 1, usize::from(left) + 1);
            }
            left -= count;
        }
        (5, 3)
    }

    /// Whether a max pooling follows the convolution.
    pub fn ends_block(self) -> bool {
        let (block, convolution) = self.position();
        convolution == usize::from(BLOCKS[block - 1])
    }

    /// Output channels.
    pub fn channels_out(self) -> usize {
        CHANNELS[self.block() - 1]
    }

    /// Input channels.
    pub fn channels_in(self) -> usize {
        match self.0 {
            0 => 3,
            index => Self(index - 1).channels_out(),
        }
    }

    /// The highest rank of any change of this layer's kernel. A higher adapter rank adds parameters without adding
    /// expressiveness.
    pub fn full_rank(self) -> usize {
        (9 * self.channels_in()).min(self.channels_out())
    }

    /// Number of parameters of kernel and bias.
    pub fn parameters(self) -> usize {
        9 * self.channels_in() * self.channels_out() + self.channels_out()
    }

    /// Index of this convolution in torchvision's `features` sequence (block5: 24, 26, 28).
    pub fn torchvision_index(self) -> usize {
        2 * self.index() + self.block() - 1
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, convolution) = self.position();
        write!(formatter, "block{block}_conv{convolution}")
    }
}
