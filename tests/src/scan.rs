//! What a host does with every plugin's file when it looks for new ones: load, list, unload.

use clack_host::prelude::*;
use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What came of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The names of the plugins in the file.
    pub names: Vec<String>,
    /// How long loading, listing and unloading took.
    pub took: [Duration; 3],
}

/// Scans a `.clap`, or the shared library of a VST3.
///
/// # Errors
/// The file cannot be loaded or is no plugin.
pub fn scan(file: &Path) -> Result<Scan, String> {
    if file.extension().is_some_and(|end| end == "clap") { clap(file) } else { vst3(file) }
        .map_err(|problem| format!("{}: {problem}", file.display()))
}

/// What is loaded into this process and sounds like ONNX Runtime: lines of its map.
///
/// # Errors
/// The map cannot be read.
pub fn runtimes() -> std::io::Result<Vec<String>> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    Ok(maps.lines().filter(|line| line.contains("onnxruntime")).map(str::to_owned).collect())
}

fn clap(file: &Path) -> Result<Scan, String> {
    let begun = Instant::now();
    // SAFETY: what the library does when it is loaded is what is looked at.
    let entry = unsafe { PluginEntry::load(file) }.map_err(|error| error.to_string())?;
    let loaded = Instant::now();
    let factory = entry.get_plugin_factory().ok_or("it has no factory")?;
    let text = |text: Option<&CStr>| text.map(|text| text.to_string_lossy().into_owned());
    let names = factory.plugin_descriptors().filter_map(|plugin| text(plugin.name())).collect();
    let listed = Instant::now();
    drop(entry);
    Ok(Scan { names, took: [loaded - begun, listed - loaded, listed.elapsed()] })
}

/// The part of Steinberg's `IPluginFactory` that a scan needs.
#[repr(C)]
struct FactoryTable {
    query_interface: *const c_void,
    add_ref: *const c_void,
    release: unsafe extern "C" fn(*mut *mut FactoryTable) -> u32,
    factory_info: *const c_void,
    count_classes: unsafe extern "C" fn(*mut *mut FactoryTable) -> i32,
    class_info: unsafe extern "C" fn(*mut *mut FactoryTable, i32, *mut ClassInfo) -> i32,
}

/// Steinberg's `PClassInfo`.
#[repr(C)]
struct ClassInfo {
    id: [c_char; 16],
    cardinality: i32,
    category: [c_char; 32],
    name: [c_char; 64],
}

fn vst3(library: &Path) -> Result<Scan, String> {
    let path = CString::new(library.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    // SAFETY: the path is a C string; what the library does when it is loaded is what is looked at.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        return Err("it cannot be loaded".into());
    }
    let loaded = Instant::now();
    // SAFETY: the handle is open.
    let get = unsafe { libc::dlsym(handle, c"GetPluginFactory".as_ptr()) };
    if get.is_null() {
        return Err("it is no VST3".into());
    }
    // SAFETY: the VST3 interface declares the function so.
    let get: unsafe extern "C" fn() -> *mut *mut FactoryTable = unsafe { std::mem::transmute(get) };
    // SAFETY: it needs nothing but that the library is loaded.
    let factory = unsafe { get() };
    if factory.is_null() {
        return Err("it makes no factory".into());
    }
    // SAFETY: a factory's first word points to its functions.
    let table = unsafe { &**factory };
    // SAFETY: the functions are called on the factory they belong to.
    let count = unsafe { (table.count_classes)(factory) };
    let mut names = Vec::new();
    for at in 0..count {
        // SAFETY: it is made of numbers.
        let mut info: ClassInfo = unsafe { std::mem::zeroed() };
        // SAFETY: as above, and `info` is of the interface's form.
        if unsafe { (table.class_info)(factory, at, &mut info) } != 0 {
            return Err(format!("it does not tell its class {at}"));
        }
        // SAFETY: the interface has it end in a zero.
        names.push(unsafe { CStr::from_ptr(info.name.as_ptr()) }.to_string_lossy().into_owned());
    }
    // SAFETY: the factory is ours, and used no more.
    unsafe { (table.release)(factory) };
    let listed = Instant::now();
    // SAFETY: so is the library.
    unsafe { libc::dlclose(handle) };
    Ok(Scan { names, took: [loaded - begun, listed - loaded, listed.elapsed()] })
}
