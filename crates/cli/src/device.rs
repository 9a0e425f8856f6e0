//! Devices by name, among those that this binary was compiled with.

use burn::tensor::Device;

/// Devices that a feature of the same name adds.
const OPTIONAL: [&str; 3] = ["tch", "cuda", "wgpu"];

/// The device called `name`.
///
/// # Errors
/// When it is unknown or this binary was built without it.
pub(crate) fn device(name: &str) -> Result<Device, String> {
    match name {
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "tch")]
        "tch" => {
            #[expect(
                deprecated,
                reason = "burn drops libtorch in 0.23; until then it is the fastest second opinion"
            )]
            let device = Device::libtorch();
            Ok(device)
        }
        #[cfg(feature = "cuda")]
        "cuda" => Ok(Device::cuda(0)),
        #[cfg(feature = "wgpu")]
        "wgpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        _ if OPTIONAL.contains(&name) => Err(format!(
            "device: this build lacks `{name}`; build with `--features {name}`, or give device=flex"
        )),
        _ => Err(format!("device: `{name}` is unknown; give flex, tch, cuda or wgpu")),
    }
}
