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

#[cfg(all(test, unix))]
mod tests {
    use super::why_not_loaded;

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
