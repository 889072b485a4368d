//! Keeping the plugin's code in memory while a thread of ours may be inside of it.

/// Keeps this module loaded until the process ends. A host that closes the last instance may unload the plugin at once; a thread that waits
/// for a network or for a dialog would then return into nothing. Called before such a
/// thread is started, or where one that was to be waited for is left; never by a mere scan.
pub fn pin_module() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(pin);
}

#[cfg(unix)]
fn pin() {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let own_address = pin as *const () as *const libc::c_void;
    // SAFETY: the address lies in this object and `info` is writable for the call's duration.
    if unsafe { libc::dladdr(own_address, info.as_mut_ptr()) } == 0 {
        return;
    }
    // SAFETY: zeroed is a valid `Dl_info`, and dladdr succeeded.
    let info = unsafe { info.assume_init() };
    if !info.dli_fname.is_null() {
        // What is loaded already is only marked. The handle is never closed; of a program this fails, which is as good.
        // SAFETY: a successful dladdr gives a C string that lives as long as the object is loaded.
        unsafe { libc::dlopen(info.dli_fname, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE) };
    }
}

#[cfg(windows)]
fn pin() {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const u16, module: *mut *mut std::ffi::c_void) -> i32;
    }
    /// GET_MODULE_HANDLE_EX_FLAG_PIN and GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS (libloaderapi.h).
    const PIN_OF_ADDRESS: u32 = 1 | 4;
    let mut module = std::ptr::null_mut();
    // SAFETY: with that flag the second argument is any address in the module, and `module` is writable.
    unsafe { GetModuleHandleExW(PIN_OF_ADDRESS, pin as *const () as *const u16, &mut module) };
}

#[cfg(not(any(unix, windows)))]
fn pin() {}
