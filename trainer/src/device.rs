//! Where libtorch computes. CUDA is never linked: it is loaded if it is there.

use crate::TrainerError;
use std::fmt;
use std::sync::OnceLock;

/// What the config or the command line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// The GPU if one can be used, the CPU otherwise.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU, or an error that says why not.
    Cuda,
}

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(tch::Device);

impl Device {
    /// The CPU.
    pub const CPU: Self = Self(tch::Device::Cpu);
    /// A GPU, whether there is one or not: for what must be decided before anything is put there.
    #[cfg(test)]
    pub(crate) const GPU: Self = Self(tch::Device::Cuda(0));

    /// Whether it is not the CPU.
    pub fn is_gpu(self) -> bool {
        self.0 != tch::Device::Cpu
    }

    /// libtorch's name for it.
    pub fn torch(self) -> tch::Device {
        self.0
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            tch::Device::Cuda(index) => write!(f, "GPU {index} (CUDA)"),
            _ => f.write_str("CPU"),
        }
    }
}

/// Picks the device, and says in one line which and why.
///
/// # Errors
/// CUDA was asked for and cannot be used.
pub fn choose(choice: DeviceChoice) -> Result<(Device, String), TrainerError> {
    if choice == DeviceChoice::Cpu {
        return Ok((Device::CPU, "CPU (asked for)".into()));
    }
    match (cuda(), choice) {
        (Ok(count), _) => {
            let device = Device(tch::Device::Cuda(0));
            Ok((device, format!("{device}, the first of {count} that libtorch sees")))
        }
        (Err(why), DeviceChoice::Cuda) => {
            Err(TrainerError::Device(format!("the GPU was asked for and cannot be used: {why}")))
        }
        (Err(why), _) => Ok((Device::CPU, format!("CPU ({why})"))),
    }
}

/// The same for a training, which for gear with knobs is done on the CPU: there a GPU that was found is left alone.
///
/// # Errors
/// As for [`choose`], or a GPU was asked for and there are knobs.
pub fn choose_to_train(choice: DeviceChoice, has_knobs: bool) -> Result<(Device, String), TrainerError> {
    if has_knobs && choice == DeviceChoice::Cuda {
        return Err(no_knobs_on_gpu());
    }
    // Looked for in any case: whatever is trained next in this process may want it, and libtorch looks only once.
    Ok(to_train(choose(choice)?, has_knobs))
}

/// What is trained on, of what was found.
fn to_train((device, why): (Device, String), has_knobs: bool) -> (Device, String) {
    match has_knobs && device.is_gpu() {
        true => (Device::CPU, format!("CPU, as a model with knobs is trained there; {device} is not used")),
        false => (device, why),
    }
}

/// Says that gear with knobs is trained on the CPU.
pub(crate) fn no_knobs_on_gpu() -> TrainerError {
    TrainerError::Device("a model with knobs is trained on the CPU; write `train.device: cpu`".into())
}

/// The number of CUDA devices, or why there is none.
///
/// Must run before any other call of libtorch, which remembers for good what it first found.
fn cuda() -> Result<i64, String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(load_cuda).clone()?;
    match tch::Cuda::device_count() {
        0 => Err("libtorch has its CUDA part and finds no usable GPU or driver".into()),
        count => Ok(count),
    }
}

#[cfg(unix)]
fn load_cuda() -> Result<(), String> {
    // SAFETY: a library of libtorch's own, whose initialisers may run at any time before its first
    // use; it is never unloaded.
    let handle = unsafe { libc::dlopen(c"libtorch_cuda.so".as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if !handle.is_null() {
        return Ok(());
    }
    // SAFETY: called right after a failed dlopen on this thread, dlerror gives a message or null.
    let message = unsafe { libc::dlerror() };
    if message.is_null() {
        return Err("libtorch's CUDA part cannot be loaded".into());
    }
    // SAFETY: not null, and a C string that stays valid until the next dl call of this thread.
    let message = unsafe { std::ffi::CStr::from_ptr(message) }.to_string_lossy().into_owned();
    Err(why_not_loaded(&message))
}

/// What to do about the loader's message.
#[cfg(unix)]
fn why_not_loaded(message: &str) -> String {
    if message.contains("libtorch_cuda.so: cannot open") {
        return "libtorch is here without its CUDA part; for a GPU run `cargo xtask setup --cuda`, or point \
                LIBTORCH and LD_LIBRARY_PATH at a libtorch 2.11 with CUDA (or the torch/lib of such a PyTorch 2.11)"
            .into();
    }
    format!("libtorch's CUDA part cannot be loaded: {message}")
}

#[cfg(not(unix))]
fn load_cuda() -> Result<(), String> {
    Err("CUDA is only looked for on Linux".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_are_trained_on_the_cpu_and_a_gpu_that_was_asked_for_is_refused() {
        let gpu = || (Device::GPU, "GPU 0 (CUDA), the first of 1 that libtorch sees".to_owned());
        assert_eq!(to_train(gpu(), false), gpu());
        let (device, why) = to_train(gpu(), true);
        assert!(device == Device::CPU && why.contains("knobs") && why.contains("GPU 0"), "{why}");
        let cpu = (Device::CPU, "CPU (asked for)".to_owned());
        assert_eq!(choose_to_train(DeviceChoice::Cpu, true).unwrap(), cpu);
        let error = choose_to_train(DeviceChoice::Cuda, true).unwrap_err().to_string();
        assert!(error.contains("knobs") && error.contains("`train.device: cpu`"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn says_what_to_do_about_a_missing_cuda_part() {
        let missing = "libtorch_cuda.so: cannot open shared object file: No such file or directory";
        let text = why_not_loaded(missing);
        for word in
            ["without its CUDA part", "cargo xtask setup --cuda", "LIBTORCH", "LD_LIBRARY_PATH", "2.11"]
        {
            assert!(text.contains(word), "`{word}` is missing: {text}");
        }
        // The part is there, and something that it needs is not: that is for the message to say.
        let other = "libcudart.so.12: cannot open shared object file: No such file or directory";
        let text = why_not_loaded(other);
        assert!(text.contains(other) && !text.contains("without"), "{text}");
    }
}
