//! Devices by name.

use burn::tensor::Device;

/// Finds a device by name; fails with the reason in one line.
pub type DeviceOf<'a> = &'a dyn Fn(&str) -> Result<Device, String>;
