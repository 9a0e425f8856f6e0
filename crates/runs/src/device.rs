//! Devices by name.

use burn::tensor::Device;

/// Gives the device of a name, or says in one line why there is none.
pub type DeviceOf<'a> = &'a dyn Fn(&str) -> Result<Device, String>;
