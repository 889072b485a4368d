//! What a host does with every plugin when it looks for new ones: load, list, unload. That must be light: no ONNX Runtime,
//! no thread, no instance.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use clack_host::prelude::*;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::{Path, PathBuf};
use tests::product;

/// What is loaded into this process and sounds like ONNX Runtime.
fn runtimes() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains("onnxruntime")).map(str::to_owned).collect()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
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

/// The names of a VST3's classes.
fn list_vst3(library: &Path) -> Vec<String> {
    let path = CString::new(library.to_str().unwrap()).unwrap();
    // SAFETY: the path is a C string; what the library does when it is loaded is what is tested.
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!handle.is_null(), "{} cannot be loaded", library.display());
    // SAFETY: the handle is open.
    let get = unsafe { libc::dlsym(handle, c"GetPluginFactory".as_ptr()) };
    assert!(!get.is_null());
    // SAFETY: the VST3 interface declares the function so.
    let get: unsafe extern "C" fn() -> *mut *mut FactoryTable = unsafe { std::mem::transmute(get) };
    // SAFETY: it needs nothing but that the library is loaded.
    let factory = unsafe { get() };
    assert!(!factory.is_null());
    // SAFETY: a factory's first word points to its functions.
    let table = unsafe { &**factory };
    // SAFETY: the functions are called on the factory they belong to.
    let count = unsafe { (table.count_classes)(factory) };
    let names = (0..count).map(|at| {
        // SAFETY: it is made of numbers.
        let mut info: ClassInfo = unsafe { std::mem::zeroed() };
        // SAFETY: as above, and `info` is of the interface's form.
        assert_eq!(unsafe { (table.class_info)(factory, at, &mut info) }, 0);
        // SAFETY: the interface has it end in a zero.
        unsafe { CStr::from_ptr(info.name.as_ptr()) }.to_string_lossy().into_owned()
    });
    let names = names.collect();
    // SAFETY: the factory is ours, and used no more.
    unsafe { (table.release)(factory) };
    // SAFETY: so is the library.
    unsafe { libc::dlclose(handle) };
    names
}

/// The names of a CLAP's plugins.
fn list_clap(file: &Path) -> Vec<String> {
    // SAFETY: what the library does when it is loaded is what is tested.
    let entry = unsafe { PluginEntry::load(file) }.unwrap();
    let factory = entry.get_plugin_factory().unwrap();
    let names =
        factory.plugin_descriptors().map(|plugin| plugin.name().unwrap().to_string_lossy().into_owned());
    names.collect()
}

/// Loads a plugin's file, and gives the names that it lists.
type List = fn(&Path) -> Vec<String>;

#[test]
fn a_scan_loads_lists_and_leaves_nothing_behind() {
    let vst3 = product::vst3().join("Contents/x86_64-linux/Tonewright.so");
    let (before, none) = (threads(), Vec::<String>::new());
    let scans: [(List, PathBuf); 2] = [(list_clap, product::clap()), (list_vst3, vst3)];
    for _ in 0..3 {
        for (list, file) in &scans {
            assert_eq!(list(file), ["Tonewright"], "{}", file.display());
            assert_eq!(runtimes(), none, "{}", file.display());
            assert_eq!(threads(), before, "{} starts threads", file.display());
        }
    }
}
