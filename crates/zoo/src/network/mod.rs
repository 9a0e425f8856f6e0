//! The networks on the frozen backbone: what each trains, what it takes in memory and in operations, and its state.

mod cut;
mod memory;
mod model;
mod model_4;
mod model_5;
mod operation_count;
mod parameter_count;
mod state;
mod upper;

pub use memory::{MemoryEstimate, frozen_image_bytes, trunk_bytes};
pub use model::Model;
pub use model_4::{Model4, SameConvolution2x2};
pub use model_5::Model5;
pub use operation_count::{OperationCount, trunk_operation_count};
pub use parameter_count::ParameterCounts;
pub use state::{StateTensor, stored_calibration};
pub use upper::{UpperInput, UpperLayer, UpperTrunk};
