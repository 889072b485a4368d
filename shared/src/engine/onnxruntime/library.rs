//! ONNX Runtime's library: where it is looked for, and how it is loaded.
//!
//! It is loaded when the first engine is built, by absolute path, because hosts and other plugins
//! bring libraries of the same name. If it cannot be found, only this engine is missing.

use crate::engine::EngineError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

/// File name of the library, as bundles carry it.
#[cfg(target_os = "windows")]
pub const LIBRARY: &str = "onnxruntime.dll";
/// File name of the library, as bundles carry it.
#[cfg(target_os = "macos")]
pub const LIBRARY: &str = "libonnxruntime.dylib";
/// File name of the library, as bundles carry it.
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
pub const LIBRARY: &str = "libonnxruntime.so.1";

/// Where the library is looked for, best first: beside the binary this code is in, in a VST3
/// bundle's `Resources`, and where the environment variable `ORT_DYLIB_PATH` points.
pub fn library_candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if let Some(folder) = own_folder() {
        candidates.push(folder.join(LIBRARY));
        candidates.push(folder.join("../Resources").join(LIBRARY));
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        candidates.push(PathBuf::from(path));
    }
    candidates
}

/// The folder of the shared object or executable that this code was linked into.
#[cfg(unix)]
fn own_folder() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    let own = object_of(own_folder as *const () as *const libc::c_void)?;
    let path = if is_the_program(&own) {
        std::env::current_exe().ok()?
    } else {
        // SAFETY: a successful dladdr gives a C string that lives as long as the object is loaded.
        let name = unsafe { CStr::from_ptr(own.dli_fname) };
        PathBuf::from(OsStr::from_bytes(name.to_bytes()))
    };
    Some(std::fs::canonicalize(path).ok()?.parent()?.to_owned())
}

/// The loaded object that an address lies in, if it has a name.
#[cfg(unix)]
fn object_of(address: *const libc::c_void) -> Option<libc::Dl_info> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: dladdr looks the address up and reads nothing there, and `info` is writable for the call's duration.
    if unsafe { libc::dladdr(address, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: zeroed is a valid `Dl_info`, and dladdr succeeded.
    let info = unsafe { info.assume_init() };
    (!info.dli_fname.is_null()).then_some(info)
}

/// Whether an object is the program itself. Its name is then only what it was called by: found through the `PATH`, that is no path.
#[cfg(target_os = "linux")]
fn is_the_program(object: &libc::Dl_info) -> bool {
    // SAFETY: it only reads what the kernel handed to the process.
    let headers = unsafe { libc::getauxval(libc::AT_PHDR) } as *const libc::c_void;
    object_of(headers).is_some_and(|program| program.dli_fbase == object.dli_fbase)
}

/// Elsewhere names are paths.
#[cfg(all(unix, not(target_os = "linux")))]
fn is_the_program(_: &libc::Dl_info) -> bool {
    false
}

/// Not known on other systems: the folder of the program would be the host's, and so would a
/// library that lies there.
#[cfg(not(unix))]
fn own_folder() -> Option<PathBuf> {
    None
}

/// The process's ONNX Runtime, loaded at the first call.
pub(super) fn environment() -> Result<&'static Environment, EngineError> {
    static LOADED: OnceLock<Environment> = OnceLock::new();
    // Two instances may build their first engine at once; the library is initialised once. A
    // failure is not kept: the library may be installed while the host runs.
    static LOADING: Mutex<()> = Mutex::new(());
    let _guard = LOADING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(environment) = LOADED.get() {
        return Ok(environment);
    }
    let candidates = library_candidates();
    let path = candidates.iter().find_map(|p| std::fs::canonicalize(p).ok());
    let path = path.ok_or(EngineError::RuntimeMissing(candidates))?;
    let unusable = |problem: String| EngineError::RuntimeUnusable { path: path.clone(), problem };
    let builder = ort::init_from(&path).map_err(|e| unusable(e.to_string()))?;
    let environment =
        builder.with_name("tonewright").with_telemetry(false).build().map_err(|e| unusable(e.to_string()))?;
    // What goes wrong comes back as an error; the host's terminal is not ours to write to.
    environment.set_log_level(LogLevel::Fatal);
    Ok(LOADED.get_or_init(|| environment))
}
